//! Record batches into push mode (feature `arrow`).
//!
//! Arrow says which rows are null, so no value is taken for a sentinel here: a row is null or it has
//! bytes. Numbers are lent as they stand; text and bytes go through a writer of their layout. What
//! has no column type of the same meaning is refused by name when the writer is made.

use std::io::Write;

use ::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, RecordBatch};
use ::arrow::buffer::NullBuffer;
use ::arrow::datatypes as dt;
use ::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use column_format::{
    BinaryWriter, ColumnSlice, ColumnType, Layout, TimestampUnit, VarcharWriter, WriteError,
};

use super::error::PushError;
use super::writer::{PushOptions, PushWriter};
use crate::{ColumnSpec, FileProperties, FileSummary, PageStoreFactory, WriterOptions};

/// What can be written, for an error.
const SUPPORTED: &str = "Boolean, Int8, Int16, UInt16, Int32, UInt32, Int64, Float32, Float64, \
    Timestamp of milliseconds to nanoseconds with a time zone, Utf8, LargeUtf8, Utf8View, \
    Dictionary of them, Binary, LargeBinary, BinaryView, FixedSizeBinary of 16 or 32 bytes";

/// The columns of a file with the fields of a schema: a starting point for options of single columns.
///
/// # Errors
/// [`PushError::Unsupported`] with the first field that has no column type.
pub fn columns_of(schema: &Schema) -> Result<Vec<ColumnSpec>, PushError> {
    let column = |field: &std::sync::Arc<Field>| {
        let mut spec = ColumnSpec::new(field.name().as_str(), column_type(field)?);
        spec.required = !field.is_nullable();
        spec.sentinels = false;
        Ok(spec)
    };
    schema.fields().iter().map(column).collect()
}

fn column_type(field: &Field) -> Result<ColumnType, PushError> {
    let unsupported = |reason: String| PushError::Unsupported {
        column: field.name().clone(),
        reason,
    };
    Ok(match field.data_type() {
        DataType::Boolean => ColumnType::Boolean,
        DataType::Int8 => ColumnType::Byte,
        DataType::Int16 => ColumnType::Short,
        DataType::UInt16 => ColumnType::Char,
        DataType::Int32 => ColumnType::Int,
        DataType::UInt32 => ColumnType::Ipv4,
        DataType::Int64 => ColumnType::Long,
        DataType::Float32 => ColumnType::Float,
        DataType::Float64 => ColumnType::Double,
        DataType::Timestamp(TimeUnit::Millisecond, Some(_)) => ColumnType::Date,
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => {
            ColumnType::Timestamp(TimestampUnit::Micros)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, Some(_)) => {
            ColumnType::Timestamp(TimestampUnit::Nanos)
        }
        DataType::Timestamp(_, None) => {
            let reason = "a timestamp without a time zone is no point in time; give it `UTC`";
            return Err(unsupported(reason.to_owned()));
        }
        data_type if is_text(data_type) => ColumnType::Varchar,
        DataType::Dictionary(_, values) if is_text(values) => ColumnType::Varchar,
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => ColumnType::Binary,
        DataType::FixedSizeBinary(16) => ColumnType::Long128,
        DataType::FixedSizeBinary(32) => ColumnType::Long256,
        other => {
            return Err(unsupported(format!(
                "{other} cannot be written; there are {SUPPORTED}"
            )));
        }
    })
}

fn is_text(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    )
}

/// Writes one Parquet file to `W` from record batches, each seen once.
#[derive(Debug)]
pub struct RecordBatchWriter<W> {
    writer: PushWriter<W>,
    schema: Schema,
    /// Columns that take no null.
    required: Vec<bool>,
}

impl<W: Write> RecordBatchWriter<W> {
    /// Starts a file with the fields of `schema`.
    ///
    /// # Errors
    /// A field that cannot be written, by name; otherwise as for [`PushWriter::new`].
    pub fn new(
        out: W,
        schema: &Schema,
        options: &WriterOptions,
        properties: FileProperties,
        push: &PushOptions,
        spill: impl PageStoreFactory + 'static,
    ) -> Result<Self, PushError> {
        let columns = columns_of(schema)?;
        Self::with_columns(out, schema, &columns, options, properties, push, spill)
    }

