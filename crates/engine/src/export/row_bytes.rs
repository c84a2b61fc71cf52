//! The native bytes of rows: what a column file stores for them, column tops included.
//!
//! A slice knows how many bytes it takes from its offsets alone, but that depends on what else is
//! in the file: holes, tops, missing columns. Row groups must not (P2), so texts and arrays are
//! measured value by value, and a row without bytes counts as the NULL that a file would store.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use column_format::{ColumnSlice, Layout, LayoutError, lossy_utf8_len};
use table_reader::{Cursor, Frame};

use super::budget::{Budget, Taken};
use super::planner::RowBytes;
use crate::error::{Cause, EngineError, Result};
use crate::reading::column_error;
use crate::running::Running;

/// Rows of a Parquet partition that are measured together: 4 bytes each are kept.
const MEASURED_ROWS_MAX: usize = 1 << 18;

/// The columns of a cursor, split into those whose rows all take the same and the others.
#[derive(Debug)]
pub(crate) struct RowMeter<'b> {
    fixed_row_bytes: u64,
    variable: Vec<(usize, Layout)>,
    budget: &'b Budget,
    running: &'b Running,
    /// The row group of a Parquet partition that was measured last.
    group: RefCell<Option<Rc<GroupBytes>>>,
}

/// Bytes of rows of one row group of a Parquet partition. Its columns are decoded for this one after
/// the other, and let go.
#[derive(Debug)]
struct GroupBytes {
    /// As [`Frame::group_key`]: a frame would keep the partition open.
    key: Option<(usize, usize)>,
    /// Of the row group, counted from the start of the partition.
    row_lo: u64,
    /// The first measured row of the row group.
    start: usize,
    /// Variable bytes by row.
    rows: Vec<u32>,
}

impl<'b> RowMeter<'b> {
    pub(crate) fn new(cursor: &impl Cursor, budget: &'b Budget, running: &'b Running) -> Self {
        let mut meter = Self {
            fixed_row_bytes: 0,
            variable: Vec::new(),
            budget,
            running,
            group: RefCell::new(None),
        };
        for (idx, column) in cursor.columns().iter().enumerate() {
            match column.column_type.layout() {
                Layout::Fixed(width) => meter.fixed_row_bytes += len_u64(width),
                layout => meter.variable.push((idx, layout)),
            }
        }
        meter
    }

    /// Rows of the frame, which are not measured: only [`RowBytes::at_most`] is of use.
    pub(crate) fn unmeasured<'a>(&'a self, frame: &'a Frame) -> MeteredFrame<'a, 'b> {
        MeteredFrame {
            meter: self,
            frame,
            group: None,
        }
    }

    /// Rows `rows` of the frame, to be measured.
    pub(crate) fn of<'a>(
        &'a self,
        frame: &'a Frame,
        rows: Range<usize>,
    ) -> Result<MeteredFrame<'a, 'b>> {
        let mut group = None;
        if !self.variable.is_empty()
            && let Some(whole) = frame.whole_group()
        {
            group = Some(self.group_bytes(frame, &whole, rows)?);
        }
        Ok(MeteredFrame {
            meter: self,
            frame,
            group,
        })
    }

    fn group_bytes(
        &self,
        frame: &Frame,
        whole: &Frame,
        rows: Range<usize>,
    ) -> Result<Rc<GroupBytes>> {
        let before = rows_between(whole.row_lo(), frame);
        let wanted = before.saturating_add(rows.start)..before.saturating_add(rows.end);
        let known = self.group.borrow().clone();
        if let Some(known) = known.filter(|k| k.key == frame.group_key() && k.covers(&wanted)) {
            return Ok(known);
        }
        self.group.replace(None);
        let end = wanted.start.saturating_add(MEASURED_ROWS_MAX);
        let window = wanted.start..end.min(whole.rows());
        let mut rows = vec![0_u32; window.len()];
        for &(idx, layout) in &self.variable {
            // One column at a time: what it takes is given back before the next.
            let _share = self.share(whole, idx)?;
            let mut next = rows.iter_mut();
            self.each(&whole.apart(), idx, layout, window.clone(), |bytes| {
                if let Some(row) = next.next() {
                    *row = row.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
                }
            })?;
        }
        let measured = Rc::new(GroupBytes {
            key: whole.group_key(),
            row_lo: whole.row_lo(),
            start: window.start,
            rows,
        });
        self.group.replace(Some(Rc::clone(&measured)));
        Ok(measured)
    }

    fn share(&self, frame: &Frame, idx: usize) -> Result<Taken<'b>> {
        let bytes = frame.decode_bytes(idx)?;
        let bytes = bytes.kept.saturating_add(bytes.passing);
        self.budget.check_decoding(bytes)?;
        self.budget.take(bytes, 0, self.running)
    }

    /// Calls `each` with the bytes of every row of a column.
    fn each(
        &self,
        frame: &Frame,
        idx: usize,
        layout: Layout,
        rows: Range<usize>,
        mut each: impl FnMut(u64),
    ) -> Result<()> {
        for slice in slices_of(frame, idx, rows)? {
            for row in 0..slice.rows() {
                let one = slice.slice(row..row + 1);
                each(measured(frame, idx, layout, &one)?);
            }
        }
        Ok(())
    }
}

