//! `Slot`: a partition's place in the reader: closed, or held open.
//!
//! The slot remembers what it lent out, so that "held by the reader" and "still mapped by somebody"
//! are two numbers that can be asked for, and a partition that a frame still maps is not mapped a
//! second time when a cursor comes back to it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use mmap_io::ScanProfile;

use crate::error::ReadError;
use crate::files::ColumnFiles;
use crate::open_partition::OpenPartition;
use crate::parquet::ParquetFiles;

/// The files of a partition, open.
#[derive(Debug)]
pub(crate) enum Pinned {
    Native(Vec<ColumnFiles>),
    Parquet(Arc<ParquetFiles>),
}

/// One partition of the reader.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// Descriptors taken at the snapshot; `None` past the descriptor limit.
    pinned: Option<Pinned>,
    /// Something of the partition was read, so revalidation must cover it.
    touched: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Arc<OpenPartition>>,
    lent: Vec<Lent>,
}

/// A partition that may be open, in the hands of others.
#[derive(Debug)]
struct Lent {
    partition: Weak<OpenPartition>,
    is_mapped: bool,
}

impl Slot {
    pub(crate) fn new(pinned: Option<Pinned>) -> Self {
        Self {
            pinned,
            ..Self::default()
        }
    }

    pub(crate) fn is_pinned(&self) -> bool {
        self.pinned.is_some()
    }

    /// The column files of a native partition.
    pub(crate) fn pinned(&self) -> Option<&[ColumnFiles]> {
        match &self.pinned {
            Some(Pinned::Native(files)) => Some(files),
            _ => None,
        }
    }

    /// The files of a Parquet partition.
    pub(crate) fn pinned_parquet(&self) -> Option<&Arc<ParquetFiles>> {
        match &self.pinned {
            Some(Pinned::Parquet(files)) => Some(files),
            _ => None,
        }
    }

    /// Closes the pinned files; returns how many descriptors that frees.
    pub(crate) fn unpin(&mut self) -> u64 {
        match self.pinned.take() {
            None => 0,
            Some(Pinned::Native(files)) => files.iter().map(ColumnFiles::descriptors).sum(),
            Some(Pinned::Parquet(_)) => ParquetFiles::DESCRIPTORS,
        }
    }

    pub(crate) fn touch(&self) {
        self.touched.store(true, Ordering::Release);
    }

    pub(crate) fn is_touched(&self) -> bool {
        self.touched.load(Ordering::Acquire)
    }

    /// The open partition; `open` makes one if none with this profile lives.
    pub(crate) fn acquire(
        &self,
        profile: ScanProfile,
        open: impl FnOnce() -> Result<OpenPartition, ReadError>,
    ) -> Result<Arc<OpenPartition>, ReadError> {
        let mut state = self.lock();
        if let Some(held) = &state.held {
            return Ok(Arc::clone(held));
        }
        state.lent.retain(|lent| lent.partition.strong_count() > 0);
        let alive = state
            .lent
            .iter()
            .filter_map(|lent| lent.partition.upgrade())
            .find(|p| p.profile() == profile);
        let partition = match alive {
            Some(partition) => partition,
            None => {
                let partition = Arc::new(open()?);
                state.lent.push(Lent {
                    partition: Arc::downgrade(&partition),
                    is_mapped: partition.is_mapped(),
                });
                partition
            }
        };
        state.held = Some(Arc::clone(&partition));
        Ok(partition)
    }

    /// Drops the reader's hold; `false` if there was none.
    pub(crate) fn release(&self) -> bool {
        let held = self.lock().held.take();
        // Unmapping happens here, if at all, and not under the lock.
        held.is_some()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.lock().held.is_some()
    }

    pub(crate) fn is_mapped(&self) -> bool {
        let state = self.lock();
        let mut lent = state.lent.iter();
        lent.any(|lent| lent.is_mapped && lent.partition.strong_count() > 0)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is one assignment, so a panic elsewhere leaves a usable state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
