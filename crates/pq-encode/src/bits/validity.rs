//! Which rows of a page hold a value: one bit a row, made only when a null turns up.
//!
//! Most pages have no null or nothing but nulls, and then the definition levels are one run. The
//! bits appear when the first row differs from the ones before it, so a column without nulls never
//! pays for them.

use super::varint::put_uleb;

/// Words of one value that make a run-length run worth its header (2 words: 128 rows).
const RUN_WORDS_MIN: usize = 2;

/// The validity of the rows of one page, in row order.
#[derive(Debug, Default)]
pub(crate) struct Validity {
    rows: usize,
    nulls: usize,
    /// Empty until the page is known to be mixed; then `rows` bits, bit set = value present.
    words: Vec<u64>,
    /// Whole words that were weighed for [`Validity::level_bytes`], and those that take bytes.
    weighed: usize,
    heavy: usize,
}

impl Validity {
    /// Forgets the page, keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.rows = 0;
        self.nulls = 0;
        self.words.clear();
        self.weighed = 0;
        self.heavy = 0;
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn nulls(&self) -> usize {
        self.nulls
    }

    /// `rows` rows that all hold a value.
    pub(crate) fn push_valid(&mut self, rows: usize) {
        if self.nulls > 0 && rows > 0 {
            self.materialise();
            self.fill(rows, true);
        }
        self.rows += rows;
    }

    /// `rows` rows without a value.
    pub(crate) fn push_nulls(&mut self, rows: usize) {
        if self.nulls < self.rows && rows > 0 {
            self.materialise();
            self.fill(rows, false);
        }
        self.rows += rows;
        self.nulls += rows;
    }

    /// Up to 64 rows at once: bit `i` of `mask` is set when row `i` holds a value.
    pub(crate) fn push_mask(&mut self, mask: u64, rows: usize) {
        let valid = mask.count_ones() as usize;
        if valid == rows {
            self.push_valid(rows);
        } else if valid == 0 {
            self.push_nulls(rows);
        } else {
            self.materialise();
            self.push_bits(self.rows, mask, rows);
            self.rows += rows;
            self.nulls += rows - valid;
        }
    }

    /// Bytes of the definition levels of the rows so far, about and rarely less than it says: what
    /// goes on as it was is part of a run and takes none.
    pub(crate) fn level_bytes(&mut self) -> usize {
        let whole = self.words.len().min(self.rows / 64);
        while self.weighed < whole {
            let word = self.words[self.weighed];
            let before = self.weighed.checked_sub(1).map(|at| self.words[at]);
            let runs_on = (word == 0 || word == u64::MAX) && before == Some(word);
            self.heavy += usize::from(!runs_on);
            self.weighed += 1;
        }
        self.heavy * 8
    }

    /// [`Validity::level_bytes`] of 64 more rows at most; `mixed`: of both kinds.
    pub(crate) fn level_bytes_with(&mut self, mixed: bool) -> usize {
        let mixed = mixed || self.nulls > 0;
        self.level_bytes() + if mixed { 2 * 8 } else { 0 }
    }

    /// Stretches of rows that are alike: whether they hold a value, and how many they are.
    pub(crate) fn runs(&self) -> impl Iterator<Item = (bool, usize)> {
        let valid = |row: usize| match self.words.get(row / 64) {
            Some(word) => word >> (row % 64) & 1 == 1,
            None => self.nulls == 0,
        };
        let mut at = 0;
        std::iter::from_fn(move || {
            let first = (at < self.rows).then(|| valid(at))?;
            let start = at;
            if self.words.is_empty() {
                at = self.rows;
            }
            while at < self.rows && valid(at) == first {
                at += 1;
            }
            Some((first, at - start))
        })
    }

