//! Descriptors taken at the snapshot, up to a limit.
//!
//! A busy writer unlinks files at every commit, so what is open early is what can be read late.
//! Past the limit nothing is pinned; those partitions are opened by name when they are reached.

use mmap_io::{IoError, Root, descriptor_limit};

use crate::column::TableColumn;
use crate::error::ReadError;
use crate::files::{self, ColumnFiles, SymbolFileset};
use crate::partition::PartitionInfo;
use crate::snapshot::Snapshot;

/// Descriptors left to the rest of the process when the limit is asked of the system.
const DESCRIPTOR_RESERVE: u64 = 128;

/// Says how many descriptors the table would need where the process ran out of them.
pub(crate) fn out_of_descriptors(e: ReadError, needed: u64) -> ReadError {
    match e {
        ReadError::Io(IoError::TooManyFiles { path, .. }) => ReadError::Descriptors {
            path,
            needed,
            limit: descriptor_limit().soft_count,
        },
        e => e,
    }
}

/// Opens descriptors until the limit, and goes on counting what more would be needed.
pub(crate) struct Pins<'a> {
    root: &'a Root,
    snapshot: &'a Snapshot,
    left: u64,
    /// Descriptors that all selected files would take.
    pub(crate) needed: u64,
}

impl<'a> Pins<'a> {
    pub(crate) fn new(root: &'a Root, snapshot: &'a Snapshot, max: Option<usize>) -> Self {
        let ours = descriptor_limit()
            .soft_count
            .saturating_sub(DESCRIPTOR_RESERVE);
        let left = max.map_or(ours, |n| u64::try_from(n).unwrap_or(u64::MAX));
        Self {
            root,
            snapshot,
            left,
            needed: 0,
        }
    }

    pub(crate) fn symbols(
        &mut self,
        column: &TableColumn,
    ) -> Result<Option<SymbolFileset>, ReadError> {
        let files = files::pin_symbols(self.root.top(), self.snapshot, column)
            .map_err(|e| out_of_descriptors(e, self.needed))?;
        if files.is_some() {
            self.needed += 2;
            self.left = self.left.saturating_sub(2);
        }
        Ok(files)
    }

    pub(crate) fn partition(
        &mut self,
        info: &PartitionInfo,
        columns: &[TableColumn],
    ) -> Result<Option<Vec<ColumnFiles>>, ReadError> {
        if info.parquet {
            return Ok(None);
        }
        // An upper bound: absent columns and empty data files take fewer.
        let most = columns
            .iter()
            .map(|c| 1 + u64::from(c.column_type.layout().has_aux()))
            .sum();
        self.needed = self.needed.saturating_add(most);
        if most > self.left {
            self.left = 0; // Partitions in order: the first ones are the first to be read.
            return Ok(None);
        }
        match files::pin_partition(self.root.top(), self.snapshot, info, columns) {
            Ok(files) => {
                self.left -= files.iter().map(ColumnFiles::descriptors).sum::<u64>();
                Ok(Some(files))
            }
            Err(ReadError::Io(IoError::TooManyFiles { .. })) => {
                self.left = 0;
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }
}
