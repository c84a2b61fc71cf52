//! `Root`: a directory whose files may be trusted, and the one place where that trust is given.
//!
//! Everything that is read of a table is reached through one of these: files are opened relative to
//! its descriptor, its map cache is where `Cached` mappings are shared, and its counters say what is
//! mapped. Making one is `unsafe` (`sys::trust`); using one is not.

use std::path::Path;
use std::sync::Arc;

use crate::cache::MapCache;
use crate::error::{IoError, Op};
use crate::root_dir::RootDir;
use crate::root_file::RootFile;
use crate::stats::IoStats;
use crate::sys::Trust;
use crate::vfs::{DirEntry, Stat, Vfs};

/// A trusted directory. Cheap to clone; all clones share one map cache and one set of counters.
#[derive(Clone, Debug)]
pub struct Root {
    top: RootDir,
}

/// What all files below a root share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) vfs: Arc<dyn Vfs>,
    pub(crate) trust: Trust,
    pub(crate) cache: MapCache,
    pub(crate) stats: Arc<IoStats>,
}

impl Root {
    /// What `Root::open` does once the promise is made.
    pub(crate) fn with_trust(vfs: Arc<dyn Vfs>, dir: &Path, trust: Trust) -> Result<Self, IoError> {
        let opened = vfs
            .open_dir(dir)
            .map_err(|e| IoError::new(Op::OpenDir, dir, e))?;
        let shared = Shared {
            vfs,
            trust,
            cache: MapCache::default(),
            stats: Arc::default(),
        };
        Ok(Self {
            top: RootDir::new(Arc::new(shared), opened, dir.to_path_buf()),
        })
    }

    /// The path that this root was opened with.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.top.path()
    }

    /// The file system that it was opened through.
    #[must_use]
    pub fn vfs(&self) -> &Arc<dyn Vfs> {
        &self.top.shared().vfs
    }

    /// The directory itself.
    #[must_use]
    pub fn top(&self) -> &RootDir {
        &self.top
    }

    /// Counters of everything that is mapped through this root.
    #[must_use]
    pub fn stats(&self) -> &Arc<IoStats> {
        &self.top.shared().stats
    }

    /// Opens a file below the root, e.g. `"_txn"` or `"2024-01-01.3/price.d"`. See
    /// [`RootDir::file`].
    ///
    /// # Errors
    /// See [`RootDir::file`].
    pub fn file(&self, rel: &str) -> Result<RootFile, IoError> {
        self.top.file(rel)
    }

    /// Opens a directory below the root. See [`RootDir::dir`].
    ///
    /// # Errors
    /// See [`RootDir::dir`].
    pub fn dir(&self, rel: &str) -> Result<RootDir, IoError> {
        self.top.dir(rel)
    }

    /// Reads a whole small file into memory. See [`RootDir::read_small`].
    ///
    /// # Errors
    /// See [`RootDir::read_small`].
    pub fn read_small(&self, rel: &str, limit: u64) -> Result<Vec<u8>, IoError> {
        self.top.read_small(rel, limit)
    }

    /// Whether anything has that name. See [`RootDir::exists`].
    ///
    /// # Errors
    /// See [`RootDir::exists`].
    pub fn exists(&self, rel: &str) -> Result<bool, IoError> {
        self.top.exists(rel)
    }

    /// Facts about a name. See [`RootDir::stat`].
    ///
    /// # Errors
    /// See [`RootDir::stat`].
    pub fn stat(&self, rel: &str) -> Result<Stat, IoError> {
        self.top.stat(rel)
    }

    /// The entries of a directory (`""` is the root itself), sorted by name.
    ///
    /// # Errors
    /// See [`RootDir::list`].
    pub fn list(&self, rel: &str) -> Result<Vec<DirEntry>, IoError> {
        if rel.is_empty() {
            self.top.list()
        } else {
            self.top.dir(rel)?.list()
        }
    }
}
