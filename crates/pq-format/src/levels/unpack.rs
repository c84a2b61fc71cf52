//! Undoing bit packing, eight values at a time.
//!
//! Each value is cut out of a 64-bit load at a constant byte offset; the last bytes, behind which
//! no 64 bits may be loaded, go through a padded copy.

use super::Key;

/// Fills `out` with values of `width` bits (at most 32, and at most the bits of `K`) from the start
/// of `bytes`. Returns how many values the bytes had, at most `out.len()`.
pub(super) fn unpack<K: Key>(bytes: &[u8], width: u8, out: &mut [K]) -> usize {
    macro_rules! by_width {
        ($($w:literal)*) => {
            match width {
                0 => {
                    out.fill(K::default());
                    out.len()
                }
                $($w => unpack_width::<$w, K>(bytes, out),)*
                _ => unpack_width::<32, K>(bytes, out),
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31)
}

fn unpack_width<const W: usize, K: Key>(bytes: &[u8], out: &mut [K]) -> usize {
    let whole = bytes.len().saturating_mul(8) / W;
    let count = out.len().min(whole);
    let out = out.get_mut(..count).unwrap_or_default();
    let (groups, tail) = out.as_chunks_mut::<8>();
    let mut at = 0;
    for group in groups {
        match bytes.get(at..at + W + 8) {
            Some(window) => unpack_group::<W, K>(window, group),
            None => unpack_group::<W, K>(&padded::<W>(bytes, at), group),
        }
        at += W;
    }
    if !tail.is_empty() {
        let mut group = [K::default(); 8];
        unpack_group::<W, K>(&padded::<W>(bytes, at), &mut group);
        for (to, from) in tail.iter_mut().zip(group) {
            *to = from;
        }
    }
    count
}

/// The bytes from `at` on, with zeros behind them: 40 are enough for every width.
fn padded<const W: usize>(bytes: &[u8], at: usize) -> [u8; 40] {
    let mut window = [0u8; 40];
    let rest = bytes.get(at..).unwrap_or_default();
    for (to, from) in window.iter_mut().zip(rest.iter().take(W)) {
        *to = *from;
    }
    window
}

#[inline]
fn unpack_group<const W: usize, K: Key>(window: &[u8], group: &mut [K; 8]) {
    let mask = u64::MAX >> (64 - W);
    for (i, value) in group.iter_mut().enumerate() {
        let (byte, shift) = (i * W / 8, i * W % 8);
        let word = window.get(byte..).and_then(|w| w.first_chunk::<8>());
        let bits = word.map_or(0, |w| u64::from_le_bytes(*w) >> shift & mask);
        // At most W bits, which fit K: the decoder checked.
        #[expect(clippy::cast_possible_truncation, reason = "masked to at most 32 bits")]
        let bits = bits as u32;
        *value = K::try_from(bits).unwrap_or_default();
    }
}
