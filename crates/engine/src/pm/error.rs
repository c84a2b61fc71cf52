//! Why no sidecar can be made of a Parquet file.
//!
//! The kinds are those of pm.md §2, so that they can be held against QuestDB's own verdicts.

use mmap_io::IoError;
use pm_format::{ErrorKind, PmError};
use pq_format::FormatError;

/// A Parquet file that cannot be expressed as a `_pm`.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The footer says something that the sidecar cannot hold.
    #[error("{what}: {detail}")]
    Conversion {
        /// The part of the footer.
        what: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// The footer could not be read.
    #[error("the Parquet footer cannot be read")]
    Footer(#[source] FormatError),
    /// Two declarations that must agree do not.
    #[error("{what}: expected {expected}, found {found}")]
    SchemaMismatch {
        /// What was compared.
        what: &'static str,
        /// The one number.
        expected: usize,
        /// The other.
        found: usize,
    },
    /// Row groups declare different sort orders.
    #[error("row group {row_group} declares another sort order than those before it")]
    SortOrdersDiffer {
        /// The first that differs.
        row_group: usize,
    },
    /// The image could not be built.
    #[error("the sidecar cannot be built")]
    Build(#[source] PmError),
    /// Somebody asked to stop.
    #[error("interrupted")]
    Cancelled,
    /// Bytes of the file could not be read.
    #[error(transparent)]
    Io(#[from] IoError),
}

impl GenerateError {
    /// The kind of pm.md §2; `None` for an I/O error or a cancel.
    #[must_use]
    pub fn kind(&self) -> Option<ErrorKind> {
        match self {
            Self::SchemaMismatch { .. }
            | Self::SortOrdersDiffer { .. }
            | Self::Footer(FormatError::SchemaMismatch { .. }) => Some(ErrorKind::SchemaMismatch),
            Self::Conversion { .. } | Self::Footer(_) => Some(ErrorKind::Conversion),
            Self::Build(error) => Some(error.kind()),
            Self::Cancelled | Self::Io(_) => None,
        }
    }
}
