//! The checksum of a snapshot (pm.md §9): CRC-32/ISO-HDLC over `[8, crc offset)`.
//!
//! The commit word in front is excluded because it changes with each append; everything between,
//! older footers with their CRCs and trailers included, is covered. So an append may resume.

use crate::layout::CRC_START;

/// The CRC of a snapshot whose CRC field is at `crc_offset`.
pub(crate) fn crc_of(data: &[u8], crc_offset: usize) -> u32 {
    crc32fast::hash(data.get(CRC_START..crc_offset).unwrap_or_default())
}

/// Continues a CRC with the bytes that follow those it covers.
pub(crate) fn resume(crc: u32, more: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(crc);
    for bytes in more {
        hasher.update(bytes);
    }
    hasher.finalize()
}
