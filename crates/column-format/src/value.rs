//! One value of any column, the slow and exact way.
//!
//! For scans, oracles and tests: every rule of the format about one row is here once, readable.
//! Encoders work on whole slices instead.

use crate::bits::{clamp_i64, len_u64};
use crate::error::Expected;
use crate::slice::no_such_row;
use crate::{
    ArrayValue, ColumnSlice, ColumnType, Decimal, FileKind, LayoutError, SymbolDict, TimestampUnit,
    Utf16, null,
};

/// A value of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// NULL. FLOAT and DOUBLE: any NaN.
    Null,
    /// BOOLEAN. Stored bytes other than 1 are false.
    Boolean(bool),
    /// BYTE.
    Byte(i8),
    /// SHORT.
    Short(i16),
    /// CHAR: a UTF-16 code unit, 0 is displayed as empty.
    Char(u16),
    /// INT.
    Int(i32),
    /// LONG.
    Long(i64),
    /// DATE: milliseconds since the epoch.
    Date(i64),
    /// TIMESTAMP and TIMESTAMP_NS: ticks since the epoch.
    Timestamp(i64, TimestampUnit),
    /// FLOAT, infinities included.
    Float(f32),
    /// DOUBLE, infinities included.
    Double(f64),
    /// STRING.
    String(Utf16<'a>),
    /// SYMBOL: key and text.
    Symbol(u32, Utf16<'a>),
    /// LONG256: 256-bit integer, little-endian.
    Long256(&'a [u8; 32]),
    /// GEOHASH: the geohash bits and their number.
    Geohash(u64, u8),
    /// BINARY.
    Binary(&'a [u8]),
    /// UUID as a number; its hexadecimal text is the UUID's.
    Uuid(u128),
    /// LONG128.
    Long128(u128),
    /// IPv4, the first octet in the most significant byte.
    Ipv4(u32),
    /// VARCHAR; UTF-8 is not guaranteed.
    Varchar(&'a [u8]),
    /// An array.
    Array(ArrayValue<'a>),
    /// DECIMAL.
    Decimal(Decimal),
}

impl Value<'_> {
    /// Whether this is NULL.
    #[must_use]
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

/// The value of one row. `dict` is needed for SYMBOL columns that have rows with bytes.
///
/// # Errors
/// No such row; `slice` or `dict` does not belong to `column_type`; or the row's bytes are invalid.
/// A symbol key below 0 (other than the null) or at or above the dictionary's count is
/// [`LayoutError::Corrupt`].
pub fn value<'a>(
    column_type: ColumnType,
    slice: &ColumnSlice<'a>,
    dict: Option<&'a SymbolDict>,
    row: usize,
) -> Result<Value<'a>, LayoutError> {
    match (column_type, slice) {
        (_, ColumnSlice::Nulls { rows }) => {
            if row >= *rows {
                return Err(no_such_row(row, *rows));
            }
            Ok(absent(column_type))
        }
        (ColumnType::String, ColumnSlice::String(s)) => {
            Ok(s.get(row)?.map_or(Value::Null, Value::String))
        }
        (ColumnType::Binary, ColumnSlice::Binary(s)) => {
            Ok(s.get(row)?.map_or(Value::Null, Value::Binary))
        }
        (ColumnType::Varchar, ColumnSlice::Varchar(s)) => {
            Ok(s.get(row)?.map_or(Value::Null, Value::Varchar))
        }
        (ColumnType::Array { dims }, ColumnSlice::Array(s)) if s.dims() == dims => {
            Ok(s.get(row)?.map_or(Value::Null, Value::Array))
        }
        (ColumnType::Symbol, ColumnSlice::Fixed(s)) => {
            let keys = s
                .chunks::<4>()
                .ok_or_else(|| mismatch(column_type, slice))?;
            let key = keys.get(row).ok_or_else(|| no_such_row(row, s.rows()))?;
            symbol(i32::from_le_bytes(*key), dict, s.first_row() + len_u64(row))
        }
        (_, ColumnSlice::Fixed(s)) if column_type.fixed_width() == Some(s.width()) => {
            let bytes = s.get(row).ok_or_else(|| no_such_row(row, s.rows()))?;
            fixed(column_type, bytes).ok_or_else(|| mismatch(column_type, slice))
        }
        _ => Err(mismatch(column_type, slice)),
    }
}

/// The value of a row without bytes (columns.md §1.5).
fn absent(column_type: ColumnType) -> Value<'static> {
    match column_type {
        ColumnType::Boolean => Value::Boolean(false),
        ColumnType::Byte => Value::Byte(0),
        ColumnType::Short => Value::Short(0),
        ColumnType::Char => Value::Char(0),
        _ => Value::Null,
    }
}

/// A stored symbol key.
fn symbol(key: i32, dict: Option<&SymbolDict>, row: u64) -> Result<Value<'_>, LayoutError> {
    if key == null::SYMBOL {
        return Ok(Value::Null);
    }
    let dict = dict.ok_or(LayoutError::Mismatch {
        column_type: ColumnType::Symbol,
        expected: "a symbol dictionary",
        found: "none",
    })?;
    let found = u32::try_from(key)
        .ok()
        .and_then(|key| Some((key, dict.value(key)?)));
    match found {
        Some((key, text)) => Ok(Value::Symbol(key, text)),
        None => Err(LayoutError::Corrupt {
            file: FileKind::Data,
            row: Some(row),
            offset: row.saturating_mul(4),
            expected: Expected::Between(0, clamp_i64(u64::from(dict.len())) - 1),
            found: i64::from(key),
        }),
    }
}

/// A stored value of fixed width; `None` if the width is not the type's.
fn fixed(column_type: ColumnType, bytes: &[u8]) -> Option<Value<'_>> {
    if null::is_null(column_type, bytes) {
        return Some(Value::Null);
    }
    Some(match column_type {
        ColumnType::Boolean => Value::Boolean(bytes == [1]),
        ColumnType::Byte => Value::Byte(i8::from_le_bytes(*bytes.as_array()?)),
        ColumnType::Short => Value::Short(i16::from_le_bytes(*bytes.as_array()?)),
        ColumnType::Char => Value::Char(u16::from_le_bytes(*bytes.as_array()?)),
        ColumnType::Int => Value::Int(i32::from_le_bytes(*bytes.as_array()?)),
        ColumnType::Long => Value::Long(i64::from_le_bytes(*bytes.as_array()?)),
        ColumnType::Date => Value::Date(i64::from_le_bytes(*bytes.as_array()?)),
        ColumnType::Timestamp(unit) => {
            Value::Timestamp(i64::from_le_bytes(*bytes.as_array()?), unit)
        }
        ColumnType::Float => Value::Float(f32::from_le_bytes(*bytes.as_array()?)),
        ColumnType::Double => Value::Double(f64::from_le_bytes(*bytes.as_array()?)),
        ColumnType::Ipv4 => Value::Ipv4(u32::from_le_bytes(*bytes.as_array()?)),
        ColumnType::Uuid => Value::Uuid(u128::from_le_bytes(*bytes.as_array()?)),
        ColumnType::Long128 => Value::Long128(u128::from_le_bytes(*bytes.as_array()?)),
        ColumnType::Long256 => Value::Long256(bytes.as_array()?),
        ColumnType::Geohash { bits } => {
            let mut wide = [0; 8];
            wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
            Value::Geohash(u64::from_le_bytes(wide), bits)
        }
        ColumnType::Decimal { scale, .. } => Value::Decimal(Decimal::from_stored(bytes, scale)?),
        ColumnType::String
        | ColumnType::Symbol
        | ColumnType::Binary
        | ColumnType::Varchar
        | ColumnType::Array { .. } => return None,
    })
}

fn mismatch(column_type: ColumnType, slice: &ColumnSlice<'_>) -> LayoutError {
    LayoutError::Mismatch {
        column_type,
        expected: "a slice of its own layout",
        found: match slice {
            ColumnSlice::Nulls { .. } => "nulls",
            ColumnSlice::Fixed(_) => "a fixed slice",
            ColumnSlice::String(_) => "a STRING slice",
            ColumnSlice::Binary(_) => "a BINARY slice",
            ColumnSlice::Varchar(_) => "a VARCHAR slice",
            ColumnSlice::Array(_) => "an array slice",
        },
    }
}
