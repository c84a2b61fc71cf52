//! Randomness that is the same everywhere: a stream a column, and the two shapes that
//! `rand_distr` does not have.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The stream of one column: independent of how many other columns there are.
pub(crate) fn stream(seed: u64, column: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(column);
    rng
}

/// A Zipf distribution over `count` values, the infinite tail folded in: rank `k` of the unbounded
/// distribution becomes value `(k − 1) mod count`.
pub(crate) struct FoldedZipf {
    /// Upper ends of the values' shares of 0…2^53.
    ends: Vec<u64>,
}

impl FoldedZipf {
    pub(crate) fn new(count: u16, exponent: f64) -> FoldedZipf {
        // The tail from fold N on is integrated: ∫ (N·count + k)^-s over the folds that follow.
        const FOLDS: u32 = 64;
        let n = f64::from(count);
        let share = |value: u16| -> f64 {
            let rank = f64::from(value) + 1.0;
            let near: f64 = (0..FOLDS)
                .map(|m| (rank + n * f64::from(m)).powf(-exponent))
                .sum();
            let far = (rank + n * (f64::from(FOLDS) - 0.5)).powf(1.0 - exponent);
            near + far / (n * (exponent - 1.0))
        };
        let shares: Vec<f64> = (0..count).map(share).collect();
        let total: f64 = shares.iter().sum();
        let mut below = 0.0;
        let scale = 2.0_f64.powi(53);
        let end = |share: f64| {
            below += share;
            to_u64(below / total * scale)
        };
        FoldedZipf {
            ends: shares.into_iter().map(end).collect(),
        }
    }

    pub(crate) fn sample(&self, rng: &mut impl Rng) -> u32 {
        let at = rng.random::<u64>() >> 11;
        let value = self.ends.partition_point(|end| *end <= at);
        // Rounding may leave the last end a little below 2^53.
        u32::try_from(value.min(self.ends.len().saturating_sub(1))).unwrap_or(0)
    }
}

/// The whole part of a number from 0 to 2^53.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "from 0 to 2^53"
)]
fn to_u64(number: f64) -> u64 {
    number as u64
}

/// Rounds to `digits` digits after the point.
pub(crate) fn round(number: f64, digits: i32) -> f64 {
    let scale = 10.0_f64.powi(digits);
    (number * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zipf_shares_fall_with_the_rank_and_reach_every_value() {
        let zipf = FoldedZipf::new(500, 1.3);
        let mut counts = [0_u32; 500];
        let mut rng = stream(1, 1);
        for _ in 0..500_000 {
            counts[zipf.sample(&mut rng) as usize] += 1;
        }
        // ζ(1.3) ≈ 3.93: the first rank alone has a quarter, the second 2^-1.3 of that.
        assert!((120_000..135_000).contains(&counts[0]), "{}", counts[0]);
        let ratio = f64::from(counts[1]) / f64::from(counts[0]);
        assert!((0.39..0.43).contains(&ratio), "{ratio}");
        assert!(
            counts.iter().all(|count| *count > 50),
            "a value is never drawn"
        );
    }

    #[test]
    fn streams_of_columns_differ_and_repeat() {
        let draw = |seed, column| stream(seed, column).random::<u64>();
        assert_eq!(draw(7, 3), draw(7, 3));
        assert_ne!(draw(7, 3), draw(7, 4));
        assert_ne!(draw(7, 3), draw(8, 3));
    }
}
