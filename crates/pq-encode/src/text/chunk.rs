//! Pages of byte strings.
//!
//! PLAIN and `DELTA_LENGTH_BYTE_ARRAY` collect a whole page and write it once; for the latter the
//! collected bytes are the page's end already, and only the lengths go in front. Dictionary pages
//! work in portions, whose values are gone once their keys are known.

use column_format::{ColumnType, SymbolDict};

use super::bounds::{Bounds, Cut};
use super::dictionary::BytesDictionary;
use super::reader::Reader;
use super::stage::Stage;
use crate::bits::validity::Validity;
use crate::encoders::delta_binary_packed::Delta;
use crate::encoders::dictionary::KeyWriter;
use crate::fixed::column::OrderTracker;
use crate::page::buf::PageBuf;
use crate::rows::Cursor;
use crate::source::{
    ChunkBounds, ChunkFacts, DictionaryLimits, FilledPage, PageLimits, PageSource,
};
use crate::summary::PageBounds;
use crate::{EncodeError, Encoding};

/// Rows and bytes of a portion of a dictionary column.
const PORTION_ROWS: usize = 1024;
const PORTION_BYTES: usize = 64 << 10;

/// A [`PageSource`] over byte strings.
pub(crate) struct TextSource {
    reader: Reader,
    optional: bool,
    bounds_wanted: bool,
    encoding: Encoding,
    stage: Stage,
    lengths: Delta<u32>,
    scratch: Vec<u8>,
    dictionary: Option<BytesDictionary>,
    keys: KeyWriter,
    validity: Validity,
    definition: Vec<u8>,
    page: Bounds,
    chunk: Bounds,
    order: OrderTracker<Vec<u8>>,
    replaced: u64,
}

impl TextSource {
    /// The source of a column of byte strings; `None` for other types.
    pub(crate) fn new(column_type: ColumnType, optional: bool, bounds: bool) -> Option<Self> {
        let reader = Reader::of(column_type)?;
        let cut = if reader.is_text() {
            Cut::Text
        } else {
            Cut::Bytes
        };
        Some(Self {
            reader,
            optional,
            bounds_wanted: bounds,
            encoding: Encoding::Plain,
            stage: Stage::default(),
            lengths: Delta::default(),
            scratch: Vec::new(),
            dictionary: None,
            keys: KeyWriter::default(),
            validity: Validity::default(),
            definition: Vec::new(),
            page: Bounds::new(cut),
            chunk: Bounds::new(cut),
            order: OrderTracker::default(),
            replaced: 0,
        })
    }

    /// Reads the next portion into the stage, wherever the slices are cut. `false` at the end, or
    /// when `rows_max` is 0.
    fn read_portion(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        rows_max: usize,
    ) -> Result<bool, EncodeError> {
        self.stage.start(PORTION_BYTES, rows_max.min(PORTION_ROWS));
        while self
            .reader
            .read(rows, symbols, self.optional, &mut self.stage)?
        {}
        Ok(self.stage.validity.rows() > 0)
    }