/// A frame that can be measured.
#[derive(Debug)]
pub(crate) struct MeteredFrame<'a, 'b> {
    meter: &'a RowMeter<'b>,
    frame: &'a Frame,
    group: Option<Rc<GroupBytes>>,
}

impl RowBytes for MeteredFrame<'_, '_> {
    type Error = EngineError;

    fn sum(&self, lo: usize, hi: usize) -> Result<u64> {
        let rows = len_u64(hi.saturating_sub(lo));
        let mut sum = rows.saturating_mul(self.meter.fixed_row_bytes);
        if let Some(group) = &self.group {
            let before = rows_between(group.row_lo, self.frame);
            let at = |row: usize| before.saturating_add(row).saturating_sub(group.start);
            let measured = group.rows.get(at(lo)..at(hi)).unwrap_or_default();
            return Ok(measured
                .iter()
                .fold(sum, |sum, bytes| sum.saturating_add((*bytes).into())));
        }
        // Where nothing is mapped, no more than these rows is read to measure them.
        let frame = self.frame.part(lo..hi);
        for &(idx, layout) in &self.meter.variable {
            self.frame.ahead_rows(idx, lo..hi)?;
            for slice in slices_of(&frame, idx, 0..hi.saturating_sub(lo))? {
                sum = sum.saturating_add(measured(&frame, idx, layout, &slice)?);
            }
        }
        Ok(sum)
    }

    fn at_most(&self, lo: usize, hi: usize) -> Result<u64> {
        if !self.meter.variable.is_empty() && self.frame.whole_group().is_some() {
            return Ok(u64::MAX); // Not without decoding.
        }
        let rows = len_u64(hi.saturating_sub(lo));
        let mut most = rows.saturating_mul(self.meter.fixed_row_bytes);
        for &(idx, layout) in &self.meter.variable {
            let entries = rows.saturating_mul(len_u64(layout.row_bytes()));
            let data = data_bytes(self.frame, idx, lo..hi)?;
            most = most.saturating_add(entries).saturating_add(data);
        }
        Ok(most)
    }
}

/// The bytes of all rows of a slice.
fn measured(frame: &Frame, idx: usize, layout: Layout, slice: &ColumnSlice<'_>) -> Result<u64> {
    let measured = slice.stored_bytes(layout);
    let (bytes, _) = measured.map_err(|source| layout_error(frame, idx, source))?;
    Ok(bytes)
}

