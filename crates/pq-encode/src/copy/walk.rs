//! The pages of a chunk, seen while its bytes pass by.
//!
//! Pieces end anywhere, in the middle of a header too. Nothing is kept but a header that is not
//! complete yet and a few numbers a page; bodies are looked at only for their checksum, if they
//! have one.

use pq_format::{Encoding, FormatError, PageCrc, PageHeader, PageKind, PageType};

use super::error::CopyError;

/// Bytes of a page header, with the bounds that it may hold.
const HEADER_LEN_MAX: usize = 16 << 20;
/// Bytes by which an incomplete header grows.
const HEADER_STEP: usize = 4 << 10;

/// A data page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WalkedPage {
    /// From the start of the chunk.
    pub(super) offset: u64,
    /// Header and body.
    pub(super) len: u64,
    pub(super) values: u64,
    /// Of version 2 pages.
    pub(super) rows: Option<u64>,
    pub(super) encoding: Encoding,
    pub(super) page_type: PageType,
}

/// Follows the pages of one chunk through pieces of its bytes.
#[derive(Debug)]
pub struct ChunkWalk {
    /// Offset of the chunk in its file, for errors.
    base: u64,
    at: u64,
    header: Vec<u8>,
    page_start: u64,
    body_left: u64,
    crc: Option<(u32, PageCrc)>,
    pub(super) dictionary_len: Option<u64>,
    pub(super) pages: Vec<WalkedPage>,
    pub(super) uncompressed_len: u64,
}

impl ChunkWalk {
    /// A walk through the chunk that starts at `offset` of its file.
    #[must_use]
    pub fn new(offset: u64) -> Self {
        Self {
            base: offset,
            at: 0,
            header: Vec::new(),
            page_start: 0,
            body_left: 0,
            crc: None,
            dictionary_len: None,
            pages: Vec::new(),
            uncompressed_len: 0,
        }
    }

    /// Heap bytes that the walk holds.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.header.capacity() + self.pages.capacity() * size_of::<WalkedPage>()
    }

    /// Bytes seen so far.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.at
    }

    /// The next bytes of the chunk.
    ///
    /// # Errors
    /// A header that is none, a second dictionary, or a wrong checksum.
    pub fn piece(&mut self, mut bytes: &[u8]) -> Result<(), CopyError> {
        while !bytes.is_empty() {
            bytes = if self.body_left > 0 {
                self.body(bytes)?
            } else {
                self.header(bytes)?
            };
        }
        Ok(())
    }

    /// The next page, by its header of `header_len` bytes: its body is not looked at, nor is its
    /// checksum if it has one.
    ///
    /// # Errors
    /// A second dictionary, or no page of a column; the last page is not complete.
    pub fn page(&mut self, header: &PageHeader, header_len: usize) -> Result<(), CopyError> {
        self.check_end()?;
        self.page_start = self.at;
        self.begin_page(header, header_len)?;
        self.at += header_len as u64 + self.body_left;
        self.body_left = 0;
        self.crc = None;
        Ok(())
    }

    /// The chunk is complete.
    ///
    /// # Errors
    /// It ends within a page.
    pub(super) fn check_end(&self) -> Result<(), CopyError> {
        match self.header.is_empty() && self.body_left == 0 {
            true => Ok(()),
            false => Err(CopyError::Mismatch {
                what: "end of the last page",
                offset: self.base + self.page_start,
                expected: self.base + self.at,
                found: self.base + self.at + self.body_left,
            }),
        }
    }

    pub(super) fn base(&self) -> u64 {
        self.base
    }

    /// Takes what belongs to the body of the page; returns the rest.
    fn body<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], CopyError> {
        let len = usize::try_from(self.body_left).unwrap_or(usize::MAX);
        let (body, rest) = bytes.split_at(len.min(bytes.len()));
        if let Some((_, crc)) = &mut self.crc {
            crc.update(body);
        }
        self.body_left -= body.len() as u64;
        self.at += body.len() as u64;
        if self.body_left == 0 {
            self.end_of_page()?;
        }
        Ok(rest)
    }

    fn end_of_page(&mut self) -> Result<(), CopyError> {
        let Some((expected, crc)) = self.crc.take() else {
            return Ok(());
        };
        let found = crc.finish();
        match found == expected {
            true => Ok(()),
            false => Err(CopyError::Checksum {
                offset: self.base + self.page_start,
                expected,
                found,
            }),
        }
    }

    /// Takes what belongs to the header of the next page; returns the rest.
    fn header<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], CopyError> {
        let before = self.header.len();
        if before == 0 {
            self.page_start = self.at;
        }
        // Most headers lie in one piece: those are read where they are.
        let read = match before {
            0 => PageHeader::read(bytes),
            _ => {
                let more = before.max(HEADER_STEP).min(bytes.len());
                let (more, _) = bytes.split_at(more);
                self.header.extend_from_slice(more);
                PageHeader::read(&self.header)
            }
        };
        match read {
            Ok((header, len)) => {
                self.header.clear();
                // The length counts what earlier pieces had of it.
                let taken = len.saturating_sub(before).min(bytes.len());
                self.at += taken as u64;
                self.begin_page(&header, len)?;
                self.crc = header.crc.map(|crc| (crc, PageCrc::default()));
                if self.body_left == 0 {
                    self.end_of_page()?;
                }
                Ok(bytes.split_at(taken).1)
            }
            Err(FormatError::Truncated { .. }) if self.header.len() < HEADER_LEN_MAX => {
                let taken = match before {
                    0 => {
                        self.header.extend_from_slice(bytes);
                        bytes.len()
                    }
                    _ => self.header.len() - before,
                };
                self.at += taken as u64;
                Ok(bytes.split_at(taken).1)
            }
            Err(source) => Err(CopyError::Header {
                offset: self.base + self.page_start,
                source,
            }),
        }
    }

    fn begin_page(&mut self, header: &PageHeader, header_len: usize) -> Result<(), CopyError> {
        let header_len = header_len as u64;
        let len = header_len + u64::from(header.compressed_len);
        self.uncompressed_len += header_len + u64::from(header.uncompressed_len);
        let mut data = |values: u32, rows: Option<u32>, encoding| {
            self.pages.push(WalkedPage {
                offset: self.page_start,
                len,
                values: values.into(),
                rows: rows.map(u64::from),
                encoding,
                page_type: header.page_type(),
            });
        };
        match &header.kind {
            PageKind::Data(h) => data(h.num_values, None, h.encoding),
            PageKind::DataV2(h) => data(h.num_values, Some(h.num_rows), h.encoding),
            PageKind::Dictionary(_) if self.page_start == 0 => self.dictionary_len = Some(len),
            PageKind::Dictionary(_) => {
                return Err(CopyError::Mismatch {
                    what: "dictionary page",
                    offset: self.base + self.page_start,
                    expected: self.base,
                    found: self.base + self.page_start,
                });
            }
            PageKind::Other(page_type) => {
                return Err(CopyError::Mismatch {
                    what: "kind of page",
                    offset: self.base + self.page_start,
                    expected: 0,
                    found: u64::from(page_type.code().unsigned_abs()),
                });
            }
        }
        self.body_left = header.compressed_len.into();
        Ok(())
    }
}
