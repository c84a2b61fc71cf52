//! Pages of byte strings.
//!
//! PLAIN and `DELTA_LENGTH_BYTE_ARRAY` collect a whole page and write it once; for the latter the
//! collected bytes are the page's end already, and only the lengths go in front. A dictionary's first
//! pass keeps the keys that it looked up, so that the text is read once; where they are too many to
//! keep, the second pass looks them up again, portion by portion.

mod keys;

use column_format::{ColumnType, SymbolDict};

use super::cut::Cut;
use super::dictionary::{self, BytesDictionary};
use super::keyed::KeyedPages;
use super::plain;
use super::reader::Reader;
use super::stage::Stage;
use super::tracker::BoundsTracker;
use crate::bits::validity::Validity;
use crate::bloom::BloomBuilder;
use crate::encoders::delta_binary_packed::Delta;
use crate::encoders::key_cache::KeyCache;
use crate::page::buf::PageBuf;
use crate::probe::Probe;
use crate::rows::Cursor;
use crate::source::{
    Added, ChunkFacts, DictionaryLimits, FilledPage, GrownDictionary, PageLimits, PageSource,
};
use crate::{BloomRate, EncodeError, Encoding, RowOrder};

/// Rows and bytes of a portion of a dictionary column.
const PORTION_ROWS: usize = 1024;
const PORTION_BYTES: usize = 64 << 10;

/// A [`PageSource`] over byte strings.
pub(crate) struct TextSource {
    reader: Reader,
    optional: bool,
    encoding: Encoding,
    stage: Stage,
    lengths: Delta<u32>,
    scratch: Vec<u8>,
    dictionary: BytesDictionary,
    cache: KeyCache,
    /// The rows are not those of the chunk from its start: the cache does not speak of them.
    trial: bool,
    keyed: KeyedPages,
    definition: Vec<u8>,
    bounds: BoundsTracker,
    /// Values in which something became U+FFFD: of the pages, and of the dictionary's first pass.
    replaced: u64,
    replaced_found: u64,
    /// The dictionary grows with the rows, to this many PLAIN bytes, and bytes on the heap.
    growing: Option<(usize, usize)>,
    /// Rows to take until room is measured again, while the dictionary grows.
    wanted: usize,
    /// PLAIN bytes that the dictionary may have until then.
    plain_max: usize,
    /// Bytes of the values of the page.
    unencoded: u64,
    bloom: BloomBuilder,
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
            encoding: Encoding::Plain,
            stage: Stage::default(),
            lengths: Delta::default(),
            scratch: Vec::new(),
            dictionary: BytesDictionary::default(),
            cache: KeyCache::default(),
            trial: false,
            keyed: KeyedPages::default(),
            definition: Vec::new(),
            bounds: BoundsTracker::new(cut, bounds),
            replaced: 0,
            replaced_found: 0,
            growing: None,
            wanted: 0,
            plain_max: 0,
            unencoded: 0,
            bloom: BloomBuilder::default(),
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

    /// Adds the values of the stage to the dictionary and their keys to the cache.
    fn add_portion(&mut self, limits: DictionaryLimits) -> bool {
        let mut keys = [0; PORTION_ROWS];
        let count = self.stage.lens.len();
        for (slot, value) in keys.iter_mut().zip(self.stage.values()) {
            match self.dictionary.add(value, limits.entries, limits.bytes) {
                Some(key) => *slot = key,
                None => return false,
            }
        }
        let mut rest = &keys[..count.min(PORTION_ROWS)];
        if self.stage.validity.nulls() == 0 {
            self.cache.push_all(rest);
            return true;
        }
        for (valid, count) in self.stage.validity.runs() {
            if valid {
                let (now, later) = rest.split_at(count.min(rest.len()));
                self.cache.push_all(now);
                rest = later;
            } else {
                self.cache.push_nulls(count);
            }
        }
        true
    }

