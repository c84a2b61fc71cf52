//! What a few rows say about a chunk before any of them is encoded.
//!
//! Filling a dictionary for nothing, and trying codecs on more rows than it takes, cost more than the
//! pages of a small chunk. The values of the sample, by their hashes, say how many distinct ones the
//! chunk has (as with birthdays: a thousand tell 10,000 distinct values from 100,000), and whether rows
//! come in rounds, which a codec finds only in stretches that are longer than a round.

use crate::sample::STRIPE_ROWS;

/// Values that are counted together, from all over the sample.
const RUN: usize = 32;

/// Most values that are counted, and fewest.
const COUNTED_MAX: u64 = 4096;
const COUNTED_MIN: u64 = 256;

/// Repeats that are to be expected of a dictionary that just pays.
const REPEATS: u64 = 64;

/// Fewer values than this say nothing.
const VALUES_MIN: usize = 32;

/// Rows of which fewer than one in so many have a value are told by all of them.
const SPARSE: u64 = 16;

/// Values of more PLAIN bytes than this, on average, are told by all of them.
const LONG: u64 = 64;

/// Values in a row that are a round's if they come again.
const WINDOW: usize = 32;

/// One in so many windows is looked at, by what is in it.
const WINDOWS: u32 = 16;

/// Rows come in rounds if one in so many of these windows came before.
const ROUNDS: usize = 8;

/// Factor of the hash of a window: of one value, and of as many as a window has.
const FACTOR: u32 = 0x9e37_79b1;
const FACTOR_OUT: u32 = {
    let (mut power, mut i) = (1_u32, 0);
    while i < WINDOW {
        power = power.wrapping_mul(FACTOR);
        i += 1;
    }
    power
};

/// The values of a sample, in order.
#[derive(Debug, Default)]
pub(crate) struct Probe {
    /// Hash above, PLAIN bytes below.
    values: Vec<u64>,
    /// PLAIN bytes of the values.
    bytes: u64,
    /// Rows, those without a value included.
    rows: u64,
}

impl Probe {
    /// For about a sample's rows.
    pub(crate) fn new(stripes: usize) -> Self {
        Self {
            values: Vec::with_capacity(stripes * STRIPE_ROWS),
            ..Self::default()
        }
    }

    /// Adds values by their hashes and PLAIN bytes.
    #[inline]
    pub(crate) fn add(&mut self, values: impl Iterator<Item = (u32, usize)>) {
        let mut bytes = 0;
        self.values.extend(values.map(|(hash, len)| {
            let len = u32::try_from(len).unwrap_or(u32::MAX);
            bytes += u64::from(len);
            u64::from(hash) << 32 | u64::from(len)
        }));
        self.bytes += bytes;
    }

    /// Adds rows, whose values were or will be added.
    pub(crate) fn add_rows(&mut self, rows: usize) {
        self.rows += rows as u64;
    }

    /// Whether the values of a chunk of `rows` rows are so few that a dictionary of at most `bytes_max`
    /// PLAIN bytes takes all of them, repeated or not.
    pub(crate) fn fits_whole(&self, rows: u64, bytes_max: usize) -> bool {
        let of_chunk = |sampled: u64| rows.saturating_mul(sampled) / self.rows.max(1);
        of_chunk(self.values.len() as u64) <= rows / 2 && of_chunk(self.bytes) <= bytes_max as u64
    }

    /// Whether a dictionary of at most `bytes_max` PLAIN bytes may pay for a chunk of `rows` rows. In doubt
    /// it may: whoever fills it will see.
    pub(crate) fn repeats(&self, rows: u64, bytes_max: usize) -> bool {
        if self.values.len() < VALUES_MIN {
            return true;
        }
        let values = self.values.len() as u64;
        // A chunk of whose values half as many as it has rows are new draws them from five eighths as many.
        let by_count = (rows.saturating_mul(5) / 8).max(1);
        let by_bytes = (bytes_max as u64).saturating_mul(values) / self.bytes.max(1);
        let by_bytes = by_bytes.max(1);
        let few = by_count.min(by_bytes);
        let mut counted = self.some(few.saturating_mul(2 * REPEATS).isqrt());
        let values = counted.len() as u64;
        let bytes_of = |values: &[u64]| values.iter().map(|value| value & 0xffff_ffff).sum::<u64>();
        let bytes = bytes_of(&counted);
        counted.sort_unstable();
        counted.dedup();
        let repeats = values - counted.len() as u64;
        // Short values repeat more often than long ones, and it is those that fill a dictionary.
        let weighed = (bytes - bytes_of(&counted)).saturating_mul(values) / bytes.max(1);
        // Half of what is to be expected: chance, and values that are not equally frequent.
        let wanted = |entries: u64| (values * values / (4 * entries)).min(values / 2).max(1);
        repeats >= wanted(by_count) && weighed >= wanted(by_bytes)
    }

    /// Whether a quarter of the rows has values enough to speak for all of them: few are null, and none
    /// is so long that a handful of them fills what is tried.
    pub(crate) fn is_told_by_few(&self) -> bool {
        let values = self.values.len() as u64;
        values > 0 && values.saturating_mul(SPARSE) >= self.rows && self.bytes <= values * LONG
    }

