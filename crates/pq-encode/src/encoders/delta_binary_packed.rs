//! DELTA_BINARY_PACKED: differences, less their minimum, in just enough bits.
//!
//! Timestamps and everything else that grows slowly. Blocks of 256 values in four miniblocks of 64
//! (the shape that arrow-rs writes for INT64, which every reader has seen). All arithmetic wraps in
//! the width of the column, so that the whole range of an integer may be crossed in one step.

use crate::bits::pack::{pack_u32, pack_u64, width_of};
use crate::bits::varint::{put_uleb, put_zigzag};

/// Values in a block.
const BLOCK: usize = 256;
/// Miniblocks in a block.
const MINIBLOCKS: usize = 4;
/// Values in a miniblock.
const MINIBLOCK: usize = BLOCK / MINIBLOCKS;

/// Bytes of a block in front of its miniblocks, at most.
const BLOCK_HEADER_MAX: usize = 10 + MINIBLOCKS;

/// Bytes in front of a stream, at most: four varints.
pub(crate) const HEADER_BYTES_MAX: usize = 2 + 1 + 5 + 10;

/// An integer of a delta stream, as it comes: a number, or the bytes of a PLAIN value.
pub(crate) trait Lane: Copy + Default + PartialEq {
    /// Bytes of a PLAIN value.
    const WIDTH: usize;
    /// `self - earlier`, wrapping in the lane's width, sign-extended.
    fn delta(self, earlier: Self) -> i64;
    /// The value, sign-extended.
    fn widen(self) -> i64;
}

impl Lane for [u8; 8] {
    const WIDTH: usize = 8;
    #[inline(always)]
    fn delta(self, earlier: Self) -> i64 {
        i64::from_le_bytes(self).wrapping_sub(i64::from_le_bytes(earlier))
    }
    #[inline(always)]
    fn widen(self) -> i64 {
        i64::from_le_bytes(self)
    }
}

impl Lane for [u8; 4] {
    const WIDTH: usize = 4;
    #[inline(always)]
    fn delta(self, earlier: Self) -> i64 {
        i32::from_le_bytes(self).delta(i32::from_le_bytes(earlier))
    }
    #[inline(always)]
    fn widen(self) -> i64 {
        i32::from_le_bytes(self).widen()
    }
}

impl Lane for i32 {
    const WIDTH: usize = 4;
    #[inline(always)]
    fn delta(self, earlier: Self) -> i64 {
        i64::from(self.wrapping_sub(earlier))
    }
    #[inline(always)]
    fn widen(self) -> i64 {
        i64::from(self)
    }
}

/// Lengths: counts below 2^31, which are the same number signed and unsigned.
impl Lane for u32 {
    const WIDTH: usize = 4;
    #[inline(always)]
    fn delta(self, earlier: Self) -> i64 {
        i64::from(self.wrapping_sub(earlier).cast_signed())
    }
    #[inline(always)]
    fn widen(self) -> i64 {
        i64::from(self.cast_signed())
    }
}

/// Writes one delta stream: any number of values, in any portions, then a header in front.
#[derive(Debug, Default)]
pub(crate) struct Delta<L> {
    first: Option<L>,
    last: L,
    count: usize,
    /// Deltas of the block that is not full yet.
    pending: Vec<i64>,
}

impl<L: Lane> Delta<L> {
    /// Starts a stream, keeps the memory.
    pub(crate) fn start(&mut self) {
        self.first = None;
        self.last = L::default();
        self.count = 0;
        self.pending.clear();
    }

    /// Values that certainly fit into `left` bytes, behind those that are pending: all in full width,
    /// each with its share of a block's header, and the last miniblock padded.
    pub(crate) fn room(&self, left: usize) -> usize {
        let padding = 2 * MINIBLOCK * L::WIDTH;
        let pending = self.pending.len() * L::WIDTH;
        let fixed = HEADER_BYTES_MAX + BLOCK_HEADER_MAX + pending + padding;
        left.saturating_sub(fixed) / (L::WIDTH + 1)
    }

