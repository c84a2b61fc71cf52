//! The distinct byte strings of a chunk: an open-addressing table from value to key.
//!
//! The entries stand in one buffer that is the body of the dictionary page already; a slot holds a
//! part of the hash, so that a probe rarely looks at the bytes of another value.

use crate::encoders::dictionary::KeyWriter;

/// Slots of a new table.
const SLOTS_START: usize = 256;

/// Marks a free slot; no dictionary has this many entries.
const FREE: u32 = u32::MAX;

/// Bytes of the length in front of a PLAIN byte array.
const PREFIX: usize = 4;

/// Keys looked up before they are handed on.
const BLOCK: usize = 256;

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
    starts: Vec<usize>,
    hashes: Vec<u32>,
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
        let last = match value.last_chunk::<8>() {
            Some(last) => u64::from_le_bytes(*last),
            None => tail
                .iter()
                .rev()
                .fold(0, |word, byte| word << 8 | u64::from(*byte)),
        };
        hash = mix(hash, last);
    }
    let [.., b4, b5, b6, b7] = mix(hash, hash >> 32).to_le_bytes();
    u32::from_le_bytes([b4, b5, b6, b7])
}

impl BytesDictionary {
    /// Adds values. `false` as soon as there would be more entries or more PLAIN bytes than allowed.
    pub(crate) fn add<'v>(
        &mut self,
        values: impl Iterator<Item = &'v [u8]>,
        entries_max: usize,
        bytes_max: usize,
    ) -> bool {
        for value in values {
            if self.starts.len() * 2 >= self.slots.len() {
                self.grow();
            }
            let hash = hash(value);
            let at = self.find(value, hash);
            if self.slots[at].key != FREE {
                continue;
            }
            let fits = self.starts.len() < entries_max
                && self.plain.len() + PREFIX + value.len() <= bytes_max;
            let key = u32::try_from(self.starts.len()).ok().filter(|_| fits);
            let (Some(key), Ok(len)) = (key, u32::try_from(value.len())) else {
                return false;
            };
            self.slots[at] = Slot { hash, key };
            self.starts.push(self.plain.len());
            self.hashes.push(hash);
            self.plain.extend_from_slice(&len.to_le_bytes());
            self.plain.extend_from_slice(value);
        }
        true
    }

    /// Number of entries.
    pub(crate) fn entries(&self) -> usize {
        self.starts.len()
    }

    /// The entries as PLAIN values, in order of their keys.
    pub(crate) fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// Appends the keys of values to a page. `false` if a value has none.
    pub(crate) fn keys<'v>(
        &self,
        values: impl Iterator<Item = &'v [u8]>,
        writer: &mut KeyWriter,
        out: &mut Vec<u8>,
    ) -> bool {
        let mut values = values;
        let mut keys = [0; BLOCK];
        loop {
            let mut count = 0;
            let mut missing = false;
            for (slot, value) in keys.iter_mut().zip(values.by_ref()) {
                *slot = match self.slots.get(self.find(value, hash(value))) {
                    Some(found) => found.key,
                    None => FREE,
                };
                missing |= *slot == FREE;
                count += 1;
            }
            if missing {
                return false;
            }
            writer.push(&keys[..count], out);
            if count < BLOCK {
                return true;
            }
        }
    }

    /// The slot of `value`: its own, or the free one where it belongs.
    #[inline]
    fn find(&self, value: &[u8], hash: u32) -> usize {
        let mask = self.slots.len().wrapping_sub(1);
        let mut at = hash as usize & mask;
        while let Some(slot) = self.slots.get(at) {
            if slot.key == FREE || slot.hash == hash && self.entry(slot.key) == value {
                break;
            }
            at = (at + 1) & mask;
        }
        at
    }

    #[inline]
    fn entry(&self, key: u32) -> &[u8] {
        let key = key as usize;
        let start = self.starts[key] + PREFIX;
        let end = self
            .starts
            .get(key + 1)
            .copied()
            .unwrap_or(self.plain.len());
        &self.plain[start..end]
    }

    fn grow(&mut self) {
        let len = (self.slots.len() * 2).max(SLOTS_START);
        self.slots.clear();
        self.slots.resize(len, Slot { hash: 0, key: FREE });
        for (key, hash) in (0_u32..).zip(&self.hashes) {
            let mut at = *hash as usize & (len - 1);
            while self.slots[at].key != FREE {
                at = (at + 1) & (len - 1);
            }
            self.slots[at] = Slot { hash: *hash, key };
        }
    }
}
