//! Hash of a symbol's text, which is its key in the value index (symbol-index.md §3).
//!
//! QuestDB finds a text only under this key: an index with another hash answers `WHERE sym = …` with
//! nothing, and without an error.

use crate::Utf16;

/// Hash of a text: 31-polynomial over UTF-16 code units, 28 bits.
#[must_use]
pub fn symbol_hash(text: Utf16<'_>) -> u32 {
    text.units().fold(0_u32, |h, unit| {
        h.wrapping_mul(31).wrapping_add(u32::from(unit))
    }) & 0x0fff_ffff
}

/// Number of buckets of a dictionary of this capacity: a power of two, at least 2. The key of a
/// text is `symbol_hash(text) & (buckets - 1)`.
#[must_use]
pub fn symbol_buckets(capacity: u32) -> u32 {
    (capacity / 2)
        .checked_next_power_of_two()
        .unwrap_or(1 << 31)
        .max(2)
}