    /// Appends values; the blocks that become full are written to `out`.
    pub(crate) fn push(&mut self, values: &[L], out: &mut Vec<u8>) {
        let mut values = values;
        if self.first.is_none()
            && let Some((first, rest)) = values.split_first()
        {
            self.first = Some(*first);
            self.last = *first;
            self.count += 1;
            values = rest;
        }
        self.count += values.len();
        if !self.pending.is_empty() {
            let (head, rest) = values.split_at(values.len().min(BLOCK - self.pending.len()));
            self.stage(head);
            values = rest;
            if self.pending.len() < BLOCK {
                return;
            }
            self.flush_pending(out);
        }
        let (blocks, tail) = values.as_chunks::<BLOCK>();
        for block in blocks {
            if block[0] == self.last && block.iter().fold(true, |same, v| same & (*v == block[0])) {
                // Lengths of identifiers: no step, no minimum, no bits.
                out.extend_from_slice(&[0; 1 + MINIBLOCKS]);
                continue;
            }
            let mut deltas = [0_i64; BLOCK];
            let min = deltas_of(self.last, block, &mut deltas);
            self.last = block[BLOCK - 1];
            put_block(&deltas, min, out);
        }
        self.stage(tail);
    }

    /// Keeps the deltas of a part of a block.
    fn stage(&mut self, values: &[L]) {
        let mut last = self.last;
        self.pending.extend(values.iter().map(|value| {
            let delta = value.delta(last);
            last = *value;
            delta
        }));
        self.last = last;
    }

    fn flush_pending(&mut self, out: &mut Vec<u8>) {
        let min = self.pending.iter().copied().min().unwrap_or(0);
        put_block(&self.pending, min, out);
        self.pending.clear();
    }

    /// Writes what is pending to `out`, and the header (which counts all values) to `header`: it
    /// belongs in front of everything that `out` got. A stream without values is its header.
    pub(crate) fn finish(&mut self, header: &mut Vec<u8>, out: &mut Vec<u8>) {
        if !self.pending.is_empty() {
            self.flush_pending(out);
        }
        put_uleb(BLOCK as u64, header);
        put_uleb(MINIBLOCKS as u64, header);
        put_uleb(self.count as u64, header);
        put_zigzag(self.first.unwrap_or_default().widen(), header);
    }
}

/// Differences of neighbours, and the least of them.
#[inline]
fn deltas_of<L: Lane>(last: L, block: &[L; BLOCK], deltas: &mut [i64; BLOCK]) -> i64 {
    deltas[0] = block[0].delta(last);
    for i in 1..BLOCK {
        deltas[i] = block[i].delta(block[i - 1]);
    }
    // Four independent minima: one chain of comparisons would wait for itself.
    let mut mins = [i64::MAX; 4];
    for quad in deltas.as_chunks::<4>().0 {
        for (min, delta) in mins.iter_mut().zip(quad) {
            *min = (*min).min(*delta);
        }
    }
    mins[0].min(mins[1]).min(mins[2].min(mins[3]))
}

/// One block: minimum, widths, packed miniblocks. A last block may be shorter: its last miniblock is
/// padded with zeros, miniblocks without a value have width 0 and no bytes.
fn put_block(deltas: &[i64], min: i64, out: &mut Vec<u8>) {
    put_zigzag(min, out);
    let widths_at = out.len();
    out.extend_from_slice(&[0; MINIBLOCKS]);
    for (i, part) in deltas.chunks(MINIBLOCK).enumerate() {
        let mut reduced = [0_u64; MINIBLOCK];
        let mut bits = 0;
        for (slot, delta) in reduced.iter_mut().zip(part) {
            // In a 32-bit lane both are 32-bit numbers, so this has 32 bits as well.
            *slot = delta.wrapping_sub(min).cast_unsigned();
            bits |= *slot;
        }
        let width = width_of(bits);
        if let (Some(slot), Ok(byte)) = (out.get_mut(widths_at + i), u8::try_from(width)) {
            *slot = byte;
        }
        put_miniblock(&reduced, width, out);
    }
}

