//! What footer and page index will say about a chunk that was taken over.
//!
//! Bounds, counts and filters are carried over; everything that follows from the pages themselves
//! (offsets, first rows, encodings, lengths) is made from the pages that passed by, and must agree
//! with what the source says about them.

use pq_format::{
    ColumnIndex, ColumnMetaData, Encoding, OffsetIndex, PageEncodingStats, PageLocation, PageType,
};

use super::error::CopyError;
use super::walk::{ChunkWalk, WalkedPage};
use crate::RowOrder;

/// What the source file says about a chunk.
#[derive(Debug, Clone)]
pub struct ChunkSource {
    /// Its entry of the footer.
    pub meta: ColumnMetaData,
    /// Rows of its row group.
    pub rows: u64,
    /// The order of its rows, as far as its file claims one.
    pub row_order: RowOrder,
    /// A slot is a row: there are no lists.
    pub flat: bool,
    /// The offset index.
    pub offset_index: Option<OffsetIndex>,
    /// The column index.
    pub column_index: Option<ColumnIndex>,
    /// The bloom filter with its header, byte for byte.
    pub bloom_filter: Option<Vec<u8>>,
}

/// A chunk that passed by: all that the file will say about it. Offsets count from its start.
#[derive(Debug, Clone)]
pub struct CopiedChunk {
    pub(crate) rows: u64,
    pub(crate) row_order: RowOrder,
    pub(crate) meta: ColumnMetaData,
    pub(crate) column_index: Option<ColumnIndex>,
    pub(crate) offset_index: Option<OffsetIndex>,
    pub(crate) bloom_filter: Option<Vec<u8>>,
}

impl CopiedChunk {
    /// Ends the walk through the bytes of `source`, and puts together what is known about them.
    ///
    /// # Errors
    /// Footer, page index and pages contradict each other.
    pub fn new(walk: &ChunkWalk, source: ChunkSource) -> Result<Self, CopyError> {
        walk.check_end()?;
        let ChunkSource {
            meta,
            rows,
            row_order,
            flat,
            offset_index,
            column_index,
            bloom_filter,
        } = source;
        let agree = |what, expected, found| agree(walk.base(), what, expected, found);
        let compressed = meta.total_compressed_size;
        agree("bytes of the chunk", compressed, walk.position())?;
        // Header by header: no codec is asked whether the lengths are true.
        let (uncompressed, found) = (meta.total_uncompressed_size, walk.uncompressed_len);
        agree("uncompressed bytes of the chunk", uncompressed, found)?;
        let untold = |page: &&WalkedPage| !meta.encodings.contains(&page.encoding);
        if let Some(page) = walk.pages.iter().find(untold) {
            let code = |e: &Encoding| u64::from(e.code().unsigned_abs());
            return Err(CopyError::Mismatch {
                what: "encoding of a page",
                offset: walk.base() + page.offset,
                expected: meta.encodings.last().map_or(0, code),
                found: code(&page.encoding),
            });
        }
        let values = walk.pages.iter().map(|page| page.values).sum();
        agree("values of the pages", meta.num_values, values)?;
        if flat {
            agree("values of the chunk", rows, values)?;
        }
        // Pages of version 2 tell their rows, those of lists too.
        let told: Option<u64> = walk.pages.iter().map(|page| page.rows).sum();
        if let Some(told) = told {
            agree("rows of the chunk", rows, told)?;
        }
        let offset_index = match offset_index {
            Some(index) => Some(checked_offsets(walk, index, flat, rows)?),
            None => None,
        };
        if let Some(index) = &column_index {
            let (pages, found) = (walk.pages.len() as u64, index.null_pages.len() as u64);
            agree("pages of the column index", pages, found)?;
        }
        Ok(Self {
            rows,
            row_order,
            meta: metadata(walk, meta),
            column_index,
            offset_index,
            bloom_filter,
        })
    }

    /// Ends a walk through the same bytes a second time: this one looked at the pages themselves.
    ///
    /// # Errors
    /// They are not those that the chunk was made from.
    pub fn check_walk(&self, walk: &ChunkWalk) -> Result<(), CopyError> {
        walk.check_end()?;
        let whole = |what, expected, found| agree(walk.base(), what, expected, found);
        whole("bytes of the chunk", self.compressed_len(), walk.position())?;
        let (uncompressed, found) = (self.meta.total_uncompressed_size, walk.uncompressed_len);
        whole("uncompressed bytes of the chunk", uncompressed, found)?;
        whole("pages of the chunk", self.pages(), walk.pages.len() as u64)?;
        let index = self.offset_index.iter();
        let places = index.flat_map(|index| &index.page_locations);
        for (page, place) in walk.pages.iter().zip(places) {
            let start = walk.base() + page.offset;
            let (at, len) = (place.offset, place.compressed_page_size);
            agree(start, "offset of a page in the chunk", at, page.offset)?;
            agree(start, "bytes of a page", len.into(), page.len)?;
        }
        Ok(())
    }

