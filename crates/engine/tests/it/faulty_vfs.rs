//! A file system in which the n-th call, whichever that is, fails or cancels the work.

use std::ffi::OsStr;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use engine::CancelToken;
use mmap_io::{
    Access, Dir, DirEntry, File, FileAdvice, Links, MapAdvice, RealVfs, Region, Replace, Stat,
    Trust, Vfs,
};

/// What happens at the call.
#[derive(Clone, Debug)]
enum Event {
    Fails(i32),
    Cancels(CancelToken),
}

/// Counts down with every call; at the one that reaches zero, something happens.
#[derive(Clone, Debug)]
pub(crate) struct Fuse {
    left: Arc<AtomicI64>,
    event: Event,
}

impl Fuse {
    pub(crate) fn after(calls: i64, errno: i32) -> Self {
        Self {
            left: Arc::new(AtomicI64::new(calls)),
            event: Event::Fails(errno),
        }
    }

    /// The call works, and somebody cancels.
    pub(crate) fn cancelling(calls: i64, token: CancelToken) -> Self {
        Self {
            left: Arc::new(AtomicI64::new(calls)),
            event: Event::Cancels(token),
        }
    }

    /// Whether the call at which something happens was made.
    pub(crate) fn blown(&self) -> bool {
        self.left.load(Ordering::Relaxed) <= 0
    }

    fn burn(&self) -> io::Result<()> {
        if self.left.fetch_sub(1, Ordering::Relaxed) != 1 {
            return Ok(());
        }
        match &self.event {
            Event::Fails(errno) => Err(io::Error::from_raw_os_error(*errno)),
            Event::Cancels(token) => {
                token.cancel();
                Ok(())
            }
        }
    }
}

/// The real file system behind a fuse.
#[derive(Debug)]
pub(crate) struct FaultyVfs(pub(crate) Fuse);

impl Vfs for FaultyVfs {
    fn open_dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>> {
        self.0.burn()?;
        Ok(Arc::new(FaultyDir(RealVfs.open_dir(path)?, self.0.clone())))
    }
}

#[derive(Debug)]
struct FaultyDir(Arc<dyn Dir>, Fuse);

impl FaultyDir {
    fn file(&self, file: Arc<dyn File>) -> Arc<dyn File> {
        Arc::new(FaultyFile(file, self.1.clone()))
    }
}

impl Dir for FaultyDir {
    fn open_file(&self, name: &OsStr, access: Access) -> io::Result<Arc<dyn File>> {
        self.1.burn()?;
        Ok(self.file(self.0.open_file(name, access)?))
    }

    fn open_dir(&self, name: &OsStr, links: Links) -> io::Result<Arc<dyn Dir>> {
        self.1.burn()?;
        Ok(Arc::new(FaultyDir(
            self.0.open_dir(name, links)?,
            self.1.clone(),
        )))
    }

    fn create_new(&self, name: &OsStr) -> io::Result<Arc<dyn File>> {
        self.1.burn()?;
        Ok(self.file(self.0.create_new(name)?))
    }

    fn create_dir(&self, name: &OsStr) -> io::Result<()> {
        self.1.burn()?;
        self.0.create_dir(name)
    }

    fn list(&self) -> io::Result<Vec<DirEntry>> {
        self.1.burn()?;
        self.0.list()
    }

    fn stat(&self, name: &OsStr, links: Links) -> io::Result<Stat> {
        self.1.burn()?;
        self.0.stat(name, links)
    }

    fn rename(&self, from: &OsStr, to: &OsStr, replace: Replace) -> io::Result<()> {
        self.1.burn()?;
        self.0.rename(from, to, replace)
    }

    fn unlink(&self, name: &OsStr) -> io::Result<()> {
        self.1.burn()?;
        self.0.unlink(name)
    }

    fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        self.1.burn()?;
        self.0.remove_dir(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.1.burn()?;
        self.0.sync()
    }
}

#[derive(Debug)]
struct FaultyFile(Arc<dyn File>, Fuse);

impl File for FaultyFile {
    fn stat(&self) -> io::Result<Stat> {
        self.1.burn()?;
        self.0.stat()
    }

    fn read_at(&self, off: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.1.burn()?;
        self.0.read_at(off, buf)
    }

    fn write_at(&self, off: u64, bytes: &[u8]) -> io::Result<usize> {
        self.1.burn()?;
        self.0.write_at(off, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        self.1.burn()?;
        self.0.sync()
    }

    fn map(&self, len: u64, trust: &Trust) -> io::Result<Box<dyn Region>> {
        self.1.burn()?;
        Ok(Box::new(FaultyRegion(
            self.0.map(len, trust)?,
            self.1.clone(),
        )))
    }

    fn advise(&self, range: Range<u64>, advice: FileAdvice) -> io::Result<()> {
        self.1.burn()?;
        self.0.advise(range, advice)
    }

    fn writeback(&self, range: Range<u64>, wait: bool) -> io::Result<()> {
        self.1.burn()?;
        self.0.writeback(range, wait)
    }
}

#[derive(Debug)]
struct FaultyRegion(Box<dyn Region>, Fuse);

impl Region for FaultyRegion {
    fn bytes(&self) -> &[u8] {
        self.0.bytes()
    }

    fn advise(&self, range: Range<u64>, advice: MapAdvice) -> io::Result<()> {
        self.1.burn()?;
        self.0.advise(range, advice)
    }

    fn residency(&self, range: Range<u64>, pages: &mut [u8]) -> io::Result<()> {
        self.1.burn()?;
        self.0.residency(range, pages)
    }

    fn is_poisoned(&self) -> bool {
        self.0.is_poisoned()
    }

    fn is_mapped(&self) -> bool {
        self.0.is_mapped()
    }
}
