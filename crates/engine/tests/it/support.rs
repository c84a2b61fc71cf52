//! Stored tables as QuestDB left them, wherever they were copied from.
//!
//! The link of an attached partition may have been lost on the way to this checkout and lie there
//! as a file with its target's name. Tables that have one are used in a copy with the link restored.

use std::fs;
use std::path::{Path, PathBuf};

use testkit::{Case, copy_dir, temp_dir};

/// A table directory, and the copy that it is in, if any.
pub(crate) struct Table {
    pub(crate) path: PathBuf,
    _copy: Option<tempfile::TempDir>,
}

impl Table {
    pub(crate) fn of(case: &Case) -> Self {
        if !case.dir.join("cold").is_dir() {
            return Self {
                path: case.table(),
                _copy: None,
            };
        }
        Self::copy_of(case)
    }

    /// A copy that a test may damage.
    pub(crate) fn copy_of(case: &Case) -> Self {
        let scratch = temp_dir();
        let dir = scratch.path().join("case");
        copy_dir(&case.dir, &dir).unwrap();
        let path = dir.join("table").join(&case.directory);
        restore_links(&path);
        Self {
            path,
            _copy: Some(scratch),
        }
    }
}

fn restore_links(table: &Path) {
    for entry in fs::read_dir(table).unwrap() {
        let path = entry.unwrap().path();
        if !fs::symlink_metadata(&path).unwrap().is_file() {
            continue;
        }
        let target = fs::read(&path).unwrap();
        if target.starts_with(b"../../cold/") {
            let target = String::from_utf8(target).unwrap();
            fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink(target, &path).unwrap();
        }
    }
}
