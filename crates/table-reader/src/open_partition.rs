//! `OpenPartition`: the mapped columns of one partition, owned by whoever still needs them.
//!
//! The reader's slot holds one `Arc` of it until released, every frame holds another; the mappings
//! go when the last one goes. Slices are cut here, since here is where a column top is known.

use column_format::{ColumnSlice, FileKind, LayoutError};
use mmap_io::{IoError, Mapping, ReadMode, ScanProfile};

use crate::column::TableColumn;
use crate::copied::{ReadColumn, ReadFault};
use crate::error::ReadError;
use crate::files::{ColumnFiles, Committed, StoredColumn, committed_error};
use crate::frame::Slices;
use crate::parquet::ParquetPartition;

/// The columns of a partition, in the order of the reader's columns.
#[derive(Debug)]
pub(crate) struct OpenPartition {
    index: usize,
    profile: ScanProfile,
    columns: Vec<OpenColumn>,
    txn: i64,
    parquet: Option<ParquetPartition>,
    /// Columns are read when they are asked for.
    reads: bool,
}

#[derive(Debug)]
struct OpenColumn {
    name: String,
    stored: Option<Stored>,
    /// In place of `stored` where nothing is mapped, with the column top.
    read: Option<(u64, ReadColumn)>,
}

#[derive(Debug)]
struct Stored {
    layout: column_format::Layout,
    top: u64,
    rows: usize,
    aux: Option<Mapping>,
    data: Option<Mapping>,
}

impl Stored {
    fn whole(&self) -> Result<ColumnSlice<'_>, LayoutError> {
        let aux = self.aux.as_deref().unwrap_or(&[]);
        let data = self.data.as_deref().unwrap_or(&[]);
        ColumnSlice::new(self.layout, aux, data, self.rows)
    }

    fn mappings(&self) -> impl Iterator<Item = &Mapping> {
        self.aux.iter().chain(&self.data)
    }
}

impl OpenPartition {
    /// Maps the committed bytes of the first `columns.len()` entries of `files`, or gets ready to read
    /// them.
    pub(crate) fn map(
        index: usize,
        columns: &[TableColumn],
        files: &[ColumnFiles],
        profile: ScanProfile,
        mode: ReadMode,
        txn: i64,
    ) -> Result<Self, ReadError> {
        let reads = mode == ReadMode::Positional;
        let one = |(c, f): (&TableColumn, &ColumnFiles)| {
            let (stored, read) = match f {
                ColumnFiles::Absent => (None, None),
                ColumnFiles::Stored(s) if reads => {
                    let read = ReadColumn::open(s, profile).map_err(|e| committed_error(txn, e))?;
                    (None, Some((s.top, read)))
                }
                ColumnFiles::Stored(s) => (Some(map_column(s, profile, mode, txn)?), None),
            };
            let open = OpenColumn {
                name: c.name.clone(),
                stored,
                read,
            };
            // Lengths are checked once here, so that cutting slices later has nothing to find.
            if let Some(stored) = &open.stored {
                stored.whole().map_err(|e| open.error(stored, e))?;
            }
            Ok(open)
        };
        let columns = columns
            .iter()
            .zip(files)
            .map(one)
            .collect::<Result<_, ReadError>>()?;
        Ok(Self {
            index,
            profile,
            columns,
            txn,
            parquet: None,
            reads,
        })
    }

    /// A partition that is stored as Parquet.
    pub(crate) fn parquet(
        index: usize,
        profile: ScanProfile,
        txn: i64,
        partition: ParquetPartition,
    ) -> Self {
        Self {
            index,
            profile,
            columns: Vec::new(),
            txn,
            parquet: Some(partition),
            reads: false,
        }
    }

    pub(crate) fn as_parquet(&self) -> Option<&ParquetPartition> {
        self.parquet.as_ref()
    }

