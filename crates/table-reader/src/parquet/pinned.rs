//! The files of a Parquet partition, open: they can be read after a writer unlinked them.

use mmap_io::{RootDir, RootFile};

use crate::error::ReadError;
use crate::files::committed_error;
use crate::partition::PartitionInfo;
use crate::snapshot::Snapshot;

/// Name of the file with the rows.
const DATA: &str = "data.parquet";

/// `data.parquet` of one commit, and the directory in which its sidecar may be.
#[derive(Debug)]
pub(crate) struct ParquetFiles {
    pub(crate) dir: RootDir,
    pub(crate) data: RootFile,
    /// Committed bytes.
    pub(crate) len: u64,
}

impl ParquetFiles {
    /// Descriptors held.
    pub(crate) const DESCRIPTORS: u64 = 2;

    /// Opens the files and checks the length that `_txn` commits.
    pub(crate) fn pin(
        table: &RootDir,
        snapshot: &Snapshot,
        info: &PartitionInfo,
    ) -> Result<Self, ReadError> {
        let txn = snapshot.txn.txn;
        let Some(needed) = info.parquet_len else {
            return Err(ReadError::Metadata {
                file: snapshot.path_of("_txn"),
                detail: format!("partition {} has no length of data.parquet", info.name),
            });
        };
        let dir = table
            .dir(&info.directory)
            .map_err(|e| committed_error(txn, e))?;
        let data = dir.file(DATA).map_err(|e| committed_error(txn, e))?;
        let found = data.len().map_err(ReadError::Io)?;
        if found < needed {
            let path = data.path().to_path_buf();
            return Err(ReadError::FileTooShort {
                path,
                txn,
                needed,
                found,
            });
        }
        Ok(Self {
            dir,
            data,
            len: needed,
        })
    }
}
