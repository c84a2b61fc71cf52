//! `Unfinished`: the temporary name of a file under way, for whoever has to end the process.
//!
//! Work that is asked to stop cleans up by itself, at its next look at the stop signs. Some steps are
//! long (a page of many megabytes in a slow codec, the last `fsync`), and a person does not wait for
//! them: a binary then removes the name and exits. A library never ends the process.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The temporary file of an output. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Unfinished {
    path: Arc<Mutex<Option<PathBuf>>>,
}

impl Unfinished {
    /// Removes the file under way, if there is one. For a process that is about to exit: the work
    /// itself then fails to publish.
    pub fn remove(&self) {
        let path = self.path.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(path) = path.as_deref() {
            // Published or cleaned up in this moment: then there is nothing to do.
            let _ = std::fs::remove_file(path);
        }
    }

    /// Knows of the file at `path` until the answer is dropped.
    pub(crate) fn announce(&self, path: &Path) -> Announced<'_> {
        self.set(Some(path.to_path_buf()));
        Announced(self)
    }

    fn set(&self, path: Option<PathBuf>) {
        *self.path.lock().unwrap_or_else(PoisonError::into_inner) = path;
    }
}

/// Forgets the file when it is dropped.
#[derive(Debug)]
pub(crate) struct Announced<'a>(&'a Unfinished);

impl Drop for Announced<'_> {
    fn drop(&mut self) {
        self.0.set(None);
    }
}
