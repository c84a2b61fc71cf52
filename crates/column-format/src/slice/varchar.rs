//! VARCHAR: UTF-8 text in 16-byte entries, values of more than 9 bytes in `.d` (columns.md §5).
//!
//! [`VarcharEntry`] is the one decoder of an entry; bulk encoders that want their own loop take
//! [`VarcharSlice::aux_entries`] and [`VarcharSlice::data`].

use std::ops::Range;

use super::{clamp, no_such_row};
use crate::bits::{clamp_i64, len_u64, len_usize};
use crate::layout::{VARCHAR_INLINE_MAX, VARCHAR_LEN_MAX};
use crate::{Expected, FileKind, LayoutError};

pub(crate) const FLAG_INLINED: u8 = 1;
pub(crate) const FLAG_ASCII: u8 = 2;
pub(crate) const FLAG_NULL: u8 = 4;

/// A decoded entry of `.i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VarcharEntry<'a> {
    /// NULL.
    Null {
        /// End of `.d` so far.
        offset: u64,
    },
    /// At most 9 bytes, stored in the entry.
    Inlined {
        /// The value.
        value: &'a [u8],
        /// Set: the value is ASCII. Clear: unknown.
        ascii: bool,
        /// End of `.d` so far.
        offset: u64,
    },
    /// 10 bytes or more, stored in `.d`.
    Long {
        /// Bytes of the value.
        len: u32,
        /// Set: the value is ASCII. Clear: unknown.
        ascii: bool,
        /// Where the value starts in `.d`. Not yet compared with its length.
        offset: u64,
    },
}

impl<'a> VarcharEntry<'a> {
    /// Decodes the entry of file row `row` (the row is for errors only).
    ///
    /// # Errors
    /// An inlined length above 9, or a length below 10 that is not inlined.
    #[inline]
    pub fn parse(entry: &'a [u8; 16], row: u64) -> Result<Self, LayoutError> {
        let [h0, h1, h2, h3, _, _, _, _, _, _, o0, o1, o2, o3, o4, o5] = *entry;
        let offset = u64::from_le_bytes([o0, o1, o2, o3, o4, o5, 0, 0]);
        let ascii = h0 & FLAG_ASCII != 0;
        if h0 & FLAG_NULL != 0 {
            return Ok(Self::Null { offset });
        }
        if h0 & FLAG_INLINED != 0 {
            let len = usize::from(h0 >> 4);
            if len > VARCHAR_INLINE_MAX {
                return Err(bad_entry(row, 0, VARCHAR_INLINE_MAX, len_u64(len)));
            }
            let value = entry.get(1..=len).unwrap_or(&[]);
            return Ok(Self::Inlined {
                value,
                ascii,
                offset,
            });
        }
        let len = u32::from_le_bytes([h0, h1, h2, h3]) >> 4;
        if len <= 9 {
            return Err(bad_entry(
                row,
                VARCHAR_INLINE_MAX + 1,
                VARCHAR_LEN_MAX,
                u64::from(len),
            ));
        }
        Ok(Self::Long { len, ascii, offset })
    }

    /// End of the value in `.d`: after the last row, the length of `.d`.
    #[inline]
    #[must_use]
    pub const fn data_end(&self) -> u64 {
        match *self {
            Self::Null { offset } | Self::Inlined { offset, .. } => offset,
            // An offset has 48 bits and a length 28: no overflow.
            Self::Long { len, offset, .. } => offset + len as u64,
        }
    }
}

/// Rows of a VARCHAR column.
#[derive(Clone, Copy, Debug)]
pub struct VarcharSlice<'a> {
    pub(super) first_row: u64,
    entries: &'a [[u8; 16]],
    data: &'a [u8],
}

impl<'a> VarcharSlice<'a> {
    pub(crate) const fn of(entries: &'a [[u8; 16]], data: &'a [u8]) -> Self {
        Self {
            first_row: 0,
            entries,
            data,
        }
    }

