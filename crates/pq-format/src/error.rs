//! What can be wrong with bytes, or with a value that should become bytes.
//!
//! The families are those of the whole workspace (truncated, corrupt, unsupported, limit), so that
//! a caller can turn them into an exit class without reading text. Offsets count from the first
//! byte of the slice that the reading function was given.

use thiserror::Error;

/// A Parquet structure could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The bytes end before the structure does. More bytes may cure it.
    #[error("{what}: bytes end at offset {offset}, at least {needed} more expected")]
    Truncated {
        /// Structure or field that was being read.
        what: &'static str,
        /// Offset at which the missing bytes should be.
        offset: usize,
        /// Bytes missing at least.
        needed: usize,
    },
    /// The bytes contradict the format.
    #[error("{what}: at offset {offset} expected {expected}, found {found}")]
    Corrupt {
        /// Structure or field that was being read.
        what: &'static str,
        /// Offset of the contradiction.
        offset: usize,
        /// What the format asks for.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A required field is absent.
    #[error("{what}: required field {field} is missing")]
    Missing {
        /// Structure, for instance `ColumnMetaData`.
        what: &'static str,
        /// Field, for instance `num_values`.
        field: &'static str,
    },
    /// Legal Parquet that this crate does not read or write.
    #[error("{what}: {found} is not supported")]
    Unsupported {
        /// Structure or field.
        what: &'static str,
        /// What was found.
        found: String,
    },
    /// A value exceeds what the format or this crate allows.
    #[error("{what}: {found} exceeds the limit of {limit}")]
    Limit {
        /// Structure or field.
        what: &'static str,
        /// The limit.
        limit: u64,
        /// What was found.
        found: u64,
    },
    /// Parts of a footer that do not belong together: other chunks than the schema has leaves.
    #[error("{what}: the schema asks for {expected}, found {found}")]
    SchemaMismatch {
        /// The part, for instance `row group 3`.
        what: String,
        /// What the schema asks for.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A schema that no reader could interpret.
    #[error("schema: column {column}: {reason}")]
    Schema {
        /// Dotted path of the column, or the name of the group.
        column: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl FormatError {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers pass literals, numbers, errors"
    )]
    pub(crate) fn corrupt(
        what: &'static str,
        offset: usize,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Self::Corrupt {
            what,
            offset,
            expected: expected.into(),
            found: found.to_string(),
        }
    }

    pub(crate) const fn missing(what: &'static str, field: &'static str) -> Self {
        Self::Missing { what, field }
    }
}