    /// Bytes of all pages and their headers.
    #[must_use]
    pub fn compressed_len(&self) -> u64 {
        self.meta.total_compressed_size
    }

    /// The footer's entry; offsets count from the start of the chunk.
    #[must_use]
    pub fn meta(&self) -> &ColumnMetaData {
        &self.meta
    }

    /// Data pages.
    #[must_use]
    pub fn pages(&self) -> u64 {
        let data = |s: &&PageEncodingStats| s.page_type != PageType::Dictionary;
        let counts = self.meta.encoding_stats.iter().filter(data);
        counts.map(|s| u64::from(s.count)).sum()
    }
}

fn agree(offset: u64, what: &'static str, expected: u64, found: u64) -> Result<(), CopyError> {
    match expected == found {
        true => Ok(()),
        false => Err(CopyError::Mismatch {
            what,
            offset,
            expected,
            found,
        }),
    }
}

/// The offset index, from the start of the chunk; each location must be that of its page.
fn checked_offsets(
    walk: &ChunkWalk,
    mut index: OffsetIndex,
    flat: bool,
    rows: u64,
) -> Result<OffsetIndex, CopyError> {
    let (pages, found) = (walk.pages.len() as u64, index.page_locations.len() as u64);
    agree(walk.base(), "pages of the offset index", pages, found)?;
    // Where the next page starts, or, after a page whose rows nobody tells, where it starts at least.
    let (mut first_row, mut exact) = (0, true);
    for (page, location) in walk.pages.iter().zip(&mut index.page_locations) {
        let PageLocation {
            offset,
            compressed_page_size,
            first_row_index,
        } = *location;
        let start = walk.base() + page.offset;
        agree(start, "offset of the page", start, offset)?;
        agree(
            start,
            "bytes of the page",
            page.len,
            compressed_page_size.into(),
        )?;
        let wrong = match exact {
            true => first_row_index != first_row,
            false => first_row_index < first_row || first_row_index >= rows.max(1),
        };
        if wrong {
            return Err(CopyError::Mismatch {
                what: "first row of the page",
                offset: start,
                expected: first_row,
                found: first_row_index,
            });
        }
        // Lists of version 1 pages: the index alone knows their rows.
        let own = page.rows.or(flat.then_some(page.values));
        exact = own.is_some();
        first_row = first_row_index.saturating_add(own.unwrap_or(1));
        location.offset = page.offset;
    }
    Ok(index)
}

fn metadata(walk: &ChunkWalk, meta: ColumnMetaData) -> ColumnMetaData {
    let mut encodings = Vec::new();
    let mut encoding_stats: Vec<PageEncodingStats> = Vec::new();
    if walk.dictionary_len.is_some() {
        encodings.push(Encoding::Plain);
        encoding_stats.push(PageEncodingStats {
            page_type: PageType::Dictionary,
            encoding: Encoding::Plain,
            count: 1,
        });
    }
    // Of the levels; required columns list it as well, as everybody else does.
    encodings.push(Encoding::Rle);
    for page in &walk.pages {
        let (page_type, encoding) = (page.page_type, page.encoding);
        if !encodings.contains(&encoding) {
            encodings.push(encoding);
        }
        let seen = encoding_stats.iter_mut();
        match seen
            .rev()
            .find(|s| s.page_type == page_type && s.encoding == encoding)
        {
            Some(stats) => stats.count = stats.count.saturating_add(1),
            None => encoding_stats.push(PageEncodingStats {
                page_type,
                encoding,
                count: 1,
            }),
        }
    }
    let dictionary = walk.dictionary_len;
    ColumnMetaData {
        encodings: encodings.into(),
        encoding_stats,
        total_uncompressed_size: walk.uncompressed_len,
        total_compressed_size: walk.position(),
        data_page_offset: dictionary.unwrap_or(0),
        dictionary_page_offset: dictionary.map(|_| 0),
        index_page_offset: None,
        bloom_filter_offset: None,
        bloom_filter_length: None,
        key_value_metadata: Vec::new(),
        ..meta
    }
}
