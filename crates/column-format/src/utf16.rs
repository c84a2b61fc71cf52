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
        // Nearly all text is ASCII, and a unit of it a byte.
        out.reserve(self.units.len());
        let (blocks, tail) = self.units.as_chunks::<BLOCK>();
        for (i, block) in blocks.iter().enumerate() {
            match narrow(block) {
                Some(bytes) => out.extend_from_slice(&bytes),
                None => return push_slow(self.units.get(i * BLOCK..).unwrap_or(&[]), out),
            }
        }
        let mut block = [[0; 2]; BLOCK];
        let rest = block.get_mut(..tail.len()).unwrap_or(&mut []);
        rest.copy_from_slice(tail);
        match narrow(&block) {
            Some(bytes) => out.extend_from_slice(bytes.get(..tail.len()).unwrap_or(&[])),
            None => return push_slow(tail, out),
        }
        false
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

/// Code units that are looked at together.
const BLOCK: usize = 32;

/// The units as bytes, if all are ASCII.
#[inline(always)]
fn narrow(units: &[[u8; 2]; BLOCK]) -> Option<[u8; BLOCK]> {
    let (mut bytes, mut any) = ([0; BLOCK], 0);
    for (byte, unit) in bytes.iter_mut().zip(units) {
        any |= u16::from_le_bytes(*unit);
        *byte = unit[0];
    }
    (any < 0x80).then_some(bytes)
}

/// Bytes that are put together before they are appended, and those that a character may take.
const ROOM: usize = 256;
const CHAR: usize = 4;

/// The general case; out of line to keep the ASCII loop small.
#[cold]
fn push_slow(units: &[[u8; 2]], out: &mut Vec<u8>) -> bool {
    let mut lone = false;
    let (mut room, mut len) = ([0_u8; ROOM + CHAR], 0);
    let mut at = 0;
    while let Some(unit) = units.get(at) {
        let unit = u32::from(u16::from_le_bytes(*unit));
        at += 1;
        let next = units
            .get(at)
            .map_or(0, |next| u32::from(u16::from_le_bytes(*next)));
        let mut code = unit;
        if unit & 0xf800 == 0xd800 {
            if unit < 0xdc00 && next & 0xfc00 == 0xdc00 {
                code = 0x1_0000 + ((unit & 0x3ff) << 10 | next & 0x3ff);
                at += 1;
            } else {
                code = u32::from(char::REPLACEMENT_CHARACTER);
                lone = true;
            }
        }
        let (bytes, count) = utf8_of(code);
        if let Some(slot) = room
            .get_mut(len..)
            .and_then(<[u8]>::first_chunk_mut::<CHAR>)
        {
            *slot = bytes;
        }
        len += count;
        if len >= ROOM {
            out.extend_from_slice(room.get(..len).unwrap_or(&[]));
            len = 0;
        }
    }
    out.extend_from_slice(room.get(..len).unwrap_or(&[]));
    lone
}

/// The UTF-8 of a code point that is no surrogate, and how many of the bytes it takes.
#[inline(always)]
fn utf8_of(code: u32) -> ([u8; CHAR], usize) {
    let [low, ..] = (code & 0x3f | 0x80).to_le_bytes();
    let [second, ..] = (code >> 6 & 0x3f | 0x80).to_le_bytes();
    let [third, ..] = (code >> 12 & 0x3f | 0x80).to_le_bytes();
    let first = |mark: u32, shift: u32| {
        let [byte, ..] = (mark | code >> shift).to_le_bytes();
        byte
    };
    match code {
        0..0x80 => ([first(0, 0), 0, 0, 0], 1),
        0x80..0x800 => ([first(0xc0, 6), low, 0, 0], 2),
        0x800..0x1_0000 => ([first(0xe0, 12), second, low, 0], 3),
        _ => ([first(0xf0, 18), third, second, low], 4),
    }
}
