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
        let (blocks, rest) = self.units.as_chunks::<8>();
        out.reserve(self.units.len());
        let mut done = 0;
        for block in blocks {
            let Some(ascii) = ascii_block(block) else {
                break;
            };
            out.extend_from_slice(&ascii);
            done += block.len();
        }
        if done == self.units.len() - rest.len() {
            for unit in rest {
                let &[lo, hi] = unit;
                if hi != 0 || lo >= 0x80 {
                    break;
                }
                out.push(lo);
                done += 1;
            }
        }
        let tail = self.units.get(done..).unwrap_or(&[]);
        !tail.is_empty() && push_slow(tail, out)
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

/// Eight units as eight ASCII bytes, if they are.
#[inline]
fn ascii_block(block: &[[u8; 2]; 8]) -> Option<[u8; 8]> {
    let any = block.iter().fold(0, |any, u| any | u16::from_le_bytes(*u));
    (any < 0x80).then(|| block.map(|[lo, _]| lo))
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
