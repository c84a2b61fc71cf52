//! Bit-packing: eight values of `W` bits become `W` bytes.
//!
//! Dictionary keys, levels and delta miniblocks all end here. Neighbours are merged lane-parallel
//! (pairs, then quads), and a group of eight leaves with one or two overlapping stores, so that no
//! width costs a loop over bits. The width is a constant of the inner loop.

/// Values in a group: the unit in which packed bytes are whole for every width.
pub(crate) const GROUP: usize = 8;

/// Bytes that a store may touch behind the group that it writes.
const SLACK: usize = 32;

/// Appends `values` to `out`, `width` bits each (0 to 32), least significant bit first. The last
/// group of eight is filled with zeros, so whole bytes are written for every width.
///
/// Bits above `width` in a value are a bug of the caller and would spill into its neighbours.
pub(crate) fn pack_u32(values: &[u32], width: u32, out: &mut Vec<u8>) {
    macro_rules! dispatch {
        ($($narrow:literal)* ; $($middle:literal)* ; $($wide:literal)*) => {
            match width {
                0 => {}
                $($narrow => pack_with(values, $narrow, out, narrow::<$narrow>),)*
                $($middle => pack_with(values, $middle, out, middle::<$middle>),)*
                $($wide => pack_with(values, $wide, out, wide::<$wide>),)*
                _ => pack_with(values, 32, out, whole),
            }
        };
    }
    dispatch!(1 2 3 4 5 6 7 8; 9 10 11 12 13 14 15 16;
        17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
}

/// Runs one packing kernel over whole groups and the padded tail.
#[inline(always)]
fn pack_with(
    values: &[u32],
    width: usize,
    out: &mut Vec<u8>,
    kernel: impl Fn(&[[u32; GROUP]], &mut [u8]) + Copy,
) {
    let (groups, tail) = values.as_chunks::<GROUP>();
    let start = out.len();
    let whole = groups.len() * width;
    let tail_len = if tail.is_empty() { 0 } else { width };
    out.resize(start + whole + tail_len + SLACK, 0);
    if let Some(space) = out.get_mut(start..) {
        kernel(groups, space);
    }
    if !tail.is_empty() {
        let mut last = [0_u32; GROUP];
        for (slot, value) in last.iter_mut().zip(tail) {
            *slot = *value;
        }
        if let Some(space) = out.get_mut(start + whole..) {
            kernel(&[last], space);
        }
    }
    out.truncate(start + whole + tail_len);
}

/// Merges neighbours: four pairs of `2 * W` bits.
#[inline(always)]
fn pairs<const W: usize>(v: &[u32; GROUP]) -> [u64; 4] {
    let join = |low: u32, high: u32| u64::from(low) | (u64::from(high) << W);
    [
        join(v[0], v[1]),
        join(v[2], v[3]),
        join(v[4], v[5]),
        join(v[6], v[7]),
    ]
}

/// Widths 1 to 8: a group fits one 64-bit store.
#[inline(always)]
fn narrow<const W: usize>(groups: &[[u32; GROUP]], mut out: &mut [u8]) {
    for group in groups {
        let p = pairs::<W>(group);
        let low = p[0] | (p[1] << (2 * W));
        let high = p[2] | (p[3] << (2 * W));
        let word = low | (high << (4 * W));
        let Some(slot) = out.first_chunk_mut::<8>() else {
            return;
        };
        *slot = word.to_le_bytes();
        out = out.split_at_mut(W).1;
    }
}

/// Widths 9 to 16: two 64-bit halves, each of four values, make one 128-bit store.
#[inline(always)]
fn middle<const W: usize>(groups: &[[u32; GROUP]], mut out: &mut [u8]) {
    for group in groups {
        let p = pairs::<W>(group);
        let low = p[0] | (p[1] << (2 * W));
        let high = p[2] | (p[3] << (2 * W));
        let word = u128::from(low) | (u128::from(high) << (4 * W));
        let Some(slot) = out.first_chunk_mut::<16>() else {
            return;
        };
        *slot = word.to_le_bytes();
        out = out.split_at_mut(W).1;
    }
}

/// Widths 17 to 31: two 128-bit halves; the second starts at a byte or in the middle of one.
#[inline(always)]
fn wide<const W: usize>(groups: &[[u32; GROUP]], mut out: &mut [u8]) {
    let split = W / 2;
    let odd = (4 * W) % 8;
    for group in groups {
        let p = pairs::<W>(group);
        let low = u128::from(p[0]) | (u128::from(p[1]) << (2 * W));
        let high = u128::from(p[2]) | (u128::from(p[3]) << (2 * W));
        let second = (low >> (8 * split)) | (high << odd);
        let Some(slot) = out.first_chunk_mut::<32>() else {
            return;
        };
        if let Some(first) = slot.first_chunk_mut::<16>() {
            *first = low.to_le_bytes();
        }
        if let Some(rest) = slot.get_mut(split..split + 16) {
            rest.copy_from_slice(&second.to_le_bytes());
        }
        out = out.split_at_mut(W).1;
    }
}

/// Width 32: the values as they are.
#[inline(always)]
fn whole(groups: &[[u32; GROUP]], out: &mut [u8]) {
    for (slot, value) in out
        .as_chunks_mut::<4>()
        .0
        .iter_mut()
        .zip(groups.as_flattened())
    {
        *slot = value.to_le_bytes();
    }
}

/// Appends 64-bit values, `width` bits each (0 to 64), least significant bit first; the last group
/// of eight is filled with zeros. The slow sibling for the widths that 32-bit lanes cannot hold.
pub(crate) fn pack_u64(values: &[u64], width: u32, out: &mut Vec<u8>) {
    let mut pending = 0_u128;
    let mut bits = 0_u32;
    let padding = values.len().next_multiple_of(GROUP) - values.len();
    for value in values
        .iter()
        .copied()
        .chain(std::iter::repeat_n(0, padding))
    {
        pending |= u128::from(value) << bits;
        bits += width;
        if bits >= 64 {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the low 64 bits are wanted"
            )]
            out.extend_from_slice(&(pending as u64).to_le_bytes());
            pending >>= 64;
            bits -= 64;
        }
    }
    let rest = pending.to_le_bytes();
    out.extend(rest.iter().take((bits as usize).div_ceil(8)));
}

