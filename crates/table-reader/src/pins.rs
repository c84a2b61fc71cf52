//! Descriptors taken at the snapshot, up to a limit.
//!
//! A busy writer unlinks files at every commit, so what is open early is what can be read late.
//! Past the limit nothing is pinned; those partitions are opened by name when they are reached.

use std::sync::Arc;

use column_format::SymbolDict;
use mmap_io::{IoError, Root, descriptor_limit};

use crate::column::TableColumn;
use crate::error::ReadError;
use crate::files::{self, ColumnFiles};
use crate::parquet::ParquetFiles;
use crate::partition::PartitionInfo;
use crate::slot::{Pinned, Slot};
use crate::snapshot::Snapshot;
use crate::symbols::SymbolPin;

/// Descriptors left to the rest of the process when the limit is asked of the system.
const DESCRIPTOR_RESERVE: u64 = 128;

/// Descriptors of a dictionary: `.o` and `.c`.
const SYMBOL_DESCRIPTORS: u64 = 2;
/// Descriptors that opening a partition by name takes for moments: the directory, a metadata file.
const PASSING_DESCRIPTORS: u64 = 4;

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
    /// Most descriptors that one partition takes.
    largest: u64,
    /// The system refused a descriptor before the limit was reached.
    exhausted: bool,
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
            largest: 0,
            exhausted: false,
            needed: 0,
        }
    }

    pub(crate) fn symbols(&mut self, column: &TableColumn) -> Result<SymbolPin, ReadError> {
        let Some(count) = files::symbol_count(self.snapshot, column) else {
            return Ok(SymbolPin::None);
        };
        self.needed = self.needed.saturating_add(SYMBOL_DESCRIPTORS);
        let later = |bytes| Ok(SymbolPin::Later { bytes });
        match files::pin_symbols(self.root.top(), self.snapshot, column) {
            Ok(None) => Ok(SymbolPin::None),
            // Measured, and closed again.
            Ok(Some(files)) if self.left < SYMBOL_DESCRIPTORS => later(files.bytes()),
            Ok(Some(files)) => {
                self.left -= SYMBOL_DESCRIPTORS;
                Ok(SymbolPin::Open(files))
            }
            Err(e) => self
                .without(e)
                .and_then(|()| later(SymbolDict::required_offsets_len(count))),
        }
    }

    /// Goes on without what could not be opened, if that is for want of descriptors.
    fn without(&mut self, error: ReadError) -> Result<(), ReadError> {
        match error {
            ReadError::Io(IoError::TooManyFiles { .. }) => {
                self.left = 0;
                self.exhausted = true;
                Ok(())
            }
            e => Err(e),
        }
    }

    /// After the system refused a descriptor, none would be left to open anything by name with. So
    /// the last partitions that were pinned give theirs back, until two can be opened.
    pub(crate) fn give_back(&self, slots: &mut [Slot]) {
        if !self.exhausted {
            return;
        }
        let wanted = self.largest.saturating_mul(2) + PASSING_DESCRIPTORS;
        let mut freed = 0;
        for slot in slots.iter_mut().rev() {
            if freed >= wanted {
                break;
            }
            freed += slot.unpin();
        }
    }

    pub(crate) fn partition(
        &mut self,
        info: &PartitionInfo,
        columns: &[TableColumn],
    ) -> Result<Option<Pinned>, ReadError> {
        if info.parquet {
            return self.parquet(info);
        }
        // An upper bound: absent columns and empty data files take fewer.
        let most = columns
            .iter()
            .map(|c| 1 + u64::from(c.column_type.layout().has_aux()))
            .sum();
        self.needed = self.needed.saturating_add(most);
        self.largest = self.largest.max(most);
        if most > self.left {
            self.left = 0; // Partitions in order: the first ones are the first to be read.
            return Ok(None);
        }
        match files::pin_partition(self.root.top(), self.snapshot, info, columns) {
            Ok(files) => {
                self.left -= files.iter().map(ColumnFiles::descriptors).sum::<u64>();
                Ok(Some(Pinned::Native(files)))
            }
            Err(e) => self.without(e).map(|()| None),
        }
    }

    fn parquet(&mut self, info: &PartitionInfo) -> Result<Option<Pinned>, ReadError> {
        if info.rows == 0 {
            return Ok(None);
        }
        let count = ParquetFiles::DESCRIPTORS;
        self.needed = self.needed.saturating_add(count);
        self.largest = self.largest.max(count);
        if count > self.left {
            self.left = 0;
            return Ok(None);
        }
        match ParquetFiles::pin(self.root.top(), self.snapshot, info) {
            Ok(files) => {
                self.left -= count;
                Ok(Some(Pinned::Parquet(Arc::new(files))))
            }
            Err(e) => self.without(e).map(|()| None),
        }
    }
}
