//! The native bytes of rows: what a column file stores for them, column tops included.
//!
//! A slice knows how many bytes it takes from its offsets alone, but that depends on what else is
//! in the file: holes, tops, missing columns. Row groups must not (P2), so texts and arrays are
//! measured value by value, and a row without bytes counts as the NULL that a file would store.

use std::cell::Cell;
use std::ops::Range;

use column_format::{
    AUX_ARRAY_ENTRY_LEN, AUX_OFFSET_LEN, AUX_VARCHAR_ENTRY_LEN, ColumnSlice, Layout,
    VARCHAR_INLINE_MAX,
};
use table_reader::{Cursor, Frame};

use super::planner::RowBytes;
use crate::error::{Cause, EngineError, Result};
use crate::reading::column_error;

/// Bytes of the length in front of a STRING.
const STRING_LEN_BYTES: usize = 4;
/// Bytes of the length in front of a BINARY.
const BINARY_LEN_BYTES: usize = 8;

/// Bytes of the length of a dimension of an array.
const ARRAY_DIM_BYTES: u64 = 4;

/// The columns of a cursor, split into those whose rows all take the same and the others.
#[derive(Debug)]
pub(crate) struct RowMeter {
    fixed_row_bytes: u64,
    variable: Vec<(usize, Layout)>,
    /// Bytes of the largest value measured so far.
    largest_value: Cell<u64>,
}

impl RowMeter {
    pub(crate) fn new(cursor: &impl Cursor) -> Self {
        let mut meter = Self {
            fixed_row_bytes: 0,
            variable: Vec::new(),
            largest_value: Cell::new(0),
        };
        for (idx, column) in cursor.columns().iter().enumerate() {
            match column.column_type.layout() {
                Layout::Fixed(width) => meter.fixed_row_bytes += len_u64(width),
                layout => meter.variable.push((idx, layout)),
            }
        }
        meter
    }

    /// Bytes of the largest value of variable size that was measured so far.
    pub(crate) fn largest_value(&self) -> u64 {
        self.largest_value.get()
    }

    pub(crate) fn of<'a>(&'a self, frame: &'a Frame) -> MeteredFrame<'a> {
        MeteredFrame { meter: self, frame }
    }
}

/// A frame that can be measured.
#[derive(Debug)]
pub(crate) struct MeteredFrame<'a> {
    meter: &'a RowMeter,
    frame: &'a Frame,
}

impl RowBytes for MeteredFrame<'_> {
    type Error = EngineError;

    fn sum(&self, lo: usize, hi: usize) -> Result<u64> {
        let rows = len_u64(hi.saturating_sub(lo));
        let mut sum = rows.saturating_mul(self.meter.fixed_row_bytes);
        // Where nothing is mapped, no more than these rows is read to measure them.
        let frame = self.frame.part(lo..hi);
        for &(idx, layout) in &self.meter.variable {
            for slice in slices_of(&frame, idx, 0..hi.saturating_sub(lo))? {
                let measured = variable_bytes(layout, &slice);
                let (bytes, largest) = measured.map_err(|source| {
                    let name = self
                        .frame
                        .columns()
                        .get(idx)
                        .map_or("", |c| c.name.as_str());
                    EngineError::from(Cause::Column(source)).in_column(name)
                })?;
                sum = sum.saturating_add(bytes);
                let known = &self.meter.largest_value;
                known.set(known.get().max(largest));
            }
        }
        Ok(sum)
    }
}

/// The rows `range` of a column of a frame, in at most two slices.
pub(crate) fn slices_of(
    frame: &Frame,
    column: usize,
    range: Range<usize>,
) -> Result<impl Iterator<Item = ColumnSlice<'_>>> {
    let slices = frame.column(column).map_err(column_error)?;
    let mut start = 0;
    Ok(slices.into_iter().filter_map(move |slice| {
        let lo = range.start.saturating_sub(start);
        let hi = range.end.saturating_sub(start).min(slice.rows());
        start += slice.rows();
        (lo < hi).then(|| slice.slice(lo..hi))
    }))
}

