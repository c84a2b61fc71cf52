//! `Mapped`: the one owner behind all handles of a mapping.
//!
//! Made once, counted while it lives; what happens when a mapping ends (the last eviction, the
//! count, the unmapping, in this order) happens in its `Drop` and nowhere else.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::error::{IoError, Op};
use crate::evict::{self, Evictor};
use crate::hint::{hint, is_unsupported};
use crate::mapping::Evicted;
use crate::profile::{ReadMode, ScanProfile};
use crate::read::zeroed;
use crate::root::Shared;
use crate::stats::IoStats;
use crate::sys;
use crate::vfs::{File, FileAdvice, MapAdvice, Region};

/// What `Bytes` own: the shared mapping, seen as a slice.
pub(crate) struct Owner(pub(crate) Arc<Mapped>);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        self.0.region.as_deref().map_or(&[], Region::bytes)
    }
}

/// One mapping, counted while it lives.
#[derive(Debug)]
pub(crate) struct Mapped {
    pub(crate) path: PathBuf,
    pub(crate) len: u64,
    pub(crate) profile: ScanProfile,
    /// `None` when `len` is 0.
    pub(crate) region: Option<Box<dyn Region>>,
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
        if self.profile.evicts() {
            // Without knowing what was there before, nothing is evicted.
            self.evictor = hint(Evictor::record(region.as_ref(), self.len)).map(Mutex::new);
        }
        let advice = match self.profile {
            ScanProfile::Cached => return Ok(()),
            ScanProfile::Sequential | ScanProfile::SequentialEvict => MapAdvice::Sequential,
            ScanProfile::Frugal => MapAdvice::Random,
        };
        hint(region.advise(0..self.len, advice));
        // Beside the other one: that says how far to read ahead, this in what pieces.
        let file_len = hint(self.file.stat()).map(|stat| stat.len);
        let huge = huge_len(self.len, file_len, self.profile);
        if huge > 0 {
            hint(region.advise(0..huge, MapAdvice::Huge));
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

    pub(crate) fn done(&self, range: Range<u64>) -> Evicted {
        let (Some(region), Some(evictor)) = (&self.region, &self.evictor) else {
            return Evicted::default();
        };
        let mut evictor = evictor.lock().unwrap_or_else(PoisonError::into_inner);
        let evicted = evictor.done(region.as_ref(), self.file.as_ref(), range);
        self.stats.on_evicted(evicted.bytes);
        evicted
    }

    /// Reads pages that will be needed soon, where nobody else does.
    pub(crate) fn ahead(&self, range: Range<u64>) {
        let Some(region) = &self.region else { return };
        if self.profile != ScanProfile::Frugal || !region.is_mapped() || range.is_empty() {
            return;
        }
        for window in evict::windows(range.clone(), self.len) {
            let wanted = range.start.max(window.start)..range.end.min(window.end);
            self.read_window(region.as_ref(), wanted);
        }
    }

    /// Reads a part of a window. Where huge pages are known, its first page comes with the whole
    /// window; elsewhere the others are asked for. Whether they came is not looked at: not everybody
    /// is told.
    fn read_window(&self, region: &dyn Region, wanted: Range<u64>) {
        let page = sys::page_size();
        let first = wanted.start - wanted.start % page;
        let first = first..first.saturating_add(page).min(self.len);
        hint(region.advise(first, MapAdvice::Populate));
        hint(self.file.advise(wanted, FileAdvice::WillNeed));
    }

    pub(crate) fn check(&self, range: &Range<u64>, op: Op) -> Result<(), IoError> {
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

    pub(crate) fn is_mapped(&self) -> bool {
        self.region
            .as_ref()
            .is_some_and(|region| region.is_mapped())
    }

    pub(crate) fn verify_len(&self) -> Result<(), IoError> {
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
            let evicted = evictor.finish(region.as_ref(), self.file.as_ref());
            self.stats.on_evicted(evicted.bytes);
        }
        if region.is_mapped() {
            self.stats.on_unmapped(self.len);
        }
    }
}

/// How much of a mapping of `len` bytes may be read in large pages. One that sticks out of the mapping,
/// since the file goes on there, could not be evicted. Whoever reads in sequence gets the page behind
/// with the one that it asks for.
fn huge_len(len: u64, file_len: Option<u64>, profile: ScanProfile) -> u64 {
    let whole = len - len % evict::EVICT_WINDOW_BYTES;
    match file_len {
        Some(file_len) if file_len <= len.next_multiple_of(sys::page_size()) => len,
        _ if profile == ScanProfile::Frugal => whole,
        _ => whole.saturating_sub(evict::EVICT_WINDOW_BYTES),
    }
}
