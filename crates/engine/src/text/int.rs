//! Integers into a byte buffer.
//!
//! Rows are printed by the million: digits go straight into the row buffer, without the formatting
//! machinery of `std` and without a temporary string.

/// Appends `value` in decimal.
pub(crate) fn push_i64(out: &mut Vec<u8>, value: i64) {
    if value < 0 {
        out.push(b'-');
    }
    push_u64(out, value.unsigned_abs());
}

/// Appends `value` in decimal.
pub(crate) fn push_u64(out: &mut Vec<u8>, value: u64) {
    push_padded(out, value, 1);
}

/// Appends `value` in decimal with at least `width` digits (at most 20), zero-padded.
pub(crate) fn push_padded(out: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut start = digits.len();
    while value > 0 && start > 0 {
        start -= 1;
        digits[start] = b'0' + u8::try_from(value % 10).unwrap_or(0);
        value /= 10;
    }
    start = start.min(digits.len().saturating_sub(width));
    out.extend_from_slice(&digits[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: i64) -> String {
        let mut out = Vec::new();
        push_i64(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn both_ends_of_i64_are_printed() {
        assert_eq!(text(i64::MIN), i64::MIN.to_string());
        assert_eq!(text(i64::MAX), i64::MAX.to_string());
        assert_eq!(text(0), "0");
    }

    #[test]
    fn padding_never_cuts() {
        let mut out = Vec::new();
        push_padded(&mut out, 12_345, 3);
        out.push(b' ');
        push_padded(&mut out, 7, 3);
        assert_eq!(out, b"12345 007");
    }
}
