//! `RootFile`: an open file below a `Root`; positional reads, and the way to a `Mapping`.
//!
//! Small metadata files are read into owned buffers and never mapped: a parser must not look at
//! bytes that another process may change. Column files are mapped to exactly the length that the
//! caller knows to be committed; the length of the file is only ever a reason to refuse.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cache::CacheKey;
use crate::error::{IoError, Op};
use crate::evict;
use crate::mapped::Mapped;
use crate::mapping::{Mapping, Residency};
use crate::profile::{ReadMode, ScanProfile};
use crate::range_reader::RangeReader;
use crate::read::{read_full, zeroed};
use crate::root::Shared;
use crate::vfs::{File, FileId};

/// Memory is taken in steps of this many bytes while a file is read to its end.
const READ_STEP_LEN: usize = 64 * 1024;

/// An open file. Cheap to clone; all clones hold one descriptor.
#[derive(Clone, Debug)]
pub struct RootFile {
    shared: Arc<Shared>,
    file: Arc<dyn File>,
    id: FileId,
    path: PathBuf,
}

impl RootFile {
    pub(crate) fn new(shared: Arc<Shared>, file: Arc<dyn File>, id: FileId, path: PathBuf) -> Self {
        Self {
            shared,
            file,
            id,
            path,
        }
    }

    /// The path that it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file is, whatever its name means by now.
    #[must_use]
    pub fn id(&self) -> FileId {
        self.id
    }

    /// The present length in bytes (`fstat`). Says nothing about what is committed.
    ///
    /// # Errors
    /// As the operating system reports them.
    pub fn len(&self) -> Result<u64, IoError> {
        Ok(self
            .file
            .stat()
            .map_err(|e| IoError::new(Op::Stat, &self.path, e))?
            .len)
    }

    /// Whether the file now has no bytes.
    ///
    /// # Errors
    /// As [`RootFile::len`].
    pub fn is_empty(&self) -> Result<bool, IoError> {
        Ok(self.len()? == 0)
    }

    /// Reads at `off` until `buf` is full or the file ends; returns the bytes read.
    ///
    /// # Errors
    /// As the operating system reports them.
    pub fn read_at(&self, off: u64, buf: &mut [u8]) -> Result<usize, IoError> {
        let filled = read_full(self.file.as_ref(), &self.path, off, buf)?;
        self.shared.stats.on_read(filled as u64);
        Ok(filled)
    }

    /// Reads exactly `buf.len()` bytes at `off`.
    ///
    /// # Errors
    /// [`IoError::TooShort`] if the file ends before.
    pub fn read_exact_at(&self, off: u64, buf: &mut [u8]) -> Result<(), IoError> {
        let read = self.read_at(off, buf)?;
        if read == buf.len() {
            return Ok(());
        }
        Err(IoError::TooShort {
            path: self.path.clone(),
            op: Op::Read,
            needed: off.saturating_add(buf.len() as u64),
            found: self.len()?,
        })
    }

    /// Reads exactly bytes `off..off + len` into a new buffer. Nothing is allocated before the file
    /// is known to have them.
    ///
    /// # Errors
    /// [`IoError::TooLarge`] if `len` is more than `limit`; [`IoError::TooShort`];
    /// [`IoError::OutOfMemory`].
    pub fn read_vec(&self, off: u64, len: u64, limit: u64) -> Result<Vec<u8>, IoError> {
        if len > limit {
            return Err(IoError::TooLarge {
                path: self.path.clone(),
                op: Op::Read,
                limit,
                found: len,
            });
        }
        self.require(off.saturating_add(len), Op::Read)?;
        let mut buf = zeroed(&self.path, len)?;
        self.read_exact_at(off, &mut buf)?;
        Ok(buf)
    }

