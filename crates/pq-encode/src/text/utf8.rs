//! Text that may be invalid, as UTF-8 that is not.
//!
//! Column files promise neither valid UTF-8 (VARCHAR) nor paired surrogates (STRING, SYMBOL);
//! Parquet's String does. What cannot be kept becomes U+FFFD and is counted.

use column_format::{Utf16, lossy_utf8_len};

/// The longest start that holds whole characters only. `start` is a start of valid UTF-8.
pub(crate) fn whole_chars(start: &[u8]) -> &[u8] {
    let cut = start.len().saturating_sub(3);
    for at in (cut..start.len()).rev() {
        let byte = start[at];
        if byte < 0x80 {
            return start;
        }
        if byte >= 0xc0 {
            let len = match byte {
                0xf0.. => 4,
                0xe0.. => 3,
                _ => 2,
            };
            return if at + len <= start.len() {
                start
            } else {
                &start[..at]
            };
        }
    }
    // Three continuation bytes: the last character is whole.
    start
}

/// Values of more bytes than this, in the mean, are looked at one by one.
const LONG: usize = 32;

fn is_valid(value: &[u8]) -> bool {
    value.is_ascii() || std::str::from_utf8(value).is_ok()
}

/// Whether the values of `lens` bytes each that `data` consists of are all valid UTF-8.
pub(crate) fn all_valid(data: &[u8], lens: &[u32]) -> bool {
    if data.is_ascii() {
        return true;
    }
    if data.len() > LONG * lens.len() {
        // Most of long values are ASCII as a whole, and looked at in wide steps.
        let mut rest = data;
        return lens.iter().all(|len| {
            let (value, tail) = rest.split_at((*len as usize).min(rest.len()));
            rest = tail;
            is_valid(value)
        });
    }
    if std::str::from_utf8(data).is_err() {
        return false;
    }
    // Valid as a whole; a value is valid unless a character was cut in two.
    let mut at = 0;
    lens.iter().all(|len| {
        let whole = *len == 0 || data.get(at).is_none_or(|byte| byte & 0xc0 != 0x80);
        at += *len as usize;
        whole
    })
}

/// Appends `value`; `true` if something in it became U+FFFD.
pub(crate) fn push_lossy(value: &[u8], out: &mut Vec<u8>) -> bool {
    if is_valid(value) {
        out.extend_from_slice(value);
        return false;
    }
    replace(value, out);
    true
}

/// Bytes of a text that is measured before it is converted: the buffer would double.
const LARGE: usize = 128 << 10;

#[cold]
fn replace(value: &[u8], out: &mut Vec<u8>) {
    if value.len() >= LARGE {
        out.reserve_exact(lossy_utf8_len(value));
    }
    for chunk in value.utf8_chunks() {
        out.extend_from_slice(chunk.valid().as_bytes());
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

/// Code units of a text that is measured before it is converted: the buffer would double.
const LARGE_UNITS: usize = LARGE / 2;

/// Appends UTF-16 as UTF-8; `true` if it had a lone surrogate.
#[inline]
pub(crate) fn push_utf16(value: Utf16<'_>, out: &mut Vec<u8>) -> bool {
    if value.len() >= LARGE_UNITS && value.units().any(|unit| unit >= 0x80) {
        let chars = char::decode_utf16(value.units());
        let lens = chars.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER).len_utf8());
        out.reserve_exact(lens.sum());
    }
    value.push_utf8_lossy(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_value_is_not_valid_because_its_neighbour_completes_it() {
        let data = "a€b".as_bytes();
        assert!(all_valid(data, &[1, 3, 1]));
        assert!(!all_valid(data, &[2, 3]));
        assert!(all_valid(data, &[0, 5, 0]));
        assert!(!all_valid(&data[..3], &[3]));
        // Long ones are looked at one by one.
        let long = "a€b".repeat(40);
        let data = long.repeat(2).into_bytes();
        assert!(all_valid(&data, &[200, 200]));
        assert!(!all_valid(&data, &[202, 198]));
    }

    #[test]
    fn a_large_text_is_replaced_into_what_it_takes() {
        let mut value = "a€".repeat(LARGE).into_bytes();
        value.push(0xff);
        let mut out = Vec::new();
        assert!(push_lossy(&value, &mut out));
        assert_eq!(out, String::from_utf8_lossy(&value).as_bytes());
        assert_eq!(out.capacity(), out.len());
    }

    proptest! {
        /// Invariants: what is replaced is what the standard library replaces.
        #[test]
        fn lossy(value in prop::collection::vec(prop_oneof![3 => 0_u8..0x80, 2 => any::<u8>(), 1 => Just(0xe2), 1 => Just(0x82)], 0..40)) {
            let mut out = b"x".to_vec();
            let lossy = push_lossy(&value, &mut out);
            let expected = String::from_utf8_lossy(&value);
            prop_assert_eq!(&out[1..], expected.as_bytes());
            prop_assert_eq!(lossy, std::str::from_utf8(&value).is_err());
        }

        /// Invariants: the fast path equals the standard library; whole characters are whole and as
        /// many as possible.
        #[test]
        fn utf16_and_cuts(units in prop::collection::vec(prop_oneof![20 => 0_u16..0x80, 1 => any::<u16>(), 1 => 0xd800_u16..0xe000], 0..400), at in 0_usize..600) {
            let bytes: Vec<u8> = units.iter().flat_map(|u| u.to_le_bytes()).collect();
            let mut out = b"x".to_vec();
            let lossy = push_utf16(Utf16::new(&bytes), &mut out);
            let expected = String::from_utf16_lossy(&units);
            prop_assert_eq!(&out[1..], expected.as_bytes());
            prop_assert_eq!(lossy, String::from_utf16(&units).is_err());
            let at = at.min(expected.len());
            let floor = (0..=at).rev().find(|i| expected.is_char_boundary(*i)).unwrap();
            prop_assert_eq!(whole_chars(&expected.as_bytes()[..at]), &expected.as_bytes()[..floor]);
        }
    }
}
