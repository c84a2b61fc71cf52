//! Walking over the rows of a chunk, which come in slices of any length.
//!
//! Nothing downstream may depend on where the slices were cut (property P2), so this is the only
//! place that sees the cuts; it also knows which slice and row to name in an error.

use column_format::{ColumnSlice, LayoutError};

use crate::{EncodeError, RowWatch};

/// A position in a list of slices.
#[derive(Clone)]
pub(crate) struct Cursor<'s, 'a> {
    slices: &'s [ColumnSlice<'a>],
    slice: usize,
    at: usize,
    row: u64,
    /// Row of the chunk that the slices begin with.
    first: u64,
    watch: Option<Watched<'s>>,
}

/// A pass that somebody is told about.
#[derive(Clone)]
struct Watched<'s> {
    watch: &'s dyn RowWatch,
    last: bool,
    /// Rows up to here were announced.
    row_hi: u64,
    stopped: bool,
}

impl<'s, 'a> Cursor<'s, 'a> {
    /// The first row.
    pub(crate) fn new(slices: &'s [ColumnSlice<'a>]) -> Self {
        Self {
            slices,
            slice: 0,
            at: 0,
            row: 0,
            first: 0,
            watch: None,
        }
    }

    /// The same, and `watch` is told before rows are shown.
    pub(crate) fn watched(self, watch: Option<&'s dyn RowWatch>, last: bool) -> Self {
        let watch = watch.map(|watch| Watched {
            watch,
            last,
            row_hi: 0,
            stopped: false,
        });
        Self { watch, ..self }
    }

    /// Whether the rows ended because somebody wanted it so.
    pub(crate) fn is_stopped(&self) -> bool {
        self.watch.as_ref().is_some_and(|watch| watch.stopped)
    }

    /// Tells of the next rows; returns how many of them may be read. 0 stops.
    fn allowed(&mut self) -> u64 {
        let Some(watched) = &mut self.watch else {
            return u64::MAX;
        };
        if watched.stopped {
            return 0;
        }
        if self.row >= watched.row_hi {
            match watched.watch.pass(self.row, watched.last) {
                Some(rows) => watched.row_hi = self.row.saturating_add(rows.max(1)),
                None => {
                    watched.stopped = true;
                    return 0;
                }
            }
        }
        watched.row_hi - self.row
    }

    /// The first row of `slices`, which is row `row` of the chunk.
    pub(crate) fn behind(slices: &'s [ColumnSlice<'a>], row: u64) -> Self {
        Self {
            row,
            first: row,
            ..Self::new(slices)
        }
    }

    /// The next rows that stand together, at most `rows_max` (> 0); `None` at the end. The position
    /// stays: [`Cursor::advance`] moves it. If somebody watches, they end where they are stopped.
    pub(crate) fn peek(&mut self, rows_max: usize) -> Option<ColumnSlice<'a>> {
        loop {
            let slice = self.slices.get(self.slice)?;
            let left = slice.rows() - self.at;
            if left > 0 {
                let allowed = usize::try_from(self.allowed()).unwrap_or(usize::MAX);
                if allowed == 0 {
                    return None;
                }
                let rows = left.min(rows_max).min(allowed);
                return Some(slice.slice(self.at..self.at + rows));
            }
            self.slice += 1;
            self.at = 0;
        }
    }

    /// Moves over rows that [`Cursor::peek`] showed.
    pub(crate) fn advance(&mut self, rows: usize) {
        self.at += rows;
        self.row += rows as u64;
    }

    /// Rows behind the position.
    pub(crate) fn rows_left(&self) -> u64 {
        count(self.slices) - (self.row - self.first)
    }

    /// Index of the slice that [`Cursor::peek`] looked into.
    pub(crate) fn slice_idx(&self) -> usize {
        self.slice
    }

    /// Row of the chunk.
    pub(crate) fn row(&self) -> u64 {
        self.row
    }

    /// An error of the bytes at `ahead` rows behind the position.
    pub(crate) fn layout(&self, ahead: usize, source: LayoutError) -> EncodeError {
        EncodeError::Layout {
            slice: self.slice,
            row: self.row + ahead as u64,
            source,
        }
    }

    /// The slice at the position has another layout than the column.
    pub(crate) fn wrong_layout(&self, expected: &str) -> EncodeError {
        let found = match self.slices.get(self.slice) {
            None => "nothing".to_owned(),
            Some(ColumnSlice::Nulls { .. }) => "nulls".to_owned(),
            Some(ColumnSlice::Fixed(fixed)) => format!("{} bytes a row", fixed.width()),
            Some(ColumnSlice::String(_)) => "STRING".to_owned(),
            Some(ColumnSlice::Binary(_)) => "BINARY".to_owned(),
            Some(ColumnSlice::Varchar(_)) => "VARCHAR".to_owned(),
            Some(ColumnSlice::Array(array)) => format!("an array of {} dimensions", array.dims()),
        };
        EncodeError::WrongLayout {
            slice: self.slice,
            expected: expected.to_owned(),
            found,
        }
    }
}

/// Rows of a list of slices.
pub(crate) fn count(slices: &[ColumnSlice<'_>]) -> u64 {
    slices.iter().map(|slice| slice.rows() as u64).sum()
}
