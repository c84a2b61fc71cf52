//! BYTE_STREAM_SPLIT: byte `k` of every value, for each `k` in turn.
//!
//! It shrinks nothing itself; it puts the sign and exponent bytes of floats next to each other, where
//! a codec finds them.

use crate::page::buf::PageBuf;

/// Appends the streams of `plain` to a page. The two streams that hold sign and exponent of floats
/// get blocks of their own in a codec that has blocks: mantissas are noise.
pub(crate) fn page(plain: &[u8], width: usize, page: &mut PageBuf) {
    if let (4 | 8, count) = (width, plain.len() / width) {
        page.cut_behind((width - 2) * count);
        page.cut_behind((width - 1) * count);
    }
    split(plain, width, page.tail());
}

/// Appends the streams of `plain`, which holds values of `width` bytes (a multiple is a bug of the
/// caller: the rest would be lost).
pub(crate) fn split(plain: &[u8], width: usize, out: &mut Vec<u8>) {
    debug_assert!(width > 0 && plain.len().is_multiple_of(width));
    let start = out.len();
    out.resize(start + plain.len(), 0);
    let Some(space) = out.get_mut(start..) else {
        return;
    };
    match width {
        1 => space.copy_from_slice(plain),
        4 => split_words(plain, space),
        8 => split_longs::<8>(plain, 0, space),
        16 => {
            split_longs::<16>(plain, 0, space);
            split_longs::<16>(plain, 8, space);
        }
        32 => {
            for part in [0, 8, 16, 24] {
                split_longs::<32>(plain, part, space);
            }
        }
        _ => split_any(plain, width, space),
    }
}

/// Any width, one byte at a time.
fn split_any(plain: &[u8], width: usize, out: &mut [u8]) {
    let count = plain.len() / width;
    for (k, stream) in out.chunks_exact_mut(count.max(1)).enumerate() {
        for (slot, value) in stream.iter_mut().zip(plain.chunks_exact(width)) {
            *slot = value[k];
        }
    }
}

/// Values of eight bytes taken together. The loops over them are what the compiler makes wide stores of:
/// shifts of whole words and their low bytes, which no exchange of bytes in registers comes near.
const LONGS: usize = 64;

/// The same of four bytes.
const WORDS: usize = 32;

/// Streams `part..part + 8` of values of `W` bytes.
fn split_longs<const W: usize>(plain: &[u8], part: usize, out: &mut [u8]) {
    let values = plain.as_chunks::<W>().0;
    let count = values.len();
    let Some(streams) = out.get_mut(part * count..(part + 8) * count) else {
        return;
    };
    let half = |value: &[u8; W], at: usize| {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(&value[at..at + 4]);
        u32::from_le_bytes(bytes)
    };
    let (groups, tail) = values.as_chunks::<LONGS>();
    let mut lanes = lanes_of::<8>(streams, count);
    for (at, group) in groups.iter().enumerate() {
        let (mut low, mut high) = ([0_u32; LONGS], [0_u32; LONGS]);
        for ((low, high), value) in low.iter_mut().zip(&mut high).zip(group) {
            *low = half(value, part);
            *high = half(value, part + 4);
        }
        for (k, lane) in lanes.iter_mut().enumerate() {
            if let Some(slot) = lane.as_chunks_mut::<LONGS>().0.get_mut(at) {
                put_bytes(if k < 4 { &low } else { &high }, k % 4, slot);
            }
        }
    }
    let done = groups.len() * LONGS;
    for (k, lane) in lanes.iter_mut().enumerate() {
        for (slot, value) in lane[done..].iter_mut().zip(tail) {
            *slot = value[part + k];
        }
    }
}

/// The four streams of values of four bytes.
fn split_words(plain: &[u8], out: &mut [u8]) {
    let values = plain.as_chunks::<4>().0;
    let count = values.len();
    let (groups, tail) = values.as_chunks::<WORDS>();
    let mut lanes = lanes_of::<4>(out, count);
    for (at, group) in groups.iter().enumerate() {
        let words = group.map(u32::from_le_bytes);
        for (k, lane) in lanes.iter_mut().enumerate() {
            if let Some(slot) = lane.as_chunks_mut::<WORDS>().0.get_mut(at) {
                put_bytes(&words, k, slot);
            }
        }
    }
    let done = groups.len() * WORDS;
    for (k, lane) in lanes.iter_mut().enumerate() {
        for (slot, value) in lane[done..].iter_mut().zip(tail) {
            *slot = value[k];
        }
    }
}

/// Byte `k` of every word.
#[inline(always)]
fn put_bytes<const N: usize>(words: &[u32; N], k: usize, out: &mut [u8; N]) {
    for (slot, word) in out.iter_mut().zip(words) {
        #[expect(clippy::cast_possible_truncation, reason = "one byte is wanted")]
        {
            *slot = (word >> (8 * k)) as u8;
        }
    }
}

/// Cuts `N` streams of `count` bytes.
fn lanes_of<const N: usize>(mut streams: &mut [u8], count: usize) -> [&mut [u8]; N] {
    std::array::from_fn(|_| {
        let (lane, rest) = std::mem::take(&mut streams).split_at_mut(count);
        streams = rest;
        lane
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_and_tail_equals_byte_by_byte() {
        for width in [1, 2, 3, 4, 8, 16, 32] {
            for count in [0, 1, 7, 31, 32, 33, 63, 64, 65, 200] {
                let plain: Vec<u8> = (0..count * width)
                    .map(|i| (i * 2_654_435_761_usize).to_le_bytes()[1])
                    .collect();
                let mut out = vec![9];
                split(&plain, width, &mut out);
                let mut expected = vec![0; plain.len()];
                if count > 0 {
                    split_any(&plain, width, &mut expected);
                }
                assert_eq!(out[1..], expected, "width {width}, {count} values");
            }
        }
    }
}