    /// Rows that are in memory, such as a decoded chunk: they may share bytes of `data`, in any
    /// order.
    #[must_use]
    pub const fn from_parts(entries: &'a [[u8; 16]], data: &'a [u8]) -> Self {
        Self::of(entries, data)
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

    /// The entries of `.i` as stored, one per row. Unchecked: decode with [`VarcharEntry::parse`].
    #[must_use]
    pub const fn aux_entries(&self) -> &'a [[u8; 16]] {
        self.entries
    }

    /// `.d` from its start to its committed end, whatever the rows of this slice.
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        self.data
    }

    /// One value; `None` is NULL. UTF-8 is not guaranteed.
    ///
    /// # Errors
    /// No such row, or its entry is invalid or points outside of `.d`.
    #[inline]
    pub fn get(&self, row: usize) -> Result<Option<&'a [u8]>, LayoutError> {
        match self.entries.get(row) {
            Some(entry) => read(entry, self.data, self.first_row + len_u64(row)),
            None => Err(no_such_row(row, self.entries.len())),
        }
    }

    /// All values in order.
    #[must_use]
    pub fn iter(&self) -> VarcharIter<'a> {
        VarcharIter {
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
            first_row: self.first_row + len_u64(range.start),
            entries: self.entries.get(range).unwrap_or(&[]),
            data: self.data,
        }
    }

    pub(crate) fn native_bytes(&self) -> u64 {
        let (Some(first), Some(last)) = (self.entries.first(), self.entries.last()) else {
            return 0;
        };
        let start = offset_of(first);
        let end = VarcharEntry::parse(last, 0).map_or(start, |e| e.data_end());
        end.saturating_sub(start)
            .saturating_add(len_u64(self.entries.as_flattened().len()))
    }
}

impl<'a> IntoIterator for VarcharSlice<'a> {
    type Item = Result<Option<&'a [u8]>, LayoutError>;
    type IntoIter = VarcharIter<'a>;

    fn into_iter(self) -> VarcharIter<'a> {
        self.iter()
    }
}

/// Iterator over a [`VarcharSlice`].
#[derive(Clone, Debug)]
pub struct VarcharIter<'a> {
    row: u64,
    entries: std::slice::Iter<'a, [u8; 16]>,
    data: &'a [u8],
}

impl<'a> Iterator for VarcharIter<'a> {
    type Item = Result<Option<&'a [u8]>, LayoutError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?;
        let row = self.row;
        self.row += 1;
        Some(read(entry, self.data, row))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl ExactSizeIterator for VarcharIter<'_> {}

fn offset_of(entry: &[u8; 16]) -> u64 {
    u128::from_le_bytes(*entry)
        .checked_shr(80)
        .and_then(|off| u64::try_from(off).ok())
        .unwrap_or(0)
}

/// The value of an entry.
#[inline]
fn read<'a>(
    entry: &'a [u8; 16],
    data: &'a [u8],
    row: u64,
) -> Result<Option<&'a [u8]>, LayoutError> {
    match VarcharEntry::parse(entry, row)? {
        VarcharEntry::Null { .. } => Ok(None),
        VarcharEntry::Inlined { value, .. } => Ok(Some(value)),
        VarcharEntry::Long { len, offset, .. } => {
            let end = len_usize(offset + u64::from(len));
            let value = len_usize(offset)
                .zip(end)
                .and_then(|(lo, hi)| data.get(lo..hi));
            value
                .map(Some)
                .ok_or_else(|| outside(row, offset, len, len_u64(data.len())))
        }
    }
}

#[cold]
fn bad_entry(row: u64, lo: usize, hi: usize, found: u64) -> LayoutError {
    LayoutError::Corrupt {
        file: FileKind::Aux,
        row: Some(row),
        offset: row.saturating_mul(16),
        expected: Expected::Between(clamp_i64(len_u64(lo)), clamp_i64(len_u64(hi))),
        found: clamp_i64(found),
    }
}

/// An entry whose value is not inside `.d`.
#[cold]
pub(crate) fn outside(row: u64, offset: u64, len: u32, data_len: u64) -> LayoutError {
    LayoutError::Corrupt {
        file: FileKind::Aux,
        row: Some(row),
        offset: row.saturating_mul(16) + 10,
        expected: Expected::AtMost(clamp_i64(data_len) - i64::from(len)),
        found: clamp_i64(offset),
    }
}