    /// Collects a page in the stage and writes it in one go.
    fn fill_whole(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<u64, EncodeError> {
        let in_place = self.encoding == Encoding::DeltaLength;
        if in_place {
            std::mem::swap(&mut self.stage.data, page.tail());
            self.stage.start_behind(limits.bytes, limits.rows);
        } else {
            self.stage.start(limits.bytes, limits.rows);
        }
        let mut more = Ok(true);
        while matches!(more, Ok(true)) {
            more = self
                .reader
                .read(rows, symbols, self.optional, &mut self.stage);
        }
        let unencoded = self.stage.data_len() as u64;
        self.add_bounds();
        if in_place {
            self.lengths.start();
            let mut blocks = std::mem::take(&mut self.scratch);
            blocks.clear();
            self.lengths.push(&self.stage.lens, &mut blocks);
            let mut header = Vec::with_capacity(32);
            self.lengths.finish(&mut header, &mut blocks);
            std::mem::swap(&mut self.stage.data, page.tail());
            page.prepend(&blocks);
            page.prepend(&header);
            self.scratch = blocks;
        } else {
            let out = page.tail();
            out.reserve(self.stage.bytes());
            for (value, len) in self.stage.values().zip(&self.stage.lens) {
                out.extend_from_slice(&len.to_le_bytes());
                out.extend_from_slice(value);
            }
        }
        more?;
        std::mem::swap(&mut self.validity, &mut self.stage.validity);
        Ok(unencoded)
    }

    /// Writes keys, portion by portion.
    fn fill_keys(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<u64, EncodeError> {
        self.validity.clear();
        self.keys.start_page(page.tail());
        let mut unencoded = 0;
        loop {
            let done = self.validity.rows();
            let room = self
                .keys
                .room(page.len(), limits.bytes)
                .max(usize::from(done == 0));
            let rows_max = room.min(limits.rows.saturating_sub(done));
            if rows_max == 0 || !self.read_portion(rows, symbols, rows_max)? {
                break;
            }
            self.validity.append(&self.stage.validity);
            unencoded += self.stage.data_len() as u64;
            self.add_bounds();
            let dictionary = self.dictionary.get_or_insert_default();
            if !dictionary.keys(self.stage.values(), &mut self.keys, page.tail()) {
                return Err(EncodeError::SourceChanged);
            }
        }
        self.keys.finish(page.tail());
        Ok(unencoded)
    }

    /// Adds what is in the stage to the page's bounds and counts.
    fn add_bounds(&mut self) {
        self.replaced += self.stage.replaced;
        if self.bounds_wanted {
            for value in self.stage.values() {
                self.page.add(value);
            }
        }
    }

    fn end_page(&mut self) -> Option<PageBounds> {
        let written = self.page.written()?;
        self.chunk.merge(&self.page);
        self.page.clear();
        self.order.add(written.min.clone(), written.max.clone());
        Some(PageBounds {
            min: written.min,
            max: written.max,
        })
    }
}

impl PageSource for TextSource {
    fn start(&mut self) {
        self.rewind();
        self.encoding = Encoding::Plain;
        self.dictionary = None;
    }

    fn rewind(&mut self) {
        self.page.clear();
        self.chunk.clear();
        self.order = OrderTracker::default();
        self.replaced = 0;
    }

    fn find_entries(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: DictionaryLimits,
    ) -> Result<bool, EncodeError> {
        let mut dictionary = BytesDictionary::default();
        let mut fits = true;
        while fits && self.read_portion(rows, symbols, PORTION_ROWS)? {
            fits = dictionary.add(self.stage.values(), limits.entries, limits.bytes);
        }
        self.dictionary = fits.then_some(dictionary);
        Ok(fits)
    }

    fn set_encoding(&mut self, encoding: Encoding) {
        self.encoding = encoding;
        let entries = self.dictionary.as_ref().map_or(0, BytesDictionary::entries);
        self.keys.start_chunk(entries);
    }

    fn gap(&self, limits: PageLimits) -> usize {
        match self.encoding {
            // Room for the lengths, which stand before the values.
            Encoding::DeltaLength => (limits.rows * 2).min(limits.bytes / 2),
            _ => 0,
        }
    }

    fn dictionary(&self) -> Option<(&[u8], usize)> {
        let dictionary = self.dictionary.as_ref()?;
        (self.encoding == Encoding::Dictionary).then(|| (dictionary.plain(), dictionary.entries()))
    }

    fn fill(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<Option<FilledPage>, EncodeError> {
        let unencoded_bytes = match self.encoding {
            Encoding::Dictionary => self.fill_keys(rows, symbols, limits, page)?,
            _ => self.fill_whole(rows, symbols, limits, page)?,
        };
        let (row_count, nulls) = (self.validity.rows(), self.validity.nulls());
        if row_count == 0 {
            return Ok(None);
        }
        self.definition.clear();
        if self.optional {
            self.validity.encode(&mut self.definition);
        }
        Ok(Some(FilledPage {
            rows: row_count,
            values: row_count,
            nulls,
            bounds: self.end_page(),
            unencoded_bytes,
            level_counts: None,
        }))
    }

    fn levels(&self) -> (Option<&[u8]>, Option<&[u8]>) {
        (None, self.optional.then_some(self.definition.as_slice()))
    }

    fn finish(&mut self) -> ChunkFacts {
        let dictionary = self.dictionary.take();
        let distinct = dictionary.filter(|_| self.encoding == Encoding::Dictionary);
        let bounds = self.chunk.written().map(|written| ChunkBounds {
            min: written.min,
            max: written.max,
            min_is_exact: written.min_is_exact,
            max_is_exact: written.max_is_exact,
        });
        ChunkFacts {
            bounds,
            page_order: self.order.order(),
            distinct: distinct.map(|d| d.entries() as u64),
            replaced_values: self.replaced,
        }
    }
}
