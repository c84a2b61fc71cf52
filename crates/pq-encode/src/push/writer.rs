//! A Parquet file from batches of rows.
//!
//! Every column of a row group is a chunk under way until the group is complete; then the chunks are
//! spliced in order. A group ends after exactly its number of rows, or before the row that would take
//! it beyond its bytes, in the middle of a batch if need be, so that the file shows no batch.

use std::io::Write;
use std::sync::Arc;

use column_format::{ColumnSlice, SymbolDict};

use super::encoder::PushEncoder;
use super::error::PushError;
use super::weight::Scales;
use crate::fixed::column::widths;
use crate::fixed::dictionary::heap_of;
use crate::page::writer::Packings;
use crate::rows::{self, Cursor};
use crate::{
    BudgetedStores, ColumnSpec, Encoding, FileAssembler, FileProperties, FileSummary, MemoryBudget,
    OptionError, PageStoreFactory, WriterOptions,
};

/// Options of a [`PushWriter`] besides those of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PushOptions {
    /// Rows of a row group (> 0); the last one of a file may have fewer.
    pub row_group_rows: u64,
    /// Bytes of the rows of a row group (> 0), as column files would store them: a group ends before
    /// the row that would take it beyond, unless it is its first.
    pub row_group_bytes: u64,
    /// Bytes that may be on the heap: a page and a dictionary for every column, bloom filters, and
    /// finished pages and what waits for the footer with what is left; what is beyond it goes to the
    /// store given. Besides this come at most 8 KiB a column, summaries of the pages of a row group, a
    /// context for each codec, and values that are longer than a page while they are written: up to
    /// six times the longest.
    pub memory: u64,
}

impl Default for PushOptions {
    fn default() -> Self {
        Self {
            row_group_rows: 1_000_000,
            row_group_bytes: 256 << 20,
            memory: 64 << 20,
        }
    }
}

/// Writes one Parquet file to `W` from batches of rows, each seen once.
///
/// ```
/// use column_format::{ColumnSlice, ColumnType, Layout};
/// use pq_encode::{
///     ColumnSpec, FileProperties, PushOptions, PushWriter, TempFileStores, WriterOptions,
/// };
///
/// let columns = [ColumnSpec::new("n", ColumnType::Long), ColumnSpec::new("x", ColumnType::Double)];
/// let mut writer = PushWriter::new(
///     Vec::new(),
///     &columns,
///     &WriterOptions::default(),
///     FileProperties::default(),
///     &PushOptions::default(),
///     TempFileStores::in_dir(std::env::temp_dir()),
/// )?;
/// for batch in 0..100 {
///     let n: Vec<u8> = (0..1000_i64).flat_map(|i| (batch * 1000 + i).to_le_bytes()).collect();
///     let x: Vec<u8> = (0..1000_i32).flat_map(|i| f64::from(i % 7).to_le_bytes()).collect();
///     let rows = |data| ColumnSlice::new(Layout::Fixed(8), &[], data, 1000);
///     writer.write(&[rows(n.as_slice())?, rows(x.as_slice())?])?;
/// }
/// let (file, summary) = writer.finish()?;
/// assert_eq!((summary.rows, summary.bytes), (100_000, file.len() as u64));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PushWriter<W> {
    file: FileAssembler<W>,
    columns: Vec<PushEncoder>,
    packings: Packings,
    rows_max: u64,
    rows: u64,
    scales: Scales,
    budget: Arc<MemoryBudget>,
    failed: bool,
}

