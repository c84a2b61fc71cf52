//! `_meta` after a crash: the predecessor that the last commit was made with (table-dir.md §9).
//!
//! DDL renames `_meta` to `_meta.prev` before it puts the next one in place and commits `_txn` last.
//! A writer that dies in between leaves `_meta` one version ahead, or missing, and everything that
//! the committed rows need in one of the predecessors.

use mmap_io::RootDir;
use txn::{Meta, TodoEntry, TodoLog, Txn};

use crate::error::ReadError;
use crate::small;

/// Only a missing `_meta`, or one that is exactly one DDL ahead, is what a crash leaves behind.
pub(crate) fn applies(expected: i32, found: Option<i64>) -> bool {
    found.is_none_or(|v| v == i64::from(expected) + 1)
}

/// The predecessor with the metadata version that `txn` needs. `_todo_` says which one if it
/// belongs to this commit; otherwise the one without a number, then the highest number.
pub(crate) fn find(root: &RootDir, txn: &Txn) -> Result<Option<Meta>, ReadError> {
    let mut names: Vec<(u64, String)> = Vec::new();
    for entry in root.list().map_err(ReadError::Io)? {
        let Some(name) = entry.name.to_str() else {
            continue;
        };
        match name.strip_prefix("_meta.prev") {
            Some("") => names.push((u64::MAX, name.to_owned())),
            Some(rest) => {
                let number = rest.strip_prefix('.').and_then(|n| n.parse().ok());
                names.extend(number.map(|n| (n, name.to_owned())));
            }
            None => {}
        }
    }
    let told = told_by_todo(root, txn);
    names.sort_by_key(|(number, name)| (told.as_ref() == Some(name), *number));
    for (_, name) in names.iter().rev() {
        // A predecessor that does not parse is older debris; the right one may still be there.
        if let Ok(Some(meta)) = small::read_meta(root, name)
            && meta.metadata_version == i64::from(txn.metadata_version())
        {
            return Ok(Some(meta));
        }
    }
    Ok(None)
}

fn told_by_todo(root: &RootDir, txn: &Txn) -> Option<String> {
    let log = TodoLog::parse(&root.read_small("_todo_", small::SMALL_LEN_MAX).ok()?).ok()?;
    match log.relevant_to(txn.txn)? {
        TodoEntry::RestoreMeta { suffix: 0 } => Some("_meta.prev".to_owned()),
        TodoEntry::RestoreMeta { suffix } => Some(format!("_meta.prev.{suffix}")),
        _ => None,
    }
}
