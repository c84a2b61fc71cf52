//! What can be wrong with a sidecar, or with what somebody wants written into one.
//!
//! The kinds are those of pm.md §2, because callers and test vectors tell them apart; each carries
//! the field, where it was read, and the values, because operators read them at night.

/// The kinds of pm.md §2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Bytes that the structure needs lie outside the committed size.
    Truncated,
    /// An offset that must be a multiple of 8 is not.
    Alignment,
    /// A field holds a value that the format does not allow.
    InvalidValue,
    /// Two counts or declarations that must agree do not.
    SchemaMismatch,
    /// A Parquet file cannot be expressed as a sidecar.
    Conversion,
    /// A required feature flag is set that this reader does not know.
    UnsupportedFeature,
    /// The stored CRC-32 is not that of the bytes.
    ChecksumMismatch,
}

/// An error of reading, building or appending a `_pm` file. Offsets are absolute, in bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PmError {
    /// The committed size exceeds the bytes at hand. Not damage by itself: the file may have grown
    /// since it was read (pm.md §14.3), so read `committed` bytes and try again.
    #[error("the committed size is {committed} bytes, but only {have} are at hand")]
    Short {
        /// Committed size that was asked for.
        committed: u64,
        /// Bytes at hand.
        have: u64,
    },
    /// Bytes that the structure needs lie outside the committed size.
    #[error("{section} at offset {offset} needs {needed} bytes, {have} are left")]
    Truncated {
        /// What was being read.
        section: &'static str,
        /// Where it starts.
        offset: u64,
        /// How many bytes it needs.
        needed: u64,
        /// How many bytes are left there.
        have: u64,
    },
    /// An offset that must be a multiple of 8 is not.
    #[error("{field} is {value}, which is not a multiple of 8")]
    Alignment {
        /// The field.
        field: &'static str,
        /// Its value.
        value: u64,
    },
    /// A field holds a value that the format does not allow.
    #[error("{field} at offset {offset} is {found}, expected {expected}")]
    InvalidValue {
        /// The field.
        field: &'static str,
        /// Where it was read, or 0 for a value that was to be written.
        offset: u64,
        /// What was found.
        found: u64,
        /// What is allowed.
        expected: &'static str,
    },
    /// Two counts or declarations that must agree do not.
    #[error("{what}: expected {expected}, found {found}")]
    SchemaMismatch {
        /// What was compared.
        what: &'static str,
        /// The one value.
        expected: u64,
        /// The other value.
        found: u64,
    },
    /// A required feature flag is set that this reader does not know (pm.md §4.6).
    #[error("the header's feature flags require unknown features: {bits:#x}")]
    UnsupportedFeature {
        /// The offending bits.
        bits: u64,
    },
    /// The stored CRC-32 is not that of the bytes (pm.md §9).
    #[error(
        "checksum mismatch at offset {offset}: stored {stored:#010x}, computed {computed:#010x}"
    )]
    ChecksumMismatch {
        /// Where the stored checksum is.
        offset: u64,
        /// What the file says.
        stored: u32,
        /// What its bytes say.
        computed: u32,
    },
}

impl PmError {
    /// The kind of pm.md §2.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Short { .. } | Self::Truncated { .. } => ErrorKind::Truncated,
            Self::Alignment { .. } => ErrorKind::Alignment,
            Self::InvalidValue { .. } => ErrorKind::InvalidValue,
            Self::SchemaMismatch { .. } => ErrorKind::SchemaMismatch,
            Self::UnsupportedFeature { .. } => ErrorKind::UnsupportedFeature,
            Self::ChecksumMismatch { .. } => ErrorKind::ChecksumMismatch,
        }
    }
}

impl std::fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}
