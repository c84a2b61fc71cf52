//! What is known about a chunk once it is encoded: all that the footer and the page index need.
//!
//! Offsets count from the start of the chunk; the assembler, which knows where the chunk landed,
//! turns them into file offsets. So a chunk can be encoded long before its place is known.

use pq_format::{Codec, SizeStatistics, Statistics};

use crate::Encoding;

/// Bounds of a page's values as PLAIN bytes, without length prefixes: what the column index holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageBounds {
    /// No value is less.
    pub min: Vec<u8>,
    /// No value is greater.
    pub max: Vec<u8>,
}

/// One data page of a chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageSummary {
    /// Where the page's header starts, from the start of the chunk.
    pub offset: u64,
    /// Bytes of header and body.
    pub len: u32,
    /// Rows.
    pub rows: u32,
    /// Leaf slots without a value.
    pub nulls: u64,
    /// Leaf slots: rows, unless the column is a LIST.
    pub values: u64,
    /// Lower and upper bound; `None` if the page has no value or no order.
    pub bounds: Option<PageBounds>,
    /// Bytes of byte arrays as if PLAIN, without their lengths; 0 for other types.
    pub unencoded_bytes: u64,
    /// Leaf slots by repetition level; empty if there is only one level.
    pub repetition_levels: Vec<u64>,
    /// Leaf slots by definition level; empty if there is only one level.
    pub definition_levels: Vec<u64>,
}

/// Order of page bounds in which a reader may search.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageOrder {
    /// None.
    #[default]
    Unordered,
    /// Neither lower nor upper bounds ever fall.
    Ascending,
    /// Neither lower nor upper bounds ever rise.
    Descending,
}

/// What is known about the order of a chunk's values, row by row: of the designated timestamp only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowOrder {
    /// No value is less than the one before it.
    pub never_falls: bool,
    /// No value is greater than the one before it.
    pub never_rises: bool,
}

impl RowOrder {
    /// Whether the rows are known to be in this order.
    #[must_use]
    pub fn holds(self, descending: bool) -> bool {
        if descending {
            self.never_rises
        } else {
            self.never_falls
        }
    }
}

/// One encoded chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkSummary {
    /// Rows.
    pub rows: u64,
    /// Leaf slots, nulls included.
    pub values: u64,
    /// Leaf slots without a value.
    pub nulls: u64,
    /// Encoding of the values.
    pub encoding: Encoding,
    /// Encoding and number of the last data pages, if the dictionary was given up before them: only
    /// where rows are seen once.
    pub fallback: Option<(Encoding, u32)>,
    /// Codec of every page; `Codec::None` for a chunk that gained too little.
    pub codec: Codec,
    /// Length of the dictionary page with its header; it stands first.
    pub dictionary_page_len: Option<u64>,
    /// Entries of the dictionary.
    pub dictionary_entries: Option<u32>,
    /// Bytes of all pages and headers, uncompressed.
    pub uncompressed_len: u64,
    /// Bytes of all pages and headers handed to the sink.
    pub compressed_len: u64,
    /// Bounds and counts.
    pub statistics: Statistics,
    /// Sizes and levels.
    pub sizes: SizeStatistics,
    /// Data pages in order.
    pub pages: Vec<PageSummary>,
    /// Order of their bounds.
    pub page_order: PageOrder,
    /// Order of the rows, without which a footer claims none.
    pub row_order: RowOrder,
    /// Text values in which invalid UTF-8 or a lone surrogate became U+FFFD.
    pub replaced_values: u64,
    /// The bloom filter as it stands in a file, header and bitset.
    pub bloom_filter: Option<Vec<u8>>,
    /// Encoded data pages are version 2.
    pub(crate) data_pages_v2: bool,
}

impl ChunkSummary {
    /// Heap bytes that the summary holds until the footer is written.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let page = |p: &PageSummary| {
            let bounds = p.bounds.as_ref().map_or(0, |b| b.min.len() + b.max.len());
            size_of::<PageSummary>()
                + bounds
                + (p.repetition_levels.len() + p.definition_levels.len()) * size_of::<u64>()
        };
        let bloom = self.bloom_filter.as_ref().map_or(0, Vec::len);
        self.pages.iter().map(page).sum::<usize>() + bloom
    }
}
