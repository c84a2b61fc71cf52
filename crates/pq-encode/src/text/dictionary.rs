//! The distinct byte strings of a chunk: an open-addressing table from value to key.
//!
//! The entries stand in one buffer that is the body of the dictionary page already; a slot holds a
//! part of the hash, so that a probe rarely looks at the bytes of another value.

use crate::page::buf::PageBuf;
use crate::page::writer::HEADER_GAP;
use crate::slots::Slots;

/// Slots of a new table.
const SLOTS_START: usize = 256;

/// A growing table with fewer free places counts as full: rows would come one by one.
const ROOM_MIN: usize = 64;

/// A growing table is taken for the next size already with fewer free places than this.
const ROOM_WANTED: usize = 1024;

/// Bytes of a table of this many slots, and of the starts of the entries that it can have.
const fn table_bytes(slots: usize) -> usize {
    let entries = slots / 2;
    let wide = entries > <u32 as Slot>::ENTRIES_MAX;
    slots * if wide { 8 } else { 4 } + entries * size_of::<u32>()
}

/// Bytes of the length in front of a PLAIN byte array.
pub(super) const PREFIX: usize = 4;

/// A key in a slot with a part of its value's hash, or that there is none.
trait Slot: Copy + PartialEq {
    /// Marks a free slot.
    const FREE: Self;
    /// Most entries of a table of such slots.
    const ENTRIES_MAX: usize;
    fn new(hash: u32, key: u32) -> Self;
    fn key(self) -> u32;
    /// Whether the slot may hold a value of this hash.
    fn may_be(self, hash: u32) -> bool;
}

/// 16 bits of the hash and of the key.
impl Slot for u32 {
    const FREE: Self = Self::MAX;
    const ENTRIES_MAX: usize = 0xffff;
    #[inline(always)]
    fn new(hash: u32, key: u32) -> Self {
        hash & 0xffff_0000 | key
    }
    #[inline(always)]
    fn key(self) -> u32 {
        self & 0xffff
    }
    #[inline(always)]
    fn may_be(self, hash: u32) -> bool {
        (self ^ hash) >> 16 == 0
    }
}

/// All of the hash and of the key.
impl Slot for u64 {
    const FREE: Self = Self::MAX;
    const ENTRIES_MAX: usize = u32::MAX as usize;
    #[inline(always)]
    fn new(hash: u32, key: u32) -> Self {
        Self::from(hash) << 32 | Self::from(key)
    }
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the low half is the key")]
    fn key(self) -> u32 {
        self as u32
    }
    #[inline(always)]
    fn may_be(self, hash: u32) -> bool {
        self >> 32 == Self::from(hash)
    }
}

/// A dictionary of byte strings; keys in order of first appearance.
#[derive(Debug, Default)]
pub(crate) struct BytesDictionary {
    slots: Slots<u32, u64>,
    entries: Entries,
}

/// The entries without the way to find them.
#[derive(Debug, Default)]
struct Entries {
    /// Where each entry starts in `plain`.
    starts: Vec<u32>,
    /// Room for a page header, then the entries.
    plain: Vec<u8>,
}

impl Entries {
    /// The value of a key that was given out.
    #[inline]
    fn value(&self, key: usize) -> &[u8] {
        let start = self.starts[key] as usize + PREFIX;
        let end = self.starts.get(key + 1);
        let end = end.map_or(self.plain.len(), |end| *end as usize);
        &self.plain[start..end]
    }

    /// The slot of `value` and what it holds: its own key, or FREE where it belongs. `None` without
    /// slots.
    #[inline(always)]
    fn find<S: Slot>(&self, slots: &[S], value: &[u8], hash: u32) -> Option<(usize, S)> {
        let mask = slots.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        loop {
            let slot = *slots.get(at)?;
            if slot == S::FREE || slot.may_be(hash) && same(self.value(slot.key() as usize), value)
            {
                return Some((at, slot));
            }
            at = (at + 1) & mask;
        }
    }

    /// The key of `value`, if it is an entry.
    #[inline(always)]
    fn key<S: Slot>(&self, slots: &[S], value: &[u8], hash: u32) -> Option<u32> {
        let (_, slot) = self.find(slots, value, hash)?;
        (slot != S::FREE).then(|| slot.key())
    }

    /// Slots of `len` that hold all entries.
    fn filled<S: Slot>(&self, len: usize) -> Vec<S> {
        let mut slots = vec![S::FREE; len];
        for (place, key) in (0..self.starts.len()).zip(0_u32..) {
            let hash = hash(self.value(place));
            // No two entries are the same, so none need be compared.
            let mut at = hash as usize & (len - 1);
            while slots[at] != S::FREE {
                at = (at + 1) & (len - 1);
            }
            slots[at] = S::new(hash, key);
        }
        slots
    }
}

/// Equality without a call for values of up to 16 bytes.
#[inline(always)]
fn same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    match (a.first_chunk::<8>(), b.first_chunk::<8>()) {
        (Some(first), Some(other)) if a.len() <= 16 => {
            first == other && a.last_chunk::<8>() == b.last_chunk::<8>()
        }
        _ => a == b,
    }
}

