//! Pages of SYMBOL columns.
//!
//! The common page needs no byte of text: keys are looked up and packed. Bounds come from the
//! entries that a page used, each looked at once. Without a dictionary the column is text.

use column_format::{ColumnSlice, ColumnType, SymbolDict};

use super::used::{NO_CODE, Used};
use crate::bits::validity::Validity;
use crate::encoders::dictionary::KeyWriter;
use crate::fixed::column::OrderTracker;
use crate::page::buf::PageBuf;
use crate::rows::Cursor;
use crate::source::{
    ChunkBounds, ChunkFacts, DictionaryLimits, FilledPage, PageLimits, PageSource,
};
use crate::summary::PageBounds;
use crate::text::bounds::{Bounds, Cut};
use crate::text::chunk::TextSource;
use crate::text::utf8;
use crate::{EncodeError, Encoding};

/// Keys looked up together.
const BLOCK: usize = 256;

/// Bytes of the length in front of a PLAIN byte array.
const PREFIX: usize = 4;

/// A [`PageSource`] over symbol keys.
pub(crate) struct SymbolSource {
    text: TextSource,
    optional: bool,
    bounds_wanted: bool,
    /// The chunk has a dictionary; otherwise `text` does everything.
    active: bool,
    used: Option<Used>,
    entries: Entries,
    keys: KeyWriter,
    validity: Validity,
    definition: Vec<u8>,
    page: Bounds,
    chunk: Bounds,
    order: OrderTracker<Vec<u8>>,
    replaced: u64,
}

/// The chunk's dictionary, transcoded.
#[derive(Debug, Default)]
struct Entries {
    plain: Vec<u8>,
    /// Start of each entry in `plain`.
    starts: Vec<usize>,
    /// Entries in which something became U+FFFD; then two of them may look alike.
    replaced: Vec<bool>,
    any_replaced: bool,
    /// Entries that the page uses.
    seen: Vec<u8>,
}

impl Entries {
    /// Transcodes `keys`. `false` if they take more than `bytes_max`.
    fn fill(&mut self, keys: &[u32], symbols: &SymbolDict, bytes_max: usize) -> bool {
        *self = Self::default();
        for key in keys {
            let Some(value) = symbols.value(*key) else {
                return false;
            };
            let start = self.plain.len();
            self.starts.push(start);
            self.plain.extend_from_slice(&[0; PREFIX]);
            let replaced = utf8::push_utf16(value, &mut self.plain);
            self.replaced.push(replaced);
            self.any_replaced |= replaced;
            let len = self.plain.len() - start - PREFIX;
            let Ok(len) = u32::try_from(len) else {
                return false;
            };
            if self.plain.len() > bytes_max {
                return false;
            }
            if let Some(slot) = self.plain.get_mut(start..start + PREFIX) {
                slot.copy_from_slice(&len.to_le_bytes());
            }
        }
        self.seen = vec![0; keys.len()];
        true
    }

