//! `ChunkPages`: the data pages of a chunk with their rows and bounds.
//!
//! Two sources: the page index, a few bytes near the footer, and the headers of the pages, which the
//! chunk's own bytes have. Only what is consistent becomes a value of this type: pages ascend, lie in
//! the chunk and cover its rows exactly once.

use std::ops::Range;

use pq_format::{BoundaryOrder, ColumnIndex, OffsetIndex, PageHeader, PageKind, PageLocation};

use super::error::IndexError;
use crate::facts::{ChunkFacts, LeafFacts, Stored};

/// The data pages of one chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkPages {
    /// Pages in the order of their rows; together they hold every row of the row group once.
    pub pages: Vec<PageFacts>,
    /// Whether the bounds ascend or descend over the pages that have some.
    pub order: BoundaryOrder,
    /// What lies before the first data page: the dictionary, if there is one.
    pub(super) head: Range<u64>,
}

/// One data page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageFacts {
    /// Bytes in the file, header included.
    pub range: Range<u64>,
    /// Rows, counted from the start of the row group; never empty.
    pub rows: Range<u64>,
    /// What the column index says of the values.
    pub bounds: PageBounds,
    /// Nulls, if known.
    pub null_count: Option<u64>,
}

/// What is known of the values of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageBounds {
    /// Nothing.
    Unknown,
    /// All are null; not of integers below 32 bits and booleans, whose nulls are read as 0.
    AllNull,
    /// PLAIN bytes (byte arrays without length) that no value lies below, and none above. They may
    /// be shortened, and are in the order of the column. Where a null is read as 0 or `false`, they
    /// hold that as well.
    Between(Box<[u8]>, Box<[u8]>),
}

impl PageBounds {
    /// The bounds of an INT64 column.
    #[must_use]
    pub fn as_i64(&self) -> Option<(i64, i64)> {
        let int = |bytes: &[u8]| Some(i64::from_le_bytes(*bytes.as_array()?));
        match self {
            Self::Between(min, max) => {
                let (min, max) = (int(min)?, int(max)?);
                (min <= max).then_some((min, max))
            }
            Self::Unknown | Self::AllNull => None,
        }
    }
}

impl ChunkPages {
    /// From the page index: the bytes of the offset index, and of the column index if there is one.
    /// `rows` are those of the row group.
    ///
    /// # Errors
    /// [`IndexError`]: bytes that are no index, or one that does not fit the chunk.
    pub fn read(
        leaf: &LeafFacts,
        chunk: &ChunkFacts,
        rows: u64,
        offset_index: &[u8],
        column_index: Option<&[u8]>,
    ) -> Result<Self, IndexError> {
        let offsets = OffsetIndex::read(offset_index).map_err(IndexError::OffsetIndex)?;
        let places = offsets.page_locations.iter();
        let mut pages = Self::of(chunk, rows, places.copied())?;
        if let Some(bytes) = column_index {
            let index = ColumnIndex::read(bytes).map_err(IndexError::ColumnIndex)?;
            pages.describe(index)?;
            if let Some(width) = zero_width(leaf) {
                pages.hold_zeros(width);
            }
        }
        Ok(pages)
    }

    /// From the headers of the pages in `bytes`, which are those of the whole chunk; bodies are
    /// neither read nor checked. Bounds stay unknown.
    ///
    /// # Errors
    /// [`IndexError::Lists`] for lists in pages of version 1; headers that are none; a page without a
    /// row.
    pub fn walk(
        leaf: &LeafFacts,
        chunk: &ChunkFacts,
        rows: u64,
        bytes: &[u8],
    ) -> Result<Self, IndexError> {
        let (mut places, mut row, mut at) = (Vec::new(), 0u64, 0usize);
        while row < rows {
            let offset = chunk.range.start.saturating_add(at as u64);
            let rest = bytes.get(at..).unwrap_or_default();
            let window = rest
                .get(..crate::limits::PAGE_HEADER_LEN_MAX)
                .unwrap_or(rest);
            let (header, len) =
                PageHeader::read(window).map_err(|source| IndexError::Header { offset, source })?;
            let body = usize::try_from(header.compressed_len).unwrap_or(usize::MAX);
            let size = len.saturating_add(body);
            let page_rows = match &header.kind {
                PageKind::Data(_) if leaf.max_repetition > 0 => return Err(IndexError::Lists),
                PageKind::Data(h) => Some(h.num_values),
                PageKind::DataV2(h) => Some(h.num_rows),
                PageKind::Dictionary(_) | PageKind::Other(_) => None,
            };
            // It would count as part of the dictionary, or of nothing: only the whole chunk has it.
            if page_rows == Some(0) {
                return Err(wrong(places.len(), "rows", "some", 0));
            }
            if let Some(page_rows) = page_rows {
                places.push(PageLocation {
                    offset,
                    compressed_page_size: u32::try_from(size).unwrap_or(u32::MAX),
                    first_row_index: row,
                });
                row = row.saturating_add(page_rows.into());
            }
            at = at.saturating_add(size);
        }
        if row != rows {
            return Err(wrong(places.len(), "rows", rows, row));
        }
        Self::of(chunk, rows, places.into_iter())
    }

