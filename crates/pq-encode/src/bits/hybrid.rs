//! The RLE / bit-packed hybrid for dictionary keys and nested levels.
//!
//! Values are written in blocks that stay in the first-level cache, staged where they come in smaller
//! portions: a stretch of one value becomes a run, which may go on over any number of blocks, everything else
//! is bit-packed. Bit-packed runs are always whole groups of eight (strict readers refuse a short
//! tail), and a block boundary depends only on the position of a value in its page.

use super::pack::{GROUP, pack_u32};
use super::varint::put_uleb;

/// Values written together: a multiple of [`SEGMENT`].
pub(crate) const BLOCK: usize = 4096;

/// Granularity at which runs are looked for.
const SEGMENT: usize = 32;

/// Writes one hybrid stream of a page.
#[derive(Debug, Default)]
pub(crate) struct Hybrid {
    width: u32,
    block: Vec<u32>,
    run_value: u32,
    run_len: usize,
    /// Values handed over so far, staged ones included.
    count: usize,
}

impl Hybrid {
    /// Starts a stream of values of `width` bits.
    pub(crate) fn start(&mut self, width: u32) {
        self.width = width;
        self.block.clear();
        self.run_len = 0;
        self.count = 0;
    }

    /// Values handed over since [`Hybrid::start`].
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Values staged and not yet written; values of an open run count as written.
    pub(crate) fn staged(&self) -> usize {
        self.block.len()
    }

    /// Appends values; full blocks are written to `out`, without being staged where none is under way.
    pub(crate) fn push(&mut self, values: &[u32], out: &mut Vec<u8>) {
        self.count += values.len();
        let free = (BLOCK - self.block.len()) % BLOCK;
        let (head, rest) = values.split_at(values.len().min(free));
        self.block.extend_from_slice(head);
        self.flush_full(out);
        let (blocks, tail) = rest.as_chunks::<BLOCK>();
        for block in blocks {
            self.write(block, out);
        }
        self.block.extend_from_slice(tail);
    }

    /// The same of values that are at hand in 16 bits.
    pub(crate) fn push_narrow(&mut self, mut values: &[u16], out: &mut Vec<u8>) {
        self.count += values.len();
        while !values.is_empty() {
            let take = values.len().min(BLOCK - self.block.len());
            let (now, later) = values.split_at(take);
            self.block.extend(now.iter().map(|value| u32::from(*value)));
            values = later;
            self.flush_full(out);
        }
    }

    /// Appends `count` times the same value.
    pub(crate) fn push_run(&mut self, value: u32, mut count: usize, out: &mut Vec<u8>) {
        self.count += count;
        while count > 0 {
            let take = count.min(BLOCK - self.block.len());
            self.block.resize(self.block.len() + take, value);
            count -= take;
            self.flush_full(out);
        }
    }

    /// Writes what is staged and ends the stream.
    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) {
        self.flush(out);
        self.end_run(out);
    }

    fn flush_full(&mut self, out: &mut Vec<u8>) {
        if self.block.len() >= BLOCK {
            self.flush(out);
        }
    }

    /// Segments of one value that make a run worth its header and the split of its surroundings.
    fn run_segments_min(&self) -> usize {
        match self.width {
            0 | 4.. => 1,
            2 | 3 => 2,
            _ => 4,
        }
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        let block = std::mem::take(&mut self.block);
        self.write(&block, out);
        self.block = block;
        self.block.clear();
    }

    /// Writes values whose place in the stream is a multiple of [`BLOCK`]: one block, or the last.
    fn write(&mut self, block: &[u32], out: &mut Vec<u8>) {
        let (segments, tail) = block.as_chunks::<SEGMENT>();
        let mut packed_lo = 0;
        let mut at = 0;
        while at < segments.len() {
            let Some(value) = constant(&segments[at]) else {
                at += 1;
                continue;
            };
            let same = segments[at..]
                .iter()
                .take_while(|s| constant(s) == Some(value))
                .count();
            let continues = packed_lo == at && self.run_len > 0 && self.run_value == value;
            if continues || same >= self.run_segments_min() {
                self.put_packed(segments[packed_lo..at].as_flattened(), out);
                self.add_to_run(value, same * SEGMENT, out);
                packed_lo = at + same;
            }
            at += same;
        }
        let rest = &block[packed_lo * SEGMENT..];
        let only_tail = rest.len() == tail.len();
        if only_tail && self.run_len > 0 && tail.iter().all(|v| *v == self.run_value) {
            self.run_len += tail.len();
        } else {
            self.put_packed(rest, out);
        }
    }

    fn add_to_run(&mut self, value: u32, count: usize, out: &mut Vec<u8>) {
        if self.run_len > 0 && self.run_value != value {
            self.end_run(out);
        }
        self.run_value = value;
        self.run_len += count;
    }

    fn end_run(&mut self, out: &mut Vec<u8>) {
        if self.run_len > 0 {
            put_uleb((self.run_len as u64) << 1, out);
            let bytes = self.width.div_ceil(8) as usize;
            out.extend(self.run_value.to_le_bytes().iter().take(bytes));
            self.run_len = 0;
        }
    }

    fn put_packed(&mut self, values: &[u32], out: &mut Vec<u8>) {
        if !values.is_empty() {
            self.end_run(out);
            put_uleb((values.len().div_ceil(GROUP) as u64) << 1 | 1, out);
            pack_u32(values, self.width, out);
        }
    }
}

