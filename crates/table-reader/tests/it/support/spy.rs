//! A file system that calls a test back before it opens anything.
//!
//! The callback may change the table (a writer that commits between two steps of a reader) or
//! refuse (a file that is gone). So every interleaving of a reader and a writer that matters is a
//! test without threads and without luck.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use mmap_io::{Access, Dir, DirEntry, File, Links, RealVfs, Replace, Stat, Vfs};

type Hook = dyn FnMut(&str) -> io::Result<()> + Send;

/// See the module.
#[derive(Clone)]
pub(crate) struct SpyVfs {
    hook: Arc<Mutex<Hook>>,
}

impl SpyVfs {
    /// `before_open` is given the name of every file and directory below the root before it is
    /// opened. It must not use the same root.
    pub(crate) fn new(
        before_open: impl FnMut(&str) -> io::Result<()> + Send + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            hook: Arc::new(Mutex::new(before_open)),
        })
    }

    fn call(&self, name: &OsStr) -> io::Result<()> {
        (self.hook.lock().unwrap())(name.to_str().unwrap())
    }
}

impl std::fmt::Debug for SpyVfs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpyVfs").finish_non_exhaustive()
    }
}

impl Vfs for SpyVfs {
    fn open_dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>> {
        Ok(Arc::new(SpyDir {
            inner: RealVfs.open_dir(path)?,
            spy: self.clone(),
        }))
    }
}

#[derive(Debug)]
struct SpyDir {
    inner: Arc<dyn Dir>,
    spy: SpyVfs,
}

impl Dir for SpyDir {
    fn open_file(&self, name: &OsStr, access: Access) -> io::Result<Arc<dyn File>> {
        self.spy.call(name)?;
        self.inner.open_file(name, access)
    }

    fn open_dir(&self, name: &OsStr, links: Links) -> io::Result<Arc<dyn Dir>> {
        self.spy.call(name)?;
        let inner = self.inner.open_dir(name, links)?;
        Ok(Arc::new(SpyDir {
            inner,
            spy: self.spy.clone(),
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
