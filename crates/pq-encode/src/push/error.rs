//! What stops a writer of batches.

use crate::{AssembleError, EncodeError, OptionError, StoreError};

/// A file could not be written. What was written of it is useless.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PushError {
    /// A batch has another number of columns than the file.
    #[error("a batch of {found} columns, the file has {expected}")]
    Columns {
        /// Columns of the file.
        expected: usize,
        /// Columns of the batch.
        found: usize,
    },
    /// The columns of a batch do not have the same number of rows.
    #[error("column `{column}`: {found} rows in a batch of {expected}")]
    Rows {
        /// The column.
        column: String,
        /// Rows of the first column.
        expected: u64,
        /// Rows of this one.
        found: u64,
    },
    /// Rows of a column could not be encoded.
    #[error("column `{column}`: {source}")]
    Encode {
        /// The column.
        column: String,
        /// The cause; rows are counted from the start of the row group.
        source: EncodeError,
    },
    /// A column of a record batch cannot be written.
    #[error("column `{column}`: {reason}")]
    Unsupported {
        /// The column.
        column: String,
        /// What is wrong with it, and what could be.
        reason: String,
    },
    /// A store could not be made.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file could not be put together.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// An option that cannot be honoured.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// An earlier call failed: the file is incomplete and stays so.
    #[error("an earlier call failed: the file cannot be completed")]
    Failed,
}
