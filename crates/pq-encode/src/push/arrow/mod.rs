//! Record batches into push mode (feature `arrow`).
//!
//! Arrow says which rows are null, so no value is taken for a sentinel here: a row is null or it has
//! bytes. `types` says which column type an Arrow type is written as, and refuses what has none by
//! name when the writer is made; `rows` makes the rows of a batch, with `decimals` and `lists`.

mod decimals;
mod lists;
mod rows;
mod types;

use std::io::Write;

use ::arrow::array::{Array, RecordBatch};
use ::arrow::datatypes::Schema;
use column_format::{ColumnSlice, ColumnType};

use self::rows::Rows;
pub use self::types::columns_of;
use super::error::PushError;
use super::writer::{PushOptions, PushWriter};
use crate::{ColumnSpec, FileProperties, FileSummary, PageStoreFactory, WriterOptions};

/// Writes one Parquet file to `W` from record batches, each seen once.
///
/// Nulls are Arrow's: no value is taken for a sentinel. Timestamps without a time zone are written as
/// local ones, decimals as wide as their precision asks for, lists of Float64 as arrays whose inner
/// lists are of one length each (a NaN element with the bits of `0x7ffc_5e6c_5147_a7e5` becomes the
/// ordinary NaN). A type that cannot be written is refused by name before anything is.
///
/// Beside the memory of [`PushOptions`] there is what the layouts of column files make of the batch that
/// is being written: its text (that of dictionaries too), bytes, lists, decimals and booleans once more,
/// until the call returns.
///
/// ```
/// use std::sync::Arc;
///
/// use arrow::array::{Decimal128Array, Float64Builder, ListBuilder, RecordBatch, StringArray};
/// use pq_encode::{
///     FileProperties, PushOptions, RecordBatchWriter, TempFileStores, WriterOptions,
/// };
///
/// let mut bids = ListBuilder::new(Float64Builder::new());
/// bids.append_value([Some(1.5), None]);
/// bids.append_null();
/// bids.append_value([]);
/// let price = Decimal128Array::from(vec![Some(12_345), None, Some(-1)]);
/// let batch = RecordBatch::try_from_iter_with_nullable([
///     ("side", Arc::new(StringArray::from(vec![Some("buy"), Some("sell"), None])) as _, true),
///     ("price", Arc::new(price.with_precision_and_scale(10, 2)?) as _, true),
///     ("bids", Arc::new(bids.finish()) as _, true),
/// ])?;
///
/// let mut writer = RecordBatchWriter::new(
///     Vec::new(),
///     &batch.schema(),
///     &WriterOptions::default(),
///     FileProperties::default(),
///     &PushOptions::default(),
///     TempFileStores::in_dir(std::env::temp_dir()),
/// )?;
/// for _ in 0..100 {
///     writer.write(&batch)?;
/// }
/// let (file, summary) = writer.finish()?;
/// assert_eq!((summary.rows, summary.bytes), (300, file.len() as u64));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RecordBatchWriter<W> {
    writer: PushWriter<W>,
    schema: Schema,
    /// Type of every column, and whether it takes no null.
    types: Vec<(ColumnType, bool)>,
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
            let local = own.local_time == column.local_time;
            if own.column_type != column.column_type || column.sentinels || !local {
                return Err(PushError::Unsupported {
                    column: column.name.clone(),
                    reason: format!(
                        "the schema has {}, without sentinels, the columns given {}",
                        own.described(),
                        column.described()
                    ),
                });
            }
            if options.raw_arrays && matches!(own.column_type, ColumnType::Array { .. }) {
                return Err(PushError::Unsupported {
                    column: column.name.clone(),
                    reason: "lists of record batches are written as LIST, not raw".to_owned(),
                });
            }
        }
        Ok(Self {
            writer: PushWriter::new(out, columns, options, properties, push, spill)?,
            schema: schema.clone(),
            types: columns
                .iter()
                .map(|c| (c.column_type, c.required))
                .collect(),
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
        for (((field, given), array), (column_type, required)) in parts.zip(&self.types) {
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
            columns.push(Rows::of(field, *column_type, array)?);
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
