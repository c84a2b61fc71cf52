//! One value, as a CSV field or as JSON.
//!
//! The rules for NULL are QuestDB's: nothing at all for most types, the word `null` for GEOHASH
//! and DECIMAL, a quoted `"null"` for arrays; so a CSV reader can tell an empty text (`""`) from
//! NULL only if it looks at the quotes.

use std::io::Write;

use column_format::{ArrayValue, ColumnType, TimestampUnit, Value};

use super::escape::{Quoting, push_char_csv, push_char_json, push_quoted};
use super::float::{push_f32, push_f64};
use super::int::push_i64;
use super::timestamp::{Precision, push_timestamp};
use super::wide::{push_geohash, push_hex_prefixed, push_ipv4, push_long256, push_uuid};

/// Appends values; keeps a buffer for text that must be converted before it is escaped.
#[derive(Debug, Default)]
pub(crate) struct ValueText {
    utf8: Vec<u8>,
}

impl ValueText {
    /// Appends `value` of a column of `column_type` as a CSV field.
    pub(crate) fn push_csv(
        &mut self,
        out: &mut Vec<u8>,
        column_type: ColumnType,
        value: &Value<'_>,
    ) {
        match value {
            Value::Null => out.extend_from_slice(csv_null(column_type)),
            Value::Char(unit) => push_char_csv(out, *unit),
            Value::Geohash(..) | Value::Decimal(_) => quoted(out, |out| push_bare(out, value)),
            Value::Date(_) | Value::Timestamp(..) => quoted(out, |out| push_bare(out, value)),
            Value::Array(array) => quoted(out, |out| push_array(out, array, b"", b"")),
            Value::String(_) | Value::Symbol(..) | Value::Varchar(_) => {
                self.push_text(out, value, Quoting::Csv);
            }
            _ => push_bare(out, value),
        }
    }

    /// Appends `value` as JSON.
    pub(crate) fn push_json(&mut self, out: &mut Vec<u8>, value: &Value<'_>) {
        match value {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Char(unit) => push_char_json(out, *unit),
            Value::Array(array) => push_array(out, array, b"\"", b"\""),
            Value::String(_) | Value::Symbol(..) | Value::Varchar(_) => {
                self.push_text(out, value, Quoting::Json);
            }
            Value::Float(number) if number.is_infinite() => {
                quoted(out, |out| push_bare(out, value));
            }
            Value::Double(number) if number.is_infinite() => {
                quoted(out, |out| push_bare(out, value));
            }
            Value::Boolean(_)
            | Value::Byte(_)
            | Value::Short(_)
            | Value::Int(_)
            | Value::Long(_)
            | Value::Float(_)
            | Value::Double(_) => push_bare(out, value),
            // A JSON number would lose digits of a DECIMAL in most readers.
            _ => quoted(out, |out| push_bare(out, value)),
        }
    }

    fn push_text(&mut self, out: &mut Vec<u8>, value: &Value<'_>, quoting: Quoting) {
        self.utf8.clear();
        match value {
            Value::String(text) | Value::Symbol(_, text) => {
                text.push_utf8_lossy(&mut self.utf8);
                push_quoted(out, &self.utf8, quoting);
            }
            Value::Varchar(text) => push_quoted(out, text, quoting),
            _ => {}
        }
    }
}

fn csv_null(column_type: ColumnType) -> &'static [u8] {
    match column_type {
        ColumnType::Geohash { .. } | ColumnType::Decimal { .. } => b"null",
        ColumnType::Array { .. } => b"\"null\"",
        _ => b"",
    }
}

fn quoted(out: &mut Vec<u8>, push: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    push(out);
    out.push(b'"');
}

/// Appends a value that needs no escaping, without quotes.
fn push_bare(out: &mut Vec<u8>, value: &Value<'_>) {
    match *value {
        Value::Boolean(flag) => out.extend_from_slice(if flag { b"true" } else { b"false" }),
        Value::Byte(number) => push_i64(out, number.into()),
        Value::Short(number) => push_i64(out, number.into()),
        Value::Int(number) => push_i64(out, number.into()),
        Value::Long(number) => push_i64(out, number),
        Value::Date(millis) => push_timestamp(out, millis, Precision::Millis),
        Value::Timestamp(ticks, TimestampUnit::Micros) => {
            push_timestamp(out, ticks, Precision::Micros);
        }
        Value::Timestamp(ticks, TimestampUnit::Nanos) => {
            push_timestamp(out, ticks, Precision::Nanos);
        }
        Value::Float(number) => push_f32(out, number),
        Value::Double(number) => push_f64(out, number),
        Value::Long256(bytes) => push_long256(out, bytes),
        Value::Geohash(hash, bits) => push_geohash(out, hash, bits),
        Value::Binary(bytes) => push_hex_prefixed(out, bytes),
        Value::Uuid(number) => push_uuid(out, number),
        Value::Long128(number) => push_hex_prefixed(out, &number.to_be_bytes()),
        Value::Ipv4(address) => push_ipv4(out, address),
        Value::Decimal(number) => {
            // Writing to a Vec cannot fail.
            let _ = write!(out, "{number}");
        }
        Value::Null
        | Value::Char(_)
        | Value::String(_)
        | Value::Symbol(..)
        | Value::Varchar(_)
        | Value::Array(_) => {}
    }
}

