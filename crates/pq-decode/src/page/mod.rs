//! Pages of a chunk, one after the other, from explicit bytes.
//!
//! A page is known by what stands in its header and by nothing else: chunks whose footer points at
//! the wrong first page are read all the same. Its checksum is verified when it has one, just
//! before it is decompressed.

mod bits;
mod body;
mod levels;

use pq_format::{FormatError, PageHeader, PageKind, page_crc};

pub(crate) use bits::Bits;
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

impl Page<'_> {
    pub(crate) fn is_data(&self) -> bool {
        matches!(self.header.kind, PageKind::Data(_) | PageKind::DataV2(_))
    }
}

/// Bytes of a chunk that lie together, and their offset in the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part<'a> {
    pub(crate) base: u64,
    pub(crate) bytes: &'a [u8],
}

/// Walks the pages of a chunk, or of parts of one.
#[derive(Debug)]
pub(crate) struct Pages<'a> {
    /// The current part, then those behind it.
    parts: &'a [Part<'a>],
    at: usize,
    /// Pages handed out.
    count: u32,
    /// Offset in the file of the current page.
    current: u64,
}

impl<'a> Pages<'a> {
    pub(crate) fn new(parts: &'a [Part<'a>]) -> Self {
        Self {
            parts,
            at: 0,
            count: 0,
            current: parts.first().map_or(0, |part| part.base),
        }
    }

    /// Offset in the file of the page that was handed out last.
    pub(crate) fn offset(&self) -> u64 {
        self.current
    }

    /// The next page; `None` at the end of the bytes. A page lies in one part.
    pub(crate) fn next(&mut self) -> Result<Option<Page<'a>>, Fault> {
        let rest = loop {
            let Some((part, behind)) = self.parts.split_first() else {
                return Ok(None);
            };
            self.current = part.base.saturating_add(self.at as u64);
            match part.bytes.get(self.at..).filter(|rest| !rest.is_empty()) {
                Some(rest) => break rest,
                None => (self.parts, self.at) = (behind, 0),
            }
        };
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
            offset: self.current,
            fault,
        }
    }
}
