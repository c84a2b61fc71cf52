//! Columns of a fixed width.
//!
//! The decoder's bytes become Arrow's buffer as they stand wherever the layouts are the same; one
//! pass over them makes the bitmap of nulls.

use std::sync::Arc;

use ::arrow::array::{
    ArrayRef, BooleanArray, DictionaryArray, FixedSizeBinaryArray, PrimitiveArray,
};
use ::arrow::buffer::{BooleanBuffer, Buffer, MutableBuffer, NullBuffer, ScalarBuffer};
use ::arrow::datatypes as dt;
use ::arrow::datatypes::{ArrowPrimitiveType, i256};
use column_format::{ColumnType, TimestampUnit, null};

use super::{DECIMAL128_PRECISION_MAX, ToArrowError, arrow_type};
use crate::decoded::DecodedColumn;

pub(super) fn array(
    column: DecodedColumn,
    column_type: ColumnType,
    dictionary: Option<&ArrayRef>,
) -> Result<ArrayRef, ToArrowError> {
    use ColumnType as T;
    let rows = column.rows();
    let width = column_type.fixed_width().unwrap_or(0);
    let bytes = match column.is_null() {
        // A type without a null: false or 0.
        true => vec![0; rows.saturating_mul(width)],
        false => column.into_data(),
    };
    let nulls = nulls(&bytes, column_type);
    match column_type {
        T::Boolean => {
            let values = BooleanBuffer::collect_bool(rows, |row| bytes.get(row) == Some(&1));
            Ok(Arc::new(BooleanArray::new(values, None)))
        }
        T::Byte | T::Geohash { bits: ..8 } => primitive::<dt::Int8Type>(bytes, nulls),
        T::Short | T::Geohash { bits: 8..16 } => primitive::<dt::Int16Type>(bytes, nulls),
        T::Int | T::Geohash { bits: 16..32 } => primitive::<dt::Int32Type>(bytes, nulls),
        T::Long | T::Geohash { .. } => primitive::<dt::Int64Type>(bytes, nulls),
        T::Char => primitive::<dt::UInt16Type>(bytes, nulls),
        T::Ipv4 => primitive::<dt::UInt32Type>(bytes, nulls),
        T::Float => primitive::<dt::Float32Type>(bytes, nulls),
        T::Double => primitive::<dt::Float64Type>(bytes, nulls),
        T::Date => timestamps::<dt::TimestampMillisecondType>(bytes, nulls),
        T::Timestamp(TimestampUnit::Micros) => {
            timestamps::<dt::TimestampMicrosecondType>(bytes, nulls)
        }
        T::Timestamp(TimestampUnit::Nanos) => {
            timestamps::<dt::TimestampNanosecondType>(bytes, nulls)
        }
        T::Symbol => {
            let texts = dictionary.ok_or(ToArrowError::NoDictionary)?;
            let keys = typed::<dt::Int32Type>(bytes, nulls)?;
            let array = DictionaryArray::try_new(keys, Arc::clone(texts));
            Ok(Arc::new(array.map_err(ToArrowError::arrow)?))
        }
        T::Decimal { .. } => decimals(&bytes, nulls, column_type),
        T::Uuid => {
            let mut bytes = bytes;
            bytes
                .as_chunks_mut::<16>()
                .0
                .iter_mut()
                .for_each(|v| v.reverse());
            binary(16, bytes, nulls)
        }
        T::Long128 => binary(16, bytes, nulls),
        T::Long256 => binary(32, bytes, nulls),
        _ => Err(ToArrowError::Type { column_type }),
    }
}

