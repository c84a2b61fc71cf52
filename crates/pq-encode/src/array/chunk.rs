//! Pages of LIST columns.
//!
//! A row is weighed by its shape before it is taken, nulls among its elements counted as values: a
//! page is closed before the row that would take it beyond the target.

use column_format::{ArrayValue, ColumnSlice, SymbolDict};

use super::levels::ListLevels;
use crate::bits::validity::Validity;
use crate::encoders::byte_stream_split;
use crate::fixed::column::OrderTracker;
use crate::fixed::gather::{MinMax, Mode, gather, nothing};
use crate::fixed::kind::{F64, F64Marked, Kind};
use crate::page::buf::{self, PageBuf};
use crate::rows::Cursor;
use crate::source::{
    Added, ChunkBounds, ChunkFacts, DictionaryLimits, FilledPage, GrownDictionary, PageLimits,
    PageSource,
};
use crate::summary::PageBounds;
use crate::{BloomRate, EncodeError, Encoding};

/// Bytes of an element.
const ELEMENT: usize = 8;

/// Elements that one row may have: a page has 31 bits for its bytes.
const ELEMENTS_MAX: usize = (1 << 28) - 1;

/// Reads the elements of a row.
type Gather = fn(&[[u8; 8]], Mode, &mut Validity, &mut MinMax<f64>, &mut Vec<u8>);

/// A [`PageSource`] over arrays.
pub(crate) struct ListSource {
    dims: u8,
    optional: bool,
    mode: Mode,
    /// NaN elements are null; otherwise only those with the bits of `NULL_ELEMENT`.
    sentinels: bool,
    split: bool,
    levels: ListLevels,
    /// Rows of the page.
    row_count: usize,
    stage: Vec<u8>,
    shape: Vec<u32>,
    /// Of one row.
    validity: Validity,
    valid: Vec<bool>,
    page: MinMax<f64>,
    chunk: MinMax<f64>,
    order: OrderTracker<f64>,
}

impl ListSource {
    pub(crate) fn new(dims: u8, optional: bool, sentinels: bool, bounds: bool) -> Self {
        Self {
            dims,
            optional,
            mode: Mode {
                nullable: true,
                bounds,
                order: false,
            },
            sentinels,
            split: false,
            levels: ListLevels::new(dims, optional),
            row_count: 0,
            stage: Vec::new(),
            shape: Vec::new(),
            validity: Validity::default(),
            valid: Vec::new(),
            page: nothing::<F64>(),
            chunk: nothing::<F64>(),
            order: OrderTracker::default(),
        }
    }

    /// Bytes of a page with this many more nulls that follow each other, and slots behind them.
    fn bytes_with(&self, nulls: usize, slots: usize, plain: usize) -> usize {
        let levels = (self.levels.slots() + nulls + slots) * self.levels.bits();
        plain + slots * ELEMENT + levels.div_ceil(8)
    }

    /// Adds a row; its elements go to `plain`.
    fn push(&mut self, value: &ArrayValue<'_>, plain: &mut Vec<u8>) {
        self.shape.clear();
        self.shape.extend(value.shape());
        self.validity.clear();
        let (gather, is_null) = if self.sentinels {
            (gather::<F64> as Gather, F64::is_null as fn([u8; 8]) -> bool)
        } else {
            (gather::<F64Marked> as Gather, F64Marked::is_null as _)
        };
        gather(
            value.elements(),
            self.mode,
            &mut self.validity,
            &mut self.page,
            plain,
        );
        if self.validity.nulls() == 0 {
            self.levels.push_row(&self.shape, None);
        } else {
            self.valid.clear();
            self.valid
                .extend(value.elements().iter().map(|element| !is_null(*element)));
            self.levels.push_row(&self.shape, Some(&self.valid));
        }
    }

    /// Adds rows until the page is full or they end.
    fn take(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<Added, EncodeError> {
        while let Some(part) = rows.peek((limits.rows - self.row_count).max(1)) {
            if self.row_count == limits.rows {
                return Ok(Added::Full);
            }
            // Nulls that are counted and not written yet: those that follow each other are one run.
            let mut nulls = 0;
            for row in 0..part.rows() {
                let value = self.value(rows, part, row)?;
                // A null takes a slot, so does an empty array.
                let slots = value.map_or(1, |value| slots_of(&value));
                if slots > ELEMENTS_MAX {
                    let (what, limit) = ("elements of an array", ELEMENTS_MAX as u64);
                    return Err(EncodeError::TooLarge {
                        what,
                        limit,
                        found: slots as u64,
                    });
                }
                let plain = if self.split {
                    self.stage.len()
                } else {
                    page.len()
                };
                if self.row_count > 0 && self.bytes_with(nulls, slots, plain) > limits.bytes {
                    self.levels.push_nulls(nulls);
                    rows.advance(row);
                    return Ok(Added::Full);
                }
                let Some(value) = value else {
                    nulls += 1;
                    self.row_count += 1;
                    continue;
                };
                self.levels.push_nulls(std::mem::take(&mut nulls));
                // Not by doubling: a row may be larger than any page. By the elements that are there: an
                // array may have any number of empty lists.
                let bytes = value.elements().len() * ELEMENT;
                if self.split {
                    buf::reserve(&mut self.stage, bytes, limits.bytes);
                } else {
                    page.reserve(bytes, limits.bytes);
                }
                let mut stage = std::mem::take(&mut self.stage);
                let plain = if self.split { &mut stage } else { page.tail() };
                self.push(&value, plain);
                self.stage = stage;
                self.row_count += 1;
            }
            self.levels.push_nulls(nulls);
            rows.advance(part.rows());
        }
        Ok(Added::Ended)
    }

    /// The value of a row; an error if the row may not be null.
    fn value<'a>(
        &self,
        rows: &Cursor<'_, '_>,
        part: ColumnSlice<'a>,
        row: usize,
    ) -> Result<Option<ArrayValue<'a>>, EncodeError> {
        let value = match part {
            ColumnSlice::Nulls { .. } => None,
            ColumnSlice::Array(array) if array.dims() == self.dims => {
                array.get(row).map_err(|source| rows.layout(row, source))?
            }
            _ => {
                let expected = format!("an array of {} dimensions", self.dims);
                return Err(rows.wrong_layout(&expected));
            }
        };
        if value.is_none() && !self.optional {
            let (slice, row) = (rows.slice_idx(), rows.row() + row as u64);
            return Err(EncodeError::NullInRequired { slice, row });
        }
        Ok(value)
    }

    fn page_bounds(&mut self) -> Option<PageBounds> {
        let page = std::mem::replace(&mut self.page, nothing::<F64>());
        self.chunk.merge(page);
        let bounds = written(page);
        if bounds.is_some() {
            self.order.add(page.min, page.max);
        }
        bounds
    }
}

