//! Why a decoded column is no Arrow array.

use column_format::{ColumnType, LayoutError};
use thiserror::Error;

/// A decoded column cannot become an Arrow array.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ToArrowError {
    /// The column was decoded as another type.
    #[error("the column does not hold {column_type}")]
    Type {
        /// The type that was asked for.
        column_type: ColumnType,
    },
    /// Bytes that the column's format does not allow: raw arrays are checked when they are read.
    #[error("{0}")]
    Layout(LayoutError),
    /// More bytes or elements than 32-bit offsets reach.
    #[error("{found} bytes or elements in one array, of at most {limit}")]
    TooLarge {
        /// What offsets reach.
        limit: u64,
        /// What is needed.
        found: u64,
    },
    /// A SYMBOL column without the texts of its table.
    #[error("SYMBOL needs the table's dictionary")]
    NoDictionary,
    /// Arrow's own checks; a key beyond the dictionary, for instance.
    #[error("{0}")]
    Arrow(String),
}

impl ToArrowError {
    #[expect(clippy::needless_pass_by_value, reason = "for map_err")]
    pub(super) fn arrow(e: ::arrow::error::ArrowError) -> Self {
        Self::Arrow(e.to_string())
    }
}
