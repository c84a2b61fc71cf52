//! FLOAT and DOUBLE in the notation of the database of record.
//!
//! The digits are the fewest that restore the value (what Rust's `{:e}` produces). Their layout is
//! Java's: plain from 10⁻³ up to 10⁷, otherwise `d.dddE±n`, always with a fraction digit.

use std::io::{Cursor, Write};

/// Appends a finite or infinite `value`; NaN is the caller's business (it is NULL).
pub(crate) fn push_f64(out: &mut Vec<u8>, value: f64) {
    if value.is_infinite() {
        push_infinity(out, value.is_sign_negative());
        return;
    }
    let mut scratch = [0_u8; 40];
    let mut cursor = Cursor::new(&mut scratch[..]);
    // 17 digits, a point, a sign each and a three-digit exponent fit with room to spare.
    if write!(cursor, "{value:e}").is_ok() {
        let len = usize::try_from(cursor.position()).unwrap_or(0);
        push_java_layout(out, &scratch[..len]);
    }
}

/// Appends a finite or infinite `value`: the fewest digits that restore the 32-bit value.
pub(crate) fn push_f32(out: &mut Vec<u8>, value: f32) {
    if value.is_infinite() {
        push_infinity(out, value.is_sign_negative());
        return;
    }
    let mut scratch = [0_u8; 40];
    let mut cursor = Cursor::new(&mut scratch[..]);
    if write!(cursor, "{value:e}").is_ok() {
        let len = usize::try_from(cursor.position()).unwrap_or(0);
        push_java_layout(out, &scratch[..len]);
    }
}

fn push_infinity(out: &mut Vec<u8>, negative: bool) {
    out.extend_from_slice(if negative { b"-Infinity" } else { b"Infinity" });
}

/// Lays out `-d.ddde-n` as Java does.
fn push_java_layout(out: &mut Vec<u8>, scientific: &[u8]) {
    let unsigned = match scientific.strip_prefix(b"-") {
        Some(rest) => {
            out.push(b'-');
            rest
        }
        None => scientific,
    };
    let mark = unsigned
        .iter()
        .position(|&b| b == b'e')
        .unwrap_or(unsigned.len());
    let (mantissa, exponent_text) = unsigned.split_at(mark);
    let exponent = exponent_text
        .get(1..)
        .and_then(|text| std::str::from_utf8(text).ok())
        .and_then(|text| text.parse::<i32>().ok())
        .unwrap_or(0);
    let mut digits = [b'0'; 24];
    let mut digit_count = 0;
    for &byte in mantissa.iter().filter(|&&b| b != b'.') {
        digits[digit_count] = byte;
        digit_count += 1;
    }
    let digits = &digits[..digit_count];
    match exponent {
        0..7 => {
            let whole = usize::try_from(exponent).unwrap_or(0) + 1;
            let (head, tail) = digits.split_at(whole.min(digits.len()));
            out.extend_from_slice(head);
            out.extend(std::iter::repeat_n(b'0', whole - head.len()));
            push_fraction(out, tail);
        }
        -3..0 => {
            out.extend_from_slice(b"0.");
            let zeros = usize::try_from(-exponent - 1).unwrap_or(0);
            out.extend(std::iter::repeat_n(b'0', zeros));
            out.extend_from_slice(digits);
        }
        _ => {
            let (head, tail) = digits.split_at(1.min(digits.len()));
            out.extend_from_slice(head);
            push_fraction(out, tail);
            out.push(b'E');
            super::int::push_i64(out, i64::from(exponent));
        }
    }
}

fn push_fraction(out: &mut Vec<u8>, digits: &[u8]) {
    out.push(b'.');
    out.extend_from_slice(if digits.is_empty() { b"0" } else { digits });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: f64) -> String {
        let mut out = Vec::new();
        push_f64(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    fn text32(value: f32) -> String {
        let mut out = Vec::new();
        push_f32(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_notation_changes_at_ten_to_the_seventh_and_a_thousandth() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (100.0, "100.0"),
            (9_999_999.0, "9999999.0"),
            (10_000_000.0, "1.0E7"),
            (-12_345_678.9, "-1.23456789E7"),
            (0.001, "0.001"),
            (0.000_999, "9.99E-4"),
            (5e-324, "5.0E-324"),
            (f64::MAX, "1.7976931348623157E308"),
            (35_802.967_911_000_014, "35802.967911000014"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, expected) in cases {
            assert_eq!(text(value), expected);
        }
        assert_eq!(text32(-3.402_823_5e38), "-3.4028235E38");
        assert_eq!(text32(-498.63), "-498.63");
    }

    proptest! {
        // Invariant: the text restores the value bit by bit.
        #[test]
        fn doubles_read_back(bits in any::<u64>()) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(text(value).parse::<f64>().unwrap().to_bits(), bits);
        }

        #[test]
        fn floats_read_back(bits in any::<u32>()) {
            let value = f32::from_bits(bits);
            prop_assume!(value.is_finite());
            prop_assert_eq!(text32(value).parse::<f32>().unwrap().to_bits(), bits);
        }
    }
}
