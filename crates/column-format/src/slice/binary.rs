//! BINARY: bytes with an i64 length in front (columns.md §4).
//!
//! The same arrangement as STRING, with a wider length that counts bytes.

use std::ops::Range;

use super::string::{bad_length, bad_offset, index, offsets_native_bytes};
use super::{clamp, no_such_row};
use crate::LayoutError;
use crate::bits::{i64_at, len_u64};

/// Bytes of the length in front of each value.
const PREFIX_LEN: usize = 8;

/// Rows of a BINARY column.
#[derive(Clone, Copy, Debug)]
pub struct BinarySlice<'a> {
    pub(super) first_row: u64,
    rows: usize,
    /// `rows + 1` offsets, or none if there are no rows.
    offsets: &'a [[u8; 8]],
    data: &'a [u8],
}

impl<'a> BinarySlice<'a> {
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
    pub fn get(&self, row: usize) -> Result<Option<&'a [u8]>, LayoutError> {
        match self.offsets.get(row) {
            Some(off) if row < self.rows => read(self.data, off, self.first_row + len_u64(row)),
            _ => Err(no_such_row(row, self.rows)),
        }
    }

    /// All values in order.
    #[must_use]
    pub fn iter(&self) -> BinaryIter<'a> {
        let offsets = self.offsets.get(..self.rows).unwrap_or(&[]);
        BinaryIter {
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

impl<'a> IntoIterator for BinarySlice<'a> {
    type Item = Result<Option<&'a [u8]>, LayoutError>;
    type IntoIter = BinaryIter<'a>;

    fn into_iter(self) -> BinaryIter<'a> {
        self.iter()
    }
}

/// Iterator over a [`BinarySlice`].
#[derive(Clone, Debug)]
pub struct BinaryIter<'a> {
    row: u64,
    offsets: std::slice::Iter<'a, [u8; 8]>,
    data: &'a [u8],
}

impl<'a> Iterator for BinaryIter<'a> {
    type Item = Result<Option<&'a [u8]>, LayoutError>;

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

impl ExactSizeIterator for BinaryIter<'_> {}

/// The value at a stored offset.
#[inline]
fn read<'a>(data: &'a [u8], off: &[u8; 8], row: u64) -> Result<Option<&'a [u8]>, LayoutError> {
    let off = i64::from_le_bytes(*off);
    let Some(start) = index(off) else {
        return Err(bad_offset(
            off,
            len_u64(data.len()),
            len_u64(PREFIX_LEN),
            row,
        ));
    };
    let Some(len) = i64_at(data, start) else {
        return Err(bad_offset(
            off,
            len_u64(data.len()),
            len_u64(PREFIX_LEN),
            row,
        ));
    };
    if len == -1 {
        return Ok(None);
    }
    let value = index(len).and_then(|len| data.get(start + PREFIX_LEN..)?.get(..len));
    match value {
        Some(value) => Ok(Some(value)),
        None => Err(bad_length(
            len,
            1,
            len_u64(data.len()),
            len_u64(start),
            len_u64(PREFIX_LEN),
            row,
        )),
    }
}
