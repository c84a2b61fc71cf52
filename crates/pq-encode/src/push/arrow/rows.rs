//! The rows of an Arrow array as a column file would have them.
//!
//! Numbers are lent as they stand; text, bytes, lists and decimals are written in their layout.

use ::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray};
use ::arrow::buffer::NullBuffer;
use ::arrow::datatypes as dt;
use ::arrow::datatypes::{DataType, Field, TimeUnit};
use column_format::{BinaryWriter, ColumnSlice, ColumnType, Layout, VarcharWriter, WriteError};

use super::{PushError, decimals, lists};

/// The rows of an array as a column file would have them.
pub(super) struct Rows<'a> {
    layout: Layout,
    aux: Vec<u8>,
    data: Data<'a>,
    count: usize,
    /// Rows without bytes; of text and bytes the entries say so themselves.
    nulls: Option<&'a NullBuffer>,
}

enum Data<'a> {
    Lent(&'a [u8]),
    Own(Vec<u8>),
}

impl<'a> Rows<'a> {
    /// `column_type`: the one that the field is written as.
    pub(super) fn of(
        field: &Field,
        column_type: ColumnType,
        array: &'a ArrayRef,
    ) -> Result<Self, PushError> {
        use DataType as D;
        let refused = |reason: String| PushError::Unsupported {
            column: field.name().clone(),
            reason,
        };
        let failed = |error: WriteError| refused(error.to_string());
        Ok(match array.data_type() {
            D::Boolean => {
                let bits = array.as_boolean().values().iter();
                Self::fixed(1, Data::Own(bits.map(u8::from).collect()), array)
            }
            D::Int8 => Self::numbers::<dt::Int8Type>(array),
            D::Int16 => Self::numbers::<dt::Int16Type>(array),
            D::UInt16 => Self::numbers::<dt::UInt16Type>(array),
            D::Int32 => Self::numbers::<dt::Int32Type>(array),
            D::UInt32 => Self::numbers::<dt::UInt32Type>(array),
            D::Int64 => Self::numbers::<dt::Int64Type>(array),
            D::Float32 => Self::numbers::<dt::Float32Type>(array),
            D::Float64 => Self::numbers::<dt::Float64Type>(array),
            D::Timestamp(TimeUnit::Millisecond, _) => {
                Self::numbers::<dt::TimestampMillisecondType>(array)
            }
            D::Timestamp(TimeUnit::Microsecond, _) => {
                Self::numbers::<dt::TimestampMicrosecondType>(array)
            }
            D::Timestamp(TimeUnit::Nanosecond, _) => {
                Self::numbers::<dt::TimestampNanosecondType>(array)
            }
            D::FixedSizeBinary(width) => {
                let values = array.as_fixed_size_binary().value_data();
                let width = usize::try_from(*width).unwrap_or(0);
                Self::fixed(width, Data::Lent(values), array)
            }
            D::Utf8 => Self::text(array.as_string::<i32>().iter()).map_err(failed)?,
            D::LargeUtf8 => Self::text(array.as_string::<i64>().iter()).map_err(failed)?,
            D::Utf8View => Self::text(array.as_string_view().iter()).map_err(failed)?,
            D::Binary => Self::bytes(array.as_binary::<i32>().iter()).map_err(failed)?,
            D::LargeBinary => Self::bytes(array.as_binary::<i64>().iter()).map_err(failed)?,
            D::BinaryView => Self::bytes(array.as_binary_view().iter()).map_err(failed)?,
            D::Dictionary(..) => Self::dictionary(field, array)?,
            D::Decimal32(..) | D::Decimal64(..) | D::Decimal128(..) | D::Decimal256(..) => {
                let (width, bytes) = decimals::stored(array, column_type).map_err(refused)?;
                Self::fixed(width, Data::Own(bytes), array)
            }
            D::List(_) | D::LargeList(_) | D::FixedSizeList(..) => {
                let (dims, aux, data) = lists::rows(array).map_err(refused)?;
                Self::entries(Layout::Array { dims }, aux, data, array.len())
            }
            // The schema was refused already.
            other => return Err(refused(format!("{other} cannot be written"))),
        })
    }