    /// Writes the page that was collected in the stage.
    fn put_whole(&mut self, page: &mut PageBuf) {
        self.unencoded = self.stage.data_len() as u64;
        self.replaced += self.stage.replaced;
        self.bounds.add(self.stage.data(), &self.stage.lens);
        if self.bloom.is_on() {
            for value in self.stage.values() {
                self.bloom.add(value);
            }
        }
        if self.encoding == Encoding::DeltaLength {
            self.put_delta_length(page);
            return;
        }
        let out = page.tail();
        out.reserve_exact(self.stage.bytes());
        plain::put(self.stage.data(), &self.stage.lens, out);
    }

    /// Gives the collected bytes back to the page, with their lengths in front.
    fn put_delta_length(&mut self, page: &mut PageBuf) {
        let mut header = Vec::with_capacity(32);
        self.scratch.clear();
        self.lengths.start(usize::MAX);
        self.lengths.push(&self.stage.lens, &mut self.scratch);
        self.lengths.finish(&mut header, &mut self.scratch);
        std::mem::swap(&mut self.stage.data, page.tail());
        page.cut_in_front();
        page.prepend(&self.scratch);
        page.prepend(&header);
    }

    fn add_entries_to_bloom(&mut self) {
        if self.bloom.is_on() {
            for key in 0..self.dictionary.entries() {
                self.bloom.add(self.dictionary.entry(key));
            }
        }
    }

    /// Rows of the page filled last.
    fn validity(&self) -> &Validity {
        match self.encoding {
            Encoding::Dictionary => self.keyed.validity(),
            _ => &self.stage.validity,
        }
    }
}

impl PageSource for TextSource {
    fn start(&mut self) {
        self.rewind(false);
        self.encoding = Encoding::Plain;
        self.dictionary = BytesDictionary::default();
        self.cache.drop_all();
        self.replaced_found = 0;
        self.growing = None;
        self.bloom.stop();
    }

    fn rewind(&mut self, trial: bool) {
        self.trial = trial;
        self.cache.rewind();
        self.bounds.clear();
        self.replaced = 0;
    }

