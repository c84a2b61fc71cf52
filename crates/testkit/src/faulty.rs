//! A file system that records what is done to it and fails on command.
//!
//! It stands behind the `Vfs` trait, so the code under test is the code of the product. The usual
//! test runs an operation once to count its calls, then once for each call with that call failing,
//! and looks at what is left behind.

mod dir;
mod file;
mod journal;

use std::io;
use std::path::Path;
use std::sync::Arc;

use mmap_io::{Dir, Vfs};

pub use journal::{Call, Journal, Operation};

/// A file system over another one, with a [`Journal`].
#[derive(Debug)]
pub struct FaultyVfs {
    inner: Arc<dyn Vfs>,
    journal: Arc<Journal>,
}

impl FaultyVfs {
    /// Wraps a file system. The journal starts empty, and nothing fails.
    #[must_use]
    pub fn wrap(inner: Arc<dyn Vfs>) -> (Arc<dyn Vfs>, Arc<Journal>) {
        let journal = Arc::new(Journal::default());
        let vfs = FaultyVfs {
            inner,
            journal: Arc::clone(&journal),
        };
        (Arc::new(vfs), journal)
    }
}

impl Vfs for FaultyVfs {
    fn open_dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>> {
        let name = path.to_string_lossy();
        self.journal.call(Operation::OpenDir, &name)?;
        Ok(dir::wrap(
            self.inner.open_dir(path)?,
            Arc::clone(&self.journal),
            &name,
        ))
    }
}
