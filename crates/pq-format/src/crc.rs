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
    let mut crc = PageCrc::default();
    for part in parts {
        crc.update(part);
    }
    crc.finish()
}

/// The checksum of a page body whose bytes arrive one piece after the other.
#[derive(Debug, Clone, Default)]
pub struct PageCrc(crc32fast::Hasher);

impl PageCrc {
    /// The next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of all bytes so far.
    #[must_use]
    pub fn finish(self) -> u32 {
        self.0.finalize()
    }
}
