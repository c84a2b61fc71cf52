//! `Bits`: which rows of a flat column are there, a bit each.
//!
//! Levels of one bit stand in the bytes as this does: runs are copied, not taken apart. Values then
//! move to their rows 64 at a time.

use pq_format::{BitRun, HybridDecoder};

use crate::error::Fault;

/// Rows of a word.
const WORD: usize = 64;

/// Rows that are looked at together.
const GROUP: usize = 8;
const GROUP_BITS: u64 = 0xff;

/// A bit a row, the lowest of the first word first; bits behind the last row are 0.
#[derive(Debug, Default)]
pub(crate) struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    pub(crate) fn clear(&mut self) {
        self.words.clear();
        self.len = 0;
    }

    /// Gives back the memory if it is more than `bytes`.
    pub(crate) fn trim(&mut self, bytes: usize) {
        if self.words.capacity().saturating_mul(size_of::<u64>()) > bytes {
            *self = Self::default();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads `count` levels of one bit; returns how many are 1.
    pub(super) fn read(&mut self, bytes: &[u8], count: usize) -> Result<usize, Fault> {
        self.clear();
        let mut decoder = HybridDecoder::new(bytes, 1)?;
        while self.len < count {
            match decoder.next_bits(count - self.len)? {
                BitRun::Repeat { value, count } => self.repeat(value, count),
                BitRun::Packed { bytes, count } => self.packed(bytes, count),
            }
        }
        let ones = self.words.iter().map(|word| word.count_ones() as usize);
        Ok(ones.sum())
    }

    fn repeat(&mut self, value: bool, mut count: usize) {
        let ones = if value { u64::MAX } else { 0 };
        while count > 0 {
            let n = count.min(WORD);
            self.push(ones, n);
            count -= n;
        }
    }

    fn packed(&mut self, bytes: &[u8], mut count: usize) {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut last = [0; 8];
        for (to, from) in last.iter_mut().zip(rest) {
            *to = *from;
        }
        for word in words.iter().chain([&last]) {
            let n = count.min(WORD);
            self.push(u64::from_le_bytes(*word), n);
            count -= n;
        }
    }

    /// Appends the low `n` bits of `word`, at most 64.
    #[inline]
    fn push(&mut self, word: u64, n: usize) {
        if n == 0 {
            return;
        }
        let word = word & u64::MAX >> (WORD - n);
        let shift = self.len % WORD;
        match self.words.last_mut().filter(|_| shift > 0) {
            Some(last) => {
                *last |= word << shift;
                if shift + n > WORD {
                    self.words.push(word >> (WORD - shift));
                }
            }
            None => self.words.push(word),
        }
        self.len += n;
    }

    /// Moves the first `present` of `rows` to the rows that are there, from the back; the others get
    /// `null`. There are as many bits as rows, and `present` of them are 1.
    pub(crate) fn spread<E: Copy>(&self, rows: &mut [E], present: usize, null: E) {
        let mut next = present;
        // The null stands behind the values: which one a row gets is arithmetic, and no branch.
        let mut values = [null; 2 * WORD];
        for (nth, word) in self.words.iter().enumerate().rev() {
            let start = nth * WORD;
            if next >= start + WORD {
                // Everything up to here is there, and in its place.
                return;
            }
            let len = rows.len().saturating_sub(start).min(WORD);
            let ones = word.count_ones() as usize;
            let from = next.saturating_sub(ones);
            if ones == len {
                rows.copy_within(from..next, start);
                next = from;
                continue;
            }
            let some = rows.get(from..next).unwrap_or_default();
            for (to, value) in values.iter_mut().take(WORD).zip(some) {
                *to = *value;
            }
            let rows = rows.get_mut(start..start + len).unwrap_or_default();
            spread_word(*word, &values, rows);
            next = from;
        }
    }
}

/// The values of a word, which stand in front of as many nulls, to its rows. Eight rows that are all
/// there are one copy.
#[inline(always)]
fn spread_word<E: Copy>(word: u64, values: &[E; 2 * WORD], rows: &mut [E]) {
    let (mut bits, mut at) = (word, 0_usize);
    let one_by_one = |rows: &mut [E], mut bits: u64, mut at: usize| {
        for row in rows {
            let there = usize::from(bits & 1 == 1);
            *row = values[at % WORD + (WORD - WORD * there)];
            at += there;
            bits >>= 1;
        }
        at
    };
    let (groups, tail) = rows.as_chunks_mut::<GROUP>();
    for group in groups {
        let all = values.get(at..).and_then(<[E]>::first_chunk::<GROUP>);
        match all.filter(|_| bits & GROUP_BITS == GROUP_BITS) {
            Some(all) => {
                *group = *all;
                at += GROUP;
            }
            None => at = one_by_one(group, bits, at),
        }
        bits >>= GROUP;
    }
    one_by_one(tail, bits, at);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Levels as runs of any kind and length: what is read, and where values go, row by row.
    #[test]
    fn runs_of_every_kind_and_length_are_read_and_spread() {
        let mut seed = 7u64;
        let mut below = |n: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) % n
        };
        for _ in 0..400 {
            let (mut bytes, mut expected) = (Vec::new(), Vec::new());
            for _ in 0..=below(9) {
                if below(2) == 0 {
                    let (count, value) = (below(60), below(2) == 1);
                    bytes.extend([u8::try_from(count << 1).unwrap(), u8::from(value)]);
                    expected.extend((0..count).map(|_| value));
                } else {
                    let groups = below(20);
                    bytes.push(u8::try_from(groups << 1 | 1).unwrap());
                    for _ in 0..groups {
                        let byte = if below(3) == 0 { 255 } else { below(256) };
                        bytes.push(u8::try_from(byte).unwrap());
                        expected.extend((0..8).map(|bit| byte >> bit & 1 == 1));
                    }
                }
            }
            let cut = usize::try_from(below(8)).unwrap();
            expected.truncate(expected.len().saturating_sub(cut));
            let mut bits = Bits::default();
            let present = bits.read(&bytes, expected.len()).unwrap();
            assert_eq!(present, expected.iter().filter(|v| **v).count());
            let mut rows: Vec<usize> = (1..=present).collect();
            rows.resize(expected.len(), 0);
            bits.spread(&mut rows, present, 0);
            let mut next = 0;
            let naive = expected.iter().map(|there| {
                next += usize::from(*there);
                if *there { next } else { 0 }
            });
            assert_eq!(rows, naive.collect::<Vec<_>>());
            assert!(bits.read(&bytes, expected.len() + 200).is_err());
        }
    }
}