    fn value(&self, code: usize) -> &[u8] {
        let start = self.starts[code] + PREFIX;
        let end = self
            .starts
            .get(code + 1)
            .copied()
            .unwrap_or(self.plain.len());
        &self.plain[start..end]
    }
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
            bounds_wanted: bounds,
            active: false,
            used: None,
            entries: Entries::default(),
            keys: KeyWriter::default(),
            validity: Validity::default(),
            definition: Vec::new(),
            page: Bounds::new(Cut::Text),
            chunk: Bounds::new(Cut::Text),
            order: OrderTracker::default(),
            replaced: 0,
        })
    }

    /// Adds exactly `wanted` rows to the page, fewer only at the end.
    fn take(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        wanted: usize,
        page: &mut PageBuf,
        unencoded: &mut u64,
    ) -> Result<bool, EncodeError> {
        let mut left = wanted;
        while left > 0 {
            let Some(part) = rows.peek(left) else {
                return Ok(false);
            };
            match part {
                ColumnSlice::Nulls { rows: nulls } => {
                    if !self.optional {
                        let (slice, row) = (rows.slice_idx(), rows.row());
                        return Err(EncodeError::NullInRequired { slice, row });
                    }
                    self.validity.push_nulls(nulls);
                }
                ColumnSlice::Fixed(fixed) => {
                    let keys = fixed
                        .chunks::<4>()
                        .ok_or_else(|| rows.wrong_layout(EXPECTED))?;
                    for (i, block) in keys.chunks(BLOCK).enumerate() {
                        self.push_keys(block, page, unencoded).map_err(|ahead| {
                            let row = rows.row() + (i * BLOCK + ahead) as u64;
                            EncodeError::NullInRequired {
                                slice: rows.slice_idx(),
                                row,
                            }
                        })?;
                    }
                }
                _ => return Err(rows.wrong_layout(EXPECTED)),
            }
            rows.advance(part.rows());
            left -= part.rows();
        }
        Ok(true)
    }

    /// Appends the codes of at most [`BLOCK`] keys. The error is the place of a null that may not be.
    fn push_keys(
        &mut self,
        keys: &[[u8; 4]],
        page: &mut PageBuf,
        unencoded: &mut u64,
    ) -> Result<(), usize> {
        let mut codes = [0_u32; BLOCK];
        let Some(used) = &self.used else {
            return Ok(());
        };
        let has_null = used.codes(keys, &mut codes);
        let mut count = keys.len();
        if has_null {
            if !self.optional {
                return Err(codes.iter().position(|code| *code == NO_CODE).unwrap_or(0));
            }
            let mut kept = 0;
            for part in 0..count.div_ceil(64) {
                let rows = part * 64..count.min(part * 64 + 64);
                let mut mask = 0_u64;
                for (i, row) in rows.clone().enumerate() {
                    let code = codes[row];
                    mask |= u64::from(code != NO_CODE) << i;
                    codes[kept] = code;
                    kept += usize::from(code != NO_CODE);
                }
                self.validity.push_mask(mask, rows.len());
            }
            count = kept;
        } else {
            self.validity.push_valid(count);
        }
        let codes = &codes[..count];
        for code in codes {
            if let Some(seen) = self.entries.seen.get_mut(*code as usize) {
                *seen = 1;
            }
        }
        if self.entries.any_replaced {
            let replaced = codes
                .iter()
                .filter(|code| self.entries.replaced[**code as usize]);
            self.replaced += replaced.count() as u64;
        }
        let lens = codes
            .iter()
            .map(|code| self.entries.value(*code as usize).len() as u64);
        *unencoded += lens.sum::<u64>();
        self.keys.push(codes, page.tail());
        Ok(())
    }

    /// Bounds of the page from the entries that it used.
    fn end_page(&mut self) -> Option<PageBounds> {
        for code in 0..self.entries.seen.len() {
            if std::mem::take(&mut self.entries.seen[code]) == 1 && self.bounds_wanted {
                self.page.add(self.entries.value(code));
            }
        }
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

/// What slices of a symbol column are.
const EXPECTED: &str = "4 bytes a row";

impl PageSource for SymbolSource {
    fn start(&mut self) {
        self.rewind();
        self.text.start();
        self.active = false;
        self.used = None;
        self.entries = Entries::default();
    }

    fn rewind(&mut self) {
        self.text.rewind();
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
        let fits = keys.len() <= limits.entries && self.entries.fill(&keys, symbols, limits.bytes);
        if fits {
            used.assign(&keys);
            self.used = Some(used);
        } else {
            self.entries = Entries::default();
        }
        Ok(fits)
    }

    fn set_encoding(&mut self, encoding: Encoding) {
        self.active = encoding == Encoding::Dictionary;
        self.keys.start_chunk(self.entries.starts.len());
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
            .then_some((self.entries.plain.as_slice(), self.entries.starts.len()))
    }

    fn fill(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<Option<FilledPage>, EncodeError> {
        if !self.active {
            return self.text.fill(rows, symbols, limits, page);
        }
        self.validity.clear();
        self.keys.start_page(page.tail());
        let mut unencoded_bytes = 0;
        loop {
            let done = self.validity.rows();
            let room = self
                .keys
                .room(page.len(), limits.bytes)
                .max(usize::from(done == 0));
            let wanted = room.min(limits.rows.saturating_sub(done));
            if wanted == 0 || !self.take(rows, wanted, page, &mut unencoded_bytes)? {
                break;
            }
        }
        let (row_count, nulls) = (self.validity.rows(), self.validity.nulls());
        if row_count == 0 {
            return Ok(None);
        }
        self.keys.finish(page.tail());
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
        if !self.active {
            return self.text.levels();
        }
        (None, self.optional.then_some(self.definition.as_slice()))
    }

    fn finish(&mut self) -> ChunkFacts {
        if !self.active {
            return self.text.finish();
        }
        let distinct = self.entries.starts.len() as u64;
        let bounds = self.chunk.written().map(|written| ChunkBounds {
            min: written.min,
            max: written.max,
            min_is_exact: written.min_is_exact,
            max_is_exact: written.max_is_exact,
        });
        ChunkFacts {
            bounds,
            page_order: self.order.order(),
            distinct: (!self.entries.any_replaced).then_some(distinct),
            replaced_values: self.replaced,
        }
    }
}
