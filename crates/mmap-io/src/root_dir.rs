//! `RootDir`: an open directory below a `Root`, and the rules for names below it.
//!
//! A name is relative and has no `.`, `..` or empty component. A *directory* on the way may be a
//! symbolic link (attached partitions are), the *file* at the end may not: a link there could be
//! exchanged to point out of the table between two reads.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{IoError, Op};
use crate::root::Shared;
use crate::root_file::RootFile;
use crate::vfs::{Access, Dir, DirEntry, FileKind, Links, Stat};

/// A directory below (or at) a [`crate::Root`]. Cheap to clone; holds one descriptor.
#[derive(Clone, Debug)]
pub struct RootDir {
    shared: Arc<Shared>,
    dir: Arc<dyn Dir>,
    path: PathBuf,
}

impl RootDir {
    pub(crate) fn new(shared: Arc<Shared>, dir: Arc<dyn Dir>, path: PathBuf) -> Self {
        Self { shared, dir, path }
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The path of this directory: the root's path and the names that led here.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens a file for reading. Directories in `rel` may be links, the file may not.
    ///
    /// # Errors
    /// [`IoError::NotFound`], [`IoError::IsSymlink`], [`IoError::NotAFile`] (directory, FIFO,
    /// device), [`IoError::BadPath`], [`IoError::PermissionDenied`], [`IoError::TooManyFiles`], ….
    pub fn file(&self, rel: &str) -> Result<RootFile, IoError> {
        let (parent, name) = self.split(rel, Op::Open)?;
        let path = self.path.join(rel);
        let file = parent
            .open_file(OsStr::new(name), Access::Read)
            .map_err(|e| IoError::new(Op::Open, &path, e))?;
        let stat = file.stat().map_err(|e| IoError::new(Op::Stat, &path, e))?;
        if stat.kind != FileKind::File {
            return Err(IoError::NotAFile {
                path,
                op: Op::Open,
                found: stat.kind,
            });
        }
        Ok(RootFile::new(Arc::clone(&self.shared), file, stat.id, path))
    }

    /// Opens a directory below this one. Any component may be a link.
    ///
    /// # Errors
    /// [`IoError::NotFound`], [`IoError::NotADirectory`], [`IoError::BadPath`], ….
    pub fn dir(&self, rel: &str) -> Result<Self, IoError> {
        let (parent, name) = self.split(rel, Op::OpenDir)?;
        let path = self.path.join(rel);
        let dir = parent
            .open_dir(OsStr::new(name), Links::Follow)
            .map_err(|e| IoError::new(Op::OpenDir, &path, e))?;
        Ok(Self::new(Arc::clone(&self.shared), dir, path))
    }

    /// Reads a whole file of at most `limit` bytes into memory, to its end, by positional reads.
    ///
    /// # Errors
    /// As [`RootDir::file`]; [`IoError::TooLarge`] if the file has more than `limit` bytes.
    pub fn read_small(&self, rel: &str, limit: u64) -> Result<Vec<u8>, IoError> {
        self.file(rel)?.read_to_end(limit)
    }

    /// Whether anything has that name; a dangling link exists.
    ///
    /// # Errors
    /// Anything but *not found*.
    pub fn exists(&self, rel: &str) -> Result<bool, IoError> {
        match self.stat(rel) {
            Ok(_) => Ok(true),
            Err(IoError::NotFound { .. }) => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// Facts about a name; a link is described, not followed.
    ///
    /// # Errors
    /// [`IoError::NotFound`], [`IoError::BadPath`], ….
    pub fn stat(&self, rel: &str) -> Result<Stat, IoError> {
        let (parent, name) = self.split(rel, Op::Stat)?;
        parent
            .stat(OsStr::new(name), Links::NoFollow)
            .map_err(|e| IoError::new(Op::Stat, &self.path.join(rel), e))
    }

    /// The entries of this directory, sorted by name.
    ///
    /// # Errors
    /// As the operating system reports them.
    pub fn list(&self) -> Result<Vec<DirEntry>, IoError> {
        let mut entries = self
            .dir
            .list()
            .map_err(|e| IoError::new(Op::List, &self.path, e))?;
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// Opens the directory that holds the last component of `rel`, and returns that component.
    fn split<'r>(&self, rel: &'r str, op: Op) -> Result<(Arc<dyn Dir>, &'r str), IoError> {
        let refuse = |reason| {
            Err(IoError::BadPath {
                path: PathBuf::from(rel),
                op,
                reason,
            })
        };
        if rel.is_empty() {
            return refuse("the name is empty");
        }
        if rel.split('/').any(|name| matches!(name, "" | "." | "..")) {
            return refuse("not a plain relative path");
        }
        if rel.contains('\0') {
            return refuse("the name contains a zero byte");
        }
        let mut dir = Arc::clone(&self.dir);
        let mut names = rel.split('/');
        let mut name = names.next().unwrap_or_default();
        for next in names {
            dir = dir
                .open_dir(OsStr::new(name), Links::Follow)
                .map_err(|e| IoError::new(Op::OpenDir, &self.path.join(rel), e))?;
            name = next;
        }
        Ok((dir, name))
    }
}
