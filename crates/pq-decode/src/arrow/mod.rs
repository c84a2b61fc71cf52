//! Decoded columns as Arrow arrays (feature `arrow`).
//!
//! Arrow sees what the table's type says: the sentinel of a type is a null, NaN included. Values of a
//! fixed width that Arrow has in the same bytes move there without a copy; texts, bytes and lists are
//! laid out anew; symbols are keys of a dictionary that is made once a table.

mod error;
mod fixed;
mod variable;

use std::sync::Arc;

use ::arrow::array::{Array, ArrayRef, DictionaryArray, StringArray, new_null_array};
use ::arrow::datatypes::{DataType, Field, Int32Type, TimeUnit};
use column_format::{ColumnType, SymbolDict, TimestampUnit};

use crate::decoded::DecodedColumn;

pub use error::ToArrowError;

/// Largest precision of a 128-bit decimal.
const DECIMAL128_PRECISION_MAX: u8 = 38;

/// The Arrow type of a column: that of arrow-rs's reader over the same file, but for SYMBOL, which is
/// a dictionary of texts under signed 32-bit keys.
#[must_use]
pub fn arrow_type(column_type: ColumnType) -> DataType {
    use ColumnType as T;
    let utc = || Some(Arc::from("UTC"));
    match column_type {
        T::Boolean => DataType::Boolean,
        T::Byte => DataType::Int8,
        T::Short => DataType::Int16,
        T::Char => DataType::UInt16,
        T::Int => DataType::Int32,
        T::Ipv4 => DataType::UInt32,
        T::Long => DataType::Int64,
        T::Date => DataType::Timestamp(TimeUnit::Millisecond, utc()),
        T::Timestamp(TimestampUnit::Micros) => DataType::Timestamp(TimeUnit::Microsecond, utc()),
        T::Timestamp(TimestampUnit::Nanos) => DataType::Timestamp(TimeUnit::Nanosecond, utc()),
        T::Float => DataType::Float32,
        T::Double => DataType::Float64,
        T::String | T::Varchar => DataType::Utf8,
        T::Symbol => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        T::Uuid | T::Long128 => DataType::FixedSizeBinary(16),
        T::Long256 => DataType::FixedSizeBinary(32),
        T::Geohash { .. } => match column_type.fixed_width() {
            Some(1) => DataType::Int8,
            Some(2) => DataType::Int16,
            Some(4) => DataType::Int32,
            _ => DataType::Int64,
        },
        T::Decimal { precision, scale } => {
            let scale = i8::try_from(scale).unwrap_or(i8::MAX);
            match precision <= DECIMAL128_PRECISION_MAX {
                true => DataType::Decimal128(precision, scale),
                false => DataType::Decimal256(precision, scale),
            }
        }
        T::Array { dims } => (0..dims).fold(DataType::Float64, |inner, _| {
            DataType::List(Arc::new(Field::new("element", inner, true)))
        }),
        // Binary, and what has no meaning of its own.
        _ => DataType::Binary,
    }
}

/// The texts of a table's dictionary, for [`DecodedColumn::into_arrow`]: made once, shared by the
/// arrays of all chunks.
///
/// # Errors
/// [`ToArrowError::TooLarge`] beyond 2 GiB of text.
pub fn arrow_dictionary(symbols: &SymbolDict) -> Result<ArrayRef, ToArrowError> {
    let texts = symbols.iter().map(|text| text.to_string_lossy());
    let mut lens = variable::Offsets::default();
    let mut values = Vec::new();
    for text in texts {
        lens.push(text.len())?;
        values.extend_from_slice(text.as_bytes());
    }
    let array = StringArray::try_new(lens.finish(), values.into(), None);
    Ok(Arc::new(array.map_err(ToArrowError::arrow)?))
}

impl DecodedColumn {
    /// The rows as an Arrow array of [`arrow_type`]; `column_type` is the type that the column was
    /// decoded as. `dictionary` are the table's texts ([`arrow_dictionary`]), needed for SYMBOL.
    /// Text that is not valid UTF-8 has U+FFFD in its place.
    ///
    /// # Errors
    /// [`ToArrowError`]: another type than that of the column, rows whose texts exceed 2 GiB, a
    /// SYMBOL without its dictionary or with a key that is not in it.
    pub fn into_arrow(
        self,
        column_type: ColumnType,
        dictionary: Option<&ArrayRef>,
    ) -> Result<ArrayRef, ToArrowError> {
        let data_type = arrow_type(column_type);
        if self.layout() != column_type.layout() {
            return Err(ToArrowError::Type { column_type });
        }
        if self.is_null() && column_type.has_null() {
            return match dictionary {
                Some(texts) if column_type == ColumnType::Symbol => {
                    let keys = vec![None::<i32>; self.rows()].into();
                    let array = DictionaryArray::<Int32Type>::try_new(keys, Arc::clone(texts));
                    Ok(Arc::new(array.map_err(ToArrowError::arrow)?))
                }
                _ => Ok(new_null_array(&data_type, self.rows())),
            };
        }
        let array = match column_type {
            ColumnType::String | ColumnType::Varchar => variable::text(&self, column_type)?,
            ColumnType::Binary => variable::binary(&self)?,
            ColumnType::Array { dims } => variable::lists(&self, dims)?,
            _ => fixed::array(self, column_type, dictionary)?,
        };
        debug_assert_eq!(array.data_type(), &data_type);
        Ok(array)
    }
}