/// Bits needed to hold `max`.
#[must_use]
pub(crate) fn width_of(max: u64) -> u32 {
    u64::BITS - max.leading_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One bit at a time: obviously right, and nothing else.
    fn naive(values: &[u64], width: u32) -> Vec<u8> {
        let total = values.len().next_multiple_of(GROUP) * width as usize;
        let mut out = vec![0_u8; total / 8];
        for (i, value) in values.iter().enumerate() {
            for bit in 0..width as usize {
                if value >> bit & 1 == 1 {
                    let at = i * width as usize + bit;
                    out[at / 8] |= 1 << (at % 8);
                }
            }
        }
        out
    }

    /// A cheap generator: tests need spread, not quality.
    fn noise(seed: u64) -> impl FnMut() -> u64 {
        let mut state = seed;
        move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state ^ (state >> 29)
        }
    }

    #[test]
    fn every_width_and_tail_equals_one_bit_at_a_time() {
        let mut next = noise(7);
        for width in 0..=32_u32 {
            for len in [0, 1, 7, 8, 9, 63, 64, 65, 200] {
                let mask = if width == 0 {
                    0
                } else {
                    u64::MAX >> (64 - width)
                };
                let wide: Vec<u64> = (0..len).map(|_| next() & mask).collect();
                let values: Vec<u32> = wide.iter().map(|v| u32::try_from(*v).unwrap()).collect();
                let mut out = vec![0xaa];
                pack_u32(&values, width, &mut out);
                assert_eq!(out[0], 0xaa);
                assert_eq!(out[1..], naive(&wide, width), "width {width}, {len} values");
            }
        }
    }

    #[test]
    fn wide_values_equal_one_bit_at_a_time() {
        let mut next = noise(8);
        for width in 0..=64_u32 {
            for len in [0, 1, 8, 31, 64] {
                let mask = if width == 0 {
                    0
                } else {
                    u64::MAX >> (64 - width)
                };
                let values: Vec<u64> = (0..len).map(|_| next() & mask).collect();
                let mut out = Vec::new();
                pack_u64(&values, width, &mut out);
                assert_eq!(out, naive(&values, width), "width {width}, {len} values");
            }
        }
    }

    #[test]
    fn width_of_is_exact_at_powers_of_two() {
        assert_eq!(
            [0, 1, 2, 3, 4, 255, 256, u64::MAX].map(width_of),
            [0, 1, 2, 2, 3, 8, 9, 64]
        );
    }
}