impl<W: Write> PushWriter<W> {
    /// Starts a file with these columns. Pages that exceed the memory go to stores of `spill`.
    ///
    /// # Errors
    /// Columns that make no schema, an option that cannot be honoured, memory for less than a page
    /// and a dictionary of every column, or an output that takes no bytes.
    pub fn new(
        out: W,
        columns: &[ColumnSpec],
        options: &WriterOptions,
        properties: FileProperties,
        push: &PushOptions,
        spill: impl PageStoreFactory + 'static,
    ) -> Result<Self, PushError> {
        options.check()?;
        for (option, found) in [
            ("row-group-rows", push.row_group_rows),
            ("row-group-bytes", push.row_group_bytes),
        ] {
            if found == 0 {
                let (min, max, found) = (1, usize::MAX, 0);
                return Err(OptionError::Range {
                    option,
                    min,
                    max,
                    found,
                }
                .into());
            }
        }
        let blooms = bloom_memory(columns, options, push.row_group_rows)?;
        let needed = memory_needed(columns, options).saturating_add(blooms);
        let Some(spare) = push.memory.checked_sub(needed) else {
            return Err(OptionError::Memory {
                needed,
                found: push.memory,
                columns: columns.len(),
                page_bytes: options.page_bytes,
                dictionary_bytes: options.dictionary_bytes,
                blooms,
            }
            .into());
        };
        let budget = Arc::new(MemoryBudget::new(spare));
        let stores: Arc<dyn PageStoreFactory> =
            Arc::new(BudgetedStores::new(Arc::clone(&budget), spill));
        let footers = stores.store()?;
        let mut packings = Packings::default();
        let encoders = columns.iter().map(|spec| {
            let packing = packings.of(spec.codec.unwrap_or(options.codec))?;
            let rows_max = Some(push.row_group_rows);
            PushEncoder::sharing(spec, options, Arc::clone(&stores), packing, rows_max)
        });
        let encoders = encoders.collect::<Result<_, OptionError>>()?;
        Ok(Self {
            columns: encoders,
            packings,
            file: FileAssembler::new(out, columns, options, properties)?.with_store(footers),
            rows_max: push.row_group_rows,
            rows: 0,
            scales: Scales::new(columns, push.row_group_bytes),
            budget,
            failed: false,
        })
    }

