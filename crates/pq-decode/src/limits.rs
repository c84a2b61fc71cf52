//! What one chunk may cost.
//!
//! A run of a few bytes can stand for billions of rows and a page header can promise gigabytes, so
//! the caller says what is still believable; everything below a limit grows with what the bytes
//! prove, never with what they declare.

/// Upper bounds for decoding one column chunk. Each is named in the error that it causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Slots of a chunk: rows, or elements and empty rows of arrays.
    pub slots_max: u64,
    /// Bytes of a page when uncompressed.
    pub page_bytes_max: usize,
    /// Bytes of the decoded chunk.
    pub chunk_bytes_max: usize,
}

impl Default for Limits {
    /// 64 Mi slots, pages of 1 GiB, chunks of 2 GiB.
    fn default() -> Self {
        Self {
            slots_max: 1 << 26,
            page_bytes_max: 1 << 30,
            chunk_bytes_max: 1 << 31,
        }
    }
}

/// Slots for which room is made ahead per byte of a chunk: what is declared beyond that, is
/// allocated when it is seen.
pub(crate) const SLOTS_PER_BYTE_AHEAD: usize = 8;

/// Bytes of a page header with its statistics.
pub(crate) const PAGE_HEADER_LEN_MAX: usize = 16 << 20;
