//! Pages of fixed-width columns.
//!
//! One loop for every type and encoding: gather a portion of rows, let the values absorb it, ask how
//! much more fits.

use column_format::{ColumnType, SymbolDict};

use super::column::FixedColumn;
use super::dictionary::{FixedDictionary, distinct, entries_within, fixed_dictionary};
use super::hash::hash_rows;
use super::values::{Found, Growing, Values};
use crate::bits::validity::Validity;
use crate::bloom::BloomBuilder;
use crate::encoders::byte_stream_split;
use crate::encoders::delta_binary_packed::HEADER_BYTES_MAX;
use crate::encoders::key_cache::KeyCache;
use crate::page::buf::PageBuf;
use crate::page::writer::HEADER_GAP;
use crate::probe::Probe;
use crate::rows::Cursor;
use crate::source::{
    Added, ChunkBounds, ChunkFacts, DictionaryLimits, FilledPage, GrownDictionary, PageLimits,
    PageSource,
};
use crate::summary::PageBounds;
use crate::{BloomRate, EncodeError, Encoding};

/// Rows gathered at once straight into a page.
const IN_PLACE_ROWS: usize = 4096;

/// Rows gathered at once while entries are looked for.
const PORTION: usize = 1024;

/// A [`PageSource`] over a [`FixedColumn`].
pub(crate) struct FixedSource {
    column: Box<dyn FixedColumn>,
    optional: bool,
    boolean: bool,
    /// Floating point: two zeros are one value, and two dictionary entries.
    two_zeros: bool,
    values: Values,
    found: Option<Found>,
    validity: Validity,
    stage: Vec<u8>,
    definition: Vec<u8>,
    /// Rows to take until room is measured again.
    wanted: usize,
    /// The dictionary of a chunk whose pages no longer use it.
    kept: Option<Box<dyn FixedDictionary>>,
    bloom: BloomBuilder,
}

impl FixedSource {
    /// `column` must be the reader of `column_type`.
    pub(crate) fn new(
        column: Box<dyn FixedColumn>,
        column_type: ColumnType,
        optional: bool,
    ) -> Self {
        Self {
            column,
            optional,
            boolean: column_type == ColumnType::Boolean,
            two_zeros: matches!(column_type, ColumnType::Float | ColumnType::Double),
            values: Values::Plain,
            found: None,
            validity: Validity::default(),
            stage: Vec::new(),
            definition: Vec::new(),
            wanted: 0,
            kept: None,
            bloom: BloomBuilder::default(),
        }
    }

    /// Reads the next part of at most `rows_max` rows into `plain`; returns its rows, 0 at the end.
    fn read(
        column: &mut dyn FixedColumn,
        validity: &mut Validity,
        rows: &mut Cursor<'_, '_>,
        rows_max: usize,
        plain: &mut Vec<u8>,
    ) -> Result<usize, EncodeError> {
        let Some(part) = rows.peek(rows_max) else {
            return Ok(0);
        };
        if !column.read(part, true, validity, plain) {
            return Err(rows.wrong_layout(column.expects()));
        }
        column.watch(&part);
        rows.advance(part.rows());
        Ok(part.rows())
    }

