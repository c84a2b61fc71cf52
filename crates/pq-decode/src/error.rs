//! What can be wrong with a chunk, and where.
//!
//! A fault names page and offset (of the page's header, in the file); the caller, who knows file,
//! row group and column, adds those.

use column_format::ColumnType;
use pq_format::{CodecError, FormatError, LevelError};
use thiserror::Error;

use crate::facts::Stored;

/// A chunk cannot be decoded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("page {page} at offset {offset}: {fault}")]
pub struct DecodeError {
    /// Number of the page in its chunk, dictionary page included, from 0.
    pub page: u32,
    /// Offset of the page's header in the file; of the chunk, if no page is at fault.
    pub offset: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a page or a chunk.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Fault {
    /// The page header cannot be read.
    #[error("page header: {0}")]
    Header(FormatError),
    /// The page cannot be decompressed.
    #[error("{0}")]
    Codec(CodecError),
    /// Levels or dictionary keys are damaged.
    #[error("{0}")]
    Levels(LevelError),
    /// The checksum in the header is not that of the page.
    #[error("checksum {expected:#010x} expected, {found:#010x} found")]
    Checksum {
        /// CRC-32 in the page header.
        expected: u32,
        /// CRC-32 of the bytes.
        found: u32,
    },
    /// Bytes end before what they announce.
    #[error("{what}: {needed} bytes needed, {found} found")]
    Truncated {
        /// Part of the page.
        what: &'static str,
        /// Bytes needed at least.
        needed: u64,
        /// Bytes there.
        found: u64,
    },
    /// The bytes contradict the format, or the facts about the chunk.
    #[error("{what}: {expected} expected, {found} found")]
    Corrupt {
        /// Part of the page.
        what: &'static str,
        /// What the format asks for.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// Legal, but not read by this crate.
    #[error("{what}: {found} is not supported")]
    Unsupported {
        /// Part of the page.
        what: &'static str,
        /// What was found.
        found: String,
    },
    /// More than the caller allows ([`crate::Limits`]).
    #[error("{what}: {found} exceeds the limit of {limit}")]
    Limit {
        /// The limit's name.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// What was found.
        found: u64,
    },
    /// A SYMBOL text that the table's dictionary does not have.
    #[error("the symbol {text:?} is not in the table's dictionary")]
    UnknownSymbol {
        /// The text.
        text: String,
    },
    /// A value does not fit the column's type.
    #[error("a value does not fit {column_type}")]
    OutOfRange {
        /// The type.
        column_type: ColumnType,
    },
    /// The chunk holds another type, and there is no rule that leads from it to the column's.
    #[error("stored as {stored}, which cannot be read as {wanted}")]
    Conversion {
        /// What the chunk holds.
        stored: Stored,
        /// The column's type.
        wanted: ColumnType,
    },
}

impl From<LevelError> for Fault {
    fn from(e: LevelError) -> Self {
        Self::Levels(e)
    }
}

impl From<CodecError> for Fault {
    fn from(e: CodecError) -> Self {
        Self::Codec(e)
    }
}

impl Fault {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers pass literals and numbers"
    )]
    pub(crate) fn corrupt(
        what: &'static str,
        expected: impl ToString,
        found: impl ToString,
    ) -> Self {
        Self::Corrupt {
            what,
            expected: expected.to_string(),
            found: found.to_string(),
        }
    }

    pub(crate) fn truncated(what: &'static str, needed: usize, found: usize) -> Self {
        Self::Truncated {
            what,
            needed: needed as u64,
            found: found as u64,
        }
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers pass literals and codes"
    )]
    pub(crate) fn unsupported(what: &'static str, found: impl ToString) -> Self {
        Self::Unsupported {
            what,
            found: found.to_string(),
        }
    }

    /// `found` must not exceed `limit`.
    pub(crate) fn bound(what: &'static str, limit: usize, found: usize) -> Result<(), Self> {
        if found > limit {
            return Err(Self::Limit {
                what,
                limit: limit as u64,
                found: found as u64,
            });
        }
        Ok(())
    }
}

/// A footer or a sidecar does not describe chunks that can be decoded.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FactsError {
    /// The footer.
    #[error("footer: {0}")]
    Footer(FormatError),
    /// The sidecar.
    #[error("_pm: {0}")]
    Sidecar(pm_format::PmError),
    /// Names or row groups that share bytes.
    #[error("_pm: names and chunks take {needed} bytes, and the sidecar has {found}")]
    Overlap {
        /// Bytes that the names and chunks take that it lists.
        needed: u64,
        /// Bytes of the sidecar.
        found: u64,
    },
    /// A chunk lies in another file.
    #[error("row group {group}, column {column:?}: the chunk is in another file, {path:?}")]
    OtherFile {
        /// Row group.
        group: usize,
        /// Column name.
        column: String,
        /// Where the footer says it is.
        path: String,
    },
    /// A row group without one chunk for each leaf.
    #[error("row group {group}: {expected} chunks expected, {found} found")]
    Chunks {
        /// Row group.
        group: usize,
        /// Leaves of the schema.
        expected: usize,
        /// Chunks.
        found: usize,
    },
    /// A byte range that no file can have.
    #[error("row group {group}, column {column:?}: byte range {start} + {len} is too large")]
    Range {
        /// Row group.
        group: usize,
        /// Column name.
        column: String,
        /// First byte.
        start: u64,
        /// Bytes.
        len: u64,
    },
}