    /// Whether anything of it is mapped, or may be.
    pub(crate) fn is_mapped(&self) -> bool {
        match &self.parquet {
            Some(parquet) => parquet.is_mapped(),
            None => !self.reads,
        }
    }

    /// Whether columns of this native partition are read when they are asked for: how many there are.
    pub(crate) fn read_columns(&self) -> Option<usize> {
        self.reads.then_some(self.columns.len())
    }

    /// Column `slot`, and the stored ones of `rows` rows; `None` if it is mapped, or stored nowhere.
    pub(crate) fn read_column(
        &self,
        slot: usize,
        row_lo: u64,
        rows: usize,
    ) -> Option<(&ReadColumn, std::ops::Range<u64>)> {
        let (top, read) = self.columns.get(slot)?.read.as_ref()?;
        let hi = row_lo.saturating_add(rows as u64).saturating_sub(*top);
        let hi = hi.min(read.rows());
        Some((read, row_lo.saturating_sub(*top).min(hi)..hi))
    }

    /// Says where reading failed.
    pub(crate) fn read_error(
        &self,
        slot: usize,
        column: &ReadColumn,
        fault: ReadFault,
    ) -> ReadError {
        match fault {
            ReadFault::Io(error) => committed_error(self.txn, error),
            ReadFault::Layout(source) => ReadError::Layout {
                column: self
                    .columns
                    .get(slot)
                    .map(|c| c.name.clone())
                    .unwrap_or_default(),
                file: column
                    .file_of(&source)
                    .map(std::path::Path::to_path_buf)
                    .unwrap_or_default(),
                source,
            },
        }
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn profile(&self) -> ScanProfile {
        self.profile
    }

    /// Rows `row_lo .. row_lo + rows` of column `slot`: nulls above the top, then stored rows.
    pub(crate) fn slices(
        &self,
        slot: usize,
        row_lo: u64,
        rows: usize,
    ) -> Result<Slices<'_>, ReadError> {
        let none = ReadError::NoSuchColumn {
            expected: self.columns.len(),
            found: slot,
        };
        let column = self.columns.get(slot).ok_or(none)?;
        let Some(stored) = &column.stored else {
            return Ok(Slices::nulls(rows));
        };
        let nulls = usize::try_from(stored.top.saturating_sub(row_lo))
            .unwrap_or(rows)
            .min(rows);
        let lo = usize::try_from(row_lo.saturating_sub(stored.top)).unwrap_or(usize::MAX);
        let whole = stored.whole().map_err(|e| column.error(stored, e))?;
        Ok(Slices::of(
            nulls,
            &whole,
            lo..lo.saturating_add(rows - nulls),
        ))
    }

    /// Says that nobody will read these rows of column `slot` again (evicting profile only).
    pub(crate) fn done(&self, slot: usize, row_lo: u64, rows: usize) -> Result<u64, ReadError> {
        if self.reads {
            return self.read_done(slot, row_lo, rows);
        }
        let Some(stored) = self.columns.get(slot).and_then(|c| c.stored.as_ref()) else {
            return Ok(0);
        };
        let (lo, hi) = stored.rows_between(row_lo, rows);
        let (aux, data) = (stored.aux_range(lo, hi), stored.data_range(lo, hi));
        let mut evicted = 0;
        for (mapping, range) in [(&stored.aux, aux), (&stored.data, data)] {
            if let (Some(mapping), Some(range)) = (mapping, range) {
                evicted += mapping.done(range).map_err(ReadError::Io)?.bytes;
            }
        }
        Ok(evicted)
    }