/// Appends an array as nested brackets; `before` and `after` stand around an infinity, which is no
/// number in JSON. Any array without elements is `[]`, whatever its dimensions.
fn push_array(out: &mut Vec<u8>, array: &ArrayValue<'_>, before: &[u8], after: &[u8]) {
    if array.elements().is_empty() {
        out.extend_from_slice(b"[]");
        return;
    }
    // An element opens the brackets of every dimension in which it is the first, and closes those
    // in which it is the last: `runs` are the element counts of the nested arrays.
    let shape: Vec<usize> = array
        .shape()
        .map(|len| usize::try_from(len).unwrap_or(usize::MAX))
        .collect();
    let mut runs: Vec<usize> = shape
        .iter()
        .rev()
        .scan(1_usize, |run, &len| {
            *run = run.saturating_mul(len);
            Some(*run)
        })
        .collect();
    runs.reverse();
    for (idx, element) in array.values().enumerate() {
        if idx > 0 {
            out.push(b',');
        }
        out.extend(
            runs.iter()
                .filter(|&&run| idx.is_multiple_of(run))
                .map(|_| b'['),
        );
        if element.is_nan() {
            out.extend_from_slice(b"null");
        } else if element.is_infinite() {
            out.extend_from_slice(before);
            push_f64(out, element);
            out.extend_from_slice(after);
        } else {
            push_f64(out, element);
        }
        out.extend(
            runs.iter()
                .filter(|&&run| (idx + 1).is_multiple_of(run))
                .map(|_| b']'),
        );
    }
}

#[cfg(test)]
mod tests {
    use column_format::Decimal;

    use super::*;

    fn csv(column_type: ColumnType, value: Value<'_>) -> String {
        let mut out = Vec::new();
        ValueText::default().push_csv(&mut out, column_type, &value);
        String::from_utf8(out).unwrap()
    }

    fn json(value: Value<'_>) -> String {
        let mut out = Vec::new();
        ValueText::default().push_json(&mut out, &value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn null_has_three_spellings_in_csv_and_one_in_json() {
        assert_eq!(csv(ColumnType::Int, Value::Null), "");
        assert_eq!(csv(ColumnType::Geohash { bits: 5 }, Value::Null), "null");
        assert_eq!(
            csv(
                ColumnType::Decimal {
                    precision: 4,
                    scale: 2
                },
                Value::Null
            ),
            "null"
        );
        assert_eq!(csv(ColumnType::Array { dims: 2 }, Value::Null), "\"null\"");
        assert_eq!(json(Value::Null), "null");
    }

    #[test]
    fn values_that_questdb_omits_are_printed() {
        assert_eq!(
            csv(ColumnType::Double, Value::Double(f64::NEG_INFINITY)),
            "-Infinity"
        );
        assert_eq!(json(Value::Double(f64::INFINITY)), "\"Infinity\"");
        assert_eq!(csv(ColumnType::Binary, Value::Binary(&[0, 255])), "0x00ff");
        assert_eq!(
            csv(ColumnType::Long128, Value::Long128(1)),
            "0x00000000000000000000000000000001"
        );
    }

    #[test]
    fn exact_types_are_quoted_in_both() {
        let price = Value::Decimal(Decimal::new(-1234, 2));
        assert_eq!(
            csv(
                ColumnType::Decimal {
                    precision: 4,
                    scale: 2
                },
                price
            ),
            "\"-12.34\""
        );
        assert_eq!(json(price), "\"-12.34\"");
        let ts = Value::Timestamp(1, TimestampUnit::Micros);
        assert_eq!(
            csv(ColumnType::Timestamp(TimestampUnit::Micros), ts),
            "\"1970-01-01T00:00:00.000001Z\""
        );
        assert_eq!(
            csv(ColumnType::Uuid, Value::Uuid(0)),
            "00000000-0000-0000-0000-000000000000"
        );
        assert_eq!(json(Value::Ipv4(1)), "\"0.0.0.1\"");
    }
}
