//! Pages of SYMBOL columns.
//!
//! The common page needs no byte of text: keys are looked up and packed. Without a dictionary the
//! column is text.

use column_format::{ColumnSlice, ColumnType, SymbolDict};

use super::entries::Entries;
use super::used::Used;
use crate::bloom::BloomBuilder;
use crate::page::buf::PageBuf;
use crate::probe::Probe;
use crate::rows::Cursor;
use crate::source::{
    Added, ChunkFacts, DictionaryLimits, FilledPage, GrownDictionary, PageLimits, PageSource,
};
use crate::text::chunk::TextSource;
use crate::text::cut::Cut;
use crate::text::keyed::{KeyedPages, NO_KEY};
use crate::text::tracker::BoundsTracker;
use crate::{BloomRate, EncodeError, Encoding, RowOrder};

/// Keys looked up together.
const BLOCK: usize = 256;

/// What slices of a symbol column are.
const EXPECTED: &str = "4 bytes a row";

/// A [`PageSource`] over symbol keys.
pub(crate) struct SymbolSource {
    text: TextSource,
    optional: bool,
    /// The chunk has a dictionary; otherwise `text` does everything.
    active: bool,
    used: Option<Used>,
    entries: Entries,
    keyed: KeyedPages,
    definition: Vec<u8>,
    bounds: BoundsTracker,
    /// Bytes of the values of the page.
    unencoded: u64,
    replaced: u64,
    bloom: BloomBuilder,
}

impl SymbolSource {
    /// `None` unless the type is SYMBOL.
    pub(crate) fn new(column_type: ColumnType, optional: bool, bounds: bool) -> Option<Self> {
        if column_type != ColumnType::Symbol {
            return None;
        }
        Some(Self {
            text: TextSource::new(column_type, optional, bounds)?,
            optional,
            active: false,
            used: None,
            entries: Entries::default(),
            keyed: KeyedPages::default(),
            definition: Vec::new(),
            bounds: BoundsTracker::new(Cut::Text, bounds),
            unencoded: 0,
            replaced: 0,
            bloom: BloomBuilder::default(),
        })
    }

    /// Adds exactly `wanted` rows to the page, fewer only at the end.
    fn take(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        wanted: usize,
        page: &mut PageBuf,
    ) -> Result<bool, EncodeError> {
        let mut left = wanted;
        while left > 0 {
            let Some(part) = rows.peek(left) else {
                return Ok(false);
            };
            let null_at = match part {
                ColumnSlice::Nulls { .. } if !self.optional => Some(0),
                ColumnSlice::Nulls { rows: nulls } => {
                    self.keyed.push_nulls(nulls);
                    None
                }
                ColumnSlice::Fixed(fixed) => {
                    let keys = fixed
                        .chunks::<4>()
                        .ok_or_else(|| rows.wrong_layout(EXPECTED))?;
                    self.push_keys(keys, page)
                }
                _ => return Err(rows.wrong_layout(EXPECTED)),
            };
            if let Some(ahead) = null_at {
                let (slice, row) = (rows.slice_idx(), rows.row() + ahead as u64);
                return Err(EncodeError::NullInRequired { slice, row });
            }
            rows.advance(part.rows());
            left -= part.rows();
        }
        Ok(true)
    }

    /// Appends rows by the table's keys; returns the place of a null where none may be.
    fn push_keys(&mut self, keys: &[[u8; 4]], page: &mut PageBuf) -> Option<usize> {
        let used = self.used.as_ref()?;
        let mut codes = [0; BLOCK];
        for (i, block) in keys.chunks(BLOCK).enumerate() {
            let codes = &mut codes[..block.len()];
            let (has_null, bytes) = used.codes(block, codes);
            if has_null && !self.optional {
                return codes
                    .iter()
                    .position(|code| *code == NO_KEY)
                    .map(|at| i * BLOCK + at);
            }
            self.unencoded += bytes;
            let count = self.keyed.push(codes, has_null, page);
            self.replaced += self.entries.count_replaced(&codes[..count]);
        }
        None
    }
}

impl PageSource for SymbolSource {
    fn start(&mut self) {
        self.rewind(false);
        self.text.start();
        self.active = false;
        self.used = None;
        self.entries = Entries::default();
        self.bloom.stop();
    }

    fn rewind(&mut self, trial: bool) {
        self.text.rewind(trial);
        self.bounds.clear();
        self.replaced = 0;
    }

