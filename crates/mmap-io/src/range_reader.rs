//! `RangeReader`: ranges of a file, read into memory instead of mapped, with the manners of a mapping.
//!
//! The mode that cannot fault. Under an evicting profile the page cache is treated as behind a mapping:
//! what was resident when the reader was made stays, windows leave behind [`RangeReader::done`] and when
//! the reader is dropped. To know what was resident it has a mapping that nobody ever reads.

use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{IoError, Op};
use crate::evict::Evictor;
use crate::hint::hint;
use crate::mapping::Evicted;
use crate::profile::ScanProfile;
use crate::root_file::RootFile;
use crate::stats::IoStats;
use crate::vfs::{File, FileAdvice, Region};

/// Reads ranges of the first bytes of a file.
#[derive(Debug)]
pub struct RangeReader {
    file: RootFile,
    opened: Arc<dyn File>,
    len: u64,
    /// Where the system does not tell what is resident, nothing is evicted.
    probe: Option<Mutex<Probe>>,
    stats: Arc<IoStats>,
}

#[derive(Debug)]
struct Probe {
    region: Box<dyn Region>,
    evictor: Evictor,
}

impl RangeReader {
    /// `make_region` maps the file; it is asked for an evicting profile only.
    pub(crate) fn new(
        file: RootFile,
        opened: Arc<dyn File>,
        len: u64,
        profile: ScanProfile,
        stats: Arc<IoStats>,
        make_region: impl FnOnce() -> Option<Box<dyn Region>>,
    ) -> Self {
        let sequential = !matches!(profile, ScanProfile::Cached | ScanProfile::Frugal);
        if sequential && len > 0 {
            hint(opened.advise(0..len, FileAdvice::Sequential));
        }
        let probe = || {
            let region = make_region()?;
            let evictor = hint(Evictor::record(region.as_ref(), len))?;
            Some(Mutex::new(Probe { region, evictor }))
        };
        let evicts = profile.evicts() && len > 0;
        Self {
            probe: evicts.then(probe).flatten(),
            file,
            opened,
            len,
            stats,
        }
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The file itself.
    #[must_use]
    pub fn file(&self) -> &RootFile {
        &self.file
    }

    /// Bytes that may be read.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing to read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes of `range`, as they are now.
    ///
    /// # Errors
    /// [`IoError::OutOfRange`]; [`IoError::TooShort`] if the file was cut; [`IoError::OutOfMemory`].
    pub fn read(&self, range: Range<u64>) -> Result<Vec<u8>, IoError> {
        self.check(&range)?;
        let len = range.end - range.start;
        self.file.read_vec(range.start, len, len)
    }

    /// Says that nobody will read `range` again: see [`crate::Mapping::done`].
    ///
    /// # Errors
    /// [`IoError::OutOfRange`].
    pub fn done(&self, range: Range<u64>) -> Result<Evicted, IoError> {
        self.check(&range)?;
        let Some(probe) = &self.probe else {
            return Ok(Evicted::default());
        };
        let mut probe = probe.lock().unwrap_or_else(PoisonError::into_inner);
        let Probe { region, evictor } = &mut *probe;
        let evicted = evictor.done(region.as_ref(), self.opened.as_ref(), range);
        self.stats.on_evicted(evicted.bytes);
        Ok(evicted)
    }

    fn check(&self, range: &Range<u64>) -> Result<(), IoError> {
        if range.start <= range.end && range.end <= self.len {
            return Ok(());
        }
        Err(IoError::OutOfRange {
            path: self.path().to_path_buf(),
            op: Op::Read,
            lo: range.start,
            hi: range.end,
            len: self.len,
        })
    }
}

impl Drop for RangeReader {
    fn drop(&mut self) {
        if let Some(probe) = &mut self.probe {
            let Probe { region, evictor } = probe.get_mut().unwrap_or_else(PoisonError::into_inner);
            let evicted = evictor.finish(region.as_ref(), self.opened.as_ref());
            self.stats.on_evicted(evicted.bytes);
        }
    }
}
