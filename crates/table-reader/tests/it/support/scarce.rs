//! A file system with few descriptors, and with a `_txn` that never rests.
//!
//! Descriptors are counted while they live, so a reader meets `EMFILE` where a real process would,
//! without changing the limit of the test process.

use std::ffi::OsStr;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use mmap_io::{
    Access, Dir, DirEntry, File, FileAdvice, Links, RealVfs, Region, Replace, Stat, Trust, Vfs,
};

const EMFILE: i32 = 24;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct ScarceVfs {
    limit: usize,
    live: Arc<AtomicUsize>,
    /// Commits so far, when every read of the version of `_txn` finds another one.
    commits: Option<Arc<AtomicI64>>,
}

impl ScarceVfs {
    /// At most `limit` descriptors at a time.
    pub(crate) fn with_limit(limit: usize) -> Self {
        Self {
            limit,
            live: Arc::default(),
            commits: None,
        }
    }

    /// A writer commits between any two reads of `_txn`.
    pub(crate) fn restless() -> Self {
        Self {
            commits: Some(Arc::default()),
            ..Self::with_limit(usize::MAX)
        }
    }

    /// Descriptors that are open.
    pub(crate) fn live(&self) -> usize {
        self.live.load(Ordering::SeqCst)
    }

    fn take(&self) -> io::Result<Held> {
        if self.live.fetch_add(1, Ordering::SeqCst) >= self.limit {
            self.live.fetch_sub(1, Ordering::SeqCst);
            return Err(io::Error::from_raw_os_error(EMFILE));
        }
        Ok(Held(Arc::clone(&self.live)))
    }
}

/// One descriptor.
#[derive(Debug)]
struct Held(Arc<AtomicUsize>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Vfs for ScarceVfs {
    fn open_dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>> {
        let held = self.take()?;
        let inner = RealVfs.open_dir(path)?;
        Ok(Arc::new(ScarceDir {
            inner,
            vfs: self.clone(),
            _held: held,
        }))
    }
}

#[derive(Debug)]
struct ScarceDir {
    inner: Arc<dyn Dir>,
    vfs: ScarceVfs,
    _held: Held,
}

impl Dir for ScarceDir {
    fn open_file(&self, name: &OsStr, access: Access) -> io::Result<Arc<dyn File>> {
        let held = self.vfs.take()?;
        let commits = self.vfs.commits.clone().filter(|_| name == "_txn");
        Ok(Arc::new(ScarceFile {
            inner: self.inner.open_file(name, access)?,
            commits,
            _held: held,
        }))
    }

    fn open_dir(&self, name: &OsStr, links: Links) -> io::Result<Arc<dyn Dir>> {
        let held = self.vfs.take()?;
        Ok(Arc::new(ScarceDir {
            inner: self.inner.open_dir(name, links)?,
            vfs: self.vfs.clone(),
            _held: held,
        }))
    }

    fn create_new(&self, name: &OsStr) -> io::Result<Arc<dyn File>> {
        panic!("a reader creates {name:?}")
    }

    fn create_dir(&self, name: &OsStr) -> io::Result<()> {
        panic!("a reader creates {name:?}")
    }

    fn list(&self) -> io::Result<Vec<DirEntry>> {
        self.inner.list()
    }

    fn stat(&self, name: &OsStr, links: Links) -> io::Result<Stat> {
        self.inner.stat(name, links)
    }

    fn rename(&self, from: &OsStr, _: &OsStr, _: Replace) -> io::Result<()> {
        panic!("a reader renames {from:?}")
    }

    fn unlink(&self, name: &OsStr) -> io::Result<()> {
        panic!("a reader removes {name:?}")
    }

    fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        panic!("a reader removes {name:?}")
    }

    fn sync(&self) -> io::Result<()> {
        panic!("a reader syncs a directory")
    }
}

#[derive(Debug)]
struct ScarceFile {
    inner: Arc<dyn File>,
    commits: Option<Arc<AtomicI64>>,
    _held: Held,
}

impl File for ScarceFile {
    fn stat(&self) -> io::Result<Stat> {
        self.inner.stat()
    }

    fn read_at(&self, off: u64, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read_at(off, buf)?;
        if let Some(commits) = &self.commits
            && off == 0
            && let Some(version) = buf.first_chunk_mut::<8>()
        {
            let now = i64::from_le_bytes(*version) + 2 * commits.fetch_add(1, Ordering::SeqCst);
            *version = now.to_le_bytes();
        }
        Ok(read)
    }

    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<usize> {
        panic!("a reader writes")
    }

    fn sync(&self) -> io::Result<()> {
        panic!("a reader syncs a file")
    }

    fn map(&self, len: u64, trust: &Trust) -> io::Result<Box<dyn Region>> {
        self.inner.map(len, trust)
    }

    fn advise(&self, range: Range<u64>, advice: FileAdvice) -> io::Result<()> {
        self.inner.advise(range, advice)
    }

    fn writeback(&self, _: Range<u64>, _: bool) -> io::Result<()> {
        panic!("a reader writes")
    }
}
