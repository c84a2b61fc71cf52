//! Copies of directories, and places to put them.
//!
//! Tests damage tables, compare what is left behind, and never write into `testdata`.

use std::fs;
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// A fresh directory that is removed when the value is dropped.
///
/// # Panics
/// When the system gives no temporary directory: no test can run then.
#[must_use]
pub fn temp_dir() -> TempDir {
    match tempfile::Builder::new()
        .prefix("sluicegate-test-")
        .tempdir()
    {
        Ok(dir) => dir,
        Err(e) => panic!("no temporary directory: {e}"),
    }
}

/// Copies a directory tree. Links stay links, so a relative one that leaves the tree (an attached
/// partition) works only in a copy at the same depth beside its target.
///
/// # Errors
/// The file system's; `to` must not exist, its missing parents are made.
pub fn copy_dir(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent)?;
    }
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_dir(&source, &target)?;
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(&source)?, &target)?;
        } else {
            fs::copy(&source, &target)?;
        }
    }
    Ok(())
}

/// Every path below a directory (relative, sorted; links not followed): what a test compares to
/// show that nothing was left behind.
///
/// # Errors
/// The file system's.
pub fn entries(dir: &Path) -> io::Result<Vec<String>> {
    fn walk(dir: &Path, base: &Path, found: &mut Vec<String>) -> io::Result<()> {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let path = entry.path();
            let name = path.strip_prefix(base).map_err(io::Error::other)?;
            found.push(name.to_string_lossy().into_owned());
            if entry.file_type()?.is_dir() {
                walk(&path, base, found)?;
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    walk(dir, dir, &mut found)?;
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case;

    #[test]
    fn a_copy_has_the_same_entries_and_links() {
        let scratch = temp_dir();
        let from = case("questdb/dropped_detached_attached").dir;
        let to = scratch.path().join("a/b");
        copy_dir(&from, &to).unwrap();
        assert_eq!(entries(&from).unwrap(), entries(&to).unwrap());
        assert!(
            entries(&to)
                .unwrap()
                .iter()
                .any(|name| name.starts_with("cold/"))
        );
    }
}