    /// The rows of another page part behind these.
    pub(crate) fn append(&mut self, other: &Self) {
        if other.words.is_empty() {
            self.push_valid(other.rows - other.nulls);
            self.push_nulls(other.nulls);
            return;
        }
        let mut left = other.rows;
        for word in &other.words {
            self.push_mask(*word, left.min(64));
            left -= left.min(64);
        }
    }

    /// Rows `at..at + rows` of another, as far as it has them; returns how many of them hold a value.
    pub(crate) fn append_range(&mut self, other: &Self, at: usize, rows: usize) -> usize {
        let rows = rows.min(other.rows.saturating_sub(at));
        let before = self.rows - self.nulls;
        if other.words.is_empty() && other.nulls == 0 {
            self.push_valid(rows);
        } else if other.words.is_empty() {
            self.push_nulls(rows);
        } else {
            for lo in (at..at + rows).step_by(64) {
                let word = |i: usize| other.words.get(i).copied().unwrap_or(0);
                let (shift, count) = (lo % 64, (at + rows - lo).min(64));
                let mut mask = word(lo / 64) >> shift;
                if shift > 0 {
                    mask |= word(lo / 64 + 1) << (64 - shift);
                }
                if count < 64 {
                    mask &= (1 << count) - 1;
                }
                self.push_mask(mask, count);
            }
        }
        self.rows - self.nulls - before
    }

    /// Makes the bits of the rows so far, which are all alike.
    fn materialise(&mut self) {
        if self.words.is_empty() && self.rows > 0 {
            let word = if self.nulls == 0 { u64::MAX } else { 0 };
            self.words.resize(self.rows.div_ceil(64), word);
            let tail = self.rows % 64;
            if let (Some(last), true) = (self.words.last_mut(), tail > 0) {
                *last &= (1 << tail) - 1;
            }
        }
    }

    /// Appends equal bits behind `self.rows`.
    fn fill(&mut self, rows: usize, valid: bool) {
        let word = if valid { u64::MAX } else { 0 };
        let head = rows.min((64 - self.rows % 64) % 64);
        self.push_bits(self.rows, word, head);
        let rest = rows - head;
        self.words.resize(self.words.len() + rest / 64, word);
        self.push_bits(self.rows + head + rest / 64 * 64, word, rest % 64);
    }

    /// Appends `rows` (≤ 64) bits at row `at`, which must be the end of the bits so far.
    fn push_bits(&mut self, at: usize, mask: u64, rows: usize) {
        if rows == 0 {
            return;
        }
        let mask = if rows < 64 {
            mask & ((1 << rows) - 1)
        } else {
            mask
        };
        let shift = at % 64;
        if shift == 0 {
            self.words.push(mask);
            return;
        }
        if let Some(last) = self.words.last_mut() {
            *last |= mask << shift;
        }
        if shift + rows > 64 {
            self.words.push(mask >> (64 - shift));
        }
    }

    /// Appends the definition levels (0 or 1) as one RLE / bit-packed hybrid, without a length.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        if self.words.is_empty() {
            let level = u8::from(self.nulls == 0);
            put_run(self.rows, level, out);
        } else {
            encode_bits(&self.words, self.rows, out);
        }
    }
}

/// One run-length run of `rows` values of one bit.
fn put_run(rows: usize, level: u8, out: &mut Vec<u8>) {
    put_uleb((rows as u64) << 1, out);
    out.push(level);
}

/// Appends `rows` bits of `words` as a hybrid of width 1: long constant stretches become runs, the
/// rest is bit-packed in full groups of eight.
pub(crate) fn encode_bits(words: &[u64], rows: usize, out: &mut Vec<u8>) {
    let whole = rows / 64;
    let full = words.get(..whole).unwrap_or(words);
    let mut packed_lo = 0;
    let mut at = 0;
    while at < full.len() {
        let word = full[at];
        let same = full[at..].iter().take_while(|w| **w == word).count();
        if (word == 0 || word == u64::MAX) && same >= RUN_WORDS_MIN {
            put_packed(&full[packed_lo..at], None, out);
            put_run(same * 64, u8::from(word != 0), out);
            packed_lo = at + same;
        }
        at += same;
    }
    let tail = words
        .get(whole)
        .filter(|_| !rows.is_multiple_of(64))
        .map(|word| (*word, rows % 64));
    put_packed(&full[packed_lo..], tail, out);
}