/// The value of a segment that has only one.
#[inline]
fn constant(segment: &[u32; SEGMENT]) -> Option<u32> {
    let first = segment[0];
    if segment[1] != first || segment[SEGMENT - 1] != first {
        return None;
    }
    let differs = segment.iter().fold(0, |bits, value| bits | (value ^ first));
    (differs == 0).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::super::oracle;
    use super::*;
    use proptest::prelude::*;

    fn encode(values: &[u32], width: u32, cuts: &[usize]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut hybrid = Hybrid::default();
        hybrid.start(width);
        let mut rest = values;
        for cut in cuts {
            let (now, later) = rest.split_at((*cut).min(rest.len()));
            hybrid.push(now, &mut out);
            rest = later;
        }
        hybrid.push(rest, &mut out);
        assert_eq!(hybrid.count(), values.len());
        hybrid.finish(&mut out);
        out
    }

    #[test]
    fn a_constant_page_is_one_run() {
        let out = encode(&[0; 20_000], 1, &[]);
        assert_eq!(out, [0xc0, 0xb8, 0x02, 0x00]);
        let mut hybrid = Hybrid::default();
        let mut other = Vec::new();
        hybrid.start(1);
        hybrid.push_run(0, 20_000, &mut other);
        hybrid.finish(&mut other);
        assert_eq!(out, other);
    }

    #[test]
    fn an_empty_stream_has_no_bytes() {
        assert!(encode(&[], 5, &[]).is_empty());
    }

    #[test]
    fn a_run_may_cross_blocks_and_end_in_the_tail() {
        let mut values = vec![3; BLOCK * 2 + 70];
        values[0] = 1;
        let out = encode(&values, 9, &[]);
        assert!(out.len() < 64, "{}", out.len());
        assert_eq!(oracle::hybrid(&out, 9, values.len()), values);
    }

    proptest! {
        /// Invariants: decoding gives the values; every bit-packed run is whole groups of eight;
        /// padding only in the last run and zero; cuts of the input do not change the bytes.
        #[test]
        fn any_values_in_any_cuts(
            width in 1_u32..=20,
            runs in prop::collection::vec((any::<u32>(), 1_usize..200), 0..60),
            cuts in prop::collection::vec(0_usize..5000, 0..5),
        ) {
            let values: Vec<u32> = runs
                .iter()
                .flat_map(|(v, n)| {
                    let noisy = v % 2 == 0;
                    let v = *v;
                    (0..*n).map(move |i| {
                        let value = if noisy { v.wrapping_add(u32::try_from(i).unwrap()) } else { v };
                        value & ((1 << width) - 1)
                    })
                })
                .collect();
            let out = encode(&values, width, &cuts);
            prop_assert_eq!(oracle::hybrid(&out, usize::try_from(width).unwrap(), values.len()), values.clone());
            prop_assert_eq!(out, encode(&values, width, &[]));
        }
    }
}