    /// About so many of the values, in runs from all over the sample.
    fn some(&self, count: u64) -> Vec<u64> {
        let count = count.clamp(COUNTED_MIN, COUNTED_MAX);
        let one_in = (self.values.len() as u64 / count).max(1);
        // Not evenly: values may come in rounds.
        let is_picked = |run: u64| run.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        (0_u64..)
            .zip(self.values.chunks(RUN))
            .filter(|(run, _)| is_picked(*run).is_multiple_of(one_in))
            .flat_map(|(_, run)| run)
            .copied()
            .collect()
    }

    /// Whether stretches of values come again.
    pub(crate) fn has_rounds(&self) -> bool {
        let mut windows = Vec::with_capacity(self.values.len() / WINDOWS as usize);
        let (first, rest) = self.values.split_at(WINDOW.min(self.values.len()));
        let hash = |value: &u64| {
            let [.., b4, b5, b6, b7] = value.to_le_bytes();
            u32::from_le_bytes([b4, b5, b6, b7])
        };
        let mut window = first.iter().fold(0_u32, |window, value| {
            window.wrapping_mul(FACTOR).wrapping_add(hash(value))
        });
        // Runs are no rounds: nobody needs many rows to find them.
        let (mut same, mut last) = (0, None);
        for (value, left) in rest.iter().zip(&self.values) {
            same = if last == Some(value) { same + 1 } else { 0 };
            last = Some(value);
            let out = hash(left).wrapping_mul(FACTOR_OUT);
            window = window.wrapping_mul(FACTOR).wrapping_add(hash(value));
            window = window.wrapping_sub(out);
            if window >> 8 & (WINDOWS - 1) == 0 && same < WINDOW - 1 {
                windows.push(window);
            }
        }
        let count = windows.len();
        windows.sort_unstable();
        windows.dedup();
        (count - windows.len()) * ROUNDS > count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A probe of 12,288 of 31,000 rows, whose values are what `value` says.
    fn probe(value: impl Fn(u32) -> u32) -> Probe {
        let mut probe = Probe::new(3);
        let hash = |row| {
            value(row)
                .wrapping_mul(0x85eb_ca6b)
                .rotate_left(15)
                .wrapping_mul(0xc2b2_ae35)
        };
        probe.add((0..12_288).map(|row| (hash(row), 8)));
        probe.add_rows(12_288);
        probe
    }

    /// Numbers without a pattern, below `limit`.
    fn any(row: u32, limit: u64) -> u32 {
        let mixed = u64::from(row).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678;
        let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        u32::try_from(((mixed >> 32) * limit) >> 32).unwrap()
    }

    #[test]
    fn a_dictionary_is_worth_a_look_if_half_of_the_chunk_may_repeat() {
        let wide = 1 << 20;
        for few in [1, 2, 100, 5000, 15_000] {
            assert!(probe(|row| any(row, few)).repeats(31_000, wide), "{few}");
        }
        for many in [65_536, 1 << 32] {
            assert!(!probe(|row| any(row, many)).repeats(31_000, wide), "{many}");
        }
        // What the dictionary may hold counts as well.
        assert!(probe(|row| any(row, 5000)).repeats(31_000, 40_000));
        assert!(!probe(|row| any(row, 5000)).repeats(31_000, 8000));
    }

    #[test]
    fn few_values_fit_into_a_dictionary_whether_they_repeat_or_not() {
        let mut texts = Probe::new(3);
        texts.add((0..1200).map(|row| (any(row, 1 << 32), 250)));
        texts.add_rows(12_288);
        assert!(texts.fits_whole(31_000, 800_000));
        assert!(!texts.fits_whole(31_000, 700_000));
        assert!(!probe(|row| any(row, 1 << 32)).fits_whole(31_000, 1 << 30));
    }

    #[test]
    fn nulls_do_not_make_a_dictionary_less_worth_a_look() {
        // Half of 31,000 rows have one of 11,848 values: a dictionary saves an eighth of 16 bytes each.
        let mut half = Probe::new(3);
        half.add((0..6144).map(|row| (any(row, 11_848).wrapping_mul(0x9e37_79b1), 16)));
        half.add_rows(12_288);
        assert!(half.repeats(31_000, 1 << 20));
    }

    #[test]
    fn few_rows_speak_for_dense_columns_of_short_values_only() {
        for (values, len, expected) in [
            (12_288, 8, true),
            (12_288, 65, false),
            (768, 8, true),
            (767, 8, false),
            (0, 8, false),
        ] {
            let mut probe = Probe::new(3);
            probe.add((0..values).map(|row| (any(row, 1 << 32), len)));
            probe.add_rows(12_288);
            assert_eq!(probe.is_told_by_few(), expected, "{values} of {len} bytes");
        }
    }

    #[test]
    fn short_values_that_repeat_do_not_speak_for_long_ones() {
        let mut texts = Probe::new(3);
        texts.add((0..12_288).map(|row| {
            if row % 4 == 0 {
                (7, 4)
            } else {
                (any(row, 1 << 32), 300)
            }
        }));
        texts.add_rows(12_288);
        assert!(!texts.repeats(31_000, 1 << 20));
    }

    #[test]
    fn rounds_longer_than_what_is_tried_first_are_seen() {
        assert!(probe(|row| any(row % 4000, 1 << 32)).has_rounds());
        assert!(probe(|row| any(row % 8000, 3)).has_rounds());
        assert!(!probe(|row| any(row, 1 << 32)).has_rounds());
        assert!(!probe(|row| any(row, 3)).has_rounds());
        assert!(!probe(|_| 7).has_rounds());
        let sparse = |row| if any(row, 10) == 0 { any(!row, 256) } else { 0 };
        assert!(!probe(sparse).has_rounds());
    }
}
