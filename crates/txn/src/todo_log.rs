//! `_todo_`: what a writer was about to do when it stopped (table-dir.md §9).
//!
//! Needed for the crash fallback only: it names the `_meta.prev` that belongs to the table's last commit. It is
//! relevant only if its txn equals the table's current txn.

use crate::bytes::i64_at;
use crate::error::{ParseError, SmallFile};

/// An operation that was not finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TodoEntry {
    /// Code 1: TRUNCATE in progress.
    Truncate,
    /// Code 2: `_meta` is to be restored from `_meta.prev` (`suffix` 0) or `_meta.prev.<suffix>`.
    RestoreMeta {
        /// Numeric suffix of the previous file, 0 = none.
        suffix: i64,
    },
    /// A code that the notes do not describe.
    Other {
        /// The code.
        code: i64,
    },
}

/// The recovery log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TodoLog {
    /// Txn that the log belongs to.
    pub txn: i64,
    /// Whether the second copy of the txn agrees: a torn log is to be ignored.
    pub is_whole: bool,
    /// The first entry.
    pub first: Option<TodoEntry>,
}

impl TodoLog {
    /// Parses a whole `_todo_`.
    ///
    /// # Errors
    /// Truncated below 40 bytes, or below the entry that the count announces.
    pub fn parse(file: &[u8]) -> Result<Self, ParseError> {
        let word = |field, offset| i64_at(SmallFile::Todo, field, file, offset);
        let txn = word("txn", 0)?;
        let is_whole = word("txn copy", 24)? == txn;
        let first = match word("entry count", 32)? {
            ..=0 => None,
            _ => Some(match word("code", 40)? {
                1 => TodoEntry::Truncate,
                2 => TodoEntry::RestoreMeta {
                    suffix: word("previous file", 48)?,
                },
                code => TodoEntry::Other { code },
            }),
        };
        Ok(Self {
            txn,
            is_whole,
            first,
        })
    }

    /// The entry, if the log is whole and belongs to commit `txn`.
    #[must_use]
    pub fn relevant_to(&self, txn: i64) -> Option<TodoEntry> {
        self.first.filter(|_| self.is_whole && self.txn == txn)
    }
}
