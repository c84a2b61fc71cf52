//! Bit packing, eight values at a time.
//!
//! Neighbours are merged lane by lane (32-bit values to pairs, pairs to quads), which the compiler
//! turns into vector code, and eight values, which are always `width` whole bytes, are stored with
//! one wide store that overlaps the next. The width is a constant of the generated code.

use super::Key;

/// Values of one pass: their quads fit registers.
const BLOCK: usize = 32;

/// Appends `values` bit-packed, least significant bits first, padded with zeros to full groups of
/// eight: `ceil(len / 8) * width` bytes. Bits above `width` (at most 32) are dropped.
pub fn pack<K: Key>(values: &[K], width: u8, out: &mut Vec<u8>) {
    macro_rules! by_width {
        ($($w:literal)*) => {
            match width {
                0 => {}
                $($w => pack_width::<$w, K>(values, out),)*
                _ => pack_width::<32, K>(values, out),
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
}

fn pack_width<const W: usize, K: Key>(values: &[K], out: &mut Vec<u8>) {
    let start = out.len();
    let bytes = values.len().div_ceil(8) * W;
    // Stores of whole words reach beyond the last group by less than this.
    out.resize(start + bytes + BLOCK / 8 * W + 32, 0);
    let dest = out.get_mut(start..).unwrap_or_default();
    let (blocks, tail) = values.as_chunks::<BLOCK>();
    let mut at = 0;
    for block in blocks {
        pack_block::<W, K>(block, dest, at);
        at += BLOCK / 8 * W;
    }
    if !tail.is_empty() {
        let mut block = [K::default(); BLOCK];
        for (to, from) in block.iter_mut().zip(tail) {
            *to = *from;
        }
        pack_block::<W, K>(&block, dest, at);
    }
    out.truncate(start + bytes);
}

#[inline]
fn pack_block<const W: usize, K: Key>(block: &[K; BLOCK], dest: &mut [u8], at: usize) {
    let mask = u64::MAX >> (64 - W);
    let mut pairs = [0u64; BLOCK / 2];
    for (i, pair) in pairs.iter_mut().enumerate() {
        let (lo, hi): (u32, u32) = (block[2 * i].into(), block[2 * i + 1].into());
        *pair = (u64::from(lo) & mask) | (u64::from(hi) & mask) << W;
    }
    if W <= 16 {
        let mut quads = [0u64; BLOCK / 4];
        for (i, quad) in quads.iter_mut().enumerate() {
            *quad = pairs[2 * i] | pairs[2 * i + 1] << (2 * W);
        }
        for (g, [lo, hi]) in quads.as_chunks::<2>().0.iter().enumerate() {
            if W <= 8 {
                store(dest, at + g * W, (lo | hi << (4 * W % 64)).to_le_bytes());
            } else {
                let all = u128::from(*lo) | u128::from(*hi) << (4 * W);
                store(dest, at + g * W, all.to_le_bytes());
            }
        }
    } else {
        for (g, [a, b, c, d]) in pairs.as_chunks::<4>().0.iter().enumerate() {
            let lo = u128::from(*a) | u128::from(*b) << (2 * W);
            let hi = u128::from(*c) | u128::from(*d) << (2 * W);
            let (low, high) = match W {
                32 => (lo, hi),
                _ => (lo | hi << (4 * W % 128), hi >> (128 - 4 * W % 128)),
            };
            store(dest, at + g * W, low.to_le_bytes());
            store(dest, at + g * W + 16, high.to_le_bytes());
        }
    }
}

#[inline]
fn store<const N: usize>(dest: &mut [u8], at: usize, bytes: [u8; N]) {
    if let Some(slot) = dest.get_mut(at..at + N) {
        slot.copy_from_slice(&bytes);
    }
}