fn layout_error(frame: &Frame, idx: usize, source: LayoutError) -> EngineError {
    let name = frame.columns().get(idx).map_or("", |c| c.name.as_str());
    EngineError::from(Cause::Column(source)).in_column(name)
}

/// Bytes that the largest value of variable size among rows `range` of a column becomes. No less than that,
/// or no more than `enough`.
pub(crate) fn largest_value(
    frame: &Frame,
    column: usize,
    range: Range<usize>,
    enough: u64,
) -> Result<u64> {
    let layout = frame.columns().get(column).map(|c| c.column_type.layout());
    let Some(layout) = layout.filter(|layout| !matches!(layout, Layout::Fixed(_))) else {
        return Ok(0);
    };
    let frame = frame.part(range);
    let in_column = |error| layout_error(&frame, column, error);
    let mut most = 0;
    for slice in slices_of(&frame, column, 0..frame.rows())? {
        let (_, largest) = slice.stored_bytes(layout).map_err(in_column)?;
        let ceiling = at_most(layout, largest);
        if ceiling <= enough || ceiling == largest {
            most = largest.max(most);
            continue;
        }
        // Most texts are what they seem to be, or less: only large ones are looked at.
        let is_large = |len: usize| at_most(layout, len_u64(len)) > enough;
        match slice {
            ColumnSlice::Varchar(texts) => {
                for text in texts.iter() {
                    let text = text.map_err(in_column)?.unwrap_or(&[]);
                    if is_large(text.len()) {
                        most = len_u64(lossy_utf8_len(text)).max(most);
                    }
                }
            }
            ColumnSlice::String(texts) => {
                for text in texts.iter().filter_map(Result::transpose) {
                    let units = text.map_err(in_column)?.units_le();
                    if is_large(units.len()) {
                        most = utf16_bytes(units).max(most);
                    }
                }
            }
            _ => {}
        }
    }
    Ok(most)
}

/// What so many bytes of values become at most: an invalid byte becomes U+FFFD, a unit of UTF-16 three
/// bytes.
fn at_most(layout: Layout, bytes: u64) -> u64 {
    match layout {
        Layout::Varchar => bytes.saturating_mul(3),
        Layout::String => bytes.saturating_add(bytes / 2),
        _ => bytes,
    }
}

/// The most bytes that a text in UTF-16 takes in UTF-8: a unit above U+07FF is three, or half of four.
fn utf16_bytes(units: &[u8]) -> u64 {
    let (units, _) = units.as_chunks::<2>();
    let bytes = |unit: &[u8; 2]| {
        let unit = u16::from_le_bytes(*unit);
        1 + u64::from(unit >= 0x80) + u64::from(unit >= 0x800)
    };
    units.iter().map(bytes).sum()
}

/// The most bytes that values of rows `range` can become, all together; 0 if all values take the same.
pub(crate) fn value_bytes_at_most(
    frame: &Frame,
    column: usize,
    range: Range<usize>,
) -> Result<u64> {
    let layout = frame.columns().get(column).map(|c| c.column_type.layout());
    let bytes = data_bytes(frame, column, range)?;
    Ok(layout.map_or(0, |layout| at_most(layout, bytes)))
}

/// The most bytes that values of rows `range` have in the data file: see [`Frame::data_bytes`].
fn data_bytes(frame: &Frame, column: usize, range: Range<usize>) -> Result<u64> {
    frame.part(range).data_bytes(column).map_err(column_error)
}

impl GroupBytes {
    fn covers(&self, rows: &Range<usize>) -> bool {
        let end = self.start.saturating_add(self.rows.len());
        self.start <= rows.start && rows.end <= end
    }
}

/// Rows from the start of one frame to the start of another of the same partition.
fn rows_between(row_lo: u64, to: &Frame) -> usize {
    let rows = to.row_lo().saturating_sub(row_lo);
    usize::try_from(rows).unwrap_or(usize::MAX)
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

fn len_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
