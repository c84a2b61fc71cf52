//! The distinct byte strings of a chunk: an open-addressing table from value to key.
//!
//! The entries stand in one buffer that is the body of the dictionary page already; a slot holds a
//! part of the hash, so that a probe rarely looks at the bytes of another value.

use crate::page::buf::PageBuf;
use crate::page::writer::HEADER_GAP;

/// Slots of a new table.
const SLOTS_START: usize = 256;

/// Marks a free slot; no dictionary has this many entries.
const FREE: u32 = u32::MAX;

/// Bytes of the length in front of a PLAIN byte array.
const PREFIX: usize = 4;

#[derive(Debug, Clone, Copy)]
struct Slot {
    hash: u32,
    key: u32,
}

/// A dictionary of byte strings; keys in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct BytesDictionary {
    /// A power of two, or none before the first value.
    slots: Vec<Slot>,
    /// Where each entry starts in `plain`.
    starts: Vec<u32>,
    /// Room for a page header, then the entries.
    plain: Vec<u8>,
}

/// A hash of bytes: eight at a time, the last eight overlapping.
#[inline]
fn hash(value: &[u8]) -> u32 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| (hash.rotate_left(29) ^ word).wrapping_mul(K);
    let mut hash = mix(K, value.len() as u64);
    let (words, tail) = value.as_chunks::<8>();
    for word in words {
        hash = mix(hash, u64::from_le_bytes(*word));
    }
    if !tail.is_empty() {
        hash = mix(hash, last_word(value));
    }
    let [.., b4, b5, b6, b7] = mix(hash, hash >> 32).to_le_bytes();
    u32::from_le_bytes([b4, b5, b6, b7])
}

/// The last bytes of a value, at most eight, as a number. Loads overlap instead of looping.
#[inline]
fn last_word(value: &[u8]) -> u64 {
    if let Some(last) = value.last_chunk::<8>() {
        return u64::from_le_bytes(*last);
    }
    if let (Some(first), Some(last)) = (value.first_chunk::<4>(), value.last_chunk::<4>()) {
        return u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
    }
    value
        .iter()
        .fold(0, |word, byte| word << 8 | u64::from(*byte))
}

impl BytesDictionary {
    /// The key of a value, which is added if it is new. `None` if there would be more entries or
    /// more PLAIN bytes than allowed.
    #[inline]
    pub(crate) fn add(
        &mut self,
        value: &[u8],
        entries_max: usize,
        bytes_max: usize,
    ) -> Option<u32> {
        let hash = hash(value);
        match self.find(value, hash) {
            Some((_, key)) if key != FREE => Some(key),
            _ => self.insert(value, hash, entries_max, bytes_max),
        }
    }

    /// The key of a value that is an entry.
    #[inline]
    pub(crate) fn key(&self, value: &[u8]) -> Option<u32> {
        let (_, key) = self.find(value, hash(value))?;
        (key != FREE).then_some(key)
    }

    /// Number of entries.
    pub(crate) fn entries(&self) -> usize {
        self.starts.len()
    }

    /// The entries as PLAIN values, in order of their keys.
    pub(crate) fn plain(&self) -> &[u8] {
        self.plain.get(HEADER_GAP..).unwrap_or(&[])
    }

    /// The entries as a page.
    pub(crate) fn take_page(&mut self) -> PageBuf {
        let mut plain = std::mem::take(self).plain;
        plain.resize(plain.len().max(HEADER_GAP), 0);
        PageBuf::of(plain, HEADER_GAP)
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.plain.capacity() + self.starts.capacity() * 4 + self.slots.capacity() * 8
    }

    /// The value of a key that was given out.
    #[inline]
    pub(crate) fn entry(&self, key: usize) -> &[u8] {
        let start = self.starts[key] as usize + PREFIX;
        let end = self.starts.get(key + 1);
        let end = end.map_or(self.plain.len(), |end| *end as usize);
        &self.plain[start..end]
    }

