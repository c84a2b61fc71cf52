//! Which column type an Arrow type is written as.
//!
//! Only where both mean the same: what Arrow says, a reader of the file is told. All else is refused
//! by name when the writer is made, never converted.

use ::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use column_format::{ColumnType, TimestampUnit};

use super::PushError;
use crate::ColumnSpec;

/// What can be written, for an error.
const SUPPORTED: &str = "Boolean, Int8, Int16, UInt16, Int32, UInt32, Int64, Float32, \
    Float64, Decimal32 to Decimal256 of a scale from 0 to the precision, Timestamp of milliseconds to \
    nanoseconds, Utf8, LargeUtf8, Utf8View, Dictionary of them, Binary, LargeBinary, BinaryView, \
    FixedSizeBinary of 16 or 32 bytes, List, LargeList and FixedSizeList of Float64 or of such lists";

/// Most dimensions of an array.
const DIMS_MAX: u8 = 32;

/// Most digits of a decimal.
const PRECISION_MAX: u8 = 76;

/// The columns of a file with the fields of a schema: a starting point for options of single columns.
///
/// # Errors
/// [`PushError::Unsupported`] with the first field that has no column type.
pub fn columns_of(schema: &Schema) -> Result<Vec<ColumnSpec>, PushError> {
    let column = |field: &std::sync::Arc<Field>| {
        let data_type = field.data_type();
        let column_type = column_type(data_type).ok_or_else(|| PushError::Unsupported {
            column: field.name().clone(),
            reason: format!("{data_type} cannot be written; there are {SUPPORTED}"),
        })?;
        let mut spec = ColumnSpec::new(field.name().as_str(), column_type);
        spec.required = !field.is_nullable();
        spec.sentinels = false;
        spec.local_time = matches!(data_type, DataType::Timestamp(_, None));
        Ok(spec)
    };
    schema.fields().iter().map(column).collect()
}

fn column_type(data_type: &DataType) -> Option<ColumnType> {
    Some(match data_type {
        DataType::Boolean => ColumnType::Boolean,
        DataType::Int8 => ColumnType::Byte,
        DataType::Int16 => ColumnType::Short,
        DataType::UInt16 => ColumnType::Char,
        DataType::Int32 => ColumnType::Int,
        DataType::UInt32 => ColumnType::Ipv4,
        DataType::Int64 => ColumnType::Long,
        DataType::Float32 => ColumnType::Float,
        DataType::Float64 => ColumnType::Double,
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => {
            let (precision, scale) = (*precision, u8::try_from(*scale).ok()?);
            let known = (1..=PRECISION_MAX).contains(&precision) && scale <= precision;
            return known.then_some(ColumnType::Decimal { precision, scale });
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => ColumnType::Date,
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            ColumnType::Timestamp(TimestampUnit::Micros)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => ColumnType::Timestamp(TimestampUnit::Nanos),
        data_type if is_text(data_type) => ColumnType::Varchar,
        DataType::Dictionary(_, values) if is_text(values) => ColumnType::Varchar,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => ColumnType::Binary,
        DataType::FixedSizeBinary(16) => ColumnType::Long128,
        DataType::FixedSizeBinary(32) => ColumnType::Long256,
        other => return dims_of(other).map(|dims| ColumnType::Array { dims }),
    })
}

fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

/// Dimensions of lists of Float64; `None` for all other types.
fn dims_of(list: &DataType) -> Option<u8> {
    let (mut inner, mut dims) = (list, 0_u8);
    while let DataType::List(field)
    | DataType::LargeList(field)
    | DataType::FixedSizeList(field, _) = inner
    {
        (inner, dims) = (field.data_type(), dims.saturating_add(1));
    }
    (*inner == DataType::Float64 && (1..=DIMS_MAX).contains(&dims)).then_some(dims)
}
