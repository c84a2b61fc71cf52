//! The distinct values of a fixed-width column: an open-addressing table from value to key.
//!
//! Keys are given in order of first appearance, so the dictionary depends on the rows alone. Value
//! and key stand in one slot: a lookup costs a multiplication and, nearly always, one cache line.
//! The table starts small and grows with the values (2,000 columns must not each hold a big one).

use crate::bits::hybrid::BLOCK;
use crate::encoders::dictionary::KeyWriter;

/// Slots of a new table.
const SLOTS_START: usize = 256;

/// Marks a free slot; no dictionary has this many entries.
const FREE: u32 = u32::MAX;

/// A dictionary of values of one width, behind one object.
pub(crate) trait FixedDictionary: Send {
    /// Adds PLAIN values. `false` as soon as there are more than `entries_max` entries.
    fn add(&mut self, plain: &[u8], entries_max: usize) -> bool;

    /// Number of entries.
    fn entries(&self) -> usize;

    /// The entries as PLAIN values, in order of their keys.
    fn plain(&self) -> &[u8];

    /// Appends the keys of PLAIN values to a page. `false` if a value has none.
    fn keys(&self, plain: &[u8], writer: &mut KeyWriter, out: &mut Vec<u8>) -> bool;
}

/// A dictionary for PLAIN values of `width` bytes: the widths that column types have.
pub(crate) fn fixed_dictionary(width: usize) -> Option<Box<dyn FixedDictionary>> {
    Some(match width {
        1 => Box::new(Table::<1>::default()),
        2 => Box::new(Table::<2>::default()),
        4 => Box::new(Table::<4>::default()),
        8 => Box::new(Table::<8>::default()),
        16 => Box::new(Table::<16>::default()),
        32 => Box::new(Table::<32>::default()),
        _ => return None,
    })
}

#[derive(Debug, Clone, Copy)]
struct Slot<const W: usize> {
    value: [u8; W],
    key: u32,
}

#[derive(Debug)]
struct Table<const W: usize> {
    /// A power of two, or none before the first value.
    slots: Vec<Slot<W>>,
    values: Vec<[u8; W]>,
}

impl<const W: usize> Default for Table<W> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            values: Vec::new(),
        }
    }
}

/// A hash whose high bits are used: every bit of the value reaches them.
#[inline(always)]
fn hash<const W: usize>(value: &[u8; W]) -> u64 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, tail) = value.as_chunks::<8>();
    let mut hash = 0_u64;
    for word in words {
        hash = (hash.rotate_left(29) ^ u64::from_le_bytes(*word)).wrapping_mul(K);
    }
    if !tail.is_empty() {
        let mut last = [0; 8];
        last[..tail.len()].copy_from_slice(tail);
        hash = (hash.rotate_left(29) ^ u64::from_le_bytes(last)).wrapping_mul(K);
    }
    hash
}

impl<const W: usize> Table<W> {
    /// The slot of `value`: its own, or the free one where it belongs. (A free slot holds zeros,
    /// which are a value too; whoever looks for zeros stops there rightly in either case.)
    #[inline(always)]
    fn find(&self, value: &[u8; W]) -> usize {
        let mask = self.slots.len() - 1;
        // The high bits: shifting by 64 cannot happen, a table has at least two slots.
        #[expect(
            clippy::cast_possible_truncation,
            reason = "masked to the table anyway"
        )]
        let mut at = (hash(value) >> (64 - self.slots.len().trailing_zeros())) as usize & mask;
        loop {
            let slot = &self.slots[at];
            if slot.value == *value || slot.key == FREE {
                return at;
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let free = Slot {
            value: [0; W],
            key: FREE,
        };
        let len = (self.slots.len() * 2).max(SLOTS_START);
        self.slots.clear();
        self.slots.resize(len, free);
        for (key, value) in (0_u32..).zip(&self.values) {
            let at = self.find(value);
            self.slots[at] = Slot { value: *value, key };
        }
    }
}

impl<const W: usize> FixedDictionary for Table<W> {
    fn add(&mut self, plain: &[u8], entries_max: usize) -> bool {
        for value in plain.as_chunks::<W>().0 {
            // At most half full, so that a probe is short.
            if self.values.len() * 2 >= self.slots.len() {
                self.grow();
            }
            let at = self.find(value);
            if self.slots[at].key == FREE {
                let Some(key) = u32::try_from(self.values.len())
                    .ok()
                    .filter(|_| self.values.len() < entries_max)
                else {
                    return false;
                };
                self.slots[at] = Slot { value: *value, key };
                self.values.push(*value);
            }
        }
        true
    }

    fn entries(&self) -> usize {
        self.values.len()
    }

    fn plain(&self) -> &[u8] {
        self.values.as_flattened()
    }

    fn keys(&self, plain: &[u8], writer: &mut KeyWriter, out: &mut Vec<u8>) -> bool {
        let values = plain.as_chunks::<W>().0;
        if self.slots.is_empty() {
            return values.is_empty();
        }
        let mut keys = [0_u32; BLOCK / 16];
        for block in values.chunks(keys.len()) {
            let mut missing = false;
            for (key, value) in keys.iter_mut().zip(block) {
                *key = self.slots[self.find(value)].key;
                missing |= *key == FREE;
            }
            if missing {
                return false;
            }
            writer.push(&keys[..block.len()], out);
        }
        true
    }
}