    /// The slot of `value` and what it holds: its own key, or [`FREE`] where it belongs.
    #[inline]
    fn find(&self, value: &[u8], hash: u32) -> Option<(usize, u32)> {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots.get(at)?;
            if slot.key == FREE || slot.hash == hash && self.entry(slot.key as usize) == value {
                return Some((at, slot.key));
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn insert(
        &mut self,
        value: &[u8],
        hash: u32,
        entries_max: usize,
        bytes_max: usize,
    ) -> Option<u32> {
        let fits = self.starts.len() < entries_max
            && self.plain().len().saturating_add(PREFIX + value.len()) <= bytes_max;
        let key = u32::try_from(self.starts.len())
            .ok()
            .filter(|key| fits && *key != FREE)?;
        let len = u32::try_from(value.len()).ok()?;
        if (self.starts.len() + 1) * 2 > self.slots.len() {
            self.grow();
        }
        if self.plain.is_empty() {
            self.plain.resize(HEADER_GAP, 0);
        }
        let start = u32::try_from(self.plain.len()).ok()?;
        let (at, _) = self.find(value, hash)?;
        self.slots[at] = Slot { hash, key };
        self.starts.push(start);
        // Not by doubling: a dictionary may be all that a chunk has on the heap.
        let (extra, len_now) = (PREFIX + value.len(), self.plain.len());
        if len_now + extra > self.plain.capacity() {
            self.plain.reserve_exact(extra.max(len_now / 64).max(4096));
        }
        self.plain.extend_from_slice(&len.to_le_bytes());
        self.plain.extend_from_slice(value);
        Some(key)
    }

    fn grow(&mut self) {
        let len = (self.slots.len() * 2).max(SLOTS_START);
        let free = Slot { hash: 0, key: FREE };
        let old = std::mem::replace(&mut self.slots, vec![free; len]);
        for slot in old.into_iter().filter(|slot| slot.key != FREE) {
            let mut at = slot.hash as usize & (len - 1);
            while self.slots[at].key != FREE {
                at = (at + 1) & (len - 1);
            }
            self.slots[at] = slot;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_first_appearance_and_both_limits_are_exact() {
        let values: [&[u8]; 5] = [b"bb", b"", b"bb", b"a longer value", b""];
        let mut dictionary = BytesDictionary::default();
        assert_eq!(dictionary.key(b"bb"), None);
        let keys = values.map(|value| dictionary.add(value, 3, 4 + 2 + 4 + 4 + 14));
        assert_eq!(keys, [Some(0), Some(1), Some(0), Some(2), Some(1)]);
        assert_eq!(
            dictionary.plain(),
            b"\x02\0\0\0bb\0\0\0\0\x0e\0\0\0a longer value"
        );
        assert_eq!(dictionary.entry(1), b"");
        assert_eq!(dictionary.add(b"x", 3, 1000), None);
        assert_eq!(dictionary.add(b"x", 4, 4 + 2 + 4 + 4 + 14 + 4), None);
        assert_eq!(dictionary.key(b"x"), None);
        assert_eq!(dictionary.add(b"x", 4, 4 + 2 + 4 + 4 + 14 + 5), Some(3));
    }

    #[test]
    fn many_values_of_every_length_are_found_again() {
        let value = |i: usize| {
            let mut text = i.to_string().into_bytes();
            text.resize(i % 23 + text.len(), b'x');
            text
        };
        let mut dictionary = BytesDictionary::default();
        for i in 0..20_000 {
            let key = dictionary.add(&value(i), usize::MAX, usize::MAX);
            assert_eq!(key, u32::try_from(i).ok());
        }
        for i in 0..20_000 {
            assert_eq!(dictionary.key(&value(i)), u32::try_from(i).ok());
            assert_eq!(dictionary.entry(i), value(i));
        }
    }
}
