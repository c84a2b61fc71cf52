//! The files of one partition or dictionary: opened by name once, measured, kept.
//!
//! A writer may unlink them at any commit; an open descriptor keeps the bytes. Every length is
//! derived from the committed row count and checked against the file before anything is mapped.

use std::path::Path;

use column_format::{ColumnType, Expected, FileKind, Layout, LayoutError, SymbolDict};
use mmap_io::{IoError, RootDir, RootFile};
use txn::{ColumnPlace, column_file_name};

use crate::column::TableColumn;
use crate::error::ReadError;
use crate::partition::PartitionInfo;
use crate::snapshot::Snapshot;

/// An open file and the bytes of it that are committed.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) file: RootFile,
    pub(crate) len: u64,
}

/// One column of one partition.
#[derive(Debug)]
pub(crate) enum ColumnFiles {
    /// All rows are null.
    Absent,
    /// Rows `top ..` are stored.
    Stored(StoredColumn),
}

#[derive(Debug)]
pub(crate) struct StoredColumn {
    pub(crate) layout: Layout,
    /// Column top: rows of the partition before the first stored one.
    pub(crate) top: u64,
    /// Stored rows.
    pub(crate) rows: u64,
    pub(crate) aux: Option<Committed>,
    /// `None` if no byte of `.d` is committed.
    pub(crate) data: Option<Committed>,
}

impl ColumnFiles {
    /// Descriptors held.
    pub(crate) fn descriptors(&self) -> u64 {
        match self {
            Self::Absent => 0,
            Self::Stored(s) => u64::from(s.aux.is_some()) + u64::from(s.data.is_some()),
        }
    }
}

/// `.o` and `.c` of a SYMBOL column.
#[derive(Debug)]
pub(crate) struct SymbolFileset {
    pub(crate) count: u32,
    pub(crate) offsets: Committed,
    pub(crate) chars: Committed,
}

impl SymbolFileset {
    /// Committed bytes of both files.
    pub(crate) fn bytes(&self) -> u64 {
        self.offsets.len.saturating_add(self.chars.len)
    }
}

/// Turns "not found" and "too short" into what they mean for a committed file.
pub(crate) fn committed_error(txn: i64, e: IoError) -> ReadError {
    match e {
        IoError::NotFound { path, .. } => ReadError::MissingFile { path, txn },
        IoError::TooShort {
            path,
            needed,
            found,
            ..
        } => ReadError::FileTooShort {
            path,
            txn,
            needed,
            found,
        },
        e => ReadError::Io(e),
    }
}

/// Opens `name` and checks that it has `len` bytes.
fn open(dir: &RootDir, name: &str, len: u64, txn: i64) -> Result<Committed, ReadError> {
    let file = dir.file(name).map_err(|e| committed_error(txn, e))?;
    let found = file.len().map_err(ReadError::Io)?;
    if found < len {
        let path = file.path().to_path_buf();
        return Err(ReadError::FileTooShort {
            path,
            txn,
            needed: len,
            found,
        });
    }
    Ok(Committed { file, len })
}

/// Opens the files of every column of a native partition.
pub(crate) fn pin_partition(
    table: &RootDir,
    snapshot: &Snapshot,
    info: &PartitionInfo,
    columns: &[TableColumn],
) -> Result<Vec<ColumnFiles>, ReadError> {
    let place = |c: &TableColumn| snapshot.cv.place(info.timestamp, c.writer_index, info.rows);
    // No directory is needed, nor need exist, if no column has a value in it.
    if info.rows == 0 || columns.iter().all(|c| place(c) == ColumnPlace::Absent) {
        return Ok(columns.iter().map(|_| ColumnFiles::Absent).collect());
    }
    let txn = snapshot.txn.txn;
    let dir = table
        .dir(&info.directory)
        .map_err(|e| committed_error(txn, e))?;
    columns
        .iter()
        .map(|c| pin_column(&dir, c, place(c), info.rows, txn))
        .collect()
}

