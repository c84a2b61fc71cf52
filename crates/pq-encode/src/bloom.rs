//! The bloom filter of a chunk, as its values pass by.
//!
//! A filter is sized by the distinct values that were counted, which is known last. So values go into
//! one that would do if all were distinct, new ones are counted, and it is folded in the end; where
//! it is not known how many values will come, their hashes wait. A dictionary's entries are enough.

use std::fmt;
use std::str::FromStr;

use pq_format::{BloomError, BloomFilter};

use crate::{ColumnSpec, EncodeError, Encoding, OptionError, WriterOptions};

/// Share of values that a bloom filter takes for present although they are not, between 0 and 1, in
/// millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BloomRate(u32);

impl BloomRate {
    /// One in a hundred.
    pub const DEFAULT: Self = Self(10_000);

    /// A rate in millionths.
    ///
    /// # Errors
    /// [`OptionError::BloomRate`] unless it is 1 to 999,999.
    pub fn from_millionths(millionths: u32) -> Result<Self, OptionError> {
        if (1..1_000_000).contains(&millionths) {
            return Ok(Self(millionths));
        }
        Err(OptionError::BloomRate {
            found: format!("{}", f64::from(millionths) / 1e6),
        })
    }

    /// The rate.
    #[must_use]
    pub fn get(self) -> f64 {
        f64::from(self.0) / 1e6
    }
}

impl Default for BloomRate {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for BloomRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.get())
    }
}

impl FromStr for BloomRate {
    type Err = OptionError;

    /// A decimal fraction, such as `0.01`.
    fn from_str(text: &str) -> Result<Self, OptionError> {
        let bad = || OptionError::BloomRate {
            found: text.to_owned(),
        };
        let rate: f64 = text.parse().map_err(|_| bad())?;
        let millionths = (rate * 1e6).round();
        // Text of a whole number below a million, or a rate that is none.
        if !(1.0..1e6).contains(&millionths) {
            return Err(bad());
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 1 to 999,999"
        )]
        Ok(Self(millionths as u32))
    }
}

/// The rate that a chunk's filter is to have; `None` for no filter.
pub(crate) fn wanted(
    spec: &ColumnSpec,
    options: &WriterOptions,
    encoding: Encoding,
) -> Option<BloomRate> {
    use column_format::ColumnType as T;
    let auto = match spec.column_type {
        T::Uuid => true,
        T::String | T::Varchar | T::Symbol | T::Binary => encoding != Encoding::Dictionary,
        _ => false,
    };
    spec.bloom.or(options.bloom_auto.filter(|_| auto))
}

/// Bytes of a filter for at most `values` values.
pub(crate) fn bytes_for(values: u64, rate: BloomRate) -> Result<u64, OptionError> {
    let bytes = BloomFilter::bytes_for(values, rate.get());
    bytes
        .map(|bytes| bytes as u64)
        .map_err(|error| OptionError::BloomRate {
            found: error.to_string(),
        })
}

/// Collects the values of one chunk.
#[derive(Debug, Default)]
pub(crate) struct BloomBuilder {
    rate: Option<BloomRate>,
    filter: Option<BloomFilter>,
    distinct: u64,
    hashes: Vec<u64>,
    /// Floating point: a reader that looks for one zero must find the other.
    two_zeros: bool,
}

impl BloomBuilder {
    /// Collects nothing.
    pub(crate) fn stop(&mut self) {
        *self = Self::default();
    }

    /// Starts a filter for at most `values` values, if that is known.
    pub(crate) fn start(
        &mut self,
        rate: BloomRate,
        values: Option<u64>,
        two_zeros: bool,
    ) -> Result<(), EncodeError> {
        let filter = values.map(|values| BloomFilter::new(values, rate.get()));
        *self = Self {
            rate: Some(rate),
            filter: filter.transpose().map_err(refused)?,
            two_zeros,
            ..Self::default()
        };
        Ok(())
    }

    /// Values are wanted.
    pub(crate) fn is_on(&self) -> bool {
        self.rate.is_some()
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        let filter = self.filter.as_ref().map_or(0, |f| f.bitset().len());
        self.hashes.capacity() * 8 + filter
    }

