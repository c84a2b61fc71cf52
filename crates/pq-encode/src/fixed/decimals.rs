//! DECIMAL columns: two's complement integers of the width that the precision asks for.
//!
//! Narrow ones are stored little-endian, wide ones as words with the high one first; all are written
//! big-endian, and null is the minimum.

use super::kind::{Kind, halves, join, kind};

/// A two's complement integer that is written big-endian; null is its minimum.
macro_rules! decimal_kind {
    ($(#[$meta:meta])* $name:ident: $native:ty, $width:literal, from: $from:expr) => {
        kind! {
            $(#[$meta])*
            $name [$width -> $width] $native, <$native>::MIN => <$native>::MAX,
            identity: false, null_is_lowest: true,
            key: $from,
            null: |native| {
                let from: fn([u8; $width]) -> $native = $from;
                from(native) == <$native>::MIN
            },
            plain: |native| {
                let from: fn([u8; $width]) -> $native = $from;
                from(native).to_be_bytes()
            },
            key_of_plain: <$native>::from_be_bytes,
            lower: <$native>::to_be_bytes,
            upper: <$native>::to_be_bytes,
        }
    };
}

decimal_kind! {
    /// DECIMAL of 1 or 2 digits.
    Dec8: i8, 1, from: i8::from_le_bytes
}
decimal_kind! {
    /// DECIMAL of 3 or 4 digits.
    Dec16: i16, 2, from: i16::from_le_bytes
}
decimal_kind! {
    /// DECIMAL of 5 to 9 digits.
    Dec32: i32, 4, from: i32::from_le_bytes
}
decimal_kind! {
    /// DECIMAL of 10 to 18 digits.
    Dec64: i64, 8, from: i64::from_le_bytes
}
decimal_kind! {
    /// DECIMAL of 19 to 38 digits: the high word is stored first, each word little-endian.
    Dec128: i128, 16, from: |native| words(native).cast_signed()
}
kind! {
    /// DECIMAL of 39 to 76 digits: four words, the most significant first.
    Dec256 [32 -> 32] (i128, u128), (i128::MIN, 0) => (i128::MAX, u128::MAX),
    identity: false, null_is_lowest: true,
    key: |native| {
        let (high, low) = halves(native);
        (words(high).cast_signed(), words(low))
    },
    null: |native| {
        let (high, low) = halves(native);
        words(high).cast_signed() == i128::MIN && words(low) == 0
    },
    plain: |native| {
        let (high, low) = halves(native);
        join(words(high).to_be_bytes(), words(low).to_be_bytes())
    },
    key_of_plain: |plain| {
        let (high, low) = halves(plain);
        (i128::from_be_bytes(high), u128::from_be_bytes(low))
    },
    lower: |(high, low)| join(high.to_be_bytes(), low.to_be_bytes()),
    upper: |(high, low)| join(high.to_be_bytes(), low.to_be_bytes()),
}

/// Two 64-bit words, the high one first, each little-endian.
#[inline(always)]
fn words(native: [u8; 16]) -> u128 {
    u128::from_le_bytes(native).rotate_left(64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixed::kind::tests::{check_null, check_plain, samples};

    #[test]
    fn samples_of_the_format_notes() {
        // DECIMAL(4,2) -12.34 is `2e fb`, NULL is `00 80`.
        assert_eq!(Dec16::plain([0x2e, 0xfb]), [0xfb, 0x2e]);
        assert!(Dec16::is_null([0x00, 0x80]));
        // DECIMAL(38,10): high word first.
        let value = 12_345_678_901_234_567_890_123_456_780_123_456_789_i128;
        let native = [
            0x13, 0x33, 0x02, 0xf0, 0xf6, 0xb0, 0x49, 0x09, 0x15, 0x45, 0x67, 0xcc, 0x4e, 0x90,
            0x49, 0xc4,
        ];
        assert_eq!(Dec128::key(native), value);
        assert_eq!(Dec128::plain(native), value.to_be_bytes());
        let mut null = [0; 16];
        null[7] = 0x80;
        assert!(Dec128::is_null(null));
        let mut null = [0; 32];
        null[7] = 0x80;
        assert!(Dec256::is_null(null));
    }

    #[test]
    fn a_plain_value_has_the_key_of_the_stored_one() {
        check_plain::<Dec8>(&samples());
        check_plain::<Dec16>(&samples());
        check_plain::<Dec32>(&samples());
        check_plain::<Dec64>(&samples());
        check_plain::<Dec128>(&samples());
        check_plain::<Dec256>(&samples());
    }

    #[test]
    fn null_is_lowest() {
        check_null::<Dec8>([0x80]);
        check_null::<Dec64>(i64::MIN.to_le_bytes());
    }
}
