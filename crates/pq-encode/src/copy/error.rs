//! Why a chunk of another file cannot be taken over.

use pq_format::FormatError;

/// The bytes of a chunk are not what its file says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// A page header that cannot be read.
    #[error("page header at byte {offset}: {source}")]
    Header {
        /// Offset in the source file.
        offset: u64,
        /// What is wrong with it.
        source: FormatError,
    },
    /// Footer, page index and pages contradict each other.
    #[error("{what} at byte {offset}: expected {expected}, found {found}")]
    Mismatch {
        /// What was compared.
        what: &'static str,
        /// Offset in the source file.
        offset: u64,
        /// What one of them says.
        expected: u64,
        /// What the other has.
        found: u64,
    },
    /// A page does not have the bytes that its writer saw.
    #[error(
        "checksum of the page at byte {offset}: expected {expected:#010x}, found {found:#010x}"
    )]
    Checksum {
        /// Offset of the page header in the source file.
        offset: u64,
        /// Stored.
        expected: u32,
        /// Computed.
        found: u32,
    },
}
