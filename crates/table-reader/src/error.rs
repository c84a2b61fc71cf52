//! `ReadError`: why a table, a partition or a column cannot be read.
//!
//! Variants are the cases on which a caller acts: restart with a new snapshot, report damage with
//! the file in hand, tell the user what exists instead. Errors of the layers below are wrapped with
//! the path or the column that they do not know themselves, never passed through.

use std::path::PathBuf;
use std::time::Duration;

use column_format::LayoutError;
use mmap_io::IoError;
use pq_decode::DecodeError;

/// Any failure of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The directory has no `_txn`: it is not a table (table-dir.md §1).
    #[error("{path:?} is not a table: it has no _txn file")]
    NotATable {
        /// The directory.
        path: PathBuf,
    },
    /// The directory is a view: it has columns but no data (table-dir.md §2).
    #[error("{path:?} is a view: it has no data of its own")]
    View {
        /// The directory.
        path: PathBuf,
    },
    /// A small metadata file (`_txn`, `_cv`, `_meta`, …) does not hold what its format demands.
    #[error("damaged metadata file {file:?}: {detail}")]
    Metadata {
        /// The file.
        file: PathBuf,
        /// Field, offset, expected and found, as the parser told them.
        detail: String,
    },
    /// `_meta` and `_txn` disagree and no `_meta.prev*` fits (table-dir.md §9).
    #[error(
        "{file:?} has metadata version {found:?}, the last commit needs {expected}, and no _meta.prev has it"
    )]
    MetaVersion {
        /// The `_meta` file.
        file: PathBuf,
        /// Low half of `structureVersion` in `_txn`.
        expected: i32,
        /// Version of `_meta`; `None` if the file does not exist.
        found: Option<i64>,
    },
    /// `_cv` is at a version from which the one that `_txn` names cannot be had (cv.md §5.2).
    #[error("{file:?}: the last commit needs column version {expected}: {detail}")]
    ColumnVersion {
        /// The `_cv` file.
        file: PathBuf,
        /// `columnVersion` of `_txn`.
        expected: i64,
        /// What the parser found.
        detail: String,
    },
    /// A writer kept committing for the whole deadline; the last obstacle is the source.
    #[error("no consistent snapshot of {path:?} within {waited:?}: a writer keeps changing it")]
    Busy {
        /// The table directory.
        path: PathBuf,
        /// Time spent.
        waited: Duration,
        /// What stood in the way last.
        source: Box<ReadError>,
    },
    /// A newer commit took away what this snapshot reads: start again (table-dir.md §8.3).
    #[error("{path:?} changed since transaction {txn} was opened: {change}")]
    SnapshotChanged {
        /// The table directory.
        path: PathBuf,
        /// The transaction of the snapshot.
        txn: i64,
        /// The rule that failed.
        change: String,
    },
    /// A file that the current commit needs does not exist.
    #[error("missing file {path:?}: transaction {txn} needs it")]
    MissingFile {
        /// The file.
        path: PathBuf,
        /// The transaction that names it.
        txn: i64,
    },
    /// A file is shorter than the committed rows need. Found before any of it is mapped.
    #[error("file {path:?} is too short: transaction {txn} needs {needed} bytes, it has {found}")]
    FileTooShort {
        /// The file.
        path: PathBuf,
        /// The transaction that needs the bytes.
        txn: i64,
        /// Bytes that the committed rows need.
        needed: u64,
        /// Bytes that the file has.
        found: u64,
    },
    /// Bytes of a column that its format does not allow.
    #[error("column {column:?}: damaged file {file:?}: {source}")]
    Layout {
        /// Column name.
        column: String,
        /// The file at fault.
        file: PathBuf,
        /// Row, offset, expected and found. Rows count from the column top.
        source: LayoutError,
    },
    /// The operating system refused; path and operation are in the source.
    #[error(transparent)]
    Io(IoError),
    /// The file of a Parquet partition is not what the commit needs.
    #[error("partition {partition:?}: damaged file {file:?}: {detail}")]
    Parquet {
        /// Partition name as `SHOW PARTITIONS` prints it.
        partition: String,
        /// `data.parquet` or `_pm`.
        file: PathBuf,
        /// What was expected and found.
        detail: String,
    },
    /// A column chunk of a Parquet partition cannot be decoded, or its type not be converted.
    #[error(
        "partition {partition:?}: file {file:?}, row group {group}, column {column:?}: {source}"
    )]
    ParquetChunk {
        /// Partition name as `SHOW PARTITIONS` prints it.
        partition: String,
        /// `data.parquet`.
        file: PathBuf,
        /// Row group, in the order of rows.
        group: usize,
        /// The table's column.
        column: String,
        /// Page, offset and fault.
        source: Box<DecodeError>,
    },
    /// No live column has that name.
    #[error("no column {name:?}; the table has {}", .available.join(", "))]
    UnknownColumn {
        /// The name asked for.
        name: String,
        /// All live columns in visible order.
        available: Vec<String>,
    },
    /// A column was asked for twice.
    #[error("column {name:?} is selected twice")]
    DuplicateColumn {
        /// The column's name.
        name: String,
    },
    /// The column's type code is not one that this version knows (meta.md §7).
    #[error("column {name:?} has the unknown type code {code}")]
    UnknownType {
        /// The column's name.
        name: String,
        /// The code in `_meta`.
        code: i32,
    },
    /// Rows were asked for by time, and the table has no designated timestamp.
    #[error("{path:?} has no designated timestamp: rows cannot be selected by time")]
    NoDesignatedTimestamp {
        /// The table directory.
        path: PathBuf,
    },
    /// The column index is not one of the cursor or reader.
    #[error("no column with index {found}; there are {expected}")]
    NoSuchColumn {
        /// Number of columns.
        expected: usize,
        /// The index asked for.
        found: usize,
    },
    /// The partition index is not one of the reader.
    #[error("no partition with index {found}; there are {expected}")]
    NoSuchPartition {
        /// Number of partitions.
        expected: usize,
        /// The index asked for.
        found: usize,
    },
    /// The process is out of descriptors.
    #[error(
        "out of file descriptors at {path:?}: {needed} are needed for this table, the limit is {limit}"
    )]
    Descriptors {
        /// The file that could not be opened.
        path: PathBuf,
        /// Descriptors that the selected columns need.
        needed: u64,
        /// The soft limit in force.
        limit: u64,
    },
    /// A cancel token stopped the query.
    #[error("interrupted")]
    Cancelled,
    /// The time limit of the query passed.
    #[error("stopped after its time limit of {} s", .limit.as_secs_f64())]
    TimedOut {
        /// The limit.
        limit: Duration,
    },
}

impl ReadError {
    /// The table moved on under the reader: a new snapshot may well succeed.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::SnapshotChanged { .. } | Self::Busy { .. })
    }

    /// Somebody asked to stop, or the time is up.
    pub(crate) fn is_stop(&self) -> bool {
        matches!(self, Self::Cancelled | Self::TimedOut { .. })
    }

    /// Something is absent or shorter than committed: what a TRUNCATE or a purge under the reader
    /// looks like before its commit is visible (table-dir.md §8.3).
    pub(crate) fn may_be_stale(&self) -> bool {
        matches!(
            self,
            Self::MissingFile { .. }
                | Self::FileTooShort { .. }
                | Self::Layout { .. }
                | Self::Parquet { .. }
                | Self::ParquetChunk { .. }
                | Self::Metadata { .. }
                | Self::MetaVersion { .. }
                | Self::ColumnVersion { .. }
        )
    }
}
