//! What stops the assembly of a file.

use std::io;

use pq_format::FormatError;

use crate::{OptionError, StoreError};

/// A file could not be assembled. What was written of it is useless.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssembleError {
    /// The output took no more bytes.
    #[error("writing at byte {offset} of the file: {source}")]
    Io {
        /// File offset at which the write would have started.
        offset: u64,
        /// The cause.
        source: io::Error,
    },
    /// A call that does not fit the state of the file.
    #[error("{call}: expected {expected}")]
    OutOfOrder {
        /// The call.
        call: &'static str,
        /// What should have been called instead.
        expected: &'static str,
    },
    /// A chunk does not have the rows of its row group.
    #[error("column `{column}`: the row group has {expected} rows, the chunk {found}")]
    Rows {
        /// The column.
        column: String,
        /// Rows of the group.
        expected: u64,
        /// Rows of the chunk.
        found: u64,
    },
    /// The bytes that arrived are not those that the chunk's summary counts.
    #[error("column `{column}`: the chunk has {expected} bytes, {found} arrived")]
    Length {
        /// The column.
        column: String,
        /// Bytes by the summary.
        expected: u64,
        /// Bytes that arrived.
        found: u64,
    },
    /// A page that waited for its turn was not given back.
    #[error("column `{column}`: {source}")]
    Store {
        /// The column.
        column: String,
        /// The cause.
        source: StoreError,
    },
    /// What waits for the footer was not kept, or not given back.
    #[error("what waits for the footer: {0}")]
    Footer(#[source] StoreError),
    /// Metadata that cannot be written.
    #[error("metadata of the file: {0}")]
    Format(#[from] FormatError),
    /// An option that cannot be honoured.
    #[error(transparent)]
    Option(#[from] OptionError),
}