    fn fixed(width: usize, data: Data<'a>, array: &'a ArrayRef) -> Self {
        Self {
            layout: Layout::Fixed(width),
            aux: Vec::new(),
            data,
            count: array.len(),
            nulls: array.nulls(),
        }
    }

    fn numbers<T: ArrowPrimitiveType>(array: &'a ArrayRef) -> Self
    where
        T::Native: bytemuck::NoUninit,
    {
        let values: &[T::Native] = array.as_primitive::<T>().values();
        let bytes = bytemuck::cast_slice(values);
        Self::fixed(size_of::<T::Native>(), Data::Lent(bytes), array)
    }

    fn text<'v>(values: impl Iterator<Item = Option<&'v str>>) -> Result<Self, WriteError> {
        let mut writer = VarcharWriter::new();
        let mut count = 0;
        for value in values {
            writer.push(value.map(str::as_bytes))?;
            count += 1;
        }
        let (aux, data) = writer.take();
        Ok(Self::entries(Layout::Varchar, aux, data, count))
    }

    fn bytes<'v>(values: impl Iterator<Item = Option<&'v [u8]>>) -> Result<Self, WriteError> {
        let mut writer = BinaryWriter::new();
        let mut count = 0;
        for value in values {
            writer.push(value)?;
            count += 1;
        }
        let (aux, data) = writer.take();
        Ok(Self::entries(Layout::Binary, aux, data, count))
    }

    fn entries(layout: Layout, aux: Vec<u8>, data: Vec<u8>, count: usize) -> Self {
        Self {
            layout,
            aux,
            data: Data::Own(data),
            count,
            nulls: None,
        }
    }

    /// Keys of any width and text of any kind.
    fn dictionary(field: &Field, array: &ArrayRef) -> Result<Self, PushError> {
        let failed = |reason: String| PushError::Unsupported {
            column: field.name().clone(),
            reason,
        };
        let dictionary = array.as_any_dictionary();
        let texts = Self::texts(dictionary.values())
            .ok_or_else(|| failed(format!("{} cannot be written", array.data_type())))?;
        // Of a dictionary without values all rows are null, and keys cannot be normalized.
        let keys = match texts.len() {
            0 => vec![0; array.len()],
            _ => dictionary.normalized_keys(),
        };
        let value = |(row, key): (usize, &usize)| {
            let text = texts.get(*key).copied().flatten();
            text.filter(|_| !dictionary.keys().is_null(row))
        };
        Self::text(keys.iter().enumerate().map(value)).map_err(|error| failed(error.to_string()))
    }

    fn texts(values: &ArrayRef) -> Option<Vec<Option<&str>>> {
        Some(match values.data_type() {
            DataType::Utf8 => values.as_string::<i32>().iter().collect(),
            DataType::LargeUtf8 => values.as_string::<i64>().iter().collect(),
            DataType::Utf8View => values.as_string_view().iter().collect(),
            _ => return None,
        })
    }

    /// Runs of rows with bytes and of rows without.
    pub(super) fn slices(&self, field: &Field) -> Result<Vec<ColumnSlice<'_>>, PushError> {
        let data = match &self.data {
            Data::Lent(bytes) => bytes,
            Data::Own(bytes) => bytes.as_slice(),
        };
        let all = ColumnSlice::new(self.layout, &self.aux, data, self.count);
        let all = all.map_err(|error| PushError::Unsupported {
            column: field.name().clone(),
            reason: error.to_string(),
        })?;
        let Some(nulls) = self.nulls.filter(|nulls| nulls.null_count() > 0) else {
            return Ok(vec![all]);
        };
        let mut slices = Vec::new();
        let mut at = 0;
        for (lo, hi) in nulls.valid_slices() {
            if lo > at {
                slices.push(ColumnSlice::Nulls { rows: lo - at });
            }
            slices.push(all.slice(lo..hi));
            at = hi;
        }
        if at < self.count {
            slices.push(ColumnSlice::Nulls {
                rows: self.count - at,
            });
        }
        Ok(slices)
    }
}