    /// The same with options of single columns: `columns` are those of [`columns_of`], with other
    /// encodings, codecs, filters or identities.
    ///
    /// # Errors
    /// As for [`RecordBatchWriter::new`], and columns of other names or types than the schema's.
    pub fn with_columns(
        out: W,
        schema: &Schema,
        columns: &[ColumnSpec],
        options: &WriterOptions,
        properties: FileProperties,
        push: &PushOptions,
        spill: impl PageStoreFactory + 'static,
    ) -> Result<Self, PushError> {
        let own = columns_of(schema)?;
        if own.len() != columns.len() {
            let (expected, found) = (own.len(), columns.len());
            return Err(PushError::Columns { expected, found });
        }
        for (own, column) in own.iter().zip(columns) {
            if own.name != column.name {
                return Err(PushError::Unsupported {
                    column: column.name.clone(),
                    reason: format!("the schema has `{}` in its place", own.name),
                });
            }
            if own.column_type != column.column_type || column.sentinels {
                return Err(PushError::Unsupported {
                    column: column.name.clone(),
                    reason: format!(
                        "the schema has {}, without sentinels, the columns given {}",
                        own.column_type, column.column_type
                    ),
                });
            }
        }
        Ok(Self {
            writer: PushWriter::new(out, columns, options, properties, push, spill)?,
            schema: schema.clone(),
            required: columns.iter().map(|column| column.required).collect(),
        })
    }

    /// Adds the rows of a batch.
    ///
    /// # Errors
    /// A batch of another schema, or nulls in a column that takes none, by name (nothing was written
    /// then); otherwise as for [`PushWriter::write`].
    pub fn write(&mut self, batch: &RecordBatch) -> Result<(), PushError> {
        let fields = self.schema.fields();
        if fields.len() != batch.num_columns() {
            let (expected, found) = (fields.len(), batch.num_columns());
            return Err(PushError::Columns { expected, found });
        }
        let mut columns = Vec::with_capacity(fields.len());
        let given = batch.schema_ref().fields();
        let parts = fields.iter().zip(given).zip(batch.columns());
        for (((field, given), array), required) in parts.zip(&self.required) {
            let refused = |reason| PushError::Unsupported {
                column: field.name().clone(),
                reason,
            };
            if field.name() != given.name() {
                let found = given.name();
                return Err(refused(format!("the batch has `{found}` in its place")));
            }
            let nulls = array.logical_null_count();
            if *required && nulls > 0 {
                let reason = format!("{nulls} nulls in a column that is not nullable");
                return Err(refused(reason));
            }
            if field.data_type() != array.data_type() {
                return Err(PushError::Unsupported {
                    column: field.name().clone(),
                    reason: format!(
                        "the schema has {}, the batch {}",
                        field.data_type(),
                        array.data_type()
                    ),
                });
            }
            columns.push(Rows::of(field, array)?);
        }
        let slices: Vec<Vec<ColumnSlice<'_>>> = columns
            .iter()
            .zip(fields)
            .map(|(rows, field)| rows.slices(field))
            .collect::<Result<_, _>>()?;
        let parts: Vec<&[ColumnSlice<'_>]> = slices.iter().map(Vec::as_slice).collect();
        self.writer.write_parts(&parts, &[])
    }

    /// Ends the row group under way, if it has rows.
    ///
    /// # Errors
    /// As for [`PushWriter::write`].
    pub fn flush(&mut self) -> Result<(), PushError> {
        self.writer.flush(&[])
    }

    /// Ends the file and gives the output back.
    ///
    /// # Errors
    /// As for [`PushWriter::write`].
    pub fn finish(self) -> Result<(W, FileSummary), PushError> {
        self.writer.finish()
    }
}

/// The rows of an array as a column file would have them.
struct Rows<'a> {
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
    fn of(field: &Field, array: &'a ArrayRef) -> Result<Self, PushError> {
        use DataType as D;
        let failed = |error: WriteError| PushError::Unsupported {
            column: field.name().clone(),
            reason: error.to_string(),
        };
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
            other => {
                return Err(PushError::Unsupported {
                    column: field.name().clone(),
                    reason: format!("{other} cannot be written; there are {SUPPORTED}"),
                });
            }
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
    fn slices(&self, field: &Field) -> Result<Vec<ColumnSlice<'_>>, PushError> {
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
