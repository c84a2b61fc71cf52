//! Typed parse and write errors shared by every small file of this crate.
//!
//! One shape for all six formats: the file, the field, where it lies, what would have been right and what
//! stood there. Callers add the path; an operator reads "which byte of which file" without a debugger.

use std::fmt;

/// Which small metadata file an error talks about. The crate never learns the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SmallFile {
    /// `_txn` (txn.md).
    Txn,
    /// `_cv` (cv.md).
    Cv,
    /// `_meta` or `_meta.prev` (meta.md).
    Meta,
    /// `_name` (table-dir.md §2).
    Name,
    /// `tables.d.N` (table-dir.md §1.2).
    Registry,
    /// `txn_seq/_txnlog`.
    TxnLog,
    /// `_todo_` (table-dir.md §9).
    Todo,
}

impl fmt::Display for SmallFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Txn => "_txn",
            Self::Cv => "_cv",
            Self::Meta => "_meta",
            Self::Name => "_name",
            Self::Registry => "tables.d",
            Self::TxnLog => "_txnlog",
            Self::Todo => "_todo_",
        })
    }
}

/// What a field should have held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// Exactly this value.
    Exactly(i64),
    /// At least this value.
    AtLeast(i64),
    /// At most this value.
    AtMost(i64),
    /// A value of this closed range.
    Between(i64, i64),
    /// A multiple of this value, not negative.
    MultipleOf(i64),
    /// A condition that is not a number.
    That(&'static str),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(v) => write!(f, "{v}"),
            Self::AtLeast(v) => write!(f, "at least {v}"),
            Self::AtMost(v) => write!(f, "at most {v}"),
            Self::Between(lo, hi) => write!(f, "{lo} to {hi}"),
            Self::MultipleOf(v) => write!(f, "a non-negative multiple of {v}"),
            Self::That(s) => f.write_str(s),
        }
    }
}

/// Why bytes are not what they claim to be. `offset` is a byte offset from the start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The bytes end before the field does.
    #[error(
        "{file}: truncated in {field} at offset {offset}: needs {needed} bytes, {found} are there"
    )]
    Truncated {
        /// The file.
        file: SmallFile,
        /// The field or segment that does not fit.
        field: &'static str,
        /// Where the field starts.
        offset: u64,
        /// Bytes that the field needs.
        needed: u64,
        /// Bytes that are left there.
        found: u64,
    },
    /// A field holds a value that no writer writes.
    #[error("{file}: corrupt {field} at offset {offset}: expected {expected}, found {found}")]
    Corrupt {
        /// The file.
        file: SmallFile,
        /// The field.
        field: &'static str,
        /// Where it lies.
        offset: u64,
        /// What would have been right.
        expected: Expected,
        /// What stood there.
        found: i64,
    },
    /// A value that some release may write, but that this crate does not read.
    #[error("{file}: unsupported {field} at offset {offset}: expected {expected}, found {found}")]
    Unsupported {
        /// The file.
        file: SmallFile,
        /// The field.
        field: &'static str,
        /// Where it lies.
        offset: u64,
        /// What is supported.
        expected: Expected,
        /// What stood there.
        found: i64,
    },
    /// A declared size above what this crate is willing to read.
    #[error(
        "{file}: {field} at offset {offset} is above the limit: at most {limit}, found {found}"
    )]
    Limit {
        /// The file.
        file: SmallFile,
        /// The field.
        field: &'static str,
        /// Where it lies.
        offset: u64,
        /// The largest accepted value.
        limit: i64,
        /// What stood there.
        found: i64,
    },
}

/// The error of [`crate::Meta::parse`]: the shape that all small files share.
pub type MetaError = ParseError;

impl ParseError {
    /// The file that the error talks about.
    #[must_use]
    pub fn file(&self) -> SmallFile {
        match *self {
            Self::Truncated { file, .. }
            | Self::Corrupt { file, .. }
            | Self::Unsupported { file, .. }
            | Self::Limit { file, .. } => file,
        }
    }

    /// The field that the error talks about.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match *self {
            Self::Truncated { field, .. }
            | Self::Corrupt { field, .. }
            | Self::Unsupported { field, .. }
            | Self::Limit { field, .. } => field,
        }
    }

    /// Byte offset of the field in its file.
    #[must_use]
    pub fn offset(&self) -> u64 {
        match *self {
            Self::Truncated { offset, .. }
            | Self::Corrupt { offset, .. }
            | Self::Unsupported { offset, .. }
            | Self::Limit { offset, .. } => offset,
        }
    }
}

/// Why a value cannot be written: it would not read back as itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: cannot write {field}: expected {expected}, found {found}")]
pub struct WriteError {
    /// The file that was to be written.
    pub file: SmallFile,
    /// The field that does not fit.
    pub field: &'static str,
    /// What would fit.
    pub expected: Expected,
    /// What was given.
    pub found: i64,
}
