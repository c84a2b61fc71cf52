//! Booleans: bits for PLAIN, runs of bits for RLE.
//!
//! Pages collect booleans as bytes 0 and 1; eight of them become a byte by one multiplication.

use crate::bits::validity::encode_bits;

/// Moves the low bits of eight bytes into one byte, first byte lowest.
const GATHER: u64 = 0x0102_0408_1020_4080;

/// Appends PLAIN booleans: one bit each, least significant first, the last byte filled with zeros.
pub(crate) fn plain(bools: &[u8], out: &mut Vec<u8>) {
    let (eights, tail) = bools.as_chunks::<8>();
    out.extend(eights.iter().map(|eight| bits_of(*eight)));
    if !tail.is_empty() {
        let mut last = [0; 8];
        for (slot, value) in last.iter_mut().zip(tail) {
            *slot = *value;
        }
        out.push(bits_of(last));
    }
}

/// Appends RLE booleans: the length of a hybrid of width 1 (4 bytes), then the hybrid.
pub(crate) fn runs(bools: &[u8], out: &mut Vec<u8>) {
    let words: Vec<u64> = bools
        .chunks(64)
        .map(|part| {
            part.iter()
                .enumerate()
                .fold(0, |word, (i, value)| word | u64::from(value & 1) << i)
        })
        .collect();
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    encode_bits(&words, bools.len(), out);
    let len = u32::try_from(out.len() - at - 4).unwrap_or(u32::MAX);
    if let Some(slot) = out.get_mut(at..at + 4) {
        slot.copy_from_slice(&len.to_le_bytes());
    }
}

#[inline(always)]
fn bits_of(eight: [u8; 8]) -> u8 {
    (u64::from_le_bytes(eight).wrapping_mul(GATHER) >> 56).to_le_bytes()[0]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bits::oracle;
    use proptest::prelude::*;

    proptest! {
        /// Invariants: bit `i` is value `i`; RLE is a length and a hybrid of the same values.
        #[test]
        fn both_forms_hold_the_values(bools in prop::collection::vec(0_u8..=1, 0..700), run in 0_usize..400) {
            let mut bools = bools;
            bools.extend(std::iter::repeat_n(1, run));
            let mut packed = Vec::new();
            plain(&bools, &mut packed);
            prop_assert_eq!(packed.len(), bools.len().div_ceil(8));
            for (i, value) in bools.iter().enumerate() {
                prop_assert_eq!(packed[i / 8] >> (i % 8) & 1, *value);
            }
            let mut rle = Vec::new();
            runs(&bools, &mut rle);
            let len = usize::try_from(u32::from_le_bytes(rle[..4].try_into().unwrap())).unwrap();
            prop_assert_eq!(len, rle.len() - 4);
            let values: Vec<u32> = bools.iter().map(|b| u32::from(*b)).collect();
            prop_assert_eq!(oracle::hybrid(&rle[4..], 1, bools.len()), values);
        }
    }
}
