//! What a table weighs, before anything of it is read: committed bytes, and how many are in memory.
//!
//! Whoever promises to stay within a budget, or to leave the page cache as it was, must know both
//! numbers without mapping the table for good.

use std::collections::VecDeque;

use column_format::Layout;
use mmap_io::Residency;

use crate::column::TableColumn;
use crate::error::ReadError;
use crate::files::StoredColumn;
use crate::reader::TableReader;
use crate::selection::RowSelection;

/// Pieces of a row group whose bytes are looked at.
const PIECES: u64 = 8;

/// The pieces of a column that so many rows one after another can touch.
#[derive(Debug, Default)]
struct Window {
    pieces: VecDeque<(u64, u64)>,
    rows: u64,
    bytes: u64,
    most: u64,
}

impl Window {
    /// Adds a piece; those that no `most_rows` rows can touch together with it go. Pieces of fewer than
    /// `step` rows are taken together.
    fn add(&mut self, rows: u64, bytes: u64, most_rows: u64, step: u64) {
        self.rows = self.rows.saturating_add(rows);
        self.bytes = self.bytes.saturating_add(bytes);
        match self.pieces.back_mut().filter(|(last, _)| *last < step) {
            Some(last) => *last = (last.0 + rows, last.1.saturating_add(bytes)),
            None => self.pieces.push_back((rows, bytes)),
        }
        let last = self.pieces.back().map_or(0, |last| last.0);
        while let Some((first, first_bytes)) = self.pieces.front().copied()
            && self.pieces.len() > 1
            && self.rows - first - last > most_rows.saturating_sub(2)
        {
            self.pieces.pop_front();
            self.rows -= first;
            self.bytes = self.bytes.saturating_sub(first_bytes);
        }
        self.most = self.most.max(self.bytes);
    }
}

impl TableReader {
    /// Committed bytes of the selected columns in one native partition (index into
    /// [`TableReader::partitions`]), dictionaries left out; 0 for a Parquet partition.
    ///
    /// # Errors
    /// [`ReadError::NoSuchPartition`]; files of a partition past the descriptor limit.
    pub fn committed_bytes(&self, partition: usize) -> Result<u64, ReadError> {
        let mut bytes = 0_u64;
        self.shared().each_file(partition, |file| {
            bytes = bytes.saturating_add(file.len);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// The most bytes that `rows` rows one after another of one column take in memory under
    /// [`mmap_io::ReadMode::Positional`], wherever in `selection` they begin: rows of native partitions
    /// alone. Of columns of variable size a look at every eighth of `rows` says so, no value is read, and
    /// the answer may be a quarter too large. `go_on` is asked before every look.
    ///
    /// # Errors
    /// Files of the table; whatever `go_on` says.
    pub fn largest_copy<E: From<ReadError>>(
        &self,
        selection: &RowSelection,
        rows: u64,
        mut go_on: impl FnMut() -> Result<(), E>,
    ) -> Result<u64, E> {
        let rows = rows.min(selection.rows());
        let fixed = |c: &TableColumn| match c.column_type.layout() {
            Layout::Fixed(width) => rows.saturating_mul(width as u64),
            _ => 0,
        };
        let largest = self.columns().iter().map(fixed).max().unwrap_or(0);
        let mut windows: Vec<Window> = Vec::new();
        if self
            .columns()
            .iter()
            .any(|c| c.column_type.layout().has_aux())
        {
            windows.resize_with(self.columns().len(), Window::default);
        }
        let step = (rows / PIECES).max(1);
        for part in selection.parts() {
            go_on()?;
            if windows.is_empty() {
                continue;
            }
            let mut stopped = Ok(());
            let mut look = |column: usize, stored: &StoredColumn, txn: i64| {
                let Some(window) = windows.get_mut(column).filter(|_| stored.aux.is_some()) else {
                    return Ok(());
                };
                let mut lo = part.row_lo;
                while lo < part.row_hi && stopped.is_ok() {
                    stopped = go_on();
                    let hi = lo.saturating_add(step).min(part.row_hi);
                    window.add(hi - lo, stored.bytes_of(&(lo..hi), txn)?, rows, step);
                    lo = hi;
                }
                Ok(())
            };
            self.shared().each_column(part.partition, &mut look)?;
            stopped?;
        }
        let variable = windows.iter().map(|w| w.most).max().unwrap_or(0);
        Ok(largest.max(variable))
    }

    /// Heap bytes that the footers of `most` Parquet partitions of `selection` take at the same time, with
    /// all that is made of them: those with the largest ones. Reads a page of each file.
    ///
    /// # Errors
    /// Files of the table; a query that was told to stop.
    pub fn footer_heap_bytes(
        &self,
        selection: &RowSelection,
        most: usize,
    ) -> Result<u64, ReadError> {
        let mut footers = Vec::new();
        for part in selection.parts() {
            self.shared().go_on()?;
            footers.push(self.shared().footer_heap_bytes(part.partition)?);
        }
        footers.sort_unstable_by(|a, b| b.cmp(a));
        Ok(footers
            .iter()
            .take(most)
            .fold(0, |sum, bytes| sum.saturating_add(*bytes)))
    }

    /// Files of partitions that are held open since the snapshot.
    #[must_use]
    pub fn pinned_file_count(&self) -> u64 {
        self.shared().pinned_file_count()
    }

    /// Committed bytes of the dictionary of a column (position in [`TableReader::columns`]): what
    /// [`TableReader::symbols`] keeps in memory. 0 for columns of other types.
    ///
    /// # Errors
    /// [`ReadError::NoSuchColumn`].
    pub fn symbol_bytes(&self, column: usize) -> Result<u64, ReadError> {
        self.shared().symbol_bytes(column)
    }

    /// How many pages of the selected columns are in the page cache now, over the whole of every
    /// native partition that `rows` touches, and over the whole file of every Parquet partition.
    /// Reads none of them.
    ///
    /// # Errors
    /// The file system cannot map, or does not tell; files of a partition past the descriptor limit.
    pub fn residency(&self, rows: &RowSelection) -> Result<Residency, ReadError> {
        let mut sum = Residency::default();
        for part in rows.parts() {
            self.shared().go_on()?;
            if let Some(files) = self.shared().parquet_files(part.partition) {
                let one = files.data.residency(files.len).map_err(ReadError::Io)?;
                sum.page_count += one.page_count;
                sum.resident_count += one.resident_count;
                continue;
            }
            self.shared().each_file(part.partition, |file| {
                let one = file.file.residency(file.len).map_err(ReadError::Io)?;
                sum.page_count += one.page_count;
                sum.resident_count += one.resident_count;
                Ok(())
            })?;
        }
        Ok(sum)
    }
}