    /// Adds a value: its PLAIN bytes without a length.
    #[inline]
    pub(crate) fn add(&mut self, plain: &[u8]) {
        let hash = BloomFilter::hash(plain);
        match &mut self.filter {
            Some(filter) => self.distinct += u64::from(filter.insert_new(hash)),
            None => self.hashes.push(hash),
        }
    }

    /// Adds PLAIN values of `width` bytes.
    pub(crate) fn add_fixed(&mut self, plain: &[u8], width: usize) {
        for value in plain.chunks_exact(width) {
            self.add(value);
            if self.two_zeros && is_zero(value) {
                let mut other = [0; 8];
                let other = &mut other[..width.min(8)];
                other.copy_from_slice(value);
                if let Some(sign) = other.last_mut() {
                    *sign ^= 0x80;
                }
                self.add(other);
            }
        }
    }

    /// The filter as it stands in a file, header and bitset.
    pub(crate) fn finish(&mut self) -> Result<Option<Vec<u8>>, EncodeError> {
        let Self {
            rate,
            filter,
            mut distinct,
            hashes,
            ..
        } = std::mem::take(self);
        let Some(rate) = rate else { return Ok(None) };
        let mut filter = match filter {
            Some(filter) => filter,
            None => {
                let count = hashes.len() as u64;
                let mut filter = BloomFilter::new(count, rate.get()).map_err(refused)?;
                for hash in hashes {
                    distinct += u64::from(filter.insert_new(hash));
                }
                filter
            }
        };
        filter.fold_to(BloomFilter::bytes_for(distinct, rate.get()).map_err(refused)?);
        let mut bytes = Vec::with_capacity(filter.bitset().len() + 32);
        filter.write(&mut bytes)?;
        Ok(Some(bytes))
    }
}

/// Zero of either sign.
pub(crate) fn is_zero(value: &[u8]) -> bool {
    let (sign, rest) = value.split_last().unwrap_or((&0, &[]));
    sign & 0x7f == 0 && rest.iter().all(|byte| *byte == 0)
}

/// Rates are checked when they are made, so this does not happen.
fn refused(error: BloomError) -> EncodeError {
    match error {
        BloomError::Format(error) => error.into(),
        other => OptionError::BloomRate {
            found: other.to_string(),
        }
        .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_fractions_between_zero_and_one() {
        for (text, millionths) in [
            ("0.01", 10_000),
            ("1e-6", 1),
            ("0.5", 500_000),
            (".1", 100_000),
        ] {
            assert_eq!(text.parse(), BloomRate::from_millionths(millionths));
        }
        for text in ["0", "1", "-0.1", "2", "NaN", "inf", "x", "", "1e-9"] {
            let error = text.parse::<BloomRate>().unwrap_err().to_string();
            assert!(error.contains(text) && error.contains("0.01"), "{error}");
        }
        assert!(BloomRate::from_millionths(1_000_000).is_err());
        assert_eq!(BloomRate::DEFAULT.to_string(), "0.01");
    }

    #[test]
    fn known_and_unknown_numbers_of_values_give_the_same_filter() {
        let filter = |values| {
            let mut builder = BloomBuilder::default();
            builder.start(BloomRate::DEFAULT, values, false).unwrap();
            for i in 0..5000_u64 {
                builder.add(&(i % 700).to_le_bytes());
            }
            builder.finish().unwrap().unwrap()
        };
        let known = filter(Some(5000));
        assert!(known == filter(None));
        let expected = BloomFilter::bytes_for(700, 0.01).unwrap();
        assert!((expected..expected + 32).contains(&known.len()));
    }

    #[test]
    fn both_zeros_are_found_where_one_is() {
        for zero in [0.0_f64, -0.0] {
            let mut builder = BloomBuilder::default();
            builder.start(BloomRate::DEFAULT, None, true).unwrap();
            builder.add_fixed(&zero.to_le_bytes(), 8);
            let filter = BloomFilter::read(&builder.finish().unwrap().unwrap()).unwrap();
            assert!(filter.contains(&0.0_f64.to_le_bytes()));
            assert!(filter.contains(&(-0.0_f64).to_le_bytes()));
        }
    }
}