/// The bytes of all rows, and of the largest value among them.
fn variable_bytes(
    layout: Layout,
    slice: &ColumnSlice<'_>,
) -> Result<(u64, u64), column_format::LayoutError> {
    let per_row = match layout {
        Layout::String => AUX_OFFSET_LEN + STRING_LEN_BYTES,
        Layout::Binary => AUX_OFFSET_LEN + BINARY_LEN_BYTES,
        Layout::Varchar => AUX_VARCHAR_ENTRY_LEN,
        Layout::Array { .. } => AUX_ARRAY_ENTRY_LEN,
        Layout::Fixed(width) => width,
    };
    let base = len_u64(slice.rows()).saturating_mul(len_u64(per_row));
    let (mut values, mut largest) = (0_u64, 0_u64);
    let mut add = |bytes: u64| {
        values = values.saturating_add(bytes);
        largest = largest.max(bytes);
    };
    match slice {
        ColumnSlice::String(slice) => {
            for text in slice.iter() {
                add(text?.map_or(0, |text| len_u64(text.units_le().len())));
            }
        }
        ColumnSlice::Binary(slice) => {
            for bytes in slice.iter() {
                add(bytes?.map_or(0, |bytes| len_u64(bytes.len())));
            }
        }
        ColumnSlice::Varchar(slice) => {
            let data_len = len_u64(slice.data().len());
            if let Some(measured) = long_values(slice.aux_entries(), data_len) {
                (values, largest) = measured;
                return Ok((base.saturating_add(values), largest));
            }
            for text in slice.iter() {
                let len = text?.map_or(0, <[u8]>::len);
                add(if len > VARCHAR_INLINE_MAX {
                    len_u64(len)
                } else {
                    0
                });
            }
        }
        ColumnSlice::Array(slice) => {
            // Not the stored size: its padding depends on where in the file the value lies.
            for array in slice.iter() {
                add(array?.map_or(0, |array| {
                    len_u64(array.dims()) * ARRAY_DIM_BYTES
                        + len_u64(array.elements().as_flattened().len())
                }));
            }
        }
        ColumnSlice::Nulls { .. } | ColumnSlice::Fixed(_) => {}
    }
    Ok((base.saturating_add(values), largest))
}

/// Bytes of the values behind `entries` that stand in a data file of `data_len`, and of the largest, by
/// the entries alone and without a branch on the row. `None` if an entry is not what a writer makes:
/// which one it is takes a closer look.
fn long_values(entries: &[[u8; AUX_VARCHAR_ENTRY_LEN]], data_len: u64) -> Option<(u64, u64)> {
    const INLINED: u32 = 1;
    const NULL: u32 = 4;
    let (mut sum, mut largest, mut end, mut bad) = (0_u64, 0_u32, 0_u64, false);
    for entry in entries {
        let [h0, h1, h2, h3, _, _, _, _, _, _, o0, o1, o2, o3, o4, o5] = *entry;
        let header = u32::from_le_bytes([h0, h1, h2, h3]);
        let offset = u64::from_le_bytes([o0, o1, o2, o3, o4, o5, 0, 0]);
        let is_long = header & (INLINED | NULL) == 0;
        let len = if is_long { header >> 4 } else { 0 };
        bad |= is_long & (len as usize <= VARCHAR_INLINE_MAX);
        let short = (header >> 4 & 0xf) as usize;
        bad |= (header & (INLINED | NULL) == INLINED) & (short > VARCHAR_INLINE_MAX);
        sum += u64::from(len);
        largest = largest.max(len);
        end = end.max(if is_long { offset + u64::from(len) } else { 0 });
    }
    (!bad && end <= data_len).then_some((sum, u64::from(largest)))
}

fn len_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