    fn find_entries(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: DictionaryLimits,
    ) -> Result<bool, EncodeError> {
        self.dictionary = BytesDictionary::default();
        self.cache.start(rows.rows_left());
        self.replaced_found = 0;
        while self.read_portion(rows, symbols, PORTION_ROWS)? {
            self.replaced_found += self.stage.replaced;
            if !self.add_portion(limits) {
                self.dictionary = BytesDictionary::default();
                self.cache.drop_all();
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn hash(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        bytes_max: usize,
        probe: &mut Probe,
    ) -> Result<(), EncodeError> {
        self.stage.start(bytes_max, usize::MAX);
        let (stage, optional) = (&mut self.stage, self.optional);
        while self.reader.read(rows, symbols, optional, stage)? {}
        probe.add_rows(self.stage.validity.rows());
        let values = self.stage.values();
        probe.add(values.map(|value| (dictionary::hash(value), dictionary::PREFIX + value.len())));
        // A large value is in the stage, the page and the codec while it is tried: not here as well.
        self.stage.trim(2 * bytes_max);
        Ok(())
    }

    fn set_encoding(&mut self, encoding: Encoding) {
        self.encoding = encoding;
        self.growing = None;
        if encoding == Encoding::Dictionary {
            self.keyed.start_chunk(self.dictionary.entries());
        }
    }

    fn gap(&self, limits: PageLimits) -> usize {
        match self.encoding {
            // Room for the lengths, which stand before the values.
            Encoding::DeltaLength => (limits.rows * 2).min(limits.bytes / 2),
            _ => 0,
        }
    }

    fn dictionary(&self) -> Option<(&[u8], usize)> {
        (self.encoding == Encoding::Dictionary)
            .then(|| (self.dictionary.plain(), self.dictionary.entries()))
    }

    fn set_growing(&mut self, bytes_max: usize, heap_max: usize) {
        self.encoding = Encoding::Dictionary;
        self.growing = Some((bytes_max, heap_max));
        self.dictionary = BytesDictionary::default();
        self.cache.drop_all();
    }

    fn start_bloom(&mut self, rate: BloomRate, values: Option<u64>) -> Result<(), EncodeError> {
        self.bloom.start(rate, values, false)
    }

    fn dictionary_size(&self) -> (usize, usize) {
        (self.dictionary.entries(), self.dictionary.plain().len())
    }

    fn take_dictionary(&mut self) -> Option<GrownDictionary> {
        let entries = self.dictionary.entries();
        self.add_entries_to_bloom();
        Some(GrownDictionary {
            page: self.dictionary.take_page(),
            entries,
            distinct: Some(entries as u64),
        })
    }

    fn heap_bytes(&self) -> usize {
        self.stage.heap_bytes()
            + self.scratch.capacity()
            + self.definition.capacity()
            + self.dictionary.heap_bytes()
            + self.keyed.heap_bytes()
            + self.bloom.heap_bytes()
    }

    fn trim(&mut self, bytes_max: usize) {
        self.stage.trim(bytes_max);
    }

    fn start_page(&mut self, limits: PageLimits, page: &mut PageBuf) {
        self.unencoded = 0;
        self.wanted = 0;
        match self.encoding {
            Encoding::Dictionary if self.growing.is_some() => self.keyed.start_growing_page(),
            Encoding::Dictionary => self.keyed.start_page(page),
            Encoding::DeltaLength => {
                // The stage collects straight behind the gap of the page, which gets its buffer back.
                std::mem::swap(&mut self.stage.data, page.tail());
                self.stage.start_behind(limits.bytes, limits.rows);
            }
            _ => self.stage.start(limits.bytes, limits.rows),
        }
    }

    fn add(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<Added, EncodeError> {
        match (self.encoding, self.growing) {
            (Encoding::Dictionary, Some(max)) => self.add_growing(rows, symbols, limits, max),
            (Encoding::Dictionary, None) => {
                self.add_keys(rows, symbols, limits, page)?;
                Ok(Added::Full)
            }
            _ => {
                let (stage, optional) = (&mut self.stage, self.optional);
                while self.reader.read(rows, symbols, optional, stage)? {}
                Ok(match rows.peek(1) {
                    None => Added::Ended,
                    Some(_) => Added::Full,
                })
            }
        }
    }

    fn end_page(&mut self, page: &mut PageBuf) -> Option<FilledPage> {
        let keyed = self.encoding == Encoding::Dictionary;
        if !keyed {
            self.put_whole(page);
        }
        let (row_count, nulls) = (self.validity().rows(), self.validity().nulls());
        if row_count == 0 {
            return None;
        }
        let dictionary = &self.dictionary;
        let entry = |key| dictionary.entry(key);
        let bounds = match self.growing {
            Some(_) if keyed => {
                let entries = dictionary.entries();
                self.keyed
                    .end_growing_page(entries, entry, &mut self.bounds, page)
            }
            _ if keyed => self.keyed.end_page(entry, &mut self.bounds, page),
            _ => self.bounds.end_page(),
        };
        let mut definition = std::mem::take(&mut self.definition);
        definition.clear();
        if self.optional {
            self.validity().encode(&mut definition);
        }
        self.definition = definition;
        Some(FilledPage {
            rows: row_count,
            values: row_count,
            nulls,
            bounds,
            unencoded_bytes: self.unencoded,
            level_counts: None,
        })
    }

    fn levels(&self) -> (Option<&[u8]>, Option<&[u8]>) {
        (None, self.optional.then_some(self.definition.as_slice()))
    }

    fn finish(&mut self) -> Result<ChunkFacts, EncodeError> {
        self.add_entries_to_bloom();
        let keyed = self.encoding == Encoding::Dictionary && self.growing.is_none();
        let facts = ChunkFacts {
            bounds: self.bounds.chunk_bounds(),
            page_order: self.bounds.page_order(),
            row_order: RowOrder::default(),
            distinct: (self.encoding == Encoding::Dictionary)
                .then_some(self.dictionary.entries() as u64),
            replaced_values: if keyed {
                self.replaced_found
            } else {
                self.replaced
            },
            bloom: self.bloom.finish()?,
        };
        self.dictionary = BytesDictionary::default();
        Ok(facts)
    }
}