/// A hash of bytes: eight at a time, the last eight overlapping.
#[inline]
pub(super) fn hash(value: &[u8]) -> u32 {
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
        self.key_of(value, hash)
            .or_else(|| self.insert(value, hash, entries_max, bytes_max))
    }

    /// The key of a value that is an entry.
    #[inline]
    pub(crate) fn key(&self, value: &[u8]) -> Option<u32> {
        self.key_of(value, hash(value))
    }

    #[inline(always)]
    fn key_of(&self, value: &[u8], hash: u32) -> Option<u32> {
        match &self.slots {
            Slots::Narrow(slots) => self.entries.key(slots, value, hash),
            Slots::Wide(slots) => self.entries.key(slots, value, hash),
        }
    }

    /// Number of entries.
    pub(crate) fn entries(&self) -> usize {
        self.entries.starts.len()
    }

    /// The entries as PLAIN values, in order of their keys.
    pub(crate) fn plain(&self) -> &[u8] {
        self.entries.plain.get(HEADER_GAP..).unwrap_or(&[])
    }

    /// The entries as a page.
    pub(crate) fn take_page(&mut self) -> PageBuf {
        let mut plain = std::mem::take(self).entries.plain;
        plain.resize(plain.len().max(HEADER_GAP), 0);
        PageBuf::of(plain, HEADER_GAP)
    }

    /// Bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        let entries = &self.entries;
        entries.plain.capacity() + entries.starts.capacity() * 4 + self.slots.heap_bytes()
    }

    /// Entries that may come until this is asked again, and PLAIN bytes for them, so that there are at
    /// most `bytes_max` of these and the dictionary has at most `heap_max` bytes on the heap. A
    /// new table is not counted.
    pub(crate) fn room(&self, bytes_max: usize, heap_max: usize) -> (usize, usize) {
        let (entries, plain) = (self.entries(), self.plain().len());
        let left = |slots: usize| {
            let table = table_bytes(slots) - table_bytes(SLOTS_START);
            let heap = heap_max.saturating_sub(table).min(bytes_max);
            (slots / 2 - entries, heap.saturating_sub(plain))
        };
        let now = self.slots.len().max(SLOTS_START);
        let (mut free, mut bytes) = left(now);
        if free < ROOM_WANTED {
            let grown = left(now * 2);
            if grown.1 > 0 {
                (free, bytes) = grown;
            }
        }
        match (free < ROOM_MIN, bytes) {
            (true, _) | (_, 0) => (0, 0),
            _ => (free, bytes),
        }
    }

    /// The value of a key that was given out.
    #[inline]
    pub(crate) fn entry(&self, key: usize) -> &[u8] {
        self.entries.value(key)
    }

    #[cold]
    fn insert(
        &mut self,
        value: &[u8],
        hash: u32,
        entries_max: usize,
        bytes_max: usize,
    ) -> Option<u32> {
        let count = self.entries();
        let fits = count < entries_max.min(u64::ENTRIES_MAX)
            && self.plain().len().saturating_add(PREFIX + value.len()) <= bytes_max;
        let key = u32::try_from(count).ok().filter(|_| fits)?;
        let len = u32::try_from(value.len()).ok()?;
        let entries = &mut self.entries;
        if entries.plain.is_empty() {
            entries.plain.resize(HEADER_GAP, 0);
        }
        let start = u32::try_from(entries.plain.len()).ok()?;
        self.make_room();
        let entries = &mut self.entries;
        match &mut self.slots {
            Slots::Narrow(slots) => {
                let (at, _) = entries.find(slots, value, hash)?;
                slots[at] = Slot::new(hash, key);
            }
            Slots::Wide(slots) => {
                let (at, _) = entries.find(slots, value, hash)?;
                slots[at] = Slot::new(hash, key);
            }
        }
        entries.starts.push(start);
        // Not by doubling: a dictionary may be all that a chunk has on the heap.
        let (extra, len_now) = (PREFIX + value.len(), entries.plain.len());
        if len_now + extra > entries.plain.capacity() {
            let reserve = extra.max(len_now / 256).max(4096);
            entries.plain.reserve_exact(reserve);
        }
        entries.plain.extend_from_slice(&len.to_le_bytes());
        entries.plain.extend_from_slice(value);
        Some(key)
    }

    /// Makes room in the slots for one more entry: they are at most half full.
    fn make_room(&mut self) {
        let (count, len) = (self.entries() + 1, self.slots.len());
        let narrow = count <= u32::ENTRIES_MAX;
        let too_few = count * 2 > len;
        if !too_few && (narrow || matches!(self.slots, Slots::Wide(_))) {
            return;
        }
        let len = if too_few {
            (len * 2).max(SLOTS_START)
        } else {
            len
        };
        // What was there goes first: both together need not fit.
        self.slots = Slots::default();
        self.slots = if narrow {
            Slots::Narrow(self.entries.filled(len))
        } else {
            Slots::Wide(self.entries.filled(len))
        };
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
        for i in 0..70_000 {
            let key = dictionary.add(&value(i), usize::MAX, usize::MAX);
            assert_eq!(key, u32::try_from(i).ok());
        }
        for i in 0..70_000 {
            assert_eq!(dictionary.key(&value(i)), u32::try_from(i).ok());
            assert_eq!(dictionary.entry(i), value(i));
        }
    }
}