/// The rows that are null; `None` if none is.
fn nulls(bytes: &[u8], column_type: ColumnType) -> Option<NullBuffer> {
    fn of<const W: usize>(bytes: &[u8], is_null: impl Fn(&[u8; W]) -> bool) -> Option<NullBuffer> {
        let values = bytes.as_chunks::<W>().0;
        let there = |row: usize| values.get(row).is_some_and(|v| !is_null(v));
        let buffer = NullBuffer::new(BooleanBuffer::collect_bool(values.len(), there));
        (buffer.null_count() > 0).then_some(buffer)
    }
    if !column_type.has_null() {
        return None;
    }
    let sentinel = match column_type {
        ColumnType::Float => return of::<4>(bytes, |v| f32::from_le_bytes(*v).is_nan()),
        ColumnType::Double => return of::<8>(bytes, |v| f64::from_le_bytes(*v).is_nan()),
        other => null::bytes(other)?,
    };
    macro_rules! of_width {
        ($($width:literal)*) => {
            match sentinel.len() {
                $($width => {
                    let sentinel = sentinel.as_array::<$width>()?;
                    of::<$width>(bytes, |v| v == sentinel)
                })*
                _ => None,
            }
        };
    }
    of_width!(1 2 4 8 16 32)
}

/// The bytes as a buffer that values of this type may be read from: their own, unless the allocator
/// put them at an odd place.
fn aligned<T>(bytes: Vec<u8>) -> Buffer {
    let buffer = Buffer::from_vec(bytes);
    match buffer.as_ptr().align_offset(align_of::<T>()) {
        0 => buffer,
        _ => {
            let mut copy = MutableBuffer::with_capacity(buffer.len());
            copy.extend_from_slice(buffer.as_slice());
            copy.into()
        }
    }
}

fn typed<T: ArrowPrimitiveType>(
    bytes: Vec<u8>,
    nulls: Option<NullBuffer>,
) -> Result<PrimitiveArray<T>, ToArrowError> {
    let rows = bytes.len() / size_of::<T::Native>();
    let values = ScalarBuffer::new(aligned::<T::Native>(bytes), 0, rows);
    PrimitiveArray::try_new(values, nulls).map_err(ToArrowError::arrow)
}

fn primitive<T: ArrowPrimitiveType>(
    bytes: Vec<u8>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ToArrowError> {
    Ok(Arc::new(typed::<T>(bytes, nulls)?))
}

fn timestamps<T: dt::ArrowTimestampType>(
    bytes: Vec<u8>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ToArrowError> {
    Ok(Arc::new(typed::<T>(bytes, nulls)?.with_timezone("UTC")))
}

fn binary(width: i32, bytes: Vec<u8>, nulls: Option<NullBuffer>) -> Result<ArrayRef, ToArrowError> {
    let array = FixedSizeBinaryArray::try_new(width, Buffer::from_vec(bytes), nulls);
    Ok(Arc::new(array.map_err(ToArrowError::arrow)?))
}

/// Numbers of any width as 128 or 256 bits.
fn decimals(
    bytes: &[u8],
    nulls: Option<NullBuffer>,
    column_type: ColumnType,
) -> Result<ArrayRef, ToArrowError> {
    let ColumnType::Decimal { precision, .. } = column_type else {
        return Err(ToArrowError::Type { column_type });
    };
    let data_type = arrow_type(column_type);
    let width = column_type.fixed_width().unwrap_or(1);
    let wide = bytes.chunks_exact(width).map(le);
    if precision > DECIMAL128_PRECISION_MAX {
        let values: Vec<i256> = wide.map(i256::from_le_bytes).collect();
        let array = PrimitiveArray::<dt::Decimal256Type>::try_new(values.into(), nulls);
        let array = array.map_err(ToArrowError::arrow)?;
        return Ok(Arc::new(array.with_data_type(data_type)));
    }
    let low = |v: [u8; 32]| v.first_chunk::<16>().copied().unwrap_or_default();
    let values: Vec<i128> = wide.map(|v| i128::from_le_bytes(low(v))).collect();
    let array = PrimitiveArray::<dt::Decimal128Type>::try_new(values.into(), nulls);
    let array = array.map_err(ToArrowError::arrow)?;
    Ok(Arc::new(array.with_data_type(data_type)))
}

/// A stored decimal as 256 bits, little-endian.
fn le(stored: &[u8]) -> [u8; 32] {
    column_format::Decimal::from_stored(stored, 0).map_or([0; 32], |d| *d.unscaled_le())
}
