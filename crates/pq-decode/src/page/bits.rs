//! `Bits`: which rows of a flat column are there, a bit each.
//!
//! Levels of one bit stand in the bytes as this does: runs are copied, not taken apart. Values then
//! move to their rows 64 at a time.

use pq_format::{BitRun, HybridDecoder};

use crate::error::Fault;

/// Rows of a word.
const WORD: usize = 64;

/// Words that are made room for at a time.
const WORDS_AHEAD: usize = 64;

/// Rows that are looked at together.
const GROUP: usize = 8;

/// How far a row can look for its value: what a byte can say.
const REACH: usize = 256;

/// For each row of a group, which of the next values it gets; behind a word's values for a null.
const PLACES: [[u8; GROUP]; 256] = {
    let mut places = [[64; GROUP]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut at) = (0, 0);
        while bit < GROUP {
            if byte >> bit & 1 == 1 {
                places[byte][bit] = at;
                at += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    places
};

/// Ones of a byte: not every processor that this is compiled for counts them.
const ONES: [u8; 256] = {
    let mut ones = [0; 256];
    let mut byte = 1;
    while byte < 256 {
        ones[byte] = ones[byte / 2] + if byte % 2 == 1 { 1 } else { 0 };
        byte += 1;
    }
    ones
};

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
            if let Some((word, len)) = decoder.next_word() {
                self.push(word, len.min(count - self.len));
                continue;
            }
            match decoder.next_bits(count - self.len)? {
                BitRun::Repeat { value, count } => self.repeat(value, count),
                BitRun::Packed { bytes, count } => self.packed(bytes, count),
            }
        }
        self.words.truncate(self.len.div_ceil(WORD));
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

    /// Appends the low `n` bits of `word`, at most 64. Words behind the last bit are 0 until then.
    #[inline]
    fn push(&mut self, word: u64, n: usize) {
        // Ones: a shift by 64 in two steps, if need be.
        let mask = (1_u64 << (n / 2) << (n - n / 2)).wrapping_sub(1);
        let (word, shift) = (word & mask, self.len % WORD);
        let at = self.len / WORD;
        if at + 2 > self.words.len() {
            self.words.resize(at + WORDS_AHEAD, 0);
        }
        let pair = self.words.get_mut(at..);
        if let Some([low, high]) = pair.and_then(|w| w.first_chunk_mut::<2>()) {
            *low |= word << shift;
            *high |= word >> 1 >> (WORD - 1 - shift);
        }
        self.len += n;
    }

    /// Moves the first `present` of `rows` to the rows that are there, from the back; the others get
    /// `null`. There are as many bits as rows, and `present` of them are 1.
    pub(crate) fn spread<E: Copy>(&self, rows: &mut [E], present: usize, null: E) {
        let mut next = present;
        // Nulls stand behind the values, so that which one a row gets is a look-up and no branch.
        let mut values = [null; WORD + REACH];
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
            // More than the values of the word, where there is: a length that is known is one copy.
            let wide = rows.get(from..).and_then(<[E]>::first_chunk::<WORD>);
            match (wide, values.first_chunk_mut::<WORD>()) {
                (Some(wide), Some(values)) => *values = *wide,
                _ => {
                    let some = rows.get(from..next).unwrap_or_default();
                    for (to, value) in values.iter_mut().zip(some) {
                        *to = *value;
                    }
                }
            }
            let rows = rows.get_mut(start..start + len).unwrap_or_default();
            spread_word(*word, &values, rows);
            next = from;
        }
    }
}

/// The values of a word, which stand in front of nulls, to its rows; not all of them are there.
#[inline(always)]
fn spread_word<E: Copy>(word: u64, values: &[E; WORD + REACH], rows: &mut [E]) {
    let mut at = 0_usize;
    let bytes = word.to_le_bytes();
    let (groups, tail) = rows.as_chunks_mut::<GROUP>();
    let mut take = |byte: u8, group: &mut [E; GROUP]| {
        // At most 63 values are there: the window does not end.
        let window = values.get(at..).and_then(<[E]>::first_chunk::<REACH>);
        if let Some(window) = window {
            for (row, place) in group.iter_mut().zip(PLACES[usize::from(byte)]) {
                *row = window[usize::from(place)];
            }
        }
        at += usize::from(ONES[usize::from(byte)]);
    };
    for (group, byte) in groups.iter_mut().zip(bytes) {
        take(byte, group);
    }
    if let (Some(first), Some(byte)) = (tail.first().copied(), bytes.get(groups.len())) {
        let mut group = [first; GROUP];
        take(*byte, &mut group);
        tail.copy_from_slice(group.get(..tail.len()).unwrap_or_default());
    }
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
        // One for all rounds: each starts behind a stream that failed.
        let (mut bits, mut longest) = (Bits::default(), 0);
        for _ in 0..400 {
            let (mut bytes, mut expected) = (Vec::new(), Vec::new());
            let most = if below(8) == 0 { 200 } else { 9 };
            for _ in 0..=below(most) {
                if below(2) == 0 {
                    let long = below(4) == 0;
                    let (count, value) = (below(if long { 300 } else { 60 }), below(2) == 1);
                    let [low, high, ..] = (count << 1).to_le_bytes();
                    match count {
                        0..64 => bytes.push(low),
                        _ => bytes.extend([low | 0x80, high << 1 | low >> 7]),
                    }
                    bytes.push(u8::from(value));
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
            longest = longest.max(expected.len());
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
        assert!(longest > 2 * WORD * WORDS_AHEAD, "{longest} rows");
    }
}
