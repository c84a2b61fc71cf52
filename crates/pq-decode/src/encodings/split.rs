//! BYTE_STREAM_SPLIT: the first bytes of all values, then all second ones, and so on.
//!
//! Eight bytes of eight streams are transposed in registers; other widths go byte by byte.

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

/// Values of four bytes: sixteen of them fill the eight words of a block.
fn fours<const W: usize>(lanes: &[&[u8]; 4], values: &mut [[u8; W]]) -> usize {
    let groups = values.as_chunks_mut::<16>().0;
    let lanes = lanes.map(|lane| lane.as_chunks::<16>().0);
    let count = groups.len();
    for (i, group) in groups.iter_mut().enumerate() {
        let mut block = [0u64; 8];
        for (k, lane) in lanes.iter().enumerate() {
            let wide = lane.get(i).map_or(0, |b| u128::from_le_bytes(*b));
            #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
            let halves = (wide as u64, (wide >> 64) as u64);
            block[k] = halves.0;
            block[k + 4] = halves.1;
        }
        transpose(&mut block);
        for (k, word) in block.iter().enumerate() {
            let bytes = word.to_le_bytes();
            for (slot, half) in [(k, 0), (k + 8, 4)] {
                if let Some(value) = group.get_mut(slot) {
                    for (to, from) in value.iter_mut().zip(bytes.iter().skip(half)) {
                        *to = *from;
                    }
                }
            }
        }
    }
    count * 16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const W: usize>() {
        for count in [0, 1, 7, 8, 9, 15, 16, 17, 40] {
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
