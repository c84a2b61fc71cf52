//! `RealVfs`: the file system of the operating system.
//!
//! Holds descriptors and forwards to `sys`; the plainest possible implementation of the traits.

use std::ffi::OsStr;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use crate::vfs::{Access, Dir, DirEntry, File, FileAdvice, Links, Region, Replace, Stat, Vfs};
use crate::{Trust, sys};

/// The real file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealVfs;

impl RealVfs {
    /// The real file system as the shared trait object that everything takes.
    #[must_use]
    pub fn shared() -> Arc<dyn Vfs> {
        Arc::new(Self)
    }
}

#[derive(Debug)]
struct RealDir(OwnedFd);

#[derive(Debug)]
struct RealFile(std::fs::File);

impl Vfs for RealVfs {
    fn open_dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>> {
        Ok(Arc::new(RealDir(sys::open_dir(path)?)))
    }
}

impl Dir for RealDir {
    fn open_file(&self, name: &OsStr, access: Access) -> io::Result<Arc<dyn File>> {
        let file = sys::open_file_at(self.0.as_fd(), name, access)?;
        Ok(Arc::new(RealFile(file.into())))
    }

    fn open_dir(&self, name: &OsStr, links: Links) -> io::Result<Arc<dyn Dir>> {
        Ok(Arc::new(RealDir(sys::open_dir_at(
            self.0.as_fd(),
            name,
            links,
        )?)))
    }

    fn create_new(&self, name: &OsStr) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(RealFile(
            sys::create_new(self.0.as_fd(), name)?.into(),
        )))
    }

    fn create_dir(&self, name: &OsStr) -> io::Result<()> {
        sys::create_dir(self.0.as_fd(), name)
    }

    fn list(&self) -> io::Result<Vec<DirEntry>> {
        sys::list(self.0.as_fd())
    }

    fn stat(&self, name: &OsStr, links: Links) -> io::Result<Stat> {
        sys::stat_at(self.0.as_fd(), name, links)
    }

    fn rename(&self, from: &OsStr, to: &OsStr, replace: Replace) -> io::Result<()> {
        sys::rename(self.0.as_fd(), from, to, replace)
    }

    fn unlink(&self, name: &OsStr) -> io::Result<()> {
        sys::unlink(self.0.as_fd(), name)
    }

    fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        sys::remove_dir(self.0.as_fd(), name)
    }

    fn sync(&self) -> io::Result<()> {
        sys::sync(self.0.as_fd())
    }
}

impl File for RealFile {
    fn stat(&self) -> io::Result<Stat> {
        sys::stat_of(self.0.as_fd())
    }

    fn read_at(&self, off: u64, buf: &mut [u8]) -> io::Result<usize> {
        sys::read_at(self.0.as_fd(), off, buf)
    }

    fn write_at(&self, off: u64, bytes: &[u8]) -> io::Result<usize> {
        sys::write_at(self.0.as_fd(), off, bytes)
    }

    fn sync(&self) -> io::Result<()> {
        sys::sync(self.0.as_fd())
    }

    fn map(&self, len: u64, trust: &Trust) -> io::Result<Box<dyn Region>> {
        sys::map(&self.0, len, trust)
    }

    fn advise(&self, range: Range<u64>, advice: FileAdvice) -> io::Result<()> {
        sys::fadvise(self.0.as_fd(), &range, advice)
    }

    fn writeback(&self, range: Range<u64>, wait: bool) -> io::Result<()> {
        sys::writeback(self.0.as_fd(), &range, wait)
    }
}
