//! Text that may be invalid, as UTF-8 that is not.
//!
//! Column files promise neither valid UTF-8 (VARCHAR) nor paired surrogates (STRING, SYMBOL);
//! Parquet's String does. What cannot be kept becomes U+FFFD and is counted.

use column_format::Utf16;

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

/// Whether the values of `lens` bytes each that `data` consists of are all valid UTF-8.
pub(crate) fn all_valid(data: &[u8], lens: &[u32]) -> bool {
    if data.is_ascii() {
        return true;
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
    match String::from_utf8_lossy(value) {
        std::borrow::Cow::Borrowed(text) => {
            out.extend_from_slice(text.as_bytes());
            false
        }
        std::borrow::Cow::Owned(text) => {
            out.extend_from_slice(text.as_bytes());
            true
        }
    }
}

/// Appends UTF-16 as UTF-8; `true` if it had a lone surrogate. ASCII takes a fast path.
pub(crate) fn push_utf16(value: Utf16<'_>, out: &mut Vec<u8>) -> bool {
    let units = value.units_le().as_chunks::<2>().0;
    let start = out.len();
    out.resize(start + units.len(), 0);
    let mut any = 0;
    if let Some(space) = out.get_mut(start..) {
        for (slot, unit) in space.iter_mut().zip(units) {
            any |= u16::from_le_bytes(*unit);
            *slot = unit[0];
        }
    }
    if any < 0x80 {
        false
    } else {
        restart(value, start, out)
    }
}

/// Code units of a text that is measured before it is converted: the buffer would double.
const LARGE_UNITS: usize = 64 << 10;

/// Not ASCII after all.
#[cold]
fn restart(value: Utf16<'_>, start: usize, out: &mut Vec<u8>) -> bool {
    out.truncate(start);
    if value.len() >= LARGE_UNITS {
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
    }

    proptest! {
        /// Invariants: the fast path equals the standard library; whole characters are whole and as
        /// many as possible.
        #[test]
        fn utf16_and_cuts(units in prop::collection::vec(prop_oneof![0_u16..0x80, any::<u16>()], 0..40), at in 0_usize..200) {
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
