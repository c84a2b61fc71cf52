//! `Mapping`: exactly the committed bytes of a file, and what may be asked of their pages.
//!
//! A handle and the `Bytes` taken from it share one owner; the file is unmapped when the last of
//! them is dropped, whoever that is. Under `SequentialEvict` the owner also knows which pages it
//! found in memory, and gives the others back behind `done` and at the end.

use std::fmt;
use std::ops::{Deref, Range};
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

use crate::error::{IoError, Op};
use crate::evict;
use crate::mapped::{Mapped, Owner};
use crate::profile::ScanProfile;
use crate::sys;

/// The first bytes of a file, mapped or copied. Cheap to clone.
#[derive(Clone)]
pub struct Mapping {
    mapped: Arc<Mapped>,
    bytes: Bytes,
}

/// What a call of [`Mapping::done`] gave back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Evicted {
    /// Bytes of the pages that we had brought in and that have left the page cache.
    pub bytes: u64,
    /// Bytes of the pages of the same windows that stayed, because they were resident before.
    pub kept_bytes: u64,
}

/// How many pages of a range are in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Residency {
    /// Pages that the range touches.
    pub page_count: u64,
    /// Pages of those that are in memory.
    pub resident_count: u64,
}

impl Residency {
    /// Bytes of the resident pages.
    #[must_use]
    pub fn resident_bytes(&self) -> u64 {
        self.resident_count.saturating_mul(sys::page_size())
    }
}

impl Mapping {
    pub(crate) fn new(mapped: Arc<Mapped>) -> Self {
        let bytes = if mapped.region.is_some() {
            Bytes::from_owner(Owner(Arc::clone(&mapped)))
        } else {
            Bytes::new()
        };
        Self { mapped, bytes }
    }

    /// The bytes. They stay valid, and the file stays mapped, until the last clone is dropped.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        self.bytes.clone()
    }

    /// Length in bytes: exactly what was asked for.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.mapped.len
    }

    /// Whether it has no bytes (and so maps nothing).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.mapped.len == 0
    }

    /// The file's path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.mapped.path
    }

    /// The profile it was made with.
    #[must_use]
    pub fn profile(&self) -> ScanProfile {
        self.mapped.profile
    }

    /// Whether the bytes are mapped (as opposed to copied, or none).
    #[must_use]
    pub fn is_mapped(&self) -> bool {
        self.mapped.is_mapped()
    }

    /// Says that nobody will read `range` again. Under a profile that evicts, windows of
    /// [`crate::EVICT_WINDOW_BYTES`] that are now done in full leave the page cache, pages excepted
    /// that were resident before the mapping was made. Otherwise nothing happens.
    ///
    /// Content never changes: a range that is read all the same comes from the file again. Advice
    /// that the system refuses costs page cache and is no error.
    ///
    /// # Errors
    /// [`IoError::OutOfRange`] (no system call is made) unless `range` lies within the mapping.
    pub fn done(&self, range: Range<u64>) -> Result<Evicted, IoError> {
        self.mapped.check(&range, Op::Advise)?;
        Ok(self.mapped.done(range))
    }

    /// Says that `range` will be read soon. Under [`ScanProfile::Frugal`] the windows that it begins in
    /// are read now, in large pages where the system has them, and this waits for the disk: call it from
    /// a thread that has nothing else to do. Otherwise the system reads ahead by itself, and nothing
    /// happens.
    ///
    /// # Errors
    /// [`IoError::OutOfRange`] (no system call is made) unless `range` lies within the mapping.
    pub fn ahead(&self, range: Range<u64>) -> Result<(), IoError> {
        self.mapped.check(&range, Op::Advise)?;
        self.mapped.ahead(range);
        Ok(())
    }

    /// How much of `range` (widened to whole pages) is in memory now. Faults nothing in.
    ///
    /// # Errors
    /// [`IoError::OutOfRange`] (no system call is made) unless `range` lies within the mapping.
    pub fn residency(&self, range: Range<u64>) -> Result<Residency, IoError> {
        self.mapped.check(&range, Op::Residency)?;
        let Some(region) = &self.mapped.region else {
            return Ok(Residency::default());
        };
        evict::residency(region.as_ref(), range)
            .map_err(|e| IoError::new(Op::Residency, &self.mapped.path, e))
    }

    /// Whether pages vanished under the mapping and zeros were read in their place. Needs the guard
    /// of [`crate::sigbus`]; without it the process is dead instead.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.mapped.is_poisoned()
    }

    /// To be asked after each batch that was read from a mapping, before the batch is believed:
    /// is the file still as long as the mapping, and was every byte read the file's?
    ///
    /// # Errors
    /// [`IoError::Poisoned`] or [`IoError::TooShort`]: throw the batch away, and read it again with
    /// [`crate::ReadMode::Positional`] or give up.
    pub fn verify_len(&self) -> Result<(), IoError> {
        self.mapped.verify_len()
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsRef<[u8]> for Mapping {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Mapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mapping")
            .field("path", &self.mapped.path)
            .field("len", &self.mapped.len)
            .field("profile", &self.mapped.profile)
            .field("is_mapped", &self.is_mapped())
            .finish_non_exhaustive()
    }
}