    fn find_entries(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: DictionaryLimits,
    ) -> Result<bool, EncodeError> {
        let symbols = symbols.ok_or(EncodeError::NoDictionary)?;
        let mut used = Used::new(symbols.len(), rows.rows_left());
        while let Some(part) = rows.peek(usize::MAX) {
            match part {
                ColumnSlice::Nulls { .. } => {}
                ColumnSlice::Fixed(fixed) => {
                    let keys = fixed
                        .chunks::<4>()
                        .ok_or_else(|| rows.wrong_layout(EXPECTED))?;
                    used.mark(keys, symbols.len())
                        .map_err(|bad| EncodeError::SymbolKey {
                            slice: rows.slice_idx(),
                            row: rows.row() + bad.at as u64,
                            found: bad.key,
                            count: symbols.len(),
                        })?;
                }
                _ => return Err(rows.wrong_layout(EXPECTED)),
            }
            rows.advance(part.rows());
        }
        let keys = used.keys();
        let entries = (keys.len() <= limits.entries)
            .then(|| Entries::of(&keys, symbols, limits.bytes))
            .flatten();
        let found = entries.is_some();
        self.entries = entries.unwrap_or_default();
        if found {
            used.assign(&keys, &self.entries.lens());
            self.used = Some(used);
        }
        Ok(found)
    }

    fn hash(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        _symbols: Option<&SymbolDict>,
        _bytes_max: usize,
        probe: &mut Probe,
    ) -> Result<(), EncodeError> {
        while let Some(part) = rows.peek(usize::MAX) {
            if let ColumnSlice::Fixed(fixed) = part {
                let keys = fixed.chunks::<4>().unwrap_or_default();
                let hash = |key: &[u8; 4]| u32::from_le_bytes(*key).wrapping_mul(0x9e37_79b1);
                let null = column_format::null::INT.to_le_bytes();
                let keys = keys.iter().filter(|key| **key != null);
                probe.add(keys.map(|key| (hash(key), key.len())));
            }
            probe.add_rows(part.rows());
            rows.advance(part.rows());
        }
        Ok(())
    }

    fn set_encoding(&mut self, encoding: Encoding) {
        self.active = encoding == Encoding::Dictionary;
        if self.active {
            self.keyed.start_chunk(self.entries.len());
        }
        self.text.set_encoding(encoding);
    }

    fn gap(&self, limits: PageLimits) -> usize {
        if self.active {
            0
        } else {
            self.text.gap(limits)
        }
    }

    fn dictionary(&self) -> Option<(&[u8], usize)> {
        self.active
            .then_some((self.entries.plain(), self.entries.len()))
    }

    fn set_growing(&mut self, bytes_max: usize, heap_max: usize) {
        // Keys of a table that is seen once are looked up by their text.
        self.active = false;
        self.text.set_growing(bytes_max, heap_max);
    }

    fn trim(&mut self, bytes_max: usize) {
        self.text.trim(bytes_max);
    }

    fn start_bloom(&mut self, rate: BloomRate, values: Option<u64>) -> Result<(), EncodeError> {
        if !self.active {
            return self.text.start_bloom(rate, values);
        }
        self.bloom
            .start(rate, Some(self.entries.len() as u64), false)
    }

    fn dictionary_size(&self) -> (usize, usize) {
        if self.active {
            (self.entries.len(), self.entries.plain().len())
        } else {
            self.text.dictionary_size()
        }
    }

    fn take_dictionary(&mut self) -> Option<GrownDictionary> {
        self.text.take_dictionary()
    }

    fn heap_bytes(&self) -> usize {
        self.text.heap_bytes() + self.entries.plain().len() + self.definition.capacity()
    }

    fn start_page(&mut self, limits: PageLimits, page: &mut PageBuf) {
        if !self.active {
            return self.text.start_page(limits, page);
        }
        self.unencoded = 0;
        self.keyed.start_page(page);
    }

    fn add(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<Added, EncodeError> {
        if !self.active {
            return self.text.add(rows, symbols, limits, page);
        }
        loop {
            let wanted = self.keyed.wanted(page, limits.bytes, limits.rows);
            if wanted == 0 {
                return Ok(Added::Full);
            }
            if !self.take(rows, wanted, page)? {
                return Ok(Added::Ended);
            }
        }
    }

    fn end_page(&mut self, page: &mut PageBuf) -> Option<FilledPage> {
        if !self.active {
            return self.text.end_page(page);
        }
        let (row_count, nulls) = (self.keyed.validity().rows(), self.keyed.validity().nulls());
        if row_count == 0 {
            return None;
        }
        let entries = &self.entries;
        let bounds = self
            .keyed
            .end_page(|code| entries.value(code), &mut self.bounds, page);
        self.definition.clear();
        if self.optional {
            self.keyed.validity().encode(&mut self.definition);
        }
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
        if !self.active {
            return self.text.levels();
        }
        (None, self.optional.then_some(self.definition.as_slice()))
    }

    fn finish(&mut self) -> Result<ChunkFacts, EncodeError> {
        if !self.active {
            return self.text.finish();
        }
        if self.bloom.is_on() {
            for code in 0..self.entries.len() {
                self.bloom.add(self.entries.value(code));
            }
        }
        Ok(ChunkFacts {
            bounds: self.bounds.chunk_bounds(),
            page_order: self.bounds.page_order(),
            row_order: RowOrder::default(),
            distinct: self.entries.distinct(),
            replaced_values: self.replaced,
            bloom: self.bloom.finish()?,
        })
    }
}