#[inline]
fn put_miniblock(reduced: &[u64; MINIBLOCK], width: u32, out: &mut Vec<u8>) {
    if width <= 32 {
        let mut narrow = [0_u32; MINIBLOCK];
        for (slot, value) in narrow.iter_mut().zip(reduced) {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the width was just checked"
            )]
            {
                *slot = *value as u32;
            }
        }
        pack_u32(&narrow, width, out);
    } else {
        pack_u64(reduced, width, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::oracle;
    use proptest::prelude::*;

    fn encode<L: Lane>(values: &[L], cut: usize) -> Vec<u8> {
        let mut delta = Delta::default();
        let (mut header, mut body) = (Vec::new(), Vec::new());
        delta.start();
        let (now, later) = values.split_at(cut.min(values.len()));
        delta.push(now, &mut body);
        delta.push(later, &mut body);
        delta.finish(&mut header, &mut body);
        assert!(header.len() <= HEADER_BYTES_MAX);
        header.extend(body);
        header
    }

    /// Decodes as the specification words it, and refuses leftover bytes.
    fn decode(bytes: &[u8]) -> Vec<i64> {
        let zigzag = |v: u64| (v >> 1).cast_signed() ^ -(v & 1).cast_signed();
        let mut at = 0;
        let block = usize::try_from(oracle::uleb(bytes, &mut at)).unwrap();
        let minis = usize::try_from(oracle::uleb(bytes, &mut at)).unwrap();
        let count = usize::try_from(oracle::uleb(bytes, &mut at)).unwrap();
        let first = zigzag(oracle::uleb(bytes, &mut at));
        let mut out = if count > 0 { vec![first] } else { vec![] };
        while out.len() < count {
            let min = zigzag(oracle::uleb(bytes, &mut at));
            let widths = bytes[at..at + minis].to_vec();
            at += minis;
            for width in widths {
                let width = usize::from(width);
                if out.len() == count {
                    assert_eq!(width, 0, "a miniblock without values");
                    continue;
                }
                let len = block / minis * width / 8;
                for i in 0..block / minis {
                    if out.len() < count {
                        let delta =
                            min.wrapping_add(oracle::unpack(&bytes[at..], i, width).cast_signed());
                        out.push(out.last().unwrap().wrapping_add(delta));
                    }
                }
                at += len;
            }
        }
        assert_eq!(at, bytes.len());
        out
    }

    #[test]
    fn no_value_is_a_header_and_one_value_has_no_block() {
        assert_eq!(encode::<i32>(&[], 0), [0x80, 2, 4, 0, 0]);
        assert_eq!(encode(&[-1_i32], 0), [0x80, 2, 4, 1, 1]);
    }

    #[test]
    fn equal_steps_need_no_bits() {
        let values: Vec<[u8; 8]> = (0..1025_i64)
            .map(|i| (i * 1_000_000).to_le_bytes())
            .collect();
        assert_eq!(encode(&values, 0).len(), 6 + 4 * (3 + 1 + MINIBLOCKS) - 4);
    }

    #[test]
    fn narrow_lanes_never_need_more_than_their_width() {
        let values: Vec<i32> = (0..600)
            .map(|i| if i % 2 == 0 { i32::MIN } else { i32::MAX })
            .collect();
        let bytes = encode(&values, 0);
        // The header is 2 + 1 + 2 + 5 bytes; then the minimum, then the widths.
        let mut at = 10;
        oracle::uleb(&bytes, &mut at);
        assert!(bytes[at..at + MINIBLOCKS].iter().all(|w| *w <= 32));
    }

    proptest! {
        /// Invariants: decoding gives the values for any lane, range and length; portions do not
        /// change the bytes.
        #[test]
        fn any_values_round_trip(
            scale in 0_u32..64,
            values in prop::collection::vec(any::<i64>(), 0..900),
            cut in 0_usize..900,
        ) {
            let values: Vec<i64> = values.iter().map(|v| v >> scale).collect();
            let plain: Vec<[u8; 8]> = values.iter().map(|v| v.to_le_bytes()).collect();
            let bytes = encode(&plain, 0);
            prop_assert_eq!(decode(&bytes), values.clone());
            prop_assert_eq!(&bytes, &encode(&plain, cut));

            let narrow: Vec<i32> = values
                .iter()
                .map(|v| i32::from_le_bytes(v.to_le_bytes()[..4].try_into().unwrap()))
                .collect();
            let bytes = encode(&narrow, 0);
            // In a narrow lane a reader adds in 32 bits.
            let decoded: Vec<i32> = decode(&bytes)
                .iter()
                .map(|v| i32::from_le_bytes(v.to_le_bytes()[..4].try_into().unwrap()))
                .collect();
            prop_assert_eq!(decoded, narrow.clone());
            prop_assert_eq!(&bytes, &encode(&narrow, cut));
            let plain: Vec<[u8; 4]> = narrow.iter().map(|v| v.to_le_bytes()).collect();
            prop_assert_eq!(&bytes, &encode(&plain, cut));
        }
    }
}
