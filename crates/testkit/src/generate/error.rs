//! Why a table could not be made.

use std::io;
use std::path::PathBuf;

/// Why a table could not be made.
#[derive(Debug, thiserror::Error)]
pub enum GenError {
    /// The name of the workload is unknown.
    #[error("no workload {name}; there are trades, cpu and wide")]
    NoSuchWorkload {
        /// What was asked for.
        name: String,
    },
    /// The target holds something already.
    #[error("{} is not empty", path.display())]
    NotEmpty {
        /// The target.
        path: PathBuf,
    },
    /// There are rows, and no partition to put them into.
    #[error("{rows} rows need at least one partition")]
    NoPartition {
        /// Rows of the request.
        rows: u64,
    },
    /// More rows than a day of this workload can hold.
    #[error("{rows} rows a day: {workload} has at most {most}")]
    CrowdedDay {
        /// The workload.
        workload: &'static str,
        /// Rows of the fullest partition.
        rows: u64,
        /// Rows that a day can hold.
        most: u64,
    },
    /// More days than a timestamp can count.
    #[error("{days} partitions are more days than a timestamp can count")]
    TooManyDays {
        /// Partitions of the request.
        days: u64,
    },
    /// A writer of `column-format` refused a value.
    #[error("column {column}")]
    Column {
        /// Its name.
        column: String,
        /// What was refused.
        source: column_format::WriteError,
    },
    /// A writer of `txn` refused a value.
    #[error("metadata")]
    Metadata {
        /// What was refused.
        #[from]
        source: txn::WriteError,
    },
    /// The file system's.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// With which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