/// One bit-packed run: whole words, then the first bits of one more.
fn put_packed(words: &[u64], tail: Option<(u64, usize)>, out: &mut Vec<u8>) {
    let tail_bytes = tail.map_or(0, |(_, bits)| bits.div_ceil(8));
    let groups = words.len() * 8 + tail_bytes;
    if groups == 0 {
        return;
    }
    put_uleb((groups as u64) << 1 | 1, out);
    for word in words {
        out.extend_from_slice(&word.to_le_bytes());
    }
    if let Some((word, _)) = tail {
        out.extend(word.to_le_bytes().iter().take(tail_bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::super::oracle;
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Step {
        Valid(usize),
        Nulls(usize),
        Mask(u64, usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0_usize..300).prop_map(Step::Valid),
            (0_usize..300).prop_map(Step::Nulls),
            (any::<u64>(), 0_usize..=64)
                .prop_map(|(m, n)| { Step::Mask(if n == 64 { m } else { m & ((1 << n) - 1) }, n) }),
        ]
    }

    proptest! {
        /// Invariants: the levels decode to the rows pushed, whatever mixture of calls pushed them;
        /// counts agree; the bytes depend on the rows only.
        #[test]
        fn levels_decode_to_the_rows(steps in prop::collection::vec(step(), 1..40)) {
            let mut validity = Validity::default();
            let mut rows = Vec::new();
            for step in &steps {
                match *step {
                    Step::Valid(n) => {
                        validity.push_valid(n);
                        rows.extend(std::iter::repeat_n(1, n));
                    }
                    Step::Nulls(n) => {
                        validity.push_nulls(n);
                        rows.extend(std::iter::repeat_n(0, n));
                    }
                    Step::Mask(mask, n) => {
                        validity.push_mask(mask, n);
                        rows.extend((0..n).map(|i| u32::from(mask >> i & 1 == 1)));
                    }
                }
            }
            prop_assume!(!rows.is_empty());
            prop_assert_eq!(validity.rows(), rows.len());
            prop_assert_eq!(validity.nulls(), rows.iter().filter(|r| **r == 0).count());
            let mut out = Vec::new();
            validity.encode(&mut out);
            prop_assert_eq!(oracle::hybrid(&out, 1, rows.len()), rows.clone());

            let mut single = Validity::default();
            for row in &rows {
                single.push_mask(u64::from(*row), 1);
            }
            let mut other = Vec::new();
            single.encode(&mut other);
            prop_assert_eq!(&out, &other);

            let runs = validity.runs().flat_map(|(v, n)| std::iter::repeat_n(u32::from(v), n));
            prop_assert_eq!(runs.collect::<Vec<_>>(), rows.clone());

            let mut twice = Validity::default();
            twice.append(&validity);
            twice.append(&single);
            let mut ranged = Validity::default();
            let mut at = 0;
            while at < twice.rows() {
                let count = ranged.append_range(&twice, at, 77);
                let valid = rows.iter().cycle().skip(at).take(77.min(twice.rows() - at));
                prop_assert_eq!(count, valid.filter(|row| **row == 1).count());
                at += 77;
            }
            prop_assert_eq!(ranged.append_range(&twice, twice.rows(), 5), 0);
            let mut again = Vec::new();
            ranged.encode(&mut again);
            let mut out = Vec::new();
            twice.encode(&mut out);
            prop_assert_eq!(&again, &out);
            let both = rows.repeat(2);
            prop_assert_eq!(oracle::hybrid(&out, 1, both.len()), both);
        }
    }
}