    /// Reads the whole file, to its end, into a new buffer.
    ///
    /// # Errors
    /// [`IoError::TooLarge`] if it has more than `limit` bytes.
    pub fn read_to_end(&self, limit: u64) -> Result<Vec<u8>, IoError> {
        let too_large = |found| {
            Err(IoError::TooLarge {
                path: self.path.clone(),
                op: Op::Read,
                limit,
                found,
            })
        };
        let expected = self.len()?;
        if expected > limit {
            return too_large(expected);
        }
        let mut bytes = zeroed(&self.path, expected)?;
        let read = self.read_at(0, &mut bytes)?;
        bytes.truncate(read);
        // It may have grown since; a file that grows for ever stops at the limit.
        let mut step = zeroed(&self.path, READ_STEP_LEN as u64)?;
        loop {
            let read = self.read_at(bytes.len() as u64, &mut step)?;
            bytes.extend_from_slice(step.get(..read).unwrap_or_default());
            if bytes.len() as u64 > limit {
                return too_large(bytes.len() as u64);
            }
            if read < step.len() {
                return Ok(bytes);
            }
        }
    }

    /// The first `len` bytes, mapped as `profile` says ([`ReadMode::Auto`]). `len` is what is
    /// committed: it may be less than the file has. Nothing is mapped when `len` is 0.
    ///
    /// Take the bytes with [`Mapping::bytes`].
    ///
    /// # Errors
    /// [`IoError::TooShort`], before anything is mapped, if the file has fewer than `len` bytes.
    pub fn map(&self, len: u64, profile: ScanProfile) -> Result<Mapping, IoError> {
        self.map_with(len, profile, ReadMode::Auto)
    }

    /// As [`RootFile::map`], with an explicit choice between mapping and reading. A positional
    /// "mapping" is a copy on the heap: it cannot fault, and costs `len` bytes of memory.
    ///
    /// # Errors
    /// As [`RootFile::map`]; [`IoError::OutOfMemory`] in positional mode.
    pub fn map_with(
        &self,
        len: u64,
        profile: ScanProfile,
        mode: ReadMode,
    ) -> Result<Mapping, IoError> {
        self.require(len, Op::Map)?;
        let make = || Mapped::make(&self.shared, &self.file, &self.path, len, profile, mode);
        // A copy is a moment's content: shared, it would outlive the commit that it belongs to.
        let shareable = profile == ScanProfile::Cached && mode != ReadMode::Positional;
        if !shareable || len == 0 {
            return Ok(Mapping::new(Arc::new(make()?)));
        }
        let key = CacheKey { id: self.id, len };
        let (mapped, shared) = self
            .shared
            .cache
            .get_or_make(key, || Ok(Arc::new(make()?)))?;
        if shared {
            self.shared.stats.on_cache_hit();
        }
        Ok(Mapping::new(mapped))
    }

    /// Ranges of the first `len` bytes, to be read into memory as `profile` says.
    ///
    /// # Errors
    /// [`IoError::TooShort`] if the file has fewer than `len` bytes.
    pub fn ranges(&self, len: u64, profile: ScanProfile) -> Result<RangeReader, IoError> {
        self.require(len, Op::Read)?;
        let map = || self.file.map(len, &self.shared.trust).ok();
        Ok(RangeReader::new(
            self.clone(),
            Arc::clone(&self.file),
            len,
            profile,
            Arc::clone(&self.shared.stats),
            map,
        ))
    }

    /// How much of the first `len` bytes is in the page cache now. Maps the file for the question
    /// only, and touches none of its bytes.
    ///
    /// # Errors
    /// [`IoError::TooShort`]; as the operating system reports them.
    pub fn residency(&self, len: u64) -> Result<Residency, IoError> {
        self.require(len, Op::Residency)?;
        if len == 0 {
            return Ok(Residency::default());
        }
        self.file
            .map(len, &self.shared.trust)
            .and_then(|region| evict::residency(region.as_ref(), 0..len))
            .map_err(|e| IoError::new(Op::Residency, &self.path, e))
    }

    /// The file has at least `needed` bytes, or that is the error.
    fn require(&self, needed: u64, op: Op) -> Result<(), IoError> {
        let found = self.len()?;
        if found < needed {
            return Err(IoError::TooShort {
                path: self.path.clone(),
                op,
                needed,
                found,
            });
        }
        Ok(())
    }
}
