//! STRING: UTF-16 text with an i32 length in front (columns.md §3).
//!
//! `.i` has one offset more than there are rows, but only the last is the end of something: `.d`
//! may have holes, so each value is found by its own offset and length and never by its neighbour.

use std::ops::Range;

use super::{clamp, no_such_row};
use crate::bits::{bytes_at, clamp_i64, len_u64, len_usize};
use crate::{Expected, FileKind, LayoutError, Utf16};

/// Bytes of the length in front of each value.
const PREFIX_LEN: usize = 4;

/// Rows of a STRING column.
#[derive(Clone, Copy, Debug)]
pub struct StringSlice<'a> {
    pub(super) first_row: u64,
    rows: usize,
    /// `rows + 1` offsets, or none if there are no rows.
    offsets: &'a [[u8; 8]],
    data: &'a [u8],
}

impl<'a> StringSlice<'a> {
    pub(crate) const fn of(offsets: &'a [[u8; 8]], data: &'a [u8], rows: usize) -> Self {
        Self {
            first_row: 0,
            rows,
            offsets,
            data,
        }
    }

    /// Number of rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// Row of the file that is row 0 here.
    #[must_use]
    pub const fn first_row(&self) -> u64 {
        self.first_row
    }

    /// The offsets into [`data`](Self::data) as stored (i64): one per row and a last one, which is
    /// where the next row starts, or where the bytes end. Unchecked.
    #[must_use]
    pub const fn offsets(&self) -> &'a [[u8; 8]] {
        self.offsets
    }

    /// `.d` from its start to its committed end, whatever the rows of this slice.
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// One value; `None` is NULL.
    ///
    /// # Errors
    /// No such row, or its offset or length is not inside `.d`.
    #[inline]
    pub fn get(&self, row: usize) -> Result<Option<Utf16<'a>>, LayoutError> {
        match self.offsets.get(row) {
            Some(off) if row < self.rows => read(self.data, off, self.first_row + len_u64(row)),
            _ => Err(no_such_row(row, self.rows)),
        }
    }

    /// All values in order.
    #[must_use]
    pub fn iter(&self) -> StringIter<'a> {
        let offsets = self.offsets.get(..self.rows).unwrap_or(&[]);
        StringIter {
            row: self.first_row,
            offsets: offsets.iter(),
            data: self.data,
        }
    }

    /// The rows of `range`, cut to the rows that exist.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let range = clamp(&range, self.rows);
        Self {
            first_row: self.first_row + len_u64(range.start),
            rows: range.len(),
            offsets: self.offsets.get(range.start..=range.end).unwrap_or(&[]),
            data: self.data,
        }
    }

    pub(crate) fn native_bytes(&self) -> u64 {
        offsets_native_bytes(self.offsets)
    }
}

impl<'a> IntoIterator for StringSlice<'a> {
    type Item = Result<Option<Utf16<'a>>, LayoutError>;
    type IntoIter = StringIter<'a>;

    fn into_iter(self) -> StringIter<'a> {
        self.iter()
    }
}

/// Iterator over a [`StringSlice`].
#[derive(Clone, Debug)]
pub struct StringIter<'a> {
    row: u64,
    offsets: std::slice::Iter<'a, [u8; 8]>,
    data: &'a [u8],
}

impl<'a> Iterator for StringIter<'a> {
    type Item = Result<Option<Utf16<'a>>, LayoutError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let off = self.offsets.next()?;
        let row = self.row;
        self.row += 1;
        Some(read(self.data, off, row))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.offsets.size_hint()
    }
}

impl ExactSizeIterator for StringIter<'_> {}

/// Bytes of `.i` and `.d` between the first and the last of `offsets`.
pub(super) fn offsets_native_bytes(offsets: &[[u8; 8]]) -> u64 {
    let (Some(first), Some(last)) = (offsets.first(), offsets.last()) else {
        return 0;
    };
    let data = u64::from_le_bytes(*last).saturating_sub(u64::from_le_bytes(*first));
    data.saturating_add(len_u64(offsets.len().saturating_sub(1)) * 8)
}

/// The value at a stored offset.
#[inline]
fn read<'a>(data: &'a [u8], off: &[u8; 8], row: u64) -> Result<Option<Utf16<'a>>, LayoutError> {
    let off = i64::from_le_bytes(*off);
    let Some(start) = usize::try_from(off).ok() else {
        return Err(bad_offset(
            off,
            len_u64(data.len()),
            len_u64(PREFIX_LEN),
            row,
        ));
    };
    let Some(len) = bytes_at::<PREFIX_LEN>(data, start) else {
        return Err(bad_offset(
            off,
            len_u64(data.len()),
            len_u64(PREFIX_LEN),
            row,
        ));
    };
    let len = i32::from_le_bytes(*len);
    if len == -1 {
        return Ok(None);
    }
    let units = usize::try_from(len)
        .ok()
        .and_then(|len| len.checked_mul(2))
        .and_then(|len| data.get(start + PREFIX_LEN..)?.get(..len));
    match units {
        Some(units) => Ok(Some(Utf16::new(units))),
        None => Err(bad_length(
            i64::from(len),
            2,
            len_u64(data.len()),
            len_u64(start),
            len_u64(PREFIX_LEN),
            row,
        )),
    }
}

/// An offset of `.i` that leaves no room for a length in `.d`.
#[cold]
pub(crate) fn bad_offset(off: i64, data_len: u64, prefix: u64, row: u64) -> LayoutError {
    LayoutError::Corrupt {
        file: FileKind::Aux,
        row: Some(row),
        offset: row.saturating_mul(8),
        expected: Expected::Between(0, clamp_i64(data_len) - clamp_i64(prefix)),
        found: off,
    }
}

/// A length in `.d` that reaches past its end, or below -1. `unit` is the bytes of one.
#[cold]
pub(crate) fn bad_length(
    len: i64,
    unit: u64,
    data_len: u64,
    start: u64,
    prefix: u64,
    row: u64,
) -> LayoutError {
    let room = data_len.saturating_sub(start).saturating_sub(prefix);
    LayoutError::Corrupt {
        file: FileKind::Data,
        row: Some(row),
        offset: start,
        expected: Expected::Between(-1, clamp_i64(room / unit)),
        found: len,
    }
}

/// Length as an index; kept here so that both text layouts share it.
#[inline]
pub(super) fn index(len: i64) -> Option<usize> {
    u64::try_from(len).ok().and_then(len_usize)
}
