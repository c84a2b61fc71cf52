//! BYTE_STREAM_SPLIT: the first bytes of all values, then all second ones, and so on.
//!
//! Eight bytes of eight streams are transposed in registers, four make a word; other widths go byte by
//! byte.

use pq_format::transpose;

/// Appends `count` values of `W` bytes from `W` streams. `bytes` holds exactly `W · count` bytes.
pub(crate) fn merge<const W: usize>(bytes: &[u8], count: usize, out: &mut Vec<[u8; W]>) {
    let start = out.len();
    out.resize(start + count, [0; W]);
    let Some(values) = out.get_mut(start..) else {
        return;
    };
    let mut streams = bytes.chunks_exact(count.max(1));
    let mut done = 0;
    if W.is_multiple_of(8) {
        for part in 0..W / 8 {
            let lanes: [&[u8]; 8] = std::array::from_fn(|_| streams.next().unwrap_or_default());
            done = eights(&lanes, part * 8, values);
        }
    } else if W == 4 {
        let lanes: [&[u8]; 4] = std::array::from_fn(|_| streams.next().unwrap_or_default());
        done = fours(&lanes, values);
    }
    for (k, stream) in bytes.chunks_exact(count.max(1)).take(W).enumerate() {
        let rest = values.iter_mut().zip(stream).skip(done);
        for (value, byte) in rest {
            if let Some(slot) = value.get_mut(k) {
                *slot = *byte;
            }
        }
    }
}

/// Bytes `at..at + 8` of every eight values; returns how many values were done.
fn eights<const W: usize>(lanes: &[&[u8]; 8], at: usize, values: &mut [[u8; W]]) -> usize {
    let groups = values.as_chunks_mut::<8>().0;
    let lanes = lanes.map(|lane| lane.as_chunks::<8>().0);
    let count = groups.len();
    for (i, group) in groups.iter_mut().enumerate() {
        let mut block = lanes.map(|lane| lane.get(i).map_or(0, |b| u64::from_le_bytes(*b)));
        transpose(&mut block);
        for (value, word) in group.iter_mut().zip(block) {
            if let Some(slot) = value.get_mut(at..at + 8) {
                slot.copy_from_slice(&word.to_le_bytes());
            }
        }
    }
    count * 8
}

/// Values of four bytes taken together.
const WORDS: usize = 32;

/// Values of four bytes, a word each: the compiler widens and shifts many at once.
fn fours<const W: usize>(lanes: &[&[u8]; 4], values: &mut [[u8; W]]) -> usize {
    let groups = values.as_chunks_mut::<WORDS>().0;
    let count = groups.len();
    let [a, b, c, d] = lanes.map(|lane| lane.as_chunks::<WORDS>().0);
    for ((((group, a), b), c), d) in groups.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        let mut words = [0_u32; WORDS];
        for (i, word) in words.iter_mut().enumerate() {
            let low = u32::from(a[i]) | u32::from(b[i]) << 8;
            *word = low | u32::from(c[i]) << 16 | u32::from(d[i]) << 24;
        }
        for (value, word) in group.iter_mut().zip(words) {
            if let Some(slot) = value.first_chunk_mut::<4>() {
                *slot = word.to_le_bytes();
            }
        }
    }
    count * WORDS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const W: usize>() {
        for count in [0, 1, 7, 8, 9, 31, 32, 33, 70] {
            let values: Vec<[u8; W]> = (0..count)
                .map(|i| std::array::from_fn(|k| u8::try_from((i * 37 + k * 11) % 251).unwrap()))
                .collect();
            let streams: Vec<u8> = (0..W)
                .flat_map(|k| values.iter().map(move |v| v[k]))
                .collect();
            let mut out = vec![[9; W]];
            merge(&streams, count, &mut out);
            assert_eq!(out[0], [9; W]);
            assert_eq!(out[1..], values, "{count} values of {W} bytes");
        }
    }

    #[test]
    fn every_width_and_count_is_merged() {
        check::<1>();
        check::<2>();
        check::<4>();
        check::<8>();
        check::<16>();
        check::<32>();
    }
}
