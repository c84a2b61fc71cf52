//! `Frame`: some rows of one partition, with everything needed to read them.
//!
//! A frame owns its partition (by `Arc`) and lends column slices that cannot outlive it. So a
//! cursor can release a partition while an encoder still works on a frame of it: the memory goes
//! when the last frame goes, and the program that would read released memory does not compile.

use std::ops::Range;
use std::sync::Arc;

use column_format::{
    AUX_ARRAY_ENTRY_LEN, AUX_OFFSET_LEN, AUX_VARCHAR_ENTRY_LEN, ColumnSlice, Layout,
};
use mmap_io::ScanProfile;

use crate::copied::CopiedRows;
use crate::cursor::{CursorColumn, Source};
use crate::error::ReadError;
use crate::open_partition::OpenPartition;
use crate::parquet::{DecodeBytes, DecodedGroup, StoredGroup};

/// Rows `row_lo .. row_hi` of one partition, for the columns of the cursor that made it. Cheap to
/// clone; `Send`, so that frames can wait in an exporter while its cursor moves on.
#[derive(Clone, Debug)]
pub struct Frame {
    partition: Arc<OpenPartition>,
    /// The row group of a Parquet partition in which the rows lie.
    group: Option<Arc<DecodedGroup>>,
    /// What was read of a partition that is not mapped.
    copied: Option<Arc<CopiedRows>>,
    columns: Arc<[CursorColumn]>,
    row_lo: u64,
    rows: usize,
}

impl Frame {
    pub(crate) fn new(
        partition: Arc<OpenPartition>,
        group: Option<Arc<DecodedGroup>>,
        columns: Arc<[CursorColumn]>,
        row_lo: u64,
        rows: usize,
    ) -> Self {
        let copied = partition.read_columns().map(CopiedRows::new);
        Self {
            partition,
            group,
            copied: copied.map(Arc::new),
            columns,
            row_lo,
            rows,
        }
    }

    /// The same rows under another list of columns; for wrapper cursors.
    pub(crate) fn with_columns(self, columns: Arc<[CursorColumn]>) -> Self {
        Self { columns, ..self }
    }

    /// The same rows, holding nothing in memory: a frame of a Parquet partition, or of one that is read
    /// and not mapped, keeps every column that was asked for until it is dropped; this one starts anew.
    /// Of a mapped partition, a clone.
    #[must_use]
    pub fn apart(&self) -> Self {
        Self {
            group: self.group.as_ref().map(|group| Arc::new(group.apart())),
            copied: self.copied.as_ref().map(|copied| Arc::new(copied.apart())),
            ..self.clone()
        }
    }

    /// Some of the rows, counted from the first; those that there are not are left out. Of a partition
    /// that is read and not mapped, only these rows are read for it, and let go with it.
    #[must_use]
    pub fn part(&self, rows: Range<usize>) -> Self {
        let hi = rows.end.min(self.rows);
        let lo = rows.start.min(hi);
        Self {
            copied: self.copied.as_ref().map(|copied| Arc::new(copied.apart())),
            row_lo: self.row_lo.saturating_add(lo as u64),
            rows: hi - lo,
            ..self.clone()
        }
    }

    /// The row group of its file in which the rows lie; `None` of a native partition.
    #[must_use]
    pub fn stored_group(&self) -> Option<StoredGroup> {
        let group = self.group.as_ref()?.group();
        let columns = Arc::clone(&self.columns);
        Some(StoredGroup::new(
            Arc::clone(&self.partition),
            columns,
            group,
        ))
    }

    /// All rows of the row group that are asked for, holding nothing decoded; `None` of a native
    /// partition.
    #[must_use]
    pub fn whole_group(&self) -> Option<Self> {
        let group = self.group.as_ref()?;
        let rows = group.rows();
        Some(Self {
            group: Some(Arc::new(group.apart())),
            row_lo: rows.start,
            rows: usize::try_from(rows.end.saturating_sub(rows.start)).unwrap_or(usize::MAX),
            ..self.clone()
        })
    }

    /// Heap bytes that it takes to have column `index` of the rows' row group; none of a native
    /// partition.
    ///
    /// # Errors
    /// No such column.
    pub fn decode_bytes(&self, index: usize) -> Result<DecodeBytes, ReadError> {
        Ok(match (self.source(index)?, &self.group) {
            (Source::Stored { slot }, Some(group)) => self
                .partition
                .as_parquet()
                .map_or_else(DecodeBytes::default, |p| {
                    p.decode_bytes(slot, group.group())
                }),
            _ => DecodeBytes::default(),
        })
    }

