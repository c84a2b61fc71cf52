//! What a chunk is made of, whatever the type: rows in, pages out.
//!
//! Fixed-width columns, text, symbols and arrays each implement [`PageSource`]; the chunk encoder
//! drives them and knows nothing else about types.

use column_format::SymbolDict;

use crate::page::buf::PageBuf;
use crate::probe::Probe;
use crate::rows::Cursor;
use crate::summary::{PageBounds, PageOrder, RowOrder};
use crate::{BloomRate, EncodeError, Encoding, WriterOptions};

/// Where a page ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageLimits {
    pub(crate) bytes: usize,
    pub(crate) rows: usize,
}

impl PageLimits {
    /// As the options say.
    pub(crate) fn of(options: &WriterOptions) -> Self {
        Self {
            bytes: options.page_bytes,
            rows: options.page_rows,
        }
    }
}

/// When a dictionary is given up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DictionaryLimits {
    /// Entries.
    pub(crate) entries: usize,
    /// PLAIN bytes.
    pub(crate) bytes: usize,
}

impl DictionaryLimits {
    /// As many as the format can hold: of a dictionary that was asked for by name.
    pub(crate) const NONE: Self = Self {
        entries: usize::MAX,
        bytes: usize::MAX,
    };
}

/// A page whose values are in its buffer.
#[derive(Debug, Default)]
pub(crate) struct FilledPage {
    pub(crate) rows: usize,
    /// Leaf slots.
    pub(crate) values: usize,
    /// Leaf slots without a value.
    pub(crate) nulls: usize,
    pub(crate) bounds: Option<PageBounds>,
    pub(crate) unencoded_bytes: u64,
    /// Leaf slots by level; only for columns with repetition.
    pub(crate) level_counts: Option<(Vec<u64>, Vec<u64>)>,
}

/// Why a page takes no more rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    /// There are none; the page may take more later.
    Ended,
    /// The next row would take the page beyond its limits.
    Full,
    /// The next row would take a growing dictionary beyond its limit.
    DictionaryFull,
}

/// A dictionary that is final.
#[derive(Debug)]
pub(crate) struct GrownDictionary {
    /// PLAIN, with room for a header in front.
    pub(crate) page: PageBuf,
    pub(crate) entries: usize,
    /// Distinct values, if that is known.
    pub(crate) distinct: Option<u64>,
}

/// Bounds of a chunk with what is known about them.
#[derive(Debug, Default)]
pub(crate) struct ChunkBounds {
    pub(crate) min: Vec<u8>,
    /// `None` if there is none short enough to be written.
    pub(crate) max: Option<Vec<u8>>,
    pub(crate) min_is_exact: bool,
    pub(crate) max_is_exact: bool,
}

/// What a source knows at the end of a chunk.
#[derive(Debug, Default)]
pub(crate) struct ChunkFacts {
    pub(crate) bounds: Option<ChunkBounds>,
    pub(crate) page_order: PageOrder,
    pub(crate) row_order: RowOrder,
    pub(crate) distinct: Option<u64>,
    pub(crate) replaced_values: u64,
    /// Header and bitset.
    pub(crate) bloom: Option<Vec<u8>>,
}

/// Turns the rows of one column into pages. Keeps buffers between chunks, never rows.
pub(crate) trait PageSource: Send {
    /// Starts a chunk: forgets everything about the last one.
    fn start(&mut self);

    /// Forgets bounds and counts of the pages filled so far; encoding and dictionary stay. The rows
    /// that come next are those of the chunk from its start, or, for a `trial`, some of them.
    fn rewind(&mut self, trial: bool);

    /// First pass of a dictionary: finds the entries that the rows use. `false` if a limit was
    /// reached.
    fn find_entries(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: DictionaryLimits,
    ) -> Result<bool, EncodeError>;

    /// Hashes the values of some rows: of about `bytes_max`, if their size varies. A source that has no
    /// dictionaries need not.
    fn hash(
        &mut self,
        _rows: &mut Cursor<'_, '_>,
        _symbols: Option<&SymbolDict>,
        _bytes_max: usize,
        _probe: &mut Probe,
    ) -> Result<(), EncodeError> {
        Ok(())
    }

    /// Chooses the encoding of the pages to come; for [`Encoding::Dictionary`] the entries must
    /// have been found.
    fn set_encoding(&mut self, encoding: Encoding);

    /// Chooses a dictionary that grows with the rows, as far as `bytes_max` PLAIN bytes and, with its
    /// table, `heap_max` bytes on the heap: for rows that are seen once. Keys are kept until their page ends, and written as wide as the dictionary is
    /// then.
    fn set_growing(&mut self, bytes_max: usize, heap_max: usize);

    /// Collects the values of the pages to come, and those of the dictionary, for a bloom filter: at
    /// most `values`, if that is known.
    fn start_bloom(&mut self, rate: BloomRate, values: Option<u64>) -> Result<(), EncodeError>;

    /// Entries of the dictionary so far, and the PLAIN bytes that they take.
    fn dictionary_size(&self) -> (usize, usize);

    /// The grown dictionary of a chunk whose pages are all done; `None` if there never was one.
    fn take_dictionary(&mut self) -> Option<GrownDictionary>;

    /// Bytes on the heap, about.
    fn heap_bytes(&self) -> usize;

    /// Gives back what a huge value took, if it is more than `bytes_max`. Called behind a page, whose
    /// levels are not needed any more.
    fn trim(&mut self, _bytes_max: usize) {}

    /// Bytes to leave free in front of a page's values, besides levels and header.
    fn gap(&self, limits: PageLimits) -> usize;

    /// The dictionary page and its number of entries.
    fn dictionary(&self) -> Option<(&[u8], usize)>;

    /// Starts a page in `page`, which is empty.
    fn start_page(&mut self, limits: PageLimits, page: &mut PageBuf);

    /// Adds rows to the page until it is full or they end. The page depends on its rows only, not on
    /// how many of them come with each call.
    fn add(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<Added, EncodeError>;

    /// Ends the page; `None` if it has no row.
    fn end_page(&mut self, page: &mut PageBuf) -> Option<FilledPage>;

    /// Puts the next rows into `page`; `None` at the end of the rows.
    fn fill(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<Option<FilledPage>, EncodeError> {
        self.start_page(limits, page);
        self.add(rows, symbols, limits, page)?;
        Ok(self.end_page(page))
    }

    /// Repetition and definition levels of the page filled last, as hybrids without lengths.
    fn levels(&self) -> (Option<&[u8]>, Option<&[u8]>);

    /// What is known now that the last page is done.
    fn finish(&mut self) -> Result<ChunkFacts, EncodeError>;
}
