//! Columns of a native partition that are read instead of mapped.
//!
//! Nothing is in memory but what a frame was asked for: the rows of one column are read when somebody
//! wants them, and go with the frame. Who must keep many frames, or large ones, takes them *apart*
//! ([`crate::Frame::apart`]) or in pieces ([`crate::Frame::part`]).

use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;

use column_format::{FileKind, Layout, LayoutError, Part, PartRows};
use mmap_io::{IoError, RangeReader, RootFile, ScanProfile};

use crate::error::ReadError;
use crate::files::{StoredColumn, committed_error};
use crate::frame::Slices;
use crate::open_partition::OpenPartition;

/// A column of which rows are read when they are asked for.
#[derive(Debug)]
pub(crate) struct ReadColumn {
    layout: Layout,
    /// Stored rows.
    rows: u64,
    aux: Option<RangeReader>,
    data: Option<RangeReader>,
}

/// Why rows could not be read.
pub(crate) enum ReadFault {
    Io(IoError),
    Layout(LayoutError),
}

impl ReadColumn {
    pub(crate) fn open(column: &StoredColumn, profile: ScanProfile) -> Result<Self, IoError> {
        let open = |file: &Option<crate::files::Committed>| {
            let open = file.as_ref().map(|c| c.file.ranges(c.len, profile));
            open.transpose()
        };
        Ok(Self {
            layout: column.layout,
            rows: column.rows,
            aux: open(&column.aux)?,
            data: open(&column.data)?,
        })
    }

    /// Stored rows.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// The file at fault.
    pub(crate) fn file_of(&self, error: &LayoutError) -> Option<&Path> {
        let at_fault = match error.file() {
            Some(FileKind::Aux) => &self.aux,
            _ => &self.data,
        };
        let file = at_fault.as_ref().or(self.aux.as_ref());
        file.map(RangeReader::path)
    }

    /// Reads stored rows `lo..hi`.
    fn read(&self, rows: Range<u64>) -> Result<PartRows, ReadFault> {
        let of = |file: &Option<RangeReader>, range: Range<u64>| match file {
            Some(file) if !range.is_empty() => file.read(range).map_err(ReadFault::Io),
            _ => Ok(Vec::new()),
        };
        let len = |file: &Option<RangeReader>| file.as_ref().map_or(0, RangeReader::len);
        let aux_range = self.layout.aux_range(rows.clone());
        // What overflows lies behind the end of any file, which then says so.
        let aux = of(&self.aux, aux_range.unwrap_or(0..u64::MAX))?;
        let count = usize::try_from(rows.end.saturating_sub(rows.start)).unwrap_or(usize::MAX);
        let data_len = len(&self.data);
        let mut part =
            Part::new(self.layout, rows.start, count, aux, data_len).map_err(ReadFault::Layout)?;
        let mut data = of(&self.data, part.data_range())?;
        while !part.is_complete(&data).map_err(ReadFault::Layout)? {
            drop(data);
            data = of(&self.data, part.data_range())?;
        }
        Ok(part.with_data(data))
    }

    /// Bytes of both files that stored rows `lo..hi` take.
    fn native_bytes(&self, rows: &Range<u64>) -> Result<u64, ReadFault> {
        let aux = self.aux.as_ref().map(RangeReader::file);
        native_bytes(self.layout, aux, rows)
    }

    /// Says that nobody will read stored rows `lo..hi` again.
    fn done(&self, rows: &Range<u64>) -> Result<u64, ReadFault> {
        let mut evicted = 0;
        // Entries tell where values lie: values first, and the entry that ends the rows stays, since
        // the next rows start with it.
        if let Some(data) = &self.data {
            let aux = self.aux.as_ref().map(RangeReader::file);
            let end = |row| data_end(self.layout, aux, row).map(|end| end.min(data.len()));
            let (start, end) = (end(rows.start)?, end(rows.end)?);
            if start < end {
                evicted += data.done(start..end).map_err(ReadFault::Io)?.bytes;
            }
        }
        if let Some(aux) = &self.aux {
            let start = |row| self.layout.aux_tail(row).start.min(aux.len());
            let done = aux.done(start(rows.start)..start(rows.end));
            evicted += done.map_err(ReadFault::Io)?.bytes;
        }
        Ok(evicted)
    }
}

/// Where in `.d` the first `rows` stored rows end, by a look at `.i`.
fn data_end(layout: Layout, aux: Option<&RootFile>, rows: u64) -> Result<u64, ReadFault> {
    let tail = layout.aux_tail(rows);
    let tail = match aux {
        Some(aux) if !tail.is_empty() => {
            let len = tail.end - tail.start;
            aux.read_vec(tail.start, len, len).map_err(ReadFault::Io)?
        }
        _ => Vec::new(),
    };
    layout.data_len(rows, &tail).map_err(ReadFault::Layout)
}