    /// Rows of the row group under way.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes on the heap, about: pages under way and pages that wait, and dictionaries.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let columns: usize = self.columns.iter().map(PushEncoder::heap_bytes).sum();
        let waiting = usize::try_from(self.budget.used()).unwrap_or(usize::MAX);
        let packings = self.packings.heap_bytes();
        columns.saturating_add(packings).saturating_add(waiting)
    }

    /// Adds a batch: the rows of every column, in order of the columns. Nothing is borrowed when the
    /// call returns.
    ///
    /// # Errors
    /// A batch that does not fit the file (nothing was written then), rows that cannot be encoded, a
    /// store or an output that fails. After the latter three the file cannot be completed.
    pub fn write(&mut self, batch: &[ColumnSlice<'_>]) -> Result<(), PushError> {
        self.write_with_symbols(batch, &[])
    }

    /// The same for files with SYMBOL columns, whose rows are keys of the dictionary at their place in
    /// `symbols`. A dictionary may have grown since the last batch; its entries may not have changed.
    ///
    /// # Errors
    /// As for [`PushWriter::write`].
    pub fn write_with_symbols(
        &mut self,
        batch: &[ColumnSlice<'_>],
        symbols: &[Option<&SymbolDict>],
    ) -> Result<(), PushError> {
        let parts: Vec<&[ColumnSlice<'_>]> = batch.iter().map(std::slice::from_ref).collect();
        self.write_parts(&parts, symbols)
    }

    /// Ends the row group under way, if it has rows.
    ///
    /// # Errors
    /// As for [`PushWriter::write`].
    pub fn flush(&mut self, symbols: &[Option<&SymbolDict>]) -> Result<(), PushError> {
        self.guarded(|writer| writer.end_group(symbols))
    }

    /// Ends the file and gives the output back.
    ///
    /// # Errors
    /// As for [`PushWriter::write`].
    pub fn finish(self) -> Result<(W, FileSummary), PushError> {
        self.finish_with_symbols(&[])
    }

    /// The same for files with SYMBOL columns.
    ///
    /// # Errors
    /// As for [`PushWriter::write`].
    pub fn finish_with_symbols(
        mut self,
        symbols: &[Option<&SymbolDict>],
    ) -> Result<(W, FileSummary), PushError> {
        self.flush(symbols)?;
        Ok(self.file.finish()?)
    }

    /// The same for columns whose rows stand in several slices: runs of values and runs of nulls, for
    /// instance.
    ///
    /// # Errors
    /// As for [`PushWriter::write`].
    pub fn write_parts(
        &mut self,
        batch: &[&[ColumnSlice<'_>]],
        symbols: &[Option<&SymbolDict>],
    ) -> Result<(), PushError> {
        let rows = self.check(batch)?;
        self.guarded(|writer| writer.write_rows(rows, batch, symbols))
    }

    /// The rows of a batch that fits the file.
    fn check(&self, batch: &[&[ColumnSlice<'_>]]) -> Result<u64, PushError> {
        let (expected, found) = (self.columns.len(), batch.len());
        if expected != found {
            return Err(PushError::Columns { expected, found });
        }
        let rows = batch.first().map_or(0, |parts| rows::count(parts));
        for (column, parts) in self.columns.iter().zip(batch) {
            let found = rows::count(parts);
            if found != rows {
                return Err(PushError::Rows {
                    column: column.spec().name.clone(),
                    expected: rows,
                    found,
                });
            }
        }
        Ok(rows)
    }

    fn guarded(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), PushError>,
    ) -> Result<(), PushError> {
        if self.failed {
            return Err(PushError::Failed);
        }
        let done = work(self);
        self.failed = done.is_err();
        done
    }

    fn write_rows(
        &mut self,
        rows: u64,
        batch: &[&[ColumnSlice<'_>]],
        symbols: &[Option<&SymbolDict>],
    ) -> Result<(), PushError> {
        let mut cursors: Vec<Cursor<'_, '_>> =
            batch.iter().map(|parts| Cursor::new(parts)).collect();
        let mut at = 0;
        while at < rows {
            let by_rows = (rows - at).min(self.rows_max - self.rows);
            let count = self.scales.fitting(&cursors, by_rows, self.rows == 0);
            for (idx, (column, cursor)) in self.columns.iter_mut().zip(&mut cursors).enumerate() {
                let symbols = symbols.get(idx).copied().flatten();
                write_column(column, cursor, count, symbols)?;
            }
            self.rows += count;
            at += count;
            if self.rows == self.rows_max || count < by_rows {
                self.end_group(symbols)?;
            }
        }
        Ok(())
    }

    fn end_group(&mut self, symbols: &[Option<&SymbolDict>]) -> Result<(), PushError> {
        if self.rows == 0 {
            return Ok(());
        }
        self.scales.clear();
        self.file.begin_row_group(std::mem::take(&mut self.rows))?;
        for (idx, column) in self.columns.iter_mut().enumerate() {
            let symbols = symbols.get(idx).copied().flatten();
            let chunk = column.finish(symbols).map_err(|source| PushError::Encode {
                column: column.spec().name.clone(),
                source,
            })?;
            self.file.splice(chunk)?;
        }
        Ok(self.file.finish_row_group()?)
    }
}

/// The next `count` rows of a column.
fn write_column(
    column: &mut PushEncoder,
    rows: &mut Cursor<'_, '_>,
    count: u64,
    symbols: Option<&SymbolDict>,
) -> Result<(), PushError> {
    let mut left = count;
    while left > 0 {
        let Some(part) = rows.peek(usize::try_from(left).unwrap_or(usize::MAX)) else {
            break;
        };
        let written = column.write(&part, symbols);
        written.map_err(|source| PushError::Encode {
            column: column.spec().name.clone(),
            source,
        })?;
        rows.advance(part.rows());
        left -= part.rows() as u64;
    }
    Ok(())
}

/// Memory that a writer needs at least: a page and a dictionary a column. A dictionary of
/// fixed-width values asked for by name gets all its entries, and a table for them besides.
fn memory_needed(columns: &[ColumnSpec], options: &WriterOptions) -> u64 {
    let dictionary = options.dictionary_bytes as u64;
    let needed = columns.iter().map(|spec| {
        let heap = match (spec.encoding, widths(spec.column_type)) {
            (Some(Encoding::Dictionary), Some((plain, native))) => {
                // No more entries than there are values.
                let values = match native {
                    0..=2 => 1 << (8 * native),
                    _ => u64::MAX,
                };
                heap_of(plain, dictionary.min(values.saturating_mul(plain as u64)))
            }
            _ => dictionary,
        };
        (options.page_bytes as u64).saturating_add(heap)
    });
    needed.fold(0, u64::saturating_add)
}

/// Memory for the bloom filters that columns may get, each for as many values as a row group has rows.
fn bloom_memory(
    columns: &[ColumnSpec],
    options: &WriterOptions,
    rows: u64,
) -> Result<u64, OptionError> {
    let (mut sum, mut largest) = (0_u64, 0);
    for spec in columns {
        let bytes = spec.bloom_bytes(options, rows)?;
        sum = sum.saturating_add(bytes);
        largest = bytes.max(largest);
    }
    // One is on its way into the file.
    Ok(sum.saturating_add(2 * largest))
}
