//! A table directory, written column by column.
//!
//! Column files first, then `_meta` and `_cv`, `_txn` last: a directory without `_txn` is no table,
//! so an interrupted generator leaves nothing that looks like one.

mod columns;
mod metadata;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use column_format::{TimestampUnit, WriteError};
use mmap_io::{Dir, File, Links, Vfs};
use txn::{PartitionBy, partition_dir_name};

use super::column::Column;
use super::plan::Span;
use super::{GenError, Generated};

/// All columns by writer index; the first is the designated timestamp.
pub(crate) struct Table {
    pub(crate) table_id: i32,
    pub(crate) columns: Vec<Column>,
    /// How the rows arrived: suffixes of partitions and counters depend on it.
    pub(crate) history: History,
}

/// The commits that made the table.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    /// Suffix of each partition's directory; missing ones have none.
    pub(crate) partition_name_txns: Vec<i64>,
    /// Commits after the creation of the table.
    pub(crate) commits: i64,
    /// Columns that were added to a table with rows.
    pub(crate) columns_added: i32,
}

/// For `map_err`: names the column whose writer refused.
pub(crate) fn column_error(column: &str) -> impl FnOnce(WriteError) -> GenError {
    let column = column.to_owned();
    move |source| GenError::Column { column, source }
}

impl Table {
    /// A table whose rows arrived in one commit.
    pub(crate) fn new(table_id: i32, columns: Vec<Column>) -> Table {
        let history = History {
            commits: 1,
            ..History::default()
        };
        Table {
            table_id,
            columns,
            history,
        }
    }

    /// Writes the whole directory.
    pub(crate) fn write(
        mut self,
        vfs: &dyn Vfs,
        out: &Path,
        spans: &[Span],
    ) -> Result<Generated, GenError> {
        let root = Place::make(vfs, out)?;
        let mut partitions = Vec::new();
        for (span_idx, span) in spans.iter().enumerate() {
            let name_txn = self.name_txn(span_idx);
            let unit = TimestampUnit::Micros;
            let name = partition_dir_name(PartitionBy::Day, unit, span.timestamp, name_txn);
            partitions.push(root.make_dir(&name)?);
        }
        let mut bytes = 0;
        let mut range = (i64::MAX, i64::MIN);
        for (writer_idx, column) in self.columns.iter_mut().enumerate() {
            let written = columns::write(column, &root, &partitions, spans)?;
            bytes += written.bytes;
            if writer_idx == 0 {
                range = written.timestamps;
            }
        }
        bytes += metadata::write(&self, &root, spans, range)?;
        Ok(Generated {
            rows: spans.iter().map(|span| span.rows).sum(),
            partitions: spans.len(),
            columns: self.columns.len(),
            bytes,
        })
    }

    fn name_txn(&self, span_idx: usize) -> i64 {
        self.history
            .partition_name_txns
            .get(span_idx)
            .copied()
            .unwrap_or(-1)
    }
}

/// An open directory and its path, for errors.
pub(crate) struct Place {
    dir: Arc<dyn Dir>,
    path: PathBuf,
}

impl Place {
    /// The table directory, which must not hold anything.
    fn make(vfs: &dyn Vfs, path: &Path) -> Result<Place, GenError> {
        let io = |what| {
            move |source| GenError::Io {
                what,
                path: path.to_owned(),
                source,
            }
        };
        std::fs::create_dir_all(path).map_err(io("create"))?;
        let dir = vfs.open_dir(path).map_err(io("open"))?;
        if !dir.list().map_err(io("list"))?.is_empty() {
            return Err(GenError::NotEmpty {
                path: path.to_owned(),
            });
        }
        Ok(Place {
            dir,
            path: path.to_owned(),
        })
    }

    fn error(&self, what: &'static str, name: &str) -> impl FnOnce(io::Error) -> GenError {
        let path = self.path.join(name);
        move |source| GenError::Io { what, path, source }
    }

    fn make_dir(&self, name: &str) -> Result<Place, GenError> {
        let os = OsStr::new(name);
        self.dir
            .create_dir(os)
            .map_err(self.error("create", name))?;
        let dir = self
            .dir
            .open_dir(os, Links::NoFollow)
            .map_err(self.error("open", name))?;
        Ok(Place {
            dir,
            path: self.path.join(name),
        })
    }

    fn create(&self, name: &str) -> Result<Output, GenError> {
        let file = self
            .dir
            .create_new(OsStr::new(name))
            .map_err(self.error("create", name))?;
        Ok(Output {
            file,
            path: self.path.join(name),
            len: 0,
        })
    }

    /// A whole small file.
    fn put(&self, name: &str, bytes: &[u8]) -> Result<u64, GenError> {
        let mut output = self.create(name)?;
        output.append(bytes)?;
        Ok(output.len)
    }
}

/// A file that grows.
pub(crate) struct Output {
    file: Arc<dyn File>,
    path: PathBuf,
    len: u64,
}

impl Output {
    fn append(&mut self, mut bytes: &[u8]) -> Result<(), GenError> {
        while !bytes.is_empty() {
            let failed = |source| GenError::Io {
                what: "write",
                path: self.path.clone(),
                source,
            };
            let written = self.file.write_at(self.len, bytes).map_err(failed)?;
            let rest = bytes.get(written..).filter(|_| written > 0);
            bytes = rest.ok_or_else(|| GenError::Io {
                what: "write",
                path: self.path.clone(),
                source: io::ErrorKind::WriteZero.into(),
            })?;
            self.len += u64::try_from(written).unwrap_or(u64::MAX);
        }
        Ok(())
    }
}