    /// Partition and row group, each by its position, if this is a frame of a Parquet partition.
    #[must_use]
    pub fn group_key(&self) -> Option<(usize, usize)> {
        let group = self.group.as_ref()?;
        Some((self.partition_index(), group.group()))
    }

    /// Index of the partition in [`crate::TableReader::partitions`].
    #[must_use]
    pub fn partition_index(&self) -> usize {
        self.partition.index()
    }

    /// Profile that the partition was opened with.
    #[must_use]
    pub fn scan_profile(&self) -> ScanProfile {
        self.partition.profile()
    }

    /// First row, counted from the start of the partition.
    #[must_use]
    pub fn row_lo(&self) -> u64 {
        self.row_lo
    }

    /// One past the last row, counted from the start of the partition.
    #[must_use]
    pub fn row_hi(&self) -> u64 {
        self.row_lo + self.rows as u64
    }

    /// Number of rows; at least 1 in a frame from a cursor.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The columns, as [`crate::Cursor::columns`] of the cursor that made the frame.
    #[must_use]
    pub fn columns(&self) -> &[CursorColumn] {
        &self.columns
    }

    /// The rows of column `index` (position in [`Frame::columns`]): at most two slices, nulls
    /// above the column top and then what is stored; together exactly [`Frame::rows`] rows.
    ///
    /// # Errors
    /// No such column; or the committed end of a variable-size column no longer makes sense, which
    /// only a writer that breaks the protocol can bring about.
    pub fn column(&self, index: usize) -> Result<Slices<'_>, ReadError> {
        match self.source(index)? {
            Source::Nulls => Ok(Slices::nulls(self.rows)),
            Source::Stored { slot } => match (&self.group, self.partition.as_parquet()) {
                (Some(group), Some(parquet)) => group.slices(parquet, slot, self.row_lo, self.rows),
                _ => match &self.copied {
                    Some(copied) => copied.slices(&self.partition, slot, self.row_lo, self.rows),
                    None => self.partition.slices(slot, self.row_lo, self.rows),
                },
            },
        }
    }

    /// Bytes that the frame's rows take in the column files, over all its columns.
    ///
    /// # Errors
    /// As [`Frame::column`].
    pub fn native_bytes(&self) -> Result<u64, ReadError> {
        (0..self.columns.len())
            .try_fold(0u64, |sum, i| Ok(sum.saturating_add(self.column_bytes(i)?)))
    }

    /// Bytes that the frame's rows take in the files of column `index`; of a native partition, nothing
    /// but their ends is read for it.
    ///
    /// # Errors
    /// As [`Frame::column`].
    pub fn column_bytes(&self, index: usize) -> Result<u64, ReadError> {
        match (self.source(index)?, &self.copied) {
            (Source::Stored { slot }, Some(_)) => {
                self.partition.read_bytes(slot, self.row_lo, self.rows)
            }
            _ => Ok(self
                .column(index)?
                .into_iter()
                .map(|s| s.native_bytes())
                .sum()),
        }
    }

    /// The most bytes that the values of the frame's rows take in the data file of column `index`, from
    /// the places of the first and the last alone: holes between values count. 0 if all values take the
    /// same. With hostile places the number is wrong but harmless.
    ///
    /// # Errors
    /// As [`Frame::column`].
    pub fn data_bytes(&self, index: usize) -> Result<u64, ReadError> {
        let entry = match self.columns.get(index).map(|c| c.column_type.layout()) {
            Some(Layout::String | Layout::Binary) => AUX_OFFSET_LEN,
            Some(Layout::Varchar) => AUX_VARCHAR_ENTRY_LEN,
            Some(Layout::Array { .. }) => AUX_ARRAY_ENTRY_LEN,
            Some(Layout::Fixed(_)) | None => return Ok(0),
        };
        let data = |rows: u64, bytes: u64| bytes.saturating_sub(rows.saturating_mul(entry as u64));
        if let (Source::Stored { slot }, Some(_)) = (self.source(index)?, &self.copied) {
            let stored = self.partition.read_column(slot, self.row_lo, self.rows);
            let rows = stored.map_or(0, |(_, rows)| rows.end - rows.start);
            return Ok(data(rows, self.column_bytes(index)?));
        }
        let slices = self.column(index)?.into_iter();
        Ok(slices
            .filter(|slice| !matches!(slice, ColumnSlice::Nulls { .. }))
            .map(|slice| data(slice.rows() as u64, slice.native_bytes()))
            .sum())
    }

    /// As [`Frame::native_bytes`], of a partition whose files tell without being decoded: for
    /// counting. Rows of Parquet partitions count none.
    ///
    /// # Errors
    /// As [`Frame::column`].
    pub fn known_bytes(&self) -> Result<u64, ReadError> {
        match self.group {
            Some(_) => Ok(0),
            None => self.native_bytes(),
        }
    }

    /// Says that nobody will read column `index` of these rows again. Under a profile that evicts,
    /// whole windows that are done leave the page cache; otherwise nothing happens. Returns the bytes
    /// given back. Content never changes.
    ///
    /// # Errors
    /// No such column; the operating system refuses.
    pub fn done(&self, index: usize) -> Result<u64, ReadError> {
        self.done_rows(index, 0..self.rows)
    }

    /// As [`Frame::done`], of some rows of the frame, counted from its first; rows that it does not
    /// have are left out.
    ///
    /// # Errors
    /// As [`Frame::done`].
    pub fn done_rows(&self, index: usize, rows: Range<usize>) -> Result<u64, ReadError> {
        let (lo, hi) = (rows.start, rows.end.min(self.rows));
        match self.source(index)? {
            Source::Stored { slot } if lo < hi => {
                let row_lo = self.row_lo.saturating_add(lo as u64);
                self.partition.done(slot, row_lo, hi - lo)
            }
            _ => Ok(0),
        }
    }

    /// Says that rows `rows` of column `index`, counted from the first of the frame, will be read soon.
    /// Under [`mmap_io::ScanProfile::Frugal`] they are read now, with the places of the values of as many
    /// rows behind them, and this waits for the disk; otherwise nothing happens.
    ///
    /// # Errors
    /// As [`Frame::done`].
    pub fn ahead_rows(&self, index: usize, rows: Range<usize>) -> Result<(), ReadError> {
        let (lo, hi) = (rows.start, rows.end.min(self.rows));
        match self.source(index)? {
            Source::Stored { slot } if lo < hi => {
                let row_lo = self.row_lo.saturating_add(lo as u64);
                self.partition.ahead(slot, row_lo, hi - lo)
            }
            _ => Ok(()),
        }
    }

    /// To be asked after the frame was read and before the result is believed: do the files of its
    /// columns still have every byte that is mapped, and was every byte read the file's?
    ///
    /// # Errors
    /// [`ReadError::FileTooShort`], or [`ReadError::Io`] with a poisoned mapping: the batch must be
    /// thrown away.
    pub fn verify(&self) -> Result<(), ReadError> {
        (0..self.columns.len()).try_for_each(|index| self.verify_column(index))
    }

    /// As [`Frame::verify`], of column `index` alone.
    ///
    /// # Errors
    /// As [`Frame::verify`]; no such column.
    pub fn verify_column(&self, index: usize) -> Result<(), ReadError> {
        match self.source(index)? {
            Source::Nulls => Ok(()),
            Source::Stored { slot } => self.partition.verify(slot),
        }
    }

    fn source(&self, index: usize) -> Result<Source, ReadError> {
        let expected = self.columns.len();
        let column = self.columns.get(index);
        column.map(|c| c.source).ok_or(ReadError::NoSuchColumn {
            expected,
            found: index,
        })
    }
}