/// Slots of an array: its elements, or the lists above its first empty dimension. `[3, 0]` takes
/// three, although it has no element.
fn slots_of(value: &ArrayValue<'_>) -> usize {
    value
        .shape()
        .take_while(|len| *len != 0)
        .fold(1usize, |slots, len| slots.saturating_mul(len as usize))
}

fn written(bounds: MinMax<f64>) -> Option<PageBounds> {
    (bounds.min <= bounds.max).then(|| PageBounds {
        min: F64::lower(bounds.min).to_vec(),
        max: F64::upper(bounds.max).to_vec(),
    })
}

impl PageSource for ListSource {
    fn start(&mut self) {
        self.rewind(false);
        self.split = false;
    }

    fn rewind(&mut self, _trial: bool) {
        self.page = nothing::<F64>();
        self.chunk = nothing::<F64>();
        self.order = OrderTracker::default();
    }

    fn find_entries(
        &mut self,
        _rows: &mut Cursor<'_, '_>,
        _symbols: Option<&SymbolDict>,
        _limits: DictionaryLimits,
    ) -> Result<bool, EncodeError> {
        Ok(false)
    }

    fn set_encoding(&mut self, encoding: Encoding) {
        self.split = encoding == Encoding::ByteStreamSplit;
    }

    fn gap(&self, limits: PageLimits) -> usize {
        // Two levels a slot, of which a page has at most one for every eight bytes or every row.
        (limits.bytes / 8).min(64 << 10)
    }

    fn dictionary(&self) -> Option<(&[u8], usize)> {
        None
    }

    fn set_growing(&mut self, _bytes_max: usize, _heap_max: usize) {
        self.split = false;
    }

    fn trim(&mut self, bytes_max: usize) {
        if self.stage.capacity() > bytes_max {
            self.stage = Vec::new();
        }
    }

    fn start_bloom(&mut self, _rate: BloomRate, _values: Option<u64>) -> Result<(), EncodeError> {
        Ok(())
    }

    fn dictionary_size(&self) -> (usize, usize) {
        (0, 0)
    }

    fn take_dictionary(&mut self) -> Option<GrownDictionary> {
        None
    }

    fn heap_bytes(&self) -> usize {
        self.stage.capacity() + self.levels.heap_bytes()
    }

    fn start_page(&mut self, _limits: PageLimits, _page: &mut PageBuf) {
        self.levels.start_page();
        self.stage.clear();
        self.row_count = 0;
    }

    fn add(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        _symbols: Option<&SymbolDict>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<Added, EncodeError> {
        self.take(rows, limits, page)
    }

    fn end_page(&mut self, page: &mut PageBuf) -> Option<FilledPage> {
        if self.row_count == 0 {
            return None;
        }
        if self.split {
            byte_stream_split::page(&self.stage, ELEMENT, page);
        }
        self.levels.finish_page();
        Some(FilledPage {
            rows: self.row_count,
            values: self.levels.slots(),
            nulls: self.levels.nulls(),
            bounds: self.page_bounds(),
            unencoded_bytes: 0,
            level_counts: Some((
                self.levels.repetition_counts.clone(),
                self.levels.definition_counts.clone(),
            )),
        })
    }

    fn levels(&self) -> (Option<&[u8]>, Option<&[u8]>) {
        (
            Some(&self.levels.repetition_bytes),
            Some(&self.levels.definition_bytes),
        )
    }

    fn finish(&mut self) -> Result<ChunkFacts, EncodeError> {
        // A zero bound is widened to -0.0 or +0.0, whichever zero was there.
        let MinMax { min: lo, max: hi } = self.chunk;
        let bounds = written(self.chunk).map(|PageBounds { min, max }| ChunkBounds {
            min,
            max: Some(max),
            min_is_exact: lo != 0.0,
            max_is_exact: hi != 0.0,
        });
        Ok(ChunkFacts {
            bounds,
            page_order: self.order.order(),
            ..ChunkFacts::default()
        })
    }
}
