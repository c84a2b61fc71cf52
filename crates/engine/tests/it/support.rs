//! Stored tables as QuestDB left them, and copies that a test may damage.

use std::path::PathBuf;

use tempfile::TempDir;
use testkit::{Case, copy_dir, temp_dir};

/// A table directory, and the copy that it is in, if any.
pub(crate) struct Table {
    pub(crate) path: PathBuf,
    _copies: TempDir,
}

impl Table {
    /// The stored table itself, unless its links have to be restored in a copy.
    pub(crate) fn of(case: &Case) -> Self {
        let scratch = temp_dir();
        let case = case.clone().with_links(scratch.path()).unwrap();
        Self {
            path: case.table(),
            _copies: scratch,
        }
    }

    /// A copy that a test may damage.
    pub(crate) fn copy_of(case: &Case) -> Self {
        let (scratch, linked) = (temp_dir(), temp_dir());
        let case = case.clone().with_links(linked.path()).unwrap();
        let dir = scratch.path().join("case");
        copy_dir(&case.dir, &dir).unwrap();
        Self {
            path: dir.join("table").join(&case.directory),
            _copies: scratch,
        }
    }
}
