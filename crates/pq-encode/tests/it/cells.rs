//! What a column holds, as Parquet should say it: from the slow, exact path of `column-format`.

use column_format::{ColumnSlice, ColumnType, SymbolDict, Value, value};

/// One leaf slot with its levels.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Slot {
    pub(crate) repetition: i16,
    pub(crate) definition: i16,
    /// PLAIN bytes without a length; a boolean is one byte.
    pub(crate) value: Option<Vec<u8>>,
}

/// The leaf slots of a column. `required`: nothing is null.
pub(crate) fn slots(
    column_type: ColumnType,
    slices: &[ColumnSlice<'_>],
    symbols: Option<&SymbolDict>,
    required: bool,
) -> Vec<Slot> {
    let mut out = Vec::new();
    for slice in slices {
        for row in 0..slice.rows() {
            let cell = match slice {
                // A virtual null has no bytes to read.
                ColumnSlice::Nulls { .. } => Value::Null,
                _ => value(column_type, slice, symbols, row).unwrap(),
            };
            push(column_type, cell, required, &mut out);
        }
    }
    out
}

fn push(column_type: ColumnType, cell: Value<'_>, required: bool, out: &mut Vec<Slot>) {
    if let (Value::Array(array), ColumnType::Array { dims }) = (&cell, column_type) {
        let shape: Vec<usize> = array.shape().map(|n| usize::try_from(n).unwrap()).collect();
        let mut elements = array.values();
        let base = i16::from(!required);
        walk(&shape, 0, 0, base, i16::from(dims), &mut elements, out);
        return;
    }
    let plain = match cell {
        Value::Null if required => Some(zero(column_type)),
        Value::Null => None,
        cell => Some(plain(column_type, cell)),
    };
    let definition = i16::from(!required && plain.is_some());
    out.push(Slot {
        repetition: 0,
        definition,
        value: plain,
    });
}

/// Levels by the definition: walk the lists.
fn walk(
    shape: &[usize],
    depth: i16,
    repetition: i16,
    base: i16,
    dims: i16,
    elements: &mut impl Iterator<Item = f64>,
    out: &mut Vec<Slot>,
) {
    match shape.split_first() {
        None => {
            let element = elements.next().unwrap();
            let value = (!element.is_nan()).then(|| element.to_le_bytes().to_vec());
            let definition = base + 2 * dims - i16::from(value.is_none());
            out.push(Slot {
                repetition,
                definition,
                value,
            });
        }
        Some((0, _)) => {
            out.push(Slot {
                repetition,
                definition: base + 2 * depth,
                value: None,
            });
        }
        Some((len, inner)) => {
            for i in 0..*len {
                let repetition = if i == 0 { repetition } else { depth + 1 };
                walk(inner, depth + 1, repetition, base, dims, elements, out);
            }
        }
    }
}

/// What a REQUIRED column holds where the table has nothing.
fn zero(column_type: ColumnType) -> Vec<u8> {
    match column_type {
        ColumnType::Boolean => vec![0],
        ColumnType::Byte | ColumnType::Short | ColumnType::Char => vec![0; 4],
        _ => vec![0; column_type.fixed_width().unwrap()],
    }
}

/// The PLAIN bytes of a value, written down from parquet.md §1.
fn plain(column_type: ColumnType, value: Value<'_>) -> Vec<u8> {
    match value {
        Value::Boolean(v) => vec![u8::from(v)],
        Value::Byte(v) => i32::from(v).to_le_bytes().to_vec(),
        Value::Short(v) => i32::from(v).to_le_bytes().to_vec(),
        Value::Char(v) => i32::from(v).to_le_bytes().to_vec(),
        Value::Int(v) => v.to_le_bytes().to_vec(),
        Value::Ipv4(v) => v.to_le_bytes().to_vec(),
        Value::Long(v) | Value::Date(v) | Value::Timestamp(v, _) => v.to_le_bytes().to_vec(),
        Value::Float(v) => v.to_le_bytes().to_vec(),
        Value::Double(v) => v.to_le_bytes().to_vec(),
        Value::Geohash(v, _) if column_type.fixed_width() == Some(8) => v.to_le_bytes().to_vec(),
        Value::Geohash(v, _) => v.to_le_bytes()[..4].to_vec(),
        Value::String(text) | Value::Symbol(_, text) => text.to_string_lossy().into_bytes(),
        Value::Varchar(bytes) => String::from_utf8_lossy(bytes).into_owned().into_bytes(),
        Value::Binary(bytes) => bytes.to_vec(),
        Value::Uuid(v) => v.to_be_bytes().to_vec(),
        Value::Long128(v) => v.to_le_bytes().to_vec(),
        Value::Long256(v) => v.to_vec(),
        Value::Decimal(v) => {
            let mut little = v.unscaled_le().to_vec();
            little.truncate(column_type.fixed_width().unwrap());
            little.reverse();
            little
        }
        Value::Null | Value::Array(_) => unreachable!("handled by the callers"),
    }
}
