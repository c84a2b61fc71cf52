//! The checksum of a page.
//!
//! CRC-32 with the polynomial of gzip (not CRC-32C), over the bytes of the page as they are in the
//! file: of a version 1 page the compressed body, of a version 2 page repetition levels, definition
//! levels and compressed values, always without the header.

/// CRC-32 over the parts of a page body, in the order in which they are in the file.
///
/// ```
/// assert_eq!(pq_format::page_crc(&[b"1234", b"56789"]), 0xCBF4_3926);
/// ```
#[must_use]
pub fn page_crc(parts: &[&[u8]]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize()
}
