//! Rows of a fixed width.
//!
//! The fast path of everything: a caller asks once for `chunks::<W>()` and then walks an array of
//! arrays without a bound check per row.

use std::ops::Range;

use super::clamp;
use crate::bits::len_u64;

/// Rows of 1, 2, 4, 8, 16 or 32 bytes, back to back.
#[derive(Clone, Copy, Debug)]
pub struct FixedSlice<'a> {
    pub(super) first_row: u64,
    width: usize,
    rows: usize,
    bytes: &'a [u8],
}

impl<'a> FixedSlice<'a> {
    /// `bytes` holds exactly `rows` values.
    pub(crate) const fn of(width: usize, bytes: &'a [u8], rows: usize) -> Self {
        Self {
            first_row: 0,
            width,
            rows,
            bytes,
        }
    }

    /// A slice over values that are in memory, such as a decoded chunk.
    #[must_use]
    pub const fn from_chunks<const W: usize>(chunks: &'a [[u8; W]]) -> Self {
        Self::of(W, chunks.as_flattened(), chunks.len())
    }

    /// Row of the file that is row 0 here.
    #[must_use]
    pub const fn first_row(&self) -> u64 {
        self.first_row
    }

    /// Bytes of a value.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// All values: `rows · width` bytes.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The values as arrays of `W` bytes, little-endian as stored; `None` if values are not `W`
    /// bytes wide.
    #[inline]
    #[must_use]
    pub const fn chunks<const W: usize>(&self) -> Option<&'a [[u8; W]]> {
        if W == 0 || self.width != W {
            return None;
        }
        Some(self.bytes.as_chunks().0)
    }

    /// The bytes of one value, `None` past the end.
    #[inline]
    #[must_use]
    pub fn get(&self, row: usize) -> Option<&'a [u8]> {
        let start = row.checked_mul(self.width)?;
        if row >= self.rows {
            return None;
        }
        self.bytes.get(start..start.checked_add(self.width)?)
    }

    /// The rows of `range`, cut to the rows that exist.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let range = clamp(&range, self.rows);
        let bytes = self
            .bytes
            .get(range.start * self.width..range.end * self.width);
        Self {
            first_row: self.first_row + len_u64(range.start),
            width: self.width,
            rows: range.len(),
            bytes: bytes.unwrap_or(&[]),
        }
    }
}
