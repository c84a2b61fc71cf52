//! What stops a page store.

use std::io;

use super::PageKey;

/// A page could not be kept or given back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The spill file could not be made.
    #[error("making the spill file: {source}")]
    Create {
        /// The cause.
        source: io::Error,
    },
    /// The spill file took no more bytes: a full disk, for instance.
    #[error("spilling a page of {len} bytes at byte {offset} of the spill file: {source}")]
    Write {
        /// Offset in the spill file.
        offset: u64,
        /// Bytes of the page.
        len: usize,
        /// The cause.
        source: io::Error,
    },
    /// The spill file could not be read.
    #[error("reading a page of {len} bytes back from byte {offset} of the spill file: {source}")]
    Read {
        /// Offset in the spill file.
        offset: u64,
        /// Bytes of the page.
        len: usize,
        /// The cause.
        source: io::Error,
    },
    /// The spill file does not hold what was written to it.
    #[error(
        "a page of {len} bytes at byte {offset} of the spill file is damaged: \
         CRC-32C {expected:08x} was written, {found:08x} is there"
    )]
    Damaged {
        /// Offset in the spill file.
        offset: u64,
        /// Bytes of the page.
        len: usize,
        /// Checksum of what was written.
        expected: u32,
        /// Checksum of what was read.
        found: u32,
    },
    /// The store has no such page: it was taken before, or belongs to another store.
    #[error("the store has no page {key:?}")]
    NoSuchPage {
        /// The key asked for.
        key: PageKey,
    },
}

impl StoreError {
    /// The error of the operating system, if there is one.
    #[must_use]
    pub fn io(&self) -> Option<&io::Error> {
        match self {
            Self::Create { source } | Self::Write { source, .. } | Self::Read { source, .. } => {
                Some(source)
            }
            Self::Damaged { .. } | Self::NoSuchPage { .. } => None,
        }
    }
}

impl From<StoreError> for crate::SinkError {
    fn from(error: StoreError) -> Self {
        Self::new(error)
    }
}