fn pin_column(
    dir: &RootDir,
    column: &TableColumn,
    place: ColumnPlace,
    rows: u64,
    txn: i64,
) -> Result<ColumnFiles, ReadError> {
    let ColumnPlace::Present { top, name_txn } = place else {
        return Ok(ColumnFiles::Absent);
    };
    let rows = rows.saturating_sub(top);
    let layout = column.column_type.layout();
    let name_of = |ext| column_file_name(&column.name, ext, name_txn);
    let (data_name, aux_name) = (name_of("d"), name_of("i"));
    let layout_error = |file: &Path, source| ReadError::Layout {
        column: column.name.clone(),
        file: file.to_path_buf(),
        source,
    };
    let mut tail = Vec::new();
    let mut aux = None;
    if layout.has_aux() {
        let len = layout.aux_len(rows).ok_or_else(|| {
            layout_error(
                &dir.path().join(&aux_name),
                too_many_rows(FileKind::Aux, rows),
            )
        })?;
        let pinned = open(dir, &aux_name, len, txn)?;
        let at = layout.aux_tail(rows);
        let tail_len = at.end.saturating_sub(at.start);
        tail = pinned
            .file
            .read_vec(at.start, tail_len, tail_len)
            .map_err(|e| committed_error(txn, e))?;
        aux = Some(pinned);
    }
    let data_len = layout
        .data_len(rows, &tail)
        .and_then(|len| plausible(layout, rows, len))
        .map_err(|e| {
            let at_fault = if e.file() == Some(FileKind::Aux) {
                &aux_name
            } else {
                &data_name
            };
            layout_error(&dir.path().join(at_fault), e)
        })?;
    let data = match data_len {
        0 => None,
        len => Some(open(dir, &data_name, len, txn)?),
    };
    Ok(ColumnFiles::Stored(StoredColumn {
        layout,
        top,
        rows,
        aux,
        data,
    }))
}

fn too_many_rows(file: FileKind, rows: u64) -> LayoutError {
    LayoutError::Limit {
        file,
        row: None,
        offset: 0,
        expected: u64::MAX / 16,
        found: rows,
    }
}

/// A zero end offset is what TRUNCATE leaves behind before it commits (table-dir.md §8.3): each
/// STRING takes 4 bytes at least, each BINARY 8.
fn plausible(layout: Layout, rows: u64, len: u64) -> Result<u64, LayoutError> {
    let least = match layout {
        Layout::String => rows.saturating_mul(4),
        Layout::Binary => rows.saturating_mul(8),
        _ => 0,
    };
    if len >= least {
        return Ok(len);
    }
    Err(LayoutError::Corrupt {
        file: FileKind::Aux,
        row: Some(rows),
        offset: layout.aux_tail(rows).start,
        expected: Expected::AtLeast(i64::try_from(least).unwrap_or(i64::MAX)),
        found: i64::try_from(len).unwrap_or(i64::MAX),
    })
}

/// Committed symbols of a SYMBOL column; `None` for other types and for an empty dictionary.
pub(crate) fn symbol_count(snapshot: &Snapshot, column: &TableColumn) -> Option<u32> {
    let index = column
        .symbol_index
        .filter(|_| column.column_type == ColumnType::Symbol)?;
    let count = snapshot.txn.symbol_counts.get(index).copied()?;
    (count > 0).then_some(count)
}

/// Opens the dictionary of a SYMBOL column; `None` for other types and for an empty dictionary.
pub(crate) fn pin_symbols(
    table: &RootDir,
    snapshot: &Snapshot,
    column: &TableColumn,
) -> Result<Option<SymbolFileset>, ReadError> {
    let Some(count) = symbol_count(snapshot, column) else {
        return Ok(None);
    };
    let name_txn = snapshot.cv.symbol_name_txn(column.writer_index);
    let (txn, name_of) = (snapshot.txn.txn, |ext| {
        column_file_name(&column.name, ext, name_txn)
    });
    let offsets_len = SymbolDict::required_offsets_len(count);
    let offsets = open(table, &name_of("o"), offsets_len, txn)?;
    let at = SymbolDict::offsets_tail(count);
    let tail_len = at.end.saturating_sub(at.start);
    let tail = offsets
        .file
        .read_vec(at.start, tail_len, tail_len)
        .map_err(|e| committed_error(txn, e))?;
    let chars_len = SymbolDict::chars_len(count, &tail).map_err(|source| ReadError::Layout {
        column: column.name.clone(),
        file: offsets.file.path().to_path_buf(),
        source,
    })?;
    let chars = open(table, &name_of("c"), chars_len, txn)?;
    Ok(Some(SymbolFileset {
        count,
        offsets,
        chars,
    }))
}
