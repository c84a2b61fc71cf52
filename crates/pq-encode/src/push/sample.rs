//! The first rows of a chunk, as they came.
//!
//! How many they are follows from the rows alone, never from the batches that bring them, so the
//! choice that is made with them shows no batch either. They are few: what they take is gone before
//! the first page is full.

use column_format::{
    ArrayWriter, BinaryWriter, ColumnSlice, Layout, LayoutError, StringWriter, VarcharWriter,
};

use crate::rows::Cursor;

/// Rows of a sample.
const ROWS_MAX: usize = 2048;
/// Bytes of a sample, unless pages are smaller: the row that reaches them is the last.
const BYTES_MAX: usize = 64 << 10;
/// Bytes that a row of variable size counts besides its value.
const ROW_BYTES: usize = 16;

/// Rows kept until there are enough of them.
#[derive(Debug)]
pub(super) struct Sample {
    layout: Layout,
    parts: Vec<Part>,
    rows: usize,
    bytes: usize,
    bytes_max: usize,
    /// A row that cannot be kept: whoever reads it next says why.
    stuck: bool,
    fixed: Vec<u8>,
    string: StringWriter,
    binary: BinaryWriter,
    varchar: VarcharWriter,
    array: ArrayWriter,
}

/// Rows that stand together.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// Without bytes.
    Nulls(usize),
    Stored(usize),
}

impl Sample {
    /// `page_bytes`: a sample is no larger than a page.
    pub(super) fn new(layout: Layout, page_bytes: usize) -> Self {
        let dims = match layout {
            Layout::Array { dims } => dims,
            _ => 1,
        };
        Self {
            layout,
            parts: Vec::new(),
            rows: 0,
            bytes: 0,
            bytes_max: BYTES_MAX.min(page_bytes),
            stuck: false,
            fixed: Vec::new(),
            string: StringWriter::new(),
            binary: BinaryWriter::new(),
            varchar: VarcharWriter::new(),
            array: ArrayWriter::new(dims),
        }
    }

    /// No more rows are wanted.
    pub(super) fn is_full(&self) -> bool {
        self.stuck || self.rows >= ROWS_MAX || self.bytes >= self.bytes_max
    }

    /// Bytes on the heap, about.
    pub(super) fn heap_bytes(&self) -> usize {
        self.bytes
    }

    /// Takes rows until the sample is full or they end.
    pub(super) fn take(&mut self, rows: &mut Cursor<'_, '_>) {
        while !self.is_full()
            && let Some(part) = rows.peek(ROWS_MAX - self.rows)
        {
            let taken = match (self.layout, part) {
                (_, ColumnSlice::Nulls { rows }) => {
                    self.parts.push(Part::Nulls(rows));
                    rows
                }
                (Layout::Fixed(width), ColumnSlice::Fixed(fixed)) if fixed.width() == width => {
                    // The row that reaches the limit is the last.
                    let left = (self.bytes_max - self.bytes).div_ceil(width);
                    let bytes = fixed.bytes();
                    let bytes = bytes.get(..left.saturating_mul(width)).unwrap_or(bytes);
                    self.fixed.extend_from_slice(bytes);
                    self.bytes += bytes.len();
                    self.stored(bytes.len() / width)
                }
                (_, part) => {
                    let taken = (0..part.rows())
                        .take_while(|row| self.take_value(&part, *row))
                        .count();
                    self.stored(taken)
                }
            };
            self.rows += taken;
            rows.advance(taken);
        }
    }

    fn stored(&mut self, rows: usize) -> usize {
        match self.parts.last_mut() {
            Some(Part::Stored(before)) => *before += rows,
            _ => self.parts.push(Part::Stored(rows)),
        }
        rows
    }

    /// Takes one row of variable size; `false` if the sample is full or the row cannot be kept.
    fn take_value(&mut self, part: &ColumnSlice<'_>, row: usize) -> bool {
        if self.is_full() {
            return false;
        }
        match self.push(part, row) {
            Some(bytes) => self.bytes += bytes + ROW_BYTES,
            None => self.stuck = true,
        }
        !self.stuck
    }

    /// Bytes of the value that was kept.
    fn push(&mut self, part: &ColumnSlice<'_>, row: usize) -> Option<usize> {
        fn ok<T>(value: Result<Option<T>, LayoutError>) -> Option<Option<T>> {
            value.ok()
        }
        match (self.layout, part) {
            (Layout::String, ColumnSlice::String(rows)) => {
                let value = ok(rows.get(row))?;
                let pushed = self.string.push_utf16(value);
                pushed
                    .ok()
                    .map(|()| value.map_or(0, |v| v.units_le().len()))
            }
            (Layout::Binary, ColumnSlice::Binary(rows)) => {
                let value = ok(rows.get(row))?;
                let pushed = self.binary.push(value);
                pushed.ok().map(|()| value.map_or(0, <[u8]>::len))
            }
            (Layout::Varchar, ColumnSlice::Varchar(rows)) => {
                let value = ok(rows.get(row))?;
                let pushed = self.varchar.push(value);
                pushed.ok().map(|()| value.map_or(0, <[u8]>::len))
            }
            (Layout::Array { dims }, ColumnSlice::Array(rows)) if rows.dims() == dims => {
                let value = ok(rows.get(row))?;
                match value {
                    None => self.array.push_null(),
                    Some(value) => self.array.push_value(value).ok()?,
                }
                Some(value.map_or(0, |v| v.elements().len() * 8))
            }
            _ => None,
        }
    }

    /// The rows, in order.
    pub(super) fn finish(mut self) -> SampledRows {
        let (aux, data) = match self.layout {
            Layout::Fixed(_) => (Vec::new(), self.fixed),
            Layout::String => self.string.take(),
            Layout::Binary => self.binary.take(),
            Layout::Varchar => self.varchar.take(),
            Layout::Array { .. } => self.array.take(),
        };
        SampledRows {
            layout: self.layout,
            parts: self.parts,
            aux,
            data,
        }
    }
}

/// Rows that were kept.
#[derive(Debug)]
pub(super) struct SampledRows {
    layout: Layout,
    parts: Vec<Part>,
    aux: Vec<u8>,
    data: Vec<u8>,
}

impl SampledRows {
    /// The rows as slices.
    ///
    /// # Errors
    /// None in practice: a writer made the bytes.
    pub(super) fn slices(&self) -> Result<Vec<ColumnSlice<'_>>, LayoutError> {
        let stored = |part: &Part| match part {
            Part::Nulls(_) => 0,
            Part::Stored(rows) => *rows,
        };
        let rows = self.parts.iter().map(stored).sum();
        let all = ColumnSlice::new(self.layout, &self.aux, &self.data, rows)?;
        let mut at = 0;
        let slice = |part: &Part| match part {
            Part::Nulls(rows) => ColumnSlice::Nulls { rows: *rows },
            Part::Stored(rows) => {
                at += rows;
                all.slice(at - rows..at)
            }
        };
        Ok(self.parts.iter().map(slice).collect())
    }
}
