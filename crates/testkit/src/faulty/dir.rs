//! Directories that note every call.

use std::ffi::OsStr;
use std::io;
use std::sync::Arc;

use mmap_io::{Access, Dir, DirEntry, File, Links, Replace, Stat};

use super::file;
use super::journal::{Journal, Operation};

#[derive(Debug)]
struct FaultyDir {
    inner: Arc<dyn Dir>,
    journal: Arc<Journal>,
    path: String,
}

pub(super) fn wrap(inner: Arc<dyn Dir>, journal: Arc<Journal>, path: &str) -> Arc<dyn Dir> {
    Arc::new(FaultyDir {
        inner,
        journal,
        path: path.to_owned(),
    })
}

impl FaultyDir {
    fn child(&self, name: &OsStr) -> String {
        format!("{}/{}", self.path, name.to_string_lossy())
    }

    fn note(&self, operation: Operation, name: &OsStr) -> io::Result<String> {
        let path = self.child(name);
        self.journal.call(operation, &path)?;
        Ok(path)
    }
}

impl Dir for FaultyDir {
    fn open_file(&self, name: &OsStr, access: Access) -> io::Result<Arc<dyn File>> {
        let path = self.note(Operation::OpenFile, name)?;
        Ok(file::wrap(
            self.inner.open_file(name, access)?,
            Arc::clone(&self.journal),
            path,
        ))
    }

    fn open_dir(&self, name: &OsStr, links: Links) -> io::Result<Arc<dyn Dir>> {
        let path = self.note(Operation::OpenDir, name)?;
        Ok(wrap(
            self.inner.open_dir(name, links)?,
            Arc::clone(&self.journal),
            &path,
        ))
    }

    fn create_new(&self, name: &OsStr) -> io::Result<Arc<dyn File>> {
        let path = self.note(Operation::CreateNew, name)?;
        Ok(file::wrap(
            self.inner.create_new(name)?,
            Arc::clone(&self.journal),
            path,
        ))
    }

    fn create_dir(&self, name: &OsStr) -> io::Result<()> {
        self.note(Operation::CreateDir, name)?;
        self.inner.create_dir(name)
    }

    fn list(&self) -> io::Result<Vec<DirEntry>> {
        self.journal.call(Operation::List, &self.path)?;
        self.inner.list()
    }

    fn stat(&self, name: &OsStr, links: Links) -> io::Result<Stat> {
        self.note(Operation::StatName, name)?;
        self.inner.stat(name, links)
    }

    fn rename(&self, from: &OsStr, to: &OsStr, replace: Replace) -> io::Result<()> {
        self.note(Operation::Rename, to)?;
        self.inner.rename(from, to, replace)
    }

    fn unlink(&self, name: &OsStr) -> io::Result<()> {
        self.note(Operation::Unlink, name)?;
        self.inner.unlink(name)
    }

    fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        self.note(Operation::RemoveDir, name)?;
        self.inner.remove_dir(name)
    }

    fn sync(&self) -> io::Result<()> {
        self.journal.call(Operation::SyncDir, &self.path)?;
        self.inner.sync()
    }
}
