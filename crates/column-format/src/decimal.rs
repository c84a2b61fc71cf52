//! Decimal values of any of the six widths, as one type.
//!
//! The widths up to 64 bits are plain little-endian integers; the two wide ones store their 64-bit
//! words in reverse order (columns.md §2). Sign-extending all of them to 256 bits gives callers one
//! case instead of six.

use std::fmt;

/// A decimal number: 256-bit two's complement integer and a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    unscaled_le: [u8; 32],
    scale: u8,
}

impl Decimal {
    /// A number of at most 128 bits: `unscaled · 10^-scale`.
    #[must_use]
    pub fn new(unscaled: i128, scale: u8) -> Self {
        let mut unscaled_le = [if unscaled < 0 { 0xff } else { 0 }; 32];
        if let Some(low) = unscaled_le.first_chunk_mut() {
            *low = unscaled.to_le_bytes();
        }
        Self { unscaled_le, scale }
    }

    /// A number from its 256-bit little-endian two's complement integer.
    #[must_use]
    pub const fn from_le_bytes(unscaled_le: [u8; 32], scale: u8) -> Self {
        Self { unscaled_le, scale }
    }

    /// A number from the stored bytes of a column: 1, 2, 4, 8, 16 or 32 of them, `None` otherwise.
    /// The sentinel of NULL is a number like any other here: compare with [`null`](crate::null)
    /// first.
    #[must_use]
    pub fn from_stored(stored: &[u8], scale: u8) -> Option<Self> {
        let sign = |b: &u8| if b & 0x80 == 0 { 0 } else { 0xff };
        let mut unscaled_le = [0; 32];
        match stored.len() {
            1 | 2 | 4 | 8 => {
                unscaled_le.fill(sign(stored.last()?));
                unscaled_le.get_mut(..stored.len())?.copy_from_slice(stored);
            }
            16 | 32 => {
                let words = stored.as_chunks::<8>().0;
                unscaled_le.fill(sign(words.first()?.last()?));
                let out = unscaled_le.as_chunks_mut::<8>().0;
                for (out, word) in out.iter_mut().zip(words.iter().rev()) {
                    *out = *word;
                }
            }
            _ => return None,
        }
        Some(Self { unscaled_le, scale })
    }

    /// Writes the number as a column of `out.len()` bytes per row stores it; `false` (and nothing
    /// written) if it does not fit or the width is not 1, 2, 4, 8, 16 or 32.
    #[must_use]
    pub fn to_stored(&self, out: &mut [u8]) -> bool {
        let width = out.len();
        let Some((low, high)) = self.unscaled_le.split_at_checked(width) else {
            return false;
        };
        let sign = if low.last().is_some_and(|b| b & 0x80 != 0) {
            0xff
        } else {
            0
        };
        if !matches!(width, 1 | 2 | 4 | 8 | 16 | 32) || high.iter().any(|b| *b != sign) {
            return false;
        }
        if width <= 8 {
            out.copy_from_slice(low);
        } else {
            let words = low.as_chunks::<8>().0;
            for (out, word) in out
                .as_chunks_mut::<8>()
                .0
                .iter_mut()
                .zip(words.iter().rev())
            {
                *out = *word;
            }
        }
        true
    }

    /// The unscaled integer, little-endian two's complement of 256 bits.
    #[must_use]
    pub const fn unscaled_le(&self) -> &[u8; 32] {
        &self.unscaled_le
    }

    /// The unscaled integer if it fits 128 bits.
    #[must_use]
    pub fn unscaled(&self) -> Option<i128> {
        let (low, high) = self.unscaled_le.split_at(16);
        let n = i128::from_le_bytes(*low.as_array()?);
        let sign = if n < 0 { 0xff } else { 0 };
        high.iter().all(|b| *b == sign).then_some(n)
    }

    /// Digits after the point.
    #[must_use]
    pub const fn scale(&self) -> u8 {
        self.scale
    }

    /// Decimal digits of the magnitude, most significant first, at least one; and whether the
    /// number is negative.
    fn digits(&self) -> (Vec<u8>, bool) {
        let negative = self.unscaled_le.last().is_some_and(|b| b & 0x80 != 0);
        let mut limbs = [0_u32; 8];
        let mut carry = u64::from(negative);
        for (limb, word) in limbs.iter_mut().zip(self.unscaled_le.as_chunks::<4>().0) {
            let word = u32::from_le_bytes(*word);
            let sum = u64::from(if negative { !word } else { word }) + carry;
            (*limb, carry) = (low32(sum), sum >> 32);
        }
        let mut digits = Vec::with_capacity(78);
        while limbs.iter().any(|limb| *limb != 0) {
            let mut rest = 0_u64;
            for limb in limbs.iter_mut().rev() {
                let n = (rest << 32) | u64::from(*limb);
                (*limb, rest) = (low32(n / 10), n % 10);
            }
            digits.push(b'0' + rest.to_le_bytes()[0]);
        }
        let width = usize::from(self.scale) + 1;
        while digits.len() < width {
            digits.push(b'0');
        }
        digits.reverse();
        (digits, negative)
    }
}

/// Plain notation with exactly `scale` digits after the point: `-12.34`, `0.001`, `7`.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (digits, negative) = self.digits();
        let point = digits.len() - usize::from(self.scale);
        let mut text = String::with_capacity(digits.len() + 1);
        for (i, digit) in digits.iter().enumerate() {
            if i == point {
                text.push('.');
            }
            text.push(char::from(*digit));
        }
        f.pad_integral(!negative, "", &text)
    }
}

/// The low half.
fn low32(n: u64) -> u32 {
    let [a, b, c, d, ..] = n.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
