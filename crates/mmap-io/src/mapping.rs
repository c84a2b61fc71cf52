//! `Mapping`: exactly the committed bytes of a file, and what may be asked of their pages.
//!
//! A handle and the `Bytes` taken from it share one owner; the file is unmapped when the last of
//! them is dropped, whoever that is. Under `SequentialEvict` the owner also knows which pages it
//! found in memory, and gives the others back behind `done` and at the end.

use std::fmt;
use std::ops::{Deref, Range};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::error::{IoError, Op};
use crate::evict::{self, Evictor};
use crate::profile::{ReadMode, ScanProfile};
use crate::root::Shared;
use crate::root_file::zeroed;
use crate::stats::IoStats;
use crate::sys;
use crate::vfs::{File, MapAdvice, Region};

/// The first bytes of a file, mapped or copied. Cheap to clone.
#[derive(Clone)]
pub struct Mapping {
    mapped: Arc<Mapped>,
    bytes: Bytes,
}

/// What a call of [`Mapping::done`] gave back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Evicted {
    /// Bytes whose pages the kernel was asked to drop.
    pub bytes: u64,
    /// Bytes of completed windows that stayed, because they were resident before we came.
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

    /// Says that nobody will read `range` again. Under [`ScanProfile::SequentialEvict`], windows of
    /// [`crate::EVICT_WINDOW_BYTES`] that are now done in full leave the page cache, pages excepted
    /// that were resident before the mapping was made. Otherwise nothing happens.
    ///
    /// Content never changes: a range that is read all the same comes from the file again.
    ///
    /// # Errors
    /// [`IoError::OutOfRange`] (no system call is made) unless `range` lies within the mapping.
    pub fn done(&self, range: Range<u64>) -> Result<Evicted, IoError> {
        self.mapped.check(&range, Op::Advise)?;
        self.mapped.done(range)
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
    /// [`ReadMode::Positional`] or give up.
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

/// What `Bytes` own: the shared mapping, seen as a slice.
struct Owner(Arc<Mapped>);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        self.0.region.as_deref().map_or(&[], Region::bytes)
    }
}

/// One mapping, counted while it lives.
#[derive(Debug)]
pub(crate) struct Mapped {
    path: PathBuf,
    len: u64,
    profile: ScanProfile,
    /// `None` when `len` is 0.
    region: Option<Box<dyn Region>>,
    /// Kept open to verify the length, and to advise the page cache.
    file: Arc<dyn File>,
    evictor: Option<Mutex<Evictor>>,
    stats: Arc<IoStats>,
}

impl Mapped {
    /// Maps or reads `0..len`; the caller has checked that the file has as many bytes.
    pub(crate) fn make(
        shared: &Shared,
        file: &Arc<dyn File>,
        path: &Path,
        len: u64,
        profile: ScanProfile,
        mode: ReadMode,
    ) -> Result<Self, IoError> {
        let mut made = Self {
            path: path.to_path_buf(),
            len,
            profile,
            region: None,
            file: Arc::clone(file),
            evictor: None,
            stats: Arc::clone(&shared.stats),
        };
        if len == 0 {
            return Ok(made);
        }
        if mode == ReadMode::Positional {
            made.read(shared)?;
            return Ok(made);
        }
        match file.map(len, &shared.trust) {
            Ok(region) => made.adopt(region)?,
            Err(e) if mode == ReadMode::Auto && is_unsupported(&e) => made.read(shared)?,
            Err(e) => return Err(IoError::new(Op::Map, path, e)),
        }
        Ok(made)
    }

