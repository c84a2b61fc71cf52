//! Pages of byte strings.
//!
//! PLAIN and `DELTA_LENGTH_BYTE_ARRAY` collect a whole page and write it once; for the latter the
//! collected bytes are the page's end already, and only the lengths go in front. A dictionary's first
//! pass keeps the keys that it looked up, so that the text is read once; where they are too many to
//! keep, the second pass looks them up again, portion by portion.

use column_format::{ColumnType, SymbolDict};

use super::bounds::Cut;
use super::dictionary::BytesDictionary;
use super::keyed::{KeyedPages, NO_KEY};
use super::reader::Reader;
use super::stage::Stage;
use super::tracker::BoundsTracker;
use crate::bits::validity::Validity;
use crate::encoders::delta_binary_packed::Delta;
use crate::encoders::key_cache::{self, KeyCache};
use crate::page::buf::PageBuf;
use crate::rows::Cursor;
use crate::source::{ChunkFacts, DictionaryLimits, FilledPage, PageLimits, PageSource};
use crate::{EncodeError, Encoding};

/// Rows and bytes of a portion of a dictionary column.
const PORTION_ROWS: usize = 1024;
const PORTION_BYTES: usize = 64 << 10;

/// Keys handed on together.
const BLOCK: usize = 256;

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
        let (dictionary, cache) = (&mut self.dictionary, &mut self.cache);
        let mut values = self.stage.values();
        let mut add = |cache: &mut KeyCache, values: &mut dyn Iterator<Item = &[u8]>| {
            let key = values
                .next()
                .and_then(|v| dictionary.add(v, limits.entries, limits.bytes));
            key.inspect(|key| cache.push(*key)).is_some()
        };
        if self.stage.validity.nulls() == 0 {
            return (0..self.stage.lens.len()).all(|_| add(cache, &mut values));
        }
        self.stage.validity.runs().all(|(valid, count)| {
            if !valid {
                cache.push_nulls(count);
                return true;
            }
            (0..count).all(|_| add(cache, &mut values))
        })
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
        self.replaced += self.stage.replaced;
        self.bounds.add(self.stage.values());
        if in_place {
            self.put_delta_length(page);
        } else {
            let out = page.tail();
            out.reserve(self.stage.bytes());
            for (value, len) in self.stage.values().zip(&self.stage.lens) {
                out.extend_from_slice(&len.to_le_bytes());
                out.extend_from_slice(value);
            }
        }
        more?;
        Ok(unencoded)
    }

    /// Gives the collected bytes back to the page, with their lengths in front.
    fn put_delta_length(&mut self, page: &mut PageBuf) {
        let mut header = Vec::with_capacity(32);
        self.scratch.clear();
        self.lengths.start();
        self.lengths.push(&self.stage.lens, &mut self.scratch);
        self.lengths.finish(&mut header, &mut self.scratch);
        std::mem::swap(&mut self.stage.data, page.tail());
        page.cut_in_front();
        page.prepend(&self.scratch);
        page.prepend(&header);
    }

    /// Writes the keys of a page; returns the bytes of its values.
    fn fill_keys(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<u64, EncodeError> {
        self.keyed.start_page(page);
        let kept = !self.trial && self.cache.is_whole();
        let mut unencoded = 0;
        loop {
            let wanted = self.keyed.wanted(page, limits.bytes, limits.rows);
            let more = if kept {
                self.push_kept(wanted, &mut unencoded, page)
            } else {
                self.push_looked_up(rows, symbols, wanted, &mut unencoded, page)?
            };
            if !more {
                return Ok(unencoded);
            }
        }
    }

    /// Appends rows whose keys the first pass kept. `false` at the end, or if none are wanted.
    fn push_kept(&mut self, wanted: usize, unencoded: &mut u64, page: &mut PageBuf) -> bool {
        let kept = self.cache.take(wanted.min(BLOCK));
        let mut keys = [0; BLOCK];
        let mut has_null = false;
        for (slot, key) in keys.iter_mut().zip(kept) {
            let null = *key == key_cache::NULL;
            *slot = if null { NO_KEY } else { u32::from(*key) };
            has_null |= null;
        }
        let keys = &mut keys[..kept.len()];
        let count = self.keyed.push(keys, has_null, page);
        let entry = |key: &u32| self.dictionary.entry(*key as usize).len() as u64;
        *unencoded += keys[..count].iter().map(entry).sum::<u64>();
        !keys.is_empty()
    }

    /// Appends rows whose keys must be looked up. `false` at the end, or if none are wanted.
    fn push_looked_up(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        wanted: usize,
        unencoded: &mut u64,
        page: &mut PageBuf,
    ) -> Result<bool, EncodeError> {
        if wanted == 0 || !self.read_portion(rows, symbols, wanted)? {
            return Ok(false);
        }
        self.keyed.push_rows(&self.stage.validity);
        *unencoded += self.stage.data_len() as u64;
        let mut values = self.stage.values();
        let mut keys = [0; BLOCK];
        loop {
            let mut count = 0;
            for (slot, value) in keys.iter_mut().zip(values.by_ref()) {
                *slot = self
                    .dictionary
                    .key(value)
                    .ok_or(EncodeError::SourceChanged)?;
                count += 1;
            }
            self.keyed.push_keys(&keys[..count], page);
            if count < BLOCK {
                return Ok(true);
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
        self.cache.start();
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

    fn set_encoding(&mut self, encoding: Encoding) {
        self.encoding = encoding;
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

    fn fill(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<Option<FilledPage>, EncodeError> {
        let keyed = self.encoding == Encoding::Dictionary;
        let unencoded_bytes = if keyed {
            self.fill_keys(rows, symbols, limits, page)?
        } else {
            self.fill_whole(rows, symbols, limits, page)?
        };
        let (row_count, nulls) = (self.validity().rows(), self.validity().nulls());
        if row_count == 0 {
            return Ok(None);
        }
        let bounds = if keyed {
            let dictionary = &self.dictionary;
            self.keyed
                .end_page(|key| dictionary.entry(key), &mut self.bounds, page)
        } else {
            self.bounds.end_page()
        };
        let mut definition = std::mem::take(&mut self.definition);
        definition.clear();
        if self.optional {
            self.validity().encode(&mut definition);
        }
        self.definition = definition;
        Ok(Some(FilledPage {
            rows: row_count,
            values: row_count,
            nulls,
            bounds,
            unencoded_bytes,
            level_counts: None,
        }))
    }

    fn levels(&self) -> (Option<&[u8]>, Option<&[u8]>) {
        (None, self.optional.then_some(self.definition.as_slice()))
    }

    fn finish(&mut self) -> ChunkFacts {
        let keyed = self.encoding == Encoding::Dictionary;
        let facts = ChunkFacts {
            bounds: self.bounds.chunk_bounds(),
            page_order: self.bounds.page_order(),
            distinct: keyed.then_some(self.dictionary.entries() as u64),
            replaced_values: if keyed {
                self.replaced_found
            } else {
                self.replaced
            },
        };
        self.dictionary = BytesDictionary::default();
        facts
    }
}
