//! Undoing bit packing of up to 64 bits, 32 values at a time.
//!
//! Every value is cut out of a load at an offset that is constant once the width is: no state is
//! carried from value to value.

/// Values of one call.
pub(crate) const LANES: usize = 32;
/// Bytes that a call may look at: 32 values of 64 bits and one load behind them.
pub(super) const WINDOW: usize = LANES * 8 + 16;

/// 32 values of `width` bits (at most 64) from the start of `window`.
pub(super) fn unpack(window: &[u8; WINDOW], width: u8, out: &mut [u64; LANES]) {
    macro_rules! by_width {
        ($($w:literal)*) => {
            match width {
                $($w => narrow::<$w>(window, out),)*
                57 => wide::<57>(window, out),
                58 => wide::<58>(window, out),
                59 => wide::<59>(window, out),
                60 => wide::<60>(window, out),
                61 => wide::<61>(window, out),
                62 => wide::<62>(window, out),
                63 => wide::<63>(window, out),
                64 => wide::<64>(window, out),
                _ => out.fill(0),
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
        32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56);
}

/// A value and its offset in a byte fit 64 bits.
#[inline]
fn narrow<const W: usize>(window: &[u8; WINDOW], out: &mut [u64; LANES]) {
    let mask = u64::MAX >> (64 - W);
    for (i, value) in out.iter_mut().enumerate() {
        let (byte, shift) = (i * W / 8, i * W % 8);
        let word = window.get(byte..).and_then(|w| w.first_chunk::<8>());
        *value = word.map_or(0, |w| u64::from_le_bytes(*w)) >> shift & mask;
    }
}

/// They do not.
#[inline]
fn wide<const W: usize>(window: &[u8; WINDOW], out: &mut [u64; LANES]) {
    let mask = u64::MAX >> (64 - W);
    for (i, value) in out.iter_mut().enumerate() {
        let (byte, shift) = (i * W / 8, i * W % 8);
        let word = window.get(byte..).and_then(|w| w.first_chunk::<16>());
        let bits = word.map_or(0, |w| u128::from_le_bytes(*w)) >> shift;
        #[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
        let low = bits as u64;
        *value = low & mask;
    }
}
