//! Arrays of DOUBLE: 16-byte entries, shape and elements in `.d` (columns.md §6).
//!
//! The shape is stored without a count (the column's type knows the dimensions), and the padding
//! before the elements follows the offset in the file, not the start of the entry.

use std::ops::Range;

use super::{clamp, no_such_row};
use crate::bits::{clamp_i64, len_u64, len_usize};
use crate::layout::ARRAY_DIM_LEN_MAX;
use crate::{Expected, FileKind, LayoutError};

/// Bits of an entry's first word that are the offset; the others are reserved.
const OFFSET_MASK: u64 = (1 << 48) - 1;
/// Bytes of an element.
const ELEMENT_LEN: u64 = 8;

/// A decoded entry of `.i`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArrayEntry {
    offset: u64,
    size: u32,
}

impl ArrayEntry {
    #[inline]
    pub(crate) fn parse(entry: &[u8; 16]) -> Self {
        let [o0, o1, o2, o3, o4, o5, o6, o7, s0, s1, s2, s3, _, _, _, _] = *entry;
        let offset = u64::from_le_bytes([o0, o1, o2, o3, o4, o5, o6, o7]) & OFFSET_MASK;
        Self {
            offset,
            size: u32::from_le_bytes([s0, s1, s2, s3]),
        }
    }

    /// The bytes of the value in `.d`; `None` is NULL.
    pub(crate) fn range(self) -> Option<Range<u64>> {
        (self.size > 0).then(|| self.offset..self.data_end())
    }

    /// End of the value in `.d`. An offset has 48 bits and a size 32: no overflow.
    pub(crate) fn data_end(self) -> u64 {
        self.offset + u64::from(self.size)
    }
}

/// One array: its shape, and its elements in row-major order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArrayValue<'a> {
    shape: &'a [[u8; 4]],
    elements: &'a [[u8; 8]],
}

impl<'a> ArrayValue<'a> {
    /// Number of dimensions.
    #[must_use]
    pub const fn dims(&self) -> usize {
        self.shape.len()
    }

    /// Length of each dimension, outermost first.
    pub fn shape(&self) -> impl ExactSizeIterator<Item = u32> + Clone + use<'a> {
        self.shape.iter().map(|len| u32::from_le_bytes(*len))
    }

    /// The elements, each a little-endian `f64`; as many as the product of the shape. NaN and
    /// infinities are NULL in SQL.
    #[must_use]
    pub const fn elements(&self) -> &'a [[u8; 8]] {
        self.elements
    }

    /// The elements as numbers.
    pub fn values(&self) -> impl ExactSizeIterator<Item = f64> + Clone + use<'a> {
        self.elements.iter().map(|e| f64::from_le_bytes(*e))
    }
}

/// Rows of an array column.
#[derive(Clone, Copy, Debug)]
pub struct ArraySlice<'a> {
    dims: u8,
    pub(super) first_row: u64,
    entries: &'a [[u8; 16]],
    data: &'a [u8],
}

impl<'a> ArraySlice<'a> {
    pub(crate) const fn of(dims: u8, entries: &'a [[u8; 16]], data: &'a [u8]) -> Self {
        Self {
            dims,
            first_row: 0,
            entries,
            data,
        }
    }

    /// Rows that are in memory, such as a decoded chunk: they may share bytes of `data`, in any
    /// order.
    #[must_use]
    pub const fn from_parts(dims: u8, entries: &'a [[u8; 16]], data: &'a [u8]) -> Self {
        Self::of(dims, entries, data)
    }

    /// Number of dimensions of every value.
    #[must_use]
    pub const fn dims(&self) -> u8 {
        self.dims
    }

    /// Number of rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.entries.len()
    }

    /// Row of the file that is row 0 here.
    #[must_use]
    pub const fn first_row(&self) -> u64 {
        self.first_row
    }

    /// The entries of `.i` as stored, one per row. Unchecked.
    #[must_use]
    pub const fn aux_entries(&self) -> &'a [[u8; 16]] {
        self.entries
    }

    /// `.d` from its start to its committed end, whatever the rows of this slice.
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// One value; `None` is NULL.
    ///
    /// # Errors
    /// No such row, its entry points outside of `.d`, or its size is not that of its shape.
    #[inline]
    pub fn get(&self, row: usize) -> Result<Option<ArrayValue<'a>>, LayoutError> {
        match self.entries.get(row) {
            Some(entry) => read(entry, self.data, self.dims, self.first_row + len_u64(row)),
            None => Err(no_such_row(row, self.entries.len())),
        }
    }

    /// The stored bytes of one value (shape, padding, elements), unchecked beyond their place in
    /// `.d`; `None` is NULL. This is what Parquet partitions hold as a raw array.
    ///
    /// # Errors
    /// No such row, or its entry points outside of `.d`.
    pub fn raw(&self, row: usize) -> Result<Option<&'a [u8]>, LayoutError> {
        match self.entries.get(row) {
            Some(entry) => body(entry, self.data, self.first_row + len_u64(row)),
            None => Err(no_such_row(row, self.entries.len())),
        }
    }

    /// All values in order.
    #[must_use]
    pub fn iter(&self) -> ArrayIter<'a> {
        ArrayIter {
            dims: self.dims,
            row: self.first_row,
            entries: self.entries.iter(),
            data: self.data,
        }
    }

    /// The rows of `range`, cut to the rows that exist.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let range = clamp(&range, self.rows());
        Self {
            dims: self.dims,
            first_row: self.first_row + len_u64(range.start),
            entries: self.entries.get(range).unwrap_or(&[]),
            data: self.data,
        }
    }

    pub(crate) fn native_bytes(&self) -> u64 {
        let (Some(first), Some(last)) = (self.entries.first(), self.entries.last()) else {
            return 0;
        };
        let (first, last) = (ArrayEntry::parse(first), ArrayEntry::parse(last));
        let data = last.data_end().saturating_sub(first.offset);
        data.saturating_add(len_u64(self.entries.as_flattened().len()))
    }
}

