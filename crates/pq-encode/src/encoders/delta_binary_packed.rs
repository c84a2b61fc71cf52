//! DELTA_BINARY_PACKED: differences, less their minimum, in just enough bits.
//!
//! Timestamps and everything else that grows slowly. Blocks of 256 values in four miniblocks of 64
//! (the shape that arrow-rs writes for INT64, which every reader has seen), of 128 in two where a page
//! could not hold a block of 256 full values. All arithmetic wraps in the width of the column, so that
//! the whole range of an integer may be crossed in one step.

use crate::bits::pack::{pack_u32, pack_u64, width_of};
use crate::bits::varint::{put_uleb, put_zigzag};

/// Values in a block.
const BLOCK: usize = 256;
/// Values in a block of a small page.
const SMALL_BLOCK: usize = 128;
/// Values in a miniblock.
const MINIBLOCK: usize = 64;

/// Bytes of a block in front of its miniblocks, at most.
const BLOCK_HEADER_MAX: usize = 10 + BLOCK / MINIBLOCK;

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

impl Lane for i64 {
    const WIDTH: usize = 8;
    #[inline(always)]
    fn delta(self, earlier: Self) -> i64 {
        self.wrapping_sub(earlier)
    }
    #[inline(always)]
    fn widen(self) -> i64 {
        self
    }
}

impl Lane for [u8; 8] {
    const WIDTH: usize = 8;
    #[inline(always)]
    fn delta(self, earlier: Self) -> i64 {
        i64::from_le_bytes(self).delta(i64::from_le_bytes(earlier))
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
    /// Blocks are small.
    small: bool,
    /// Deltas of the block that is not full yet.
    pending: Vec<i64>,
}

impl<L: Lane> Delta<L> {
    /// Starts a stream in a page of `bytes_max`, keeps the memory.
    pub(crate) fn start(&mut self, bytes_max: usize) {
        // Half a page and the widest block must not be more than two pages.
        let widest = HEADER_BYTES_MAX + BLOCK_HEADER_MAX + BLOCK * L::WIDTH;
        self.small = bytes_max.saturating_mul(3) / 2 < widest;
        self.first = None;
        self.last = L::default();
        self.count = 0;
        self.pending.clear();
    }

    /// Values in a block.
    fn block(&self) -> usize {
        if self.small { SMALL_BLOCK } else { BLOCK }
    }

    /// Values that may come before room is measured again, in a page of `bytes_max` of which `page`
    /// are written: as many as certainly fit. One wide value makes all that is pending wide, so in
    /// a small page those may be none while it is nearly empty; until it is half full, what certainly
    /// fits into two pages will do.
    pub(crate) fn room(&self, page: usize, bytes_max: usize) -> usize {
        let certain = self.fitting(bytes_max.saturating_sub(page));
        if certain > 0 {
            return certain;
        }
        let half = bytes_max / 2;
        if page + HEADER_BYTES_MAX >= half || page + HEADER_BYTES_MAX + self.pending_bytes() >= half
        {
            return 0;
        }
        let twice = bytes_max.saturating_mul(2).saturating_sub(page);
        self.fitting(twice).min(MINIBLOCK)
    }

    /// Values that fit into `left` bytes behind those that are pending, whatever they are: in full
    /// width, the last miniblock padded.
    fn fitting(&self, left: usize) -> usize {
        let left = left.saturating_sub(HEADER_BYTES_MAX);
        let block = BLOCK_HEADER_MAX + self.block() * L::WIDTH;
        let rest = (left % block).saturating_sub(BLOCK_HEADER_MAX);
        let values = left / block * self.block() + rest / (MINIBLOCK * L::WIDTH) * MINIBLOCK;
        values.saturating_sub(self.pending.len())
    }

    /// Bytes that what is pending would take now.
    fn pending_bytes(&self) -> usize {
        let min = self.pending.iter().copied().min().unwrap_or(0);
        let width = |part: &[i64]| {
            let reduced = part.iter().map(|d| d.wrapping_sub(min).cast_unsigned());
            width_of(reduced.fold(0, |bits, value| bits | value)) as usize
        };
        let miniblocks = self.pending.chunks(MINIBLOCK);
        miniblocks.map(|part| width(part) * MINIBLOCK / 8).sum()
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
            values = self.fill_pending(values, out);
        }
        while self.small && !values.is_empty() {
            values = self.fill_pending(values, out);
        }
        let (blocks, tail) = values.as_chunks::<BLOCK>();
        for block in blocks {
            if block[0] == self.last && block.iter().fold(true, |same, v| same & (*v == block[0])) {
                // Lengths of identifiers: no step, no minimum, no bits.
                out.extend_from_slice(&[0; 1 + BLOCK / MINIBLOCK]);
                continue;
            }
            let mut deltas = [0_i64; BLOCK];
            let min = deltas_of(self.last, block, &mut deltas);
            self.last = block[BLOCK - 1];
            put_block(&deltas, min, BLOCK / MINIBLOCK, out);
        }
        self.stage(tail);
    }

    /// Takes values into the block that is under way, which is written when it is full; returns the
    /// rest.
    fn fill_pending<'v>(&mut self, values: &'v [L], out: &mut Vec<u8>) -> &'v [L] {
        let free = self.block() - self.pending.len();
        let (head, rest) = values.split_at(values.len().min(free));
        self.stage(head);
        if self.pending.len() == self.block() {
            self.flush_pending(out);
        }
        rest
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
        put_block(&self.pending, min, self.block() / MINIBLOCK, out);
        self.pending.clear();
    }

    /// Writes what is pending to `out`, and the header (which counts all values) to `header`: it
    /// belongs in front of everything that `out` got. A stream without values is its header.
    pub(crate) fn finish(&mut self, header: &mut Vec<u8>, out: &mut Vec<u8>) {
        if !self.pending.is_empty() {
            self.flush_pending(out);
        }
        put_uleb(self.block() as u64, header);
        put_uleb((self.block() / MINIBLOCK) as u64, header);
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
fn put_block(deltas: &[i64], min: i64, miniblocks: usize, out: &mut Vec<u8>) {
    put_zigzag(min, out);
    let widths_at = out.len();
    out.resize(widths_at + miniblocks, 0);
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
        encode_in(usize::MAX, values, cut)
    }

    fn encode_in<L: Lane>(page: usize, values: &[L], cut: usize) -> Vec<u8> {
        let mut delta = Delta::default();
        let (mut header, mut body) = (Vec::new(), Vec::new());
        delta.start(page);
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
        assert_eq!(encode(&values, 0).len(), 6 + 4 * (3 + 1 + 4) - 4);
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
        assert!(bytes[at..at + 4].iter().all(|w| *w <= 32));
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
            let small = encode_in(1024, &plain, 0);
            prop_assert_eq!(decode(&small), values.clone());
            prop_assert_eq!(&small[..3], [0x80, 1, 2]);
            prop_assert_eq!(&small, &encode_in(1024, &plain, cut));

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
