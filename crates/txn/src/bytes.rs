//! Checked access to fields of a byte slice.
//!
//! Every parser goes through these few functions, so that a missing byte is always the same typed error with
//! the same fields and never an index panic.

use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::error::{Expected, ParseError, SmallFile};

/// A length as a file offset.
pub(crate) fn off(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// A count or length as it appears in an error.
pub(crate) fn shown(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// `len` bytes at `offset`.
pub(crate) fn slice<'a>(
    file: SmallFile,
    field: &'static str,
    bytes: &'a [u8],
    offset: usize,
    len: usize,
) -> Result<&'a [u8], ParseError> {
    offset
        .checked_add(len)
        .and_then(|end| bytes.get(offset..end))
        .ok_or(ParseError::Truncated {
            file,
            field,
            offset: off(offset),
            needed: off(len),
            found: off(bytes.len().saturating_sub(offset)),
        })
}

/// An on-disk struct at `offset`, borrowed.
pub(crate) fn view<'a, T: FromBytes + KnownLayout + Immutable + Unaligned>(
    file: SmallFile,
    field: &'static str,
    bytes: &'a [u8],
    offset: usize,
) -> Result<&'a T, ParseError> {
    let truncated = |found: usize| ParseError::Truncated {
        file,
        field,
        offset: off(offset),
        needed: off(size_of::<T>()),
        found: off(found),
    };
    let tail = bytes.get(offset..).ok_or(truncated(0))?;
    T::ref_from_prefix(tail)
        .map(|(t, _)| t)
        .map_err(|_| truncated(tail.len()))
}

/// An i32 at `offset`.
pub(crate) fn i32_at(
    file: SmallFile,
    field: &'static str,
    bytes: &[u8],
    offset: usize,
) -> Result<i32, ParseError> {
    view::<zerocopy::little_endian::I32>(file, field, bytes, offset).map(|v| v.get())
}

/// An i64 at `offset`.
pub(crate) fn i64_at(
    file: SmallFile,
    field: &'static str,
    bytes: &[u8],
    offset: usize,
) -> Result<i64, ParseError> {
    view::<zerocopy::little_endian::I64>(file, field, bytes, offset).map(|v| v.get())
}

/// A string16 (table-dir.md §0) of 1 to `units_max` code units: its raw UTF-16LE units and the offset behind it.
pub(crate) fn string16_units<'a>(
    file: SmallFile,
    field: &'static str,
    bytes: &'a [u8],
    offset: usize,
    units_max: usize,
) -> Result<(&'a [[u8; 2]], usize), ParseError> {
    let count = i32_at(file, field, bytes, offset)?;
    let units = usize::try_from(count)
        .ok()
        .filter(|n| (1..=units_max).contains(n))
        .ok_or(ParseError::Corrupt {
            file,
            field,
            offset: off(offset),
            expected: Expected::Between(1, shown(units_max)),
            found: i64::from(count),
        })?;
    let start = offset.saturating_add(4);
    let len = units.saturating_mul(2);
    let raw = slice(file, field, bytes, start, len)?;
    Ok((raw.as_chunks().0, start.saturating_add(len)))
}

/// UTF-16 units as text; a lone surrogate is corruption, because no file could carry that name.
pub(crate) fn utf16_strict(
    file: SmallFile,
    field: &'static str,
    units: &[[u8; 2]],
    offset: usize,
) -> Result<String, ParseError> {
    char::decode_utf16(units.iter().map(|u| u16::from_le_bytes(*u)))
        .collect::<Result<String, _>>()
        .map_err(|e| ParseError::Corrupt {
            file,
            field,
            offset: off(offset),
            expected: Expected::That("UTF-16 without lone surrogates"),
            found: i64::from(e.unpaired_surrogate()),
        })
}

/// Appends a string16.
pub(crate) fn push_string16(out: &mut Vec<u8>, text: &str) -> Option<()> {
    let units = i32::try_from(text.encode_utf16().count()).ok()?;
    out.extend_from_slice(&units.to_le_bytes());
    for unit in text.encode_utf16() {
        out.extend_from_slice(&unit.to_le_bytes());
    }
    Some(())
}
