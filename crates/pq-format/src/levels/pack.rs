//! Bit packing, eight values at a time.
//!
//! Eight values are always `width` whole bytes. They are merged into 64-bit words at shifts that
//! are constants of the generated code (one function a width), and the words are stored whole: what
//! a store has too much, the next group overwrites. About three billion values a second.

use super::Key;

/// Words that eight values of 32 bits take, and one that a value may run into.
const WORDS: usize = 5;

/// Appends `values` bit-packed, least significant bits first, padded with zeros to full groups of
/// eight: `ceil(len / 8) * width` bytes. Bits above `width` (at most 32) are dropped.
pub fn pack<K: Key>(values: &[K], width: u8, out: &mut Vec<u8>) {
    let width = width.min(32);
    let all = values.iter().fold(0u32, |all, &v| all | v.into());
    if u64::from(all) >> width > 0 {
        // A bit too many would damage a neighbour. Callers know their width: not worth speed.
        let mask = (1u64 << width) - 1;
        let masked: Vec<u32> = values.iter().map(|&v| mask_u32(v.into(), mask)).collect();
        return pack_checked(&masked, width, out);
    }
    pack_checked(values, width, out);
}

#[expect(clippy::cast_possible_truncation, reason = "a u32 masked")]
fn mask_u32(value: u32, mask: u64) -> u32 {
    (u64::from(value) & mask) as u32
}

fn pack_checked<K: Key>(values: &[K], width: u8, out: &mut Vec<u8>) {
    macro_rules! by_width {
        ($($w:literal)*) => {
            match width {
                0 => {}
                $($w => pack_width::<$w, K>(values, out),)*
                _ => pack_width::<32, K>(values, out),
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31);
}

fn pack_width<const W: usize, K: Key>(values: &[K], out: &mut Vec<u8>) {
    let start = out.len();
    let bytes = values.len().div_ceil(8) * W;
    out.resize(start + bytes + WORDS * 8, 0);
    let mut dest = out.get_mut(start..).unwrap_or_default();
    let (groups, tail) = values.as_chunks::<8>();
    for group in groups {
        store::<W>(merge::<W, K>(group), dest);
        dest = dest.get_mut(W..).unwrap_or_default();
    }
    if !tail.is_empty() {
        let mut group = [K::default(); 8];
        for (to, from) in group.iter_mut().zip(tail) {
            *to = *from;
        }
        store::<W>(merge::<W, K>(&group), dest);
    }
    out.truncate(start + bytes);
}

/// Eight values of `W` bits as little-endian words.
#[inline]
fn merge<const W: usize, K: Key>(group: &[K; 8]) -> [u64; WORDS] {
    let mut words = [0u64; WORDS];
    if W == 1 {
        words[0] = K::bits(group);
        return words;
    }
    for (i, &value) in group.iter().enumerate() {
        let (word, bit) = (i * W / 64, i * W % 64);
        let value: u32 = value.into();
        words[word] |= u64::from(value) << bit;
        if bit + W > 64 {
            words[word + 1] |= u64::from(value) >> (64 - bit);
        }
    }
    words
}

#[inline]
fn store<const W: usize>(words: [u64; WORDS], dest: &mut [u8]) {
    let Some(window) = dest.first_chunk_mut::<{ WORDS * 8 }>() else {
        return;
    };
    for (slot, word) in window
        .as_chunks_mut::<8>()
        .0
        .iter_mut()
        .zip(words)
        .take(W.div_ceil(8))
    {
        *slot = word.to_le_bytes();
    }
}
