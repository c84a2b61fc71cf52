//! UTF-16 text as stored: little-endian code units, possibly with lone surrogates.
//!
//! QuestDB checks nothing, so a value need not be valid Unicode. Conversion replaces what cannot
//! be converted and says so, since exports must count it.

use std::fmt;

/// A borrowed STRING or SYMBOL value.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Utf16<'a> {
    units: &'a [[u8; 2]],
}

impl<'a> Utf16<'a> {
    /// A view of little-endian code units; an odd last byte is ignored.
    #[inline]
    #[must_use]
    pub const fn new(units_le: &'a [u8]) -> Self {
        Self {
            units: units_le.as_chunks().0,
        }
    }

    /// The code units as stored: two bytes each, little-endian.
    #[inline]
    #[must_use]
    pub const fn units_le(&self) -> &'a [u8] {
        self.units.as_flattened()
    }

    /// Number of code units.
    #[inline]
    #[must_use]
    pub const fn len(&self) -> usize {
        self.units.len()
    }

    /// Whether this is the empty text (which is not NULL).
    #[inline]
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    /// The code units as numbers.
    #[inline]
    pub fn units(&self) -> impl ExactSizeIterator<Item = u16> + Clone + use<'a> {
        self.units.iter().map(|u| u16::from_le_bytes(*u))
    }

    /// Appends the text as UTF-8, each lone surrogate as U+FFFD; returns whether there was one.
    #[inline]
    pub fn push_utf8_lossy(&self, out: &mut Vec<u8>) -> bool {
        // Nearly all text is ASCII: narrow it in one vectorised pass, and look afterwards.
        let start = out.len();
        out.resize(start + self.units.len(), 0);
        let mut any = 0;
        let bytes = out.get_mut(start..).unwrap_or(&mut []);
        for (byte, unit) in bytes.iter_mut().zip(self.units) {
            any |= u16::from_le_bytes(*unit);
            *byte = unit[0];
        }
        if any < 0x80 {
            return false;
        }
        out.truncate(start);
        push_slow(self.units, out)
    }

    /// Appends the UTF-16 code units of `text`, little-endian: the bytes that
    /// [`Utf16::new`] takes.
    pub fn encode_into(text: &str, out: &mut Vec<u8>) {
        let start = out.len();
        if !text.is_ascii() {
            for unit in text.encode_utf16() {
                out.extend_from_slice(&unit.to_le_bytes());
            }
            return;
        }
        out.resize(start + 2 * text.len(), 0);
        let units = out
            .get_mut(start..)
            .map_or(&mut [][..], |units| units.as_chunks_mut().0);
        for (unit, byte) in units.iter_mut().zip(text.bytes()) {
            *unit = [byte, 0];
        }
    }

    /// The text, each lone surrogate as U+FFFD.
    #[must_use]
    pub fn to_string_lossy(&self) -> String {
        char::decode_utf16(self.units())
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    }
}

impl PartialEq<str> for Utf16<'_> {
    fn eq(&self, other: &str) -> bool {
        self.units().eq(other.encode_utf16())
    }
}

impl PartialEq<&str> for Utf16<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self == **other
    }
}

impl fmt::Debug for Utf16<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string_lossy(), f)
    }
}

impl fmt::Display for Utf16<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

/// The general case; out of line to keep the ASCII loop small.
#[cold]
fn push_slow(units: &[[u8; 2]], out: &mut Vec<u8>) -> bool {
    let mut lone = false;
    for c in char::decode_utf16(units.iter().map(|u| u16::from_le_bytes(*u))) {
        let c = c.unwrap_or_else(|_| {
            lone = true;
            char::REPLACEMENT_CHARACTER
        });
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    lone
}
