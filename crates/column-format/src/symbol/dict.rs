//! A dictionary as a reader holds it: shared bytes of `.o` and `.c`, verified once.
//!
//! The count comes from `_txn`; the files usually hold more. Verifying that values are consecutive
//! (columns.md §7.2) is also how a TRUNCATE in progress or a stale snapshot shows.

use std::ops::Range;

use bytes::Bytes;

use super::header::{SYMBOL_HEADER_LEN, SymbolHeader};
use crate::bits::{clamp_i64, i32_at, i64_at, len_u64, len_usize};
use crate::{Expected, FileKind, LayoutError, Utf16};

/// The values of a SYMBOL column, by key.
#[derive(Clone, Debug)]
pub struct SymbolDict {
    header: SymbolHeader,
    count: u32,
    /// `count + 1` offsets of i64, without the header; empty if there are no values.
    offsets: Bytes,
    chars: Bytes,
}

impl SymbolDict {
    /// Bytes of `.o` that `count` values need: 64 without values, 64 + 8·(count + 1) with.
    #[must_use]
    pub const fn required_offsets_len(count: u32) -> u64 {
        if count == 0 {
            SYMBOL_HEADER_LEN as u64
        } else {
            SYMBOL_HEADER_LEN as u64 + 8 * (count as u64 + 1)
        }
    }

    /// The bytes of `.o` that state the length of `.c`; empty without values.
    #[must_use]
    pub const fn offsets_tail(count: u32) -> Range<u64> {
        let end = Self::required_offsets_len(count);
        if count == 0 { end..end } else { end - 8..end }
    }

    /// Bytes of `.c` that `count` values need, from the bytes of `.o` that
    /// [`offsets_tail`](Self::offsets_tail) names.
    ///
    /// # Errors
    /// `tail` is too short, or states a length that `count` distinct values cannot have: less than
    /// 6·count − 2 (symbol-index.md §4.1).
    pub fn chars_len(count: u32, tail: &[u8]) -> Result<u64, LayoutError> {
        if count == 0 {
            return Ok(0);
        }
        let at = Self::offsets_tail(count);
        let len = i64_at(tail, 0).ok_or(LayoutError::Truncated {
            file: FileKind::Offsets,
            row: Some(u64::from(count)),
            offset: at.start,
            expected: at.end,
            found: at.start + len_u64(tail.len()),
        })?;
        let least = 6 * i64::from(count) - 2;
        u64::try_from(len)
            .ok()
            .filter(|_| len >= least)
            .ok_or(LayoutError::Corrupt {
                file: FileKind::Offsets,
                row: Some(u64::from(count)),
                offset: at.start,
                expected: Expected::AtLeast(least),
                found: len,
            })
    }

    /// A dictionary of the first `count` values of `.o` and `.c`, both from their start. Bytes
    /// beyond those values are ignored.
    ///
    /// # Errors
    /// A file is too short, the header is invalid, or the values are not consecutive.
    pub fn new(offsets: &Bytes, chars: &Bytes, count: u32) -> Result<Self, LayoutError> {
        let header = SymbolHeader::parse(offsets)?;
        let offsets_len = Self::required_offsets_len(count);
        let truncated = |file, expected, found: usize| LayoutError::Truncated {
            file,
            row: u64::from(count).checked_sub(1),
            offset: len_u64(found),
            expected,
            found: len_u64(found),
        };
        let end = len_usize(offsets_len)
            .filter(|end| *end <= offsets.len())
            .ok_or_else(|| truncated(FileKind::Offsets, offsets_len, offsets.len()))?;
        let offsets = offsets.slice(SYMBOL_HEADER_LEN..end);
        let tail = offsets.last_chunk::<8>().map_or(&[][..], |tail| tail);
        let chars_len = Self::chars_len(count, tail)?;
        let chars = len_usize(chars_len)
            .filter(|end| *end <= chars.len())
            .map(|end| chars.slice(..end))
            .ok_or_else(|| truncated(FileKind::Chars, chars_len, chars.len()))?;
        verify_consecutive(&offsets, &chars)?;
        Ok(Self {
            header,
            count,
            offsets,
            chars,
        })
    }

    /// A dictionary without values.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            header: SymbolHeader {
                capacity: super::writer::SYMBOL_CAPACITY_DEFAULT,
                cached: false,
                contains_null: false,
            },
            count: 0,
            offsets: Bytes::new(),
            chars: Bytes::new(),
        }
    }

    /// Number of values; valid keys are `0..len()`.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.count
    }

    /// Whether there are no values.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The header of `.o`.
    #[must_use]
    pub const fn header(&self) -> SymbolHeader {
        self.header
    }

    /// The text of a key; `None` for a key that is not below [`len`](Self::len).
    #[inline]
    #[must_use]
    pub fn value(&self, key: u32) -> Option<Utf16<'_>> {
        let at = usize::try_from(key).ok()?;
        let (offsets, _) = self.offsets.as_chunks::<8>();
        let lo = len_usize(u64::from_le_bytes(*offsets.get(at)?))?;
        let hi = len_usize(u64::from_le_bytes(*offsets.get(at + 1)?))?;
        // Verified: values are consecutive, so the end of one is the start of the next.
        self.chars.get(lo.checked_add(4)?..hi).map(Utf16::new)
    }

    /// All texts in order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = Utf16<'_>> {
        (0..self.count).filter_map(|key| self.value(key))
    }
}

/// Every value starts where the one before ends, the first at 0, the last ends at the end.
fn verify_consecutive(offsets: &[u8], chars: &[u8]) -> Result<(), LayoutError> {
    let (offsets, _) = offsets.as_chunks::<8>();
    let mut expected = 0_usize;
    for (key, off) in offsets.iter().enumerate() {
        let off = i64::from_le_bytes(*off);
        if usize::try_from(off) != Ok(expected) {
            return Err(LayoutError::Corrupt {
                file: FileKind::Offsets,
                row: Some(len_u64(key)),
                offset: len_u64(SYMBOL_HEADER_LEN + 8 * key),
                expected: Expected::Exactly(clamp_i64(len_u64(expected))),
                found: off,
            });
        }
        if key + 1 == offsets.len() {
            break;
        }
        expected = value_end(chars, expected, key)?;
    }
    Ok(())
}

/// End of the value of `key` that starts at `start`.
fn value_end(chars: &[u8], start: usize, key: usize) -> Result<usize, LayoutError> {
    let room = chars.len().saturating_sub(start);
    let len = i32_at(chars, start).ok_or(LayoutError::Truncated {
        file: FileKind::Chars,
        row: Some(len_u64(key)),
        offset: len_u64(start),
        expected: len_u64(start).saturating_add(4),
        found: len_u64(chars.len()),
    })?;
    usize::try_from(len)
        .ok()
        .and_then(|len| len.checked_mul(2)?.checked_add(4))
        .filter(|len| *len <= room)
        .map(|len| start + len)
        .ok_or(LayoutError::Corrupt {
            file: FileKind::Chars,
            row: Some(len_u64(key)),
            offset: len_u64(start),
            expected: Expected::Between(0, clamp_i64(len_u64(room.saturating_sub(4) / 2))),
            found: i64::from(len),
        })
}