    fn of(
        chunk: &ChunkFacts,
        rows: u64,
        places: impl ExactSizeIterator<Item = PageLocation>,
    ) -> Result<Self, IndexError> {
        let mut pages: Vec<PageFacts> = Vec::with_capacity(places.len());
        for (page, place) in places.enumerate() {
            let last = pages.last_mut();
            let first = last.is_none();
            let start = last.as_ref().map_or(chunk.range.start, |l| l.range.end);
            if place.offset < start {
                let expected = format!("at least {start}");
                return Err(wrong(page, "offset", expected, place.offset));
            }
            let end = place.offset.checked_add(place.compressed_page_size.into());
            let end = end.filter(|end| *end <= chunk.range.end).ok_or_else(|| {
                let expected = format!("pages before {}", chunk.range.end);
                wrong(page, "offset", expected, place.offset)
            })?;
            let row = place.first_row_index;
            let above = last.as_ref().map_or(0, |l| l.rows.start.saturating_add(1));
            if row < above || row >= rows || (first && row != 0) {
                let expected = format!("{above} to {}", rows.saturating_sub(1));
                return Err(wrong(page, "first row", expected, row));
            }
            if let Some(last) = last {
                last.rows.end = row;
            }
            pages.push(PageFacts {
                range: place.offset..end,
                rows: row..rows,
                bounds: PageBounds::Unknown,
                null_count: None,
            });
        }
        if pages.is_empty() && rows > 0 {
            return Err(wrong(0, "pages", "some", 0));
        }
        let first = pages.first().map_or(chunk.range.start, |p| p.range.start);
        Ok(Self {
            pages,
            order: BoundaryOrder::Unordered,
            head: chunk.range.start..first,
        })
    }

    fn describe(&mut self, index: ColumnIndex) -> Result<(), IndexError> {
        let (expected, found) = (self.pages.len(), index.null_pages.len());
        if expected != found {
            return Err(wrong(found, "pages", expected, found as u64));
        }
        self.order = index.boundary_order;
        let bounds = index.min_values.into_iter().zip(index.max_values);
        let facts = self.pages.iter_mut().zip(index.null_pages).zip(bounds);
        for ((page, all_null), (min, max)) in facts {
            page.bounds = match all_null {
                true => PageBounds::AllNull,
                false => PageBounds::Between(min.into(), max.into()),
            };
        }
        for (page, nulls) in self.pages.iter_mut().zip(index.null_counts) {
            page.null_count = Some(nulls);
        }
        Ok(())
    }

    /// Lets the bounds hold the zeros, of `width` bytes, that nulls are read as.
    fn hold_zeros(&mut self, width: usize) {
        for page in self.pages.iter_mut().filter(|p| p.null_count != Some(0)) {
            let zero = || vec![0; width].into_boxed_slice();
            page.bounds = match std::mem::replace(&mut page.bounds, PageBounds::Unknown) {
                PageBounds::AllNull => PageBounds::Between(zero(), zero()),
                PageBounds::Between(min, max) => match (signed(&min, width), signed(&max, width)) {
                    (Some(lo), Some(hi)) => PageBounds::Between(
                        if lo > 0 { zero() } else { min },
                        if hi < 0 { zero() } else { max },
                    ),
                    _ => PageBounds::Unknown,
                },
                PageBounds::Unknown => PageBounds::Unknown,
            };
            self.order = BoundaryOrder::Unordered;
        }
    }

    /// Numbers of the pages that hold the rows; rows are counted from the start of the row group.
    #[must_use]
    pub fn of_rows(&self, rows: &Range<u64>) -> Range<usize> {
        let lo = self.pages.partition_point(|p| p.rows.end <= rows.start);
        let hi = self.pages.partition_point(|p| p.rows.start < rows.end);
        lo..hi.max(lo)
    }
}

/// Bytes of a PLAIN value of a leaf whose nulls are read as 0.
fn zero_width(leaf: &LeafFacts) -> Option<usize> {
    match leaf.stored {
        _ if leaf.max_definition == 0 => None,
        Stored::Boolean => Some(1),
        Stored::Int(8 | 16) | Stored::Uint(8 | 16) => Some(4),
        _ => None,
    }
}

/// An INT32 or a boolean.
fn signed(bytes: &[u8], width: usize) -> Option<i32> {
    match (width, bytes) {
        (1, [bit]) => Some(i32::from(*bit)),
        (4, bytes) => Some(i32::from_le_bytes(*bytes.as_array()?)),
        _ => None,
    }
}

fn wrong(
    page: usize,
    what: &'static str,
    expected: impl std::fmt::Display,
    found: u64,
) -> IndexError {
    IndexError::Page {
        page,
        what,
        expected: expected.to_string(),
        found,
    }
}
