//! Little-endian loads that cannot panic, and conversions between lengths.
//!
//! Every byte of a column file is untrusted, so each load here answers `None` past the end. The
//! conversions exist because `usize` and `u64` meet on every line of a file format.

/// A length in memory as a length in a file. Never truncates: `usize` has at most 64 bits.
#[inline]
pub(crate) const fn len_u64(len: usize) -> u64 {
    len as u64
}

/// A length in a file as a length in memory; `None` where the address space is too small.
#[inline]
pub(crate) fn len_usize(len: u64) -> Option<usize> {
    usize::try_from(len).ok()
}

/// The `N` bytes at `off`, or `None` past the end.
#[inline]
pub(crate) fn bytes_at<const N: usize>(bytes: &[u8], off: usize) -> Option<&[u8; N]> {
    bytes.get(off..)?.first_chunk::<N>()
}

/// The `i32` at `off`, or `None` past the end.
#[inline]
pub(crate) fn i32_at(bytes: &[u8], off: usize) -> Option<i32> {
    bytes_at::<4>(bytes, off).map(|b| i32::from_le_bytes(*b))
}

/// The `i64` at `off`, or `None` past the end.
#[inline]
pub(crate) fn i64_at(bytes: &[u8], off: usize) -> Option<i64> {
    bytes_at::<8>(bytes, off).map(|b| i64::from_le_bytes(*b))
}

/// A signed view of an unsigned file quantity for an error message; saturates.
#[inline]
pub(crate) fn clamp_i64(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