/// One or two slices: the rows of a column in a frame. Never more: a column has one top.
#[derive(Clone, Copy, Debug)]
pub struct Slices<'a> {
    items: [ColumnSlice<'a>; 2],
    len: usize,
}

impl<'a> Slices<'a> {
    pub(crate) fn nulls(rows: usize) -> Self {
        Self {
            items: [ColumnSlice::Nulls { rows }, ColumnSlice::Nulls { rows: 0 }],
            len: 1,
        }
    }

    /// `nulls` rows without bytes, then the rows `range` of `stored`.
    pub(crate) fn of(nulls: usize, stored: &ColumnSlice<'a>, range: Range<usize>) -> Self {
        let head = ColumnSlice::Nulls { rows: nulls };
        if range.is_empty() {
            return Self::nulls(nulls);
        }
        let tail = stored.slice(range);
        if nulls == 0 {
            return Self {
                items: [tail, ColumnSlice::Nulls { rows: 0 }],
                len: 1,
            };
        }
        Self {
            items: [head, tail],
            len: 2,
        }
    }

    /// The slices in row order.
    #[must_use]
    pub fn as_slice(&self) -> &[ColumnSlice<'a>] {
        self.items.get(..self.len).unwrap_or(&[])
    }

    /// Rows of all slices together.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.as_slice().iter().map(ColumnSlice::rows).sum()
    }
}

impl<'a> IntoIterator for Slices<'a> {
    type Item = ColumnSlice<'a>;
    type IntoIter = std::iter::Take<std::array::IntoIter<ColumnSlice<'a>, 2>>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter().take(self.len)
    }
}
