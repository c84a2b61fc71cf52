//! Checked access to the committed bytes.
//!
//! Every read of the view goes through here, so that a range outside the committed size is one
//! error with a section name, wherever it came from.

use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use crate::error::PmError;

/// `usize` from an untrusted number; a value that no slice can reach saturates, and then fails the
/// bounds check of whoever uses it.
pub(crate) fn at(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

/// `u64` from a length of memory.
pub(crate) fn wide(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}

/// `len` bytes at `offset`, or `Truncated` naming `section`.
pub(crate) fn bytes<'a>(
    data: &'a [u8],
    offset: usize,
    len: usize,
    section: &'static str,
) -> Result<&'a [u8], PmError> {
    data.get(offset..)
        .and_then(|tail| tail.get(..len))
        .ok_or_else(|| PmError::Truncated {
            section,
            offset: wide(offset),
            needed: wide(len),
            have: wide(data.len().saturating_sub(offset)),
        })
}

/// One record at `offset`.
pub(crate) fn record<'a, T: FromBytes + KnownLayout + Immutable + Unaligned>(
    data: &'a [u8],
    offset: usize,
    section: &'static str,
) -> Result<&'a T, PmError> {
    let bytes = bytes(data, offset, size_of::<T>(), section)?;
    T::ref_from_bytes(bytes).map_err(|_| out_of_memory_range(section, offset))
}

/// `count` records at `offset`.
pub(crate) fn records<'a, T: FromBytes + KnownLayout + Immutable + Unaligned>(
    data: &'a [u8],
    offset: usize,
    count: usize,
    section: &'static str,
) -> Result<&'a [T], PmError> {
    let len = count
        .checked_mul(size_of::<T>())
        .ok_or_else(|| out_of_memory_range(section, offset))?;
    let bytes = bytes(data, offset, len, section)?;
    <[T]>::ref_from_bytes_with_elems(bytes, count).map_err(|_| out_of_memory_range(section, offset))
}

fn out_of_memory_range(section: &'static str, offset: usize) -> PmError {
    PmError::Truncated {
        section,
        offset: wide(offset),
        needed: u64::MAX,
        have: 0,
    }
}

/// The first 8 bytes as a committed size (pm.md §4.1).
///
/// # Errors
/// `Truncated` below 8 bytes.
pub fn committed_size(data: &[u8]) -> Result<u64, PmError> {
    let word: &zerocopy::little_endian::U64 = record(data, 0, "commit word")?;
    Ok(word.get())
}