/// Bytes of both files that stored rows take, by a look at both ends. With damaged offsets the number
/// is wrong but harmless.
fn native_bytes(
    layout: Layout,
    aux: Option<&RootFile>,
    rows: &Range<u64>,
) -> Result<u64, ReadFault> {
    if rows.is_empty() {
        return Ok(0);
    }
    let at = |row| match data_end(layout, aux, row) {
        Err(ReadFault::Layout(_)) => Ok(0),
        end => end,
    };
    let data = at(rows.end)?.saturating_sub(at(rows.start)?);
    let end = |row| layout.aux_tail(row).end;
    Ok(data.saturating_add(end(rows.end).saturating_sub(end(rows.start))))
}

impl StoredColumn {
    /// Stored rows among rows `lo..hi` of the partition.
    pub(crate) fn stored(&self, rows: &Range<u64>) -> Range<u64> {
        let hi = rows.end.saturating_sub(self.top).min(self.rows);
        rows.start.saturating_sub(self.top).min(hi)..hi
    }

    /// Bytes of both files that rows of the partition take.
    pub(crate) fn bytes_of(&self, rows: &Range<u64>, txn: i64) -> Result<u64, ReadError> {
        let aux = self.aux.as_ref().map(|aux| &aux.file);
        match native_bytes(self.layout, aux, &self.stored(rows)) {
            Ok(bytes) => Ok(bytes),
            Err(ReadFault::Io(e)) => Err(committed_error(txn, e)),
            Err(ReadFault::Layout(_)) => Ok(0),
        }
    }
}

/// The rows of one frame, column by column as they are asked for.
#[derive(Debug)]
pub(crate) struct CopiedRows {
    columns: Vec<OnceLock<PartRows>>,
}

impl CopiedRows {
    pub(crate) fn new(columns: usize) -> Self {
        Self {
            columns: (0..columns).map(|_| OnceLock::new()).collect(),
        }
    }

    /// Nothing is read yet.
    pub(crate) fn apart(&self) -> Self {
        Self::new(self.columns.len())
    }

    /// Rows `row_lo .. row_lo + rows` of the partition, which are those of the frame.
    pub(crate) fn slices(
        &self,
        partition: &OpenPartition,
        slot: usize,
        row_lo: u64,
        rows: usize,
    ) -> Result<Slices<'_>, ReadError> {
        let cell = self.columns.get(slot).ok_or(ReadError::NoSuchColumn {
            expected: self.columns.len(),
            found: slot,
        })?;
        let Some((column, stored)) = partition.read_column(slot, row_lo, rows) else {
            return Ok(Slices::nulls(rows));
        };
        if stored.is_empty() {
            return Ok(Slices::nulls(rows));
        }
        let error = |fault| partition.read_error(slot, column, fault);
        let copied = match cell.get() {
            Some(copied) => copied,
            None => {
                // Two threads may both read: one copy goes.
                let copied = column.read(stored.clone()).map_err(error)?;
                cell.get_or_init(|| copied)
            }
        };
        let whole = copied.slice().map_err(|e| error(ReadFault::Layout(e)))?;
        let nulls = rows.saturating_sub(whole.rows());
        Ok(Slices::of(nulls, &whole, 0..whole.rows()))
    }
}

impl OpenPartition {
    /// Bytes of the files that rows of column `slot` take; 0 if it is not read but mapped.
    pub(crate) fn read_bytes(
        &self,
        slot: usize,
        row_lo: u64,
        rows: usize,
    ) -> Result<u64, ReadError> {
        let Some((column, stored)) = self.read_column(slot, row_lo, rows) else {
            return Ok(0);
        };
        let bytes = column.native_bytes(&stored);
        bytes.map_err(|fault| self.read_error(slot, column, fault))
    }

    /// Says that nobody will read these rows of a column again that is not mapped.
    pub(crate) fn read_done(
        &self,
        slot: usize,
        row_lo: u64,
        rows: usize,
    ) -> Result<u64, ReadError> {
        let Some((column, stored)) = self.read_column(slot, row_lo, rows) else {
            return Ok(0);
        };
        match column.done(&stored) {
            // Whoever read the rows knows by now.
            Err(ReadFault::Layout(_)) => Ok(0),
            done => done.map_err(|fault| self.read_error(slot, column, fault)),
        }
    }
}