impl<'a> IntoIterator for ArraySlice<'a> {
    type Item = Result<Option<ArrayValue<'a>>, LayoutError>;
    type IntoIter = ArrayIter<'a>;

    fn into_iter(self) -> ArrayIter<'a> {
        self.iter()
    }
}

/// Iterator over an [`ArraySlice`].
#[derive(Clone, Debug)]
pub struct ArrayIter<'a> {
    dims: u8,
    row: u64,
    entries: std::slice::Iter<'a, [u8; 16]>,
    data: &'a [u8],
}

impl<'a> Iterator for ArrayIter<'a> {
    type Item = Result<Option<ArrayValue<'a>>, LayoutError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?;
        let row = self.row;
        self.row += 1;
        Some(read(entry, self.data, self.dims, row))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl ExactSizeIterator for ArrayIter<'_> {}

/// The stored bytes of an entry.
#[inline]
fn body<'a>(entry: &[u8; 16], data: &'a [u8], row: u64) -> Result<Option<&'a [u8]>, LayoutError> {
    let entry = ArrayEntry::parse(entry);
    if entry.size == 0 {
        return Ok(None);
    }
    let range = len_usize(entry.offset).zip(len_usize(entry.data_end()));
    let body = range.and_then(|(lo, hi)| data.get(lo..hi));
    body.map(Some)
        .ok_or_else(|| outside(row, entry, len_u64(data.len())))
}

/// An entry whose value is not inside `.d`.
#[cold]
pub(crate) fn outside(row: u64, entry: ArrayEntry, data_len: u64) -> LayoutError {
    LayoutError::Corrupt {
        file: FileKind::Aux,
        row: Some(row),
        offset: row.saturating_mul(16),
        expected: Expected::AtMost(clamp_i64(data_len) - i64::from(entry.size)),
        found: clamp_i64(entry.offset),
    }
}

/// The value of an entry.
#[inline]
pub(crate) fn read<'a>(
    entry: &[u8; 16],
    data: &'a [u8],
    dims: u8,
    row: u64,
) -> Result<Option<ArrayValue<'a>>, LayoutError> {
    let Some(body) = body(entry, data, row)? else {
        return Ok(None);
    };
    let offset = ArrayEntry::parse(entry).offset;
    let shape_len = usize::from(dims) * 4;
    let Some((shape, rest)) = body.split_at_checked(shape_len) else {
        return Err(bad_size(row, len_u64(shape_len), body.len()));
    };
    let shape = shape.as_chunks::<4>().0;
    let count = element_count(shape, offset, row)?;
    let shape_end = offset + len_u64(shape_len);
    let padding = shape_end.next_multiple_of(ELEMENT_LEN) - shape_end;
    let size = count
        .checked_mul(ELEMENT_LEN)
        .and_then(|len| len.checked_add(len_u64(shape_len) + padding))
        .unwrap_or(u64::MAX);
    if size != len_u64(body.len()) {
        return Err(bad_size(row, size, body.len()));
    }
    let elements = len_usize(padding)
        .and_then(|padding| rest.get(padding..))
        .unwrap_or(&[]);
    Ok(Some(ArrayValue {
        shape,
        elements: elements.as_chunks().0,
    }))
}

/// Product of the shape; saturates (such a size is never found).
#[inline]
fn element_count(shape: &[[u8; 4]], offset: u64, row: u64) -> Result<u64, LayoutError> {
    let mut count = 1_u64;
    let mut empty = false;
    for (dim, len) in shape.iter().enumerate() {
        let len = i32::from_le_bytes(*len);
        match u32::try_from(len) {
            Ok(len) if len <= ARRAY_DIM_LEN_MAX => {
                empty |= len == 0;
                count = count.saturating_mul(u64::from(len));
            }
            _ => {
                return Err(LayoutError::Corrupt {
                    file: FileKind::Data,
                    row: Some(row),
                    offset: offset + len_u64(dim) * 4,
                    expected: Expected::Between(0, i64::from(ARRAY_DIM_LEN_MAX)),
                    found: i64::from(len),
                });
            }
        }
    }
    Ok(if empty { 0 } else { count })
}

/// An entry whose size is not that of its shape.
#[cold]
fn bad_size(row: u64, expected: u64, found: usize) -> LayoutError {
    LayoutError::Corrupt {
        file: FileKind::Aux,
        row: Some(row),
        offset: row.saturating_mul(16) + 8,
        expected: Expected::Exactly(clamp_i64(expected)),
        found: clamp_i64(len_u64(found)),
    }
}
