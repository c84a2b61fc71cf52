//! Levels and dictionary keys: the hybrid of runs and bit packing.
//!
//! Both are small integers of one bit width. Levels carry a 4-byte length in version 1 pages and
//! none in version 2 pages (the header has it); keys stand behind one byte with their width.

mod decode;
mod encode;
mod pack;
mod unpack;

use thiserror::Error;

pub use decode::{BitRun, HybridDecoder};
pub use encode::{HybridEncoder, encode_hybrid, encode_run};
pub use pack::pack;

mod sealed {
    /// What the three types do differently with eight values.
    pub trait Eight: Sized {
        /// Whether all may be equal: a cheap test, without branches, that never misses.
        fn maybe_uniform(group: &[Self; 8]) -> bool;
        /// Eight values of one bit each, the first lowest.
        fn bits(group: &[Self; 8]) -> u64;
    }

    fn bits(group: impl Iterator<Item = u32>) -> u64 {
        group
            .enumerate()
            .fold(0, |bits, (i, v)| bits | u64::from(v) << i)
    }

    impl Eight for u8 {
        #[inline]
        fn maybe_uniform(group: &[Self; 8]) -> bool {
            u64::from_le_bytes(*group) == u64::from(group[0]) * 0x0101_0101_0101_0101
        }

        #[inline]
        fn bits(group: &[Self; 8]) -> u64 {
            // Byte i holds one bit; the product has it at bit 56 + i.
            u64::from_le_bytes(*group).wrapping_mul(0x0102_0408_1020_4080) >> 56
        }
    }

    impl Eight for u16 {
        #[inline]
        fn maybe_uniform(group: &[Self; 8]) -> bool {
            group.iter().fold(0, |differs, &v| differs | (v ^ group[0])) == 0
        }

        #[inline]
        fn bits(group: &[Self; 8]) -> u64 {
            bits(group.iter().map(|&v| v.into()))
        }
    }

    impl Eight for u32 {
        #[inline]
        fn maybe_uniform(group: &[Self; 8]) -> bool {
            let [a, b, c, d, e, f, g, h] = *group;
            (a ^ h) | (b ^ g) | (c ^ f) | (d ^ e) == 0
        }

        #[inline]
        fn bits(group: &[Self; 8]) -> u64 {
            bits(group.iter().copied())
        }
    }
}

/// An integer that levels or keys may be held in: `u8`, `u16` or `u32`.
pub trait Key: Copy + Eq + Default + Into<u32> + TryFrom<u32> + sealed::Eight {
    /// Bits of the type.
    const BITS: u8;
}

impl Key for u8 {
    const BITS: u8 = 8;
}
impl Key for u16 {
    const BITS: u8 = 16;
}
impl Key for u32 {
    const BITS: u8 = 32;
}

/// Bits that the values `0..=max` need: 0 for 0.
///
/// ```
/// assert_eq!([0, 1, 2, 255, 256].map(pq_format::bit_width), [0, 1, 2, 8, 9]);
/// ```
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "at most 32")]
pub const fn bit_width(max: u32) -> u8 {
    (u32::BITS - max.leading_zeros()) as u8
}

/// Levels or keys are damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LevelError {
    /// The bytes end before the declared number of values does.
    #[error("levels or keys: {found} of {expected} values, then the bytes end at offset {offset}")]
    Truncated {
        /// Offset in the slice.
        offset: usize,
        /// Values wanted.
        expected: usize,
        /// Values found.
        found: usize,
    },
    /// A bit width above 32, or above what the target type can hold.
    #[error("levels or keys: bit width {found} exceeds {max}")]
    Width {
        /// Width that was found.
        found: u8,
        /// Largest that is possible.
        max: u8,
    },
    /// A run header of more than 64 bits.
    #[error("levels or keys: run header at offset {offset} is too long")]
    Header {
        /// Offset in the slice.
        offset: usize,
    },
    /// A repeated value does not fit the width, or a level exceeds the schema's.
    #[error("levels or keys: value {found} before offset {offset} exceeds {max}")]
    Value {
        /// Offset in the slice.
        offset: usize,
        /// The value.
        found: u32,
        /// The largest possible.
        max: u32,
    },
}

/// Appends levels as a version 1 page has them: 4 bytes of length, then the hybrid.
///
/// Nothing is appended if `max_level` is 0: such a column has no levels.
pub fn encode_levels_v1<K: Key>(levels: &[K], max_level: u32, out: &mut Vec<u8>) {
    if max_level == 0 {
        return;
    }
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    encode_hybrid(levels, bit_width(max_level), out);
    patch_len(out, at);
}

/// Appends levels as a version 2 page has them; returns their bytes, which its header wants.
///
/// Nothing is appended if `max_level` is 0.
pub fn encode_levels_v2<K: Key>(levels: &[K], max_level: u32, out: &mut Vec<u8>) -> usize {
    let at = out.len();
    if max_level > 0 {
        encode_hybrid(levels, bit_width(max_level), out);
    }
    out.len() - at
}

/// Writes the length of what follows the 4 bytes at `at` into them.
fn patch_len(out: &mut [u8], at: usize) {
    // A page body is below 2^31 bytes, or its header cannot be written.
    let len = u32::try_from(out.len() - at - 4).unwrap_or(u32::MAX);
    if let Some(slot) = out.get_mut(at..at + 4) {
        slot.copy_from_slice(&len.to_le_bytes());
    }
}

/// Reads `count` levels of a version 1 page from the start of `bytes` and appends them to `out`.
/// Returns the bytes that they took, the length included; 0 if `max_level` is 0 (and appends
/// nothing).
///
/// # Errors
/// [`LevelError`]; a level above `max_level` is one too.
pub fn decode_levels_v1<K: Key>(
    bytes: &[u8],
    max_level: u32,
    count: usize,
    out: &mut Vec<K>,
) -> Result<usize, LevelError> {
    if max_level == 0 {
        return Ok(0);
    }
    let cut = LevelError::Truncated {
        offset: bytes.len(),
        expected: count,
        found: 0,
    };
    let (len, rest) = bytes.split_first_chunk::<4>().ok_or(cut)?;
    let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
    decode_levels_v2(rest.get(..len).ok_or(cut)?, max_level, count, out)?;
    Ok(len + 4)
}

/// Reads `count` levels from exactly their bytes and appends them to `out`; appends nothing if
/// `max_level` is 0.
///
/// # Errors
/// [`LevelError`]; a level above `max_level` is one too.
pub fn decode_levels_v2<K: Key>(
    bytes: &[u8],
    max_level: u32,
    count: usize,
    out: &mut Vec<K>,
) -> Result<(), LevelError> {
    if max_level == 0 {
        return Ok(());
    }
    let start = out.len();
    let mut decoder = HybridDecoder::new(bytes, bit_width(max_level))?;
    let done = decoder.append(count, out).and_then(|()| {
        let highest = out.iter().skip(start).map(|&k| k.into()).max().unwrap_or(0);
        match highest > max_level {
            true => {
                let offset = decoder.position();
                Err(LevelError::Value {
                    offset,
                    found: highest,
                    max: max_level,
                })
            }
            false => Ok(()),
        }
    });
    if done.is_err() {
        out.truncate(start);
    }
    done
}