    /// Takes a fresh mapping over: checks it, counts it and gives it the advice of the profile.
    fn adopt(&mut self, region: Box<dyn Region>) -> Result<(), IoError> {
        if region.bytes().len() as u64 != self.len {
            let wrong = std::io::Error::other("the file system mapped another length");
            return Err(IoError::new(Op::Map, &self.path, wrong));
        }
        if region.is_mapped() {
            self.stats.on_mapped(self.len);
        }
        let region = self.region.insert(region);
        if self.profile == ScanProfile::SequentialEvict {
            let evictor = Evictor::record(region.as_ref(), self.len)
                .map_err(|e| IoError::new(Op::Residency, &self.path, e))?;
            self.evictor = Some(Mutex::new(evictor));
        }
        if self.profile != ScanProfile::Cached {
            ignore_unsupported(region.advise(0..self.len, MapAdvice::Sequential))
                .map_err(|e| IoError::new(Op::Advise, &self.path, e))?;
        }
        Ok(())
    }

    /// Fills a heap buffer instead of mapping.
    fn read(&mut self, shared: &Shared) -> Result<(), IoError> {
        let mut buf = zeroed(&self.path, self.len)?;
        let evicted = evict::read_through(
            self.file.as_ref(),
            &shared.trust,
            &self.path,
            self.profile,
            &mut buf,
        )?;
        self.stats.on_read(self.len);
        self.stats.on_evicted(evicted);
        self.region = Some(Box::new(Bytes::from(buf)));
        Ok(())
    }

    fn done(&self, range: Range<u64>) -> Result<Evicted, IoError> {
        let (Some(region), Some(evictor)) = (&self.region, &self.evictor) else {
            return Ok(Evicted::default());
        };
        let mut evictor = evictor.lock().unwrap_or_else(PoisonError::into_inner);
        let evicted = evictor
            .done(region.as_ref(), self.file.as_ref(), range)
            .map_err(|e| IoError::new(Op::Advise, &self.path, e))?;
        self.stats.on_evicted(evicted.bytes);
        Ok(evicted)
    }

    fn check(&self, range: &Range<u64>, op: Op) -> Result<(), IoError> {
        if range.start <= range.end && range.end <= self.len {
            return Ok(());
        }
        let (lo, hi, len) = (range.start, range.end, self.len);
        Err(IoError::OutOfRange {
            path: self.path.clone(),
            op,
            lo,
            hi,
            len,
        })
    }

    pub(crate) fn is_poisoned(&self) -> bool {
        self.region
            .as_ref()
            .is_some_and(|region| region.is_poisoned())
    }

    fn is_mapped(&self) -> bool {
        self.region
            .as_ref()
            .is_some_and(|region| region.is_mapped())
    }

    fn verify_len(&self) -> Result<(), IoError> {
        if !self.is_mapped() {
            return Ok(()); // A copy cannot change any more.
        }
        if self.is_poisoned() {
            return Err(IoError::Poisoned {
                path: self.path.clone(),
                op: Op::Read,
            });
        }
        let stat = self
            .file
            .stat()
            .map_err(|e| IoError::new(Op::Stat, &self.path, e))?;
        if stat.len < self.len {
            return Err(IoError::TooShort {
                path: self.path.clone(),
                op: Op::Map,
                needed: self.len,
                found: stat.len,
            });
        }
        Ok(())
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        let Some(region) = &self.region else { return };
        if let Some(evictor) = &mut self.evictor {
            let evictor = evictor.get_mut().unwrap_or_else(PoisonError::into_inner);
            // Nobody is left to hear of a failure, and it costs page cache, not data.
            if let Ok(evicted) = evictor.finish(region.as_ref(), self.file.as_ref()) {
                self.stats.on_evicted(evicted.bytes);
            }
        }
        if region.is_mapped() {
            self.stats.on_unmapped(self.len);
        }
    }
}

/// Whether the file system (or a kernel built small) lacks the call, as opposed to failing it.
pub(crate) fn is_unsupported(error: &std::io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENODEV | libc::ENOSYS | libc::EOPNOTSUPP | libc::ESPIPE)
    ) || error.kind() == std::io::ErrorKind::Unsupported
}

/// A hint that cannot be given is no failure.
pub(crate) fn ignore_unsupported(result: std::io::Result<()>) -> std::io::Result<()> {
    match result {
        Err(e) if is_unsupported(&e) => Ok(()),
        other => other,
    }
}
