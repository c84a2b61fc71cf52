//! What can be wrong with an index.
//!
//! Nobody needs one to read rows: a caller may well read the whole chunk instead.

use pq_format::{BloomError, FormatError};
use thiserror::Error;

/// A page index or a bloom filter cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The bytes of the offset index.
    #[error("offset index: {0}")]
    OffsetIndex(FormatError),
    /// The bytes of the column index.
    #[error("column index: {0}")]
    ColumnIndex(FormatError),
    /// The bloom filter.
    #[error("bloom filter: {0}")]
    Bloom(BloomError),
    /// A page header on the way through a chunk.
    #[error("page header at offset {offset}: {source}")]
    Header {
        /// Offset in the file.
        offset: u64,
        /// What is wrong with it.
        source: FormatError,
    },
    /// The index contradicts the facts about the chunk, or itself.
    #[error("page {page}: {what}: {expected} expected, {found} found")]
    Page {
        /// Number of the data page in its chunk, from 0.
        page: usize,
        /// Field.
        what: &'static str,
        /// What must hold.
        expected: String,
        /// What the index says.
        found: u64,
    },
    /// Rows of the pages cannot be told from their headers: lists in pages of version 1.
    #[error("the headers of pages of lists do not tell their rows")]
    Lists,
}
