//! Pages of a chunk, one after the other, from explicit bytes.
//!
//! A page is known by what stands in its header and by nothing else: chunks whose footer points at
//! the wrong first page are read all the same. Its checksum is verified when it has one, just
//! before it is decompressed.

mod body;
mod levels;

use pq_format::{FormatError, PageHeader, page_crc};

pub(crate) use body::{Body, Highest, Split};
pub(crate) use levels::{Validity, definition, repetition};

use crate::error::{DecodeError, Fault};
use crate::limits::PAGE_HEADER_LEN_MAX;

/// A page as it is in the file.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) header: PageHeader,
    pub(crate) body: &'a [u8],
}

/// Walks the pages of a chunk.
#[derive(Debug)]
pub(crate) struct Pages<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Pages handed out.
    count: u32,
    /// Offset of `bytes` in the file.
    base: u64,
    /// Offset in `bytes` of the current page.
    current: usize,
}

impl<'a> Pages<'a> {
    pub(crate) fn new(bytes: &'a [u8], base: u64) -> Self {
        Self {
            bytes,
            at: 0,
            count: 0,
            base,
            current: 0,
        }
    }

    /// The next page; `None` at the end of the bytes.
    pub(crate) fn next(&mut self) -> Result<Option<Page<'a>>, Fault> {
        self.current = self.at;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        if rest.is_empty() {
            return Ok(None);
        }
        self.count = self.count.saturating_add(1);
        let window = rest.get(..PAGE_HEADER_LEN_MAX).unwrap_or(rest);
        let (header, len) = PageHeader::read(window).map_err(|e| match e {
            FormatError::Truncated { .. } if window.len() < rest.len() => Fault::Limit {
                what: "page header",
                limit: PAGE_HEADER_LEN_MAX as u64,
                found: rest.len() as u64,
            },
            e => Fault::Header(e),
        })?;
        let rest = rest.get(len..).unwrap_or_default();
        let needed = usize::try_from(header.compressed_len).unwrap_or(usize::MAX);
        let body = rest
            .get(..needed)
            .ok_or_else(|| Fault::truncated("page body", needed, rest.len()))?;
        if let Some(expected) = header.crc {
            let found = page_crc(&[body]);
            if found != expected {
                return Err(Fault::Checksum { expected, found });
            }
        }
        self.at += len + needed;
        Ok(Some(Page { header, body }))
    }

    /// Puts the place of the current page on a fault.
    pub(crate) fn locate(&self, fault: Fault) -> DecodeError {
        DecodeError {
            page: self.count.saturating_sub(1),
            offset: self.base.saturating_add(self.current as u64),
            fault,
        }
    }
}