    /// Says that these rows of column `slot` will be read soon (frugal profile only).
    pub(crate) fn ahead(&self, slot: usize, row_lo: u64, rows: usize) -> Result<(), ReadError> {
        let Some(stored) = self.columns.get(slot).and_then(|c| c.stored.as_ref()) else {
            return Ok(());
        };
        if self.profile != ScanProfile::Frugal {
            return Ok(());
        }
        let (lo, hi) = stored.rows_between(row_lo, rows);
        // As many entries again: where the values of the next rows lie is read in the next call.
        let further = hi.saturating_add(hi - lo).min(stored.rows as u64);
        if let (Some(aux), Some(range)) = (&stored.aux, stored.aux_range(lo, further)) {
            aux.ahead(range).map_err(ReadError::Io)?;
        }
        if let (Some(data), Some(range)) = (&stored.data, stored.data_range(lo, hi)) {
            data.ahead(range).map_err(ReadError::Io)?;
        }
        Ok(())
    }

    /// Whether every file behind column `slot` still has the bytes that are mapped.
    pub(crate) fn verify(&self, slot: usize) -> Result<(), ReadError> {
        if let Some(parquet) = &self.parquet {
            return parquet.verify();
        }
        let stored = self.columns.get(slot).and_then(|c| c.stored.as_ref());
        stored
            .into_iter()
            .flat_map(Stored::mappings)
            .try_for_each(|m| m.verify_len().map_err(|e| committed_error(self.txn, e)))
    }
}

impl Stored {
    /// Stored rows among `rows` rows of the partition.
    fn rows_between(&self, row_lo: u64, rows: usize) -> (u64, u64) {
        let row_hi = row_lo.saturating_add(rows as u64);
        let hi = row_hi.saturating_sub(self.top).min(self.rows as u64);
        (row_lo.saturating_sub(self.top).min(hi), hi)
    }

    /// Bytes of `.i` from the last entry before row `lo` to the last but one before row `hi`: that one
    /// says where the values of the next rows begin, so it belongs to them.
    fn aux_range(&self, lo: u64, hi: u64) -> Option<std::ops::Range<u64>> {
        let len = self.aux.as_ref()?.len();
        let start = self.layout.aux_tail(lo).start.min(len);
        let end = match hi < self.rows as u64 {
            true => self.layout.aux_tail(hi).start.min(len),
            false => len,
        };
        (start < end).then_some(start..end)
    }

    /// Bytes of `.d` from the end of row `lo − 1` to the end of row `hi − 1`.
    fn data_range(&self, lo: u64, hi: u64) -> Option<std::ops::Range<u64>> {
        let len = self.data.as_ref()?.len();
        let end_of = |rows: u64| {
            let at = self.layout.aux_tail(rows);
            let at = usize::try_from(at.start).ok()?..usize::try_from(at.end).ok()?;
            let tail = match &self.aux {
                Some(aux) => aux.get(at)?,
                None => &[],
            };
            Some(self.layout.data_len(rows, tail).ok()?.min(len))
        };
        let (start, end) = (end_of(lo)?, end_of(hi)?);
        (start < end).then_some(start..end)
    }
}

impl OpenColumn {
    fn error(&self, stored: &Stored, source: LayoutError) -> ReadError {
        let at_fault = match source.file() {
            Some(FileKind::Aux) => &stored.aux,
            _ => &stored.data,
        };
        let file = at_fault.as_ref().or(stored.aux.as_ref());
        let file = file.map(|m| m.path().to_path_buf()).unwrap_or_default();
        ReadError::Layout {
            column: self.name.clone(),
            file,
            source,
        }
    }
}

fn map_column(
    column: &StoredColumn,
    profile: ScanProfile,
    mode: ReadMode,
    txn: i64,
) -> Result<Stored, ReadError> {
    let map = |c: &Option<Committed>| -> Result<Option<Mapping>, IoError> {
        c.as_ref()
            .map(|c| c.file.map_with(c.len, profile, mode))
            .transpose()
    };
    let rows = usize::try_from(column.rows).unwrap_or(usize::MAX);
    let (aux, data) = (map(&column.aux), map(&column.data));
    Ok(Stored {
        layout: column.layout,
        top: column.top,
        rows,
        aux: aux.map_err(|e| committed_error(txn, e))?,
        data: data.map_err(|e| committed_error(txn, e))?,
    })
}