    /// Adds exactly the wanted rows to the page, fewer only at the end of the rows; `false` then. So
    /// the points at which room is measured do not depend on where the slices were cut.
    fn take(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<bool, EncodeError> {
        if self.values.has_kept() {
            return Ok(self.take_kept(rows, page));
        }
        while self.wanted > 0 {
            let read = if self.values.absorbs() && self.stage.is_empty() {
                self.take_stored(rows, page)?
            } else {
                0
            };
            let read = match read {
                0 => self.take_read(rows, limits, page)?,
                read => read,
            };
            if read == 0 {
                return Ok(false);
            }
            self.wanted -= read;
        }
        Ok(true)
    }

    /// Adds the next rows straight from where they are stored; 0 if they must be read first.
    fn take_stored(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        page: &mut PageBuf,
    ) -> Result<usize, EncodeError> {
        let Some(part) = rows.peek(self.wanted) else {
            return Ok(0);
        };
        let Some(plain) = self.column.as_page(&part) else {
            return Ok(0);
        };
        self.validity.push_valid(part.rows());
        if self.bloom.is_on() && self.values.dictionary().is_none() {
            self.bloom.add_fixed(plain, self.column.width());
        }
        self.values.absorb(plain, page)?;
        self.column.watch(&part);
        rows.advance(part.rows());
        Ok(part.rows())
    }

    /// Reads the next rows into the page or the stage; 0 at the end.
    fn take_read(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<usize, EncodeError> {
        let in_place = self.values.is_in_place();
        let (wanted, plain) = if in_place {
            let wanted = self.wanted.min(IN_PLACE_ROWS);
            page.reserve(wanted * self.column.width(), limits.bytes);
            (wanted, page.tail())
        } else {
            (self.wanted, &mut self.stage)
        };
        let before = plain.len();
        let column = self.column.as_mut();
        let read = Self::read(column, &mut self.validity, rows, wanted, plain)?;
        if self.bloom.is_on() && self.values.dictionary().is_none() {
            let new = plain.get(before..).unwrap_or(&[]);
            self.bloom.add_fixed(new, self.column.width());
        }
        if self.values.absorbs() {
            self.values.absorb(&self.stage, page)?;
            self.stage.clear();
        }
        Ok(read)
    }

    /// A full page of split values straight from where they are stored: they need not be collected
    /// to be counted. `rows_max` rows fill it.
    fn take_split(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        rows_max: usize,
        page: &mut PageBuf,
    ) -> bool {
        let part = rows.peek(rows_max).filter(|part| part.rows() == rows_max);
        let Some((part, plain)) = part.and_then(|part| Some((part, self.column.as_page(&part)?)))
        else {
            return false;
        };
        self.validity.push_valid(part.rows());
        let width = self.column.width();
        if self.bloom.is_on() {
            self.bloom.add_fixed(plain, width);
        }
        byte_stream_split::page(plain, width, page);
        self.column.watch(&part);
        rows.advance(part.rows());
        true
    }

    /// The same from keys that were kept: no value is looked at.
    fn take_kept(&mut self, rows: &mut Cursor<'_, '_>, page: &mut PageBuf) -> bool {
        if rows.is_stopped() {
            return false;
        }
        let mut done = self.values.push_kept(self.wanted, &mut self.validity, page);
        self.wanted -= done;
        while done > 0
            && let Some(part) = rows.peek(done)
        {
            self.column.watch(&part);
            rows.advance(part.rows());
            done -= part.rows();
        }
        self.wanted == 0 && !rows.is_stopped()
    }

    /// Distinct values, where the dictionary knows them.
    fn distinct(&self) -> Option<u64> {
        let dictionary = self.values.dictionary()?;
        Some(distinct(dictionary, self.column.width(), self.two_zeros))
    }
}

impl PageSource for FixedSource {
    fn start(&mut self) {
        self.rewind(false);
        self.values = Values::Plain;
        self.found = None;
        self.kept = None;
        self.bloom.stop();
    }

    fn rewind(&mut self, trial: bool) {
        self.column.start();
        self.values.rewind(trial);
    }

    fn find_entries(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        _symbols: Option<&SymbolDict>,
        limits: DictionaryLimits,
    ) -> Result<bool, EncodeError> {
        let width = self.column.width();
        let Some(mut dictionary) = fixed_dictionary(width) else {
            return Ok(false);
        };
        let entries_max = limits.entries.min(limits.bytes / width);
        let mut fits = true;
        let (mut cache, mut valid) = (KeyCache::default(), Validity::default());
        cache.start(rows.rows_left());
        while fits && let Some(part) = rows.peek(PORTION) {
            if let Some(plain) = self.column.as_plain(&part) {
                valid.push_valid(part.rows());
                fits = dictionary.add(plain, entries_max, &mut cache);
            } else {
                self.stage.clear();
                if !self.column.read(part, false, &mut valid, &mut self.stage) {
                    return Err(rows.wrong_layout(self.column.expects()));
                }
                fits = dictionary.add(&self.stage, entries_max, &mut cache);
            }
            rows.advance(part.rows());
        }
        self.stage.clear();
        // Bounds are those of the pages, which come later.
        self.column.start();
        self.found = fits.then_some(Found {
            dictionary,
            cache,
            rows: valid,
        });
        Ok(fits)
    }

    fn hash(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        _symbols: Option<&SymbolDict>,
        _bytes_max: usize,
        probe: &mut Probe,
    ) -> Result<(), EncodeError> {
        hash_rows(self.column.as_mut(), rows, &mut self.stage, probe)
    }

    fn set_encoding(&mut self, encoding: Encoding) {
        let values = Values::new(
            encoding,
            self.column.width(),
            self.boolean,
            self.found.take(),
        );
        if let Values::Growing(growing) = std::mem::replace(&mut self.values, values) {
            self.kept = Some(growing.into_dictionary());
        }
    }

    fn set_growing(&mut self, bytes_max: usize, heap_max: usize) {
        let width = self.column.width();
        let entries = (bytes_max / width).min(entries_within(width, heap_max));
        self.found = None;
        self.values = match fixed_dictionary(width) {
            Some(dictionary) => Values::Growing(Growing::new(dictionary, entries)),
            None => Values::Plain,
        };
    }

    fn start_bloom(&mut self, rate: BloomRate, values: Option<u64>) -> Result<(), EncodeError> {
        self.bloom.start(rate, values, self.two_zeros)
    }

    fn dictionary_size(&self) -> (usize, usize) {
        let dictionary = self.values.dictionary().or(self.kept.as_deref());
        dictionary.map_or((0, 0), |d| (d.entries(), d.entries() * self.column.width()))
    }

    fn take_dictionary(&mut self) -> Option<GrownDictionary> {
        let kept = self.kept.as_deref();
        let dictionary = self.values.dictionary().or(kept)?;
        let mut page = PageBuf::default();
        page.reset_exact(HEADER_GAP, dictionary.plain());
        Some(GrownDictionary {
            page,
            entries: dictionary.entries(),
            distinct: self.distinct(),
        })
    }

    fn heap_bytes(&self) -> usize {
        let dictionary = self.values.dictionary().or(self.kept.as_deref());
        let keys = match &self.values {
            Values::Growing(growing) => growing.heap_bytes(),
            _ => 0,
        };
        self.stage.capacity()
            + self.definition.capacity()
            + keys
            + self.bloom.heap_bytes()
            + dictionary.map_or(0, |d| d.heap_bytes())
    }

    fn gap(&self, _limits: PageLimits) -> usize {
        HEADER_BYTES_MAX
    }

    fn dictionary(&self) -> Option<(&[u8], usize)> {
        self.values.dictionary().map(|d| (d.plain(), d.entries()))
    }

    fn start_page(&mut self, limits: PageLimits, page: &mut PageBuf) {
        self.validity.clear();
        self.stage.clear();
        self.wanted = 0;
        self.values.start_page(limits.bytes, page);
    }

    fn add(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        _symbols: Option<&SymbolDict>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<Added, EncodeError> {
        let width = self.column.width();
        if self.values.is_split() && self.validity.rows() == 0 && self.wanted == 0 {
            let fits = self.values.room(page.len(), 0, width, limits.bytes);
            let fits = fits.min(limits.rows);
            if fits > 0 && self.take_split(rows, fits, page) {
                return Ok(Added::Full);
            }
        }
        loop {
            if self.wanted == 0 {
                let done = self.validity.rows();
                if done < limits.rows && self.values.is_dictionary_full() {
                    return Ok(Added::DictionaryFull);
                }
                let bytes_max = limits.bytes.saturating_sub(self.validity.level_bytes());
                let room = self
                    .values
                    .room(page.len(), self.stage.len(), width, bytes_max);
                let room = if done == 0 { room.max(1) } else { room };
                self.wanted = room
                    .min(limits.rows.saturating_sub(done))
                    .min(self.values.portion());
                if self.wanted == 0 {
                    return Ok(Added::Full);
                }
                self.values.reserve(self.wanted, limits.rows);
            }
            if !self.take(rows, limits, page)? {
                return Ok(Added::Ended);
            }
        }
    }

    fn end_page(&mut self, page: &mut PageBuf) -> Option<FilledPage> {
        let (row_count, nulls) = (self.validity.rows(), self.validity.nulls());
        if row_count == 0 {
            return None;
        }
        let width = self.column.width();
        let column = self.column.as_mut();
        self.values
            .take_seen(width, |entry| column.add_bounds(entry));
        self.values.finish_page(&mut self.stage, width, page);
        self.definition.clear();
        if self.optional {
            self.validity.encode(&mut self.definition);
        }
        Some(FilledPage {
            rows: row_count,
            values: row_count,
            nulls,
            bounds: self.column.end_page(),
            unencoded_bytes: 0,
            level_counts: None,
        })
    }

    fn levels(&self) -> (Option<&[u8]>, Option<&[u8]>) {
        (None, self.optional.then_some(self.definition.as_slice()))
    }

    fn finish(&mut self) -> Result<ChunkFacts, EncodeError> {
        let distinct = self.distinct();
        let dictionary = self.values.dictionary().or(self.kept.as_deref());
        if let Some(dictionary) = dictionary.filter(|_| self.bloom.is_on()) {
            self.bloom
                .add_fixed(dictionary.plain(), self.column.width());
        }
        self.values = Values::Plain;
        self.kept = None;
        let bounds = self.column.chunk_bounds();
        let (min_is_exact, max_is_exact) = self.column.bounds_are_exact();
        let bounds = bounds.map(|PageBounds { min, max }| ChunkBounds {
            min,
            max: Some(max),
            min_is_exact,
            max_is_exact,
        });
        Ok(ChunkFacts {
            bounds,
            page_order: self.column.page_order(),
            row_order: self.column.row_order(),
            distinct,
            replaced_values: 0,
            bloom: self.bloom.finish()?,
        })
    }
}
