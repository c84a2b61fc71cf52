//! The distinct values of a fixed-width column: an open-addressing table from value to key.
//!
//! Keys are given in order of first appearance, so the dictionary depends on the rows alone. A slot
//! holds a key, values stand densely beside the slots: both stay in the first-level cache for as long
//! as possible. The table starts small and grows with the values (2,000 columns must not each hold a
//! big one), and is kept sparse: a second probe is a mispredicted branch.

use crate::bloom::is_zero;
use crate::encoders::dictionary::KeyWriter;
use crate::encoders::key_cache::KeyCache;
use crate::slots::Slots;

/// Slots of a new table.
const SLOTS_START: usize = 256;

/// Slots for every value, at least.
const SLOTS_PER_VALUE: usize = 4;

/// A table of fewer slots has twice as many for every value: it stays in the first-level cache, and a
/// value that is not in its own slot is a mispredicted branch.
const SPARSE_SLOTS: usize = 16 << 10;

/// Values looked up before their keys are handed on.
const BLOCK: usize = 256;

/// A key in a slot, or that there is none. Two bytes a slot keep a table of some thousand values in
/// the first-level cache.
trait Slot: Copy + PartialEq {
    /// Marks a free slot; no table of such slots has this many entries.
    const FREE: Self;
    /// Place of the value.
    fn place(self) -> usize;
}

impl Slot for u16 {
    const FREE: Self = Self::MAX;
    #[inline(always)]
    fn place(self) -> usize {
        usize::from(self)
    }
}

impl Slot for u32 {
    const FREE: Self = Self::MAX;
    #[inline(always)]
    fn place(self) -> usize {
        self as usize
    }
}

/// A dictionary of values of one width, behind one object.
pub(crate) trait FixedDictionary: Send {
    /// Adds PLAIN values and keeps their keys. `false` as soon as there would be more than
    /// `entries_max` entries.
    fn add(&mut self, plain: &[u8], entries_max: usize, keys: &mut KeyCache) -> bool;

    /// Number of entries.
    fn entries(&self) -> usize;

    /// Bytes on the heap.
    fn heap_bytes(&self) -> usize;

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

/// Distinct values of `width` bytes in a dictionary; `two_zeros`: zeros of either sign are one.
pub(super) fn distinct(dictionary: &dyn FixedDictionary, width: usize, two_zeros: bool) -> u64 {
    let entries = dictionary.entries() as u64;
    let values = dictionary.plain().chunks_exact(width);
    if two_zeros && values.filter(|value| is_zero(value)).count() == 2 {
        entries - 1
    } else {
        entries
    }
}

/// Entries of `width` bytes that a dictionary may have on `heap_max` bytes, its table included. One
/// that is no larger than a new table always may be.
pub(crate) fn entries_within(width: usize, heap_max: usize) -> usize {
    let mut entries = SLOTS_START / SLOTS_PER_VALUE;
    // Table and values double.
    let bytes = |entries: usize| entries.saturating_mul(SLOTS_PER_VALUE * size_of::<u32>() + width);
    while entries < 1 << 31 && bytes(entries * 2) <= heap_max {
        entries *= 2;
    }
    entries
}

/// Bytes on the heap of a dictionary of at most `plain` PLAIN bytes, at most.
pub(crate) fn heap_of(width: usize, plain: u64) -> u64 {
    let entries = (plain / width.max(1) as u64).next_power_of_two();
    let start = (SLOTS_START / SLOTS_PER_VALUE) as u64;
    entries
        .max(start)
        .saturating_mul((SLOTS_PER_VALUE * size_of::<u32>() + width) as u64)
}

#[derive(Debug)]
struct Table<const W: usize> {
    slots: Slots<u16, u32>,
    values: Vec<[u8; W]>,
}

impl<const W: usize> Default for Table<W> {
    fn default() -> Self {
        Self {
            slots: Slots::default(),
            values: Vec::new(),
        }
    }
}

/// A hash whose high bits are used: every bit of the value reaches them.
#[inline(always)]
pub(super) fn hash<const W: usize>(value: &[u8; W]) -> u64 {
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

/// A place in `slots`, and what it holds: the key of `value`, or FREE where it belongs.
#[inline(always)]
fn find<S: Slot, const W: usize>(slots: &[S], values: &[[u8; W]], value: &[u8; W]) -> (usize, S) {
    let mask = slots.len() - 1;
    // The high bits: shifting by 64 cannot happen, a table has at least two slots.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "masked to the table anyway"
    )]
    let mut at = (hash(value) >> (64 - slots.len().trailing_zeros())) as usize & mask;
    loop {
        let key = slots[at];
        match values.get(key.place()) {
            Some(found) if found != value => at = (at + 1) & mask,
            // Its own slot, or a free one: FREE is beyond all values.
            _ => return (at, key),
        }
    }
}

/// The keys of `block`, at most [`BLOCK`] values, up to the first that has none; returns how many.
#[inline(always)]
fn look_up<S: Slot, const W: usize>(
    slots: &[S],
    values: &[[u8; W]],
    block: &[[u8; W]],
    keys: &mut [S; BLOCK],
) -> usize {
    if slots.is_empty() {
        return 0;
    }
    for (i, (slot, value)) in keys.iter_mut().zip(block).enumerate() {
        let (_, key) = find(slots, values, value);
        if key == S::FREE {
            return i;
        }
        *slot = key;
    }
    block.len()
}

/// Slots of `len` that hold all values.
fn filled<S: Slot, const W: usize>(
    len: usize,
    values: &[[u8; W]],
    key: impl Fn(usize) -> S,
) -> Vec<S> {
    let mut slots = vec![S::FREE; len];
    for (place, value) in values.iter().enumerate() {
        // Only values in front of this one are in their slots.
        let (at, _) = find(&slots, &values[..place], value);
        slots[at] = key(place);
    }
    slots
}

impl<const W: usize> Table<W> {
    #[cold]
    fn grow(&mut self, len: usize) {
        // Room for one more entry, and for the mark of none.
        let narrow = self.values.len() + 1 < usize::from(u16::FREE);
        // The values say all that is needed: two tables at once would be more than is counted.
        self.slots = Slots::default();
        self.slots = if narrow {
            let key = |place| u16::try_from(place).unwrap_or(u16::FREE);
            Slots::Narrow(filled(len, &self.values, key))
        } else {
            let key = |place| u32::try_from(place).unwrap_or(u32::FREE);
            Slots::Wide(filled(len, &self.values, key))
        };
    }

    /// Inserts a value that is not there yet.
    #[cold]
    fn insert(&mut self, value: &[u8; W], entries_max: usize) -> Option<u32> {
        let key = u32::try_from(self.values.len())
            .ok()
            .filter(|key| *key != u32::FREE)?;
        if self.values.len() >= entries_max {
            return None;
        }
        let (len, full) = (self.slots.len(), u32::from(u16::FREE));
        let per_value = if len < SPARSE_SLOTS {
            2 * SLOTS_PER_VALUE
        } else {
            SLOTS_PER_VALUE
        };
        if (self.values.len() + 1) * per_value > len {
            self.grow((len * 2).max(SLOTS_START));
        } else if key == full && matches!(self.slots, Slots::Narrow(_)) {
            self.grow(len);
        }
        match &mut self.slots {
            Slots::Narrow(slots) => {
                let (at, _) = find(slots, &self.values, value);
                slots[at] = u16::try_from(key).unwrap_or(u16::FREE);
            }
            Slots::Wide(slots) => {
                let (at, _) = find(slots, &self.values, value);
                slots[at] = key;
            }
        }
        self.values.push(*value);
        Some(key)
    }
}

impl<const W: usize> FixedDictionary for Table<W> {
    fn add(&mut self, plain: &[u8], entries_max: usize, keys: &mut KeyCache) -> bool {
        let mut rest = plain.as_chunks::<W>().0;
        while !rest.is_empty() {
            let block = &rest[..rest.len().min(BLOCK)];
            let done = match &self.slots {
                Slots::Narrow(slots) => {
                    let mut found = [0; BLOCK];
                    let done = look_up(slots, &self.values, block, &mut found);
                    keys.push_narrow(&found[..done]);
                    done
                }
                Slots::Wide(slots) => {
                    let mut found = [0; BLOCK];
                    let done = look_up(slots, &self.values, block, &mut found);
                    found[..done].iter().for_each(|key| keys.push(*key));
                    done
                }
            };
            rest = &rest[done..];
            if done < block.len()
                && let Some((new, later)) = rest.split_first()
            {
                let Some(key) = self.insert(new, entries_max) else {
                    return false;
                };
                keys.push(key);
                rest = later;
            }
        }
        true
    }

    fn entries(&self) -> usize {
        self.values.len()
    }

    fn heap_bytes(&self) -> usize {
        self.slots.heap_bytes() + self.values.capacity() * W
    }

    fn plain(&self) -> &[u8] {
        self.values.as_flattened()
    }

    fn keys(&self, plain: &[u8], writer: &mut KeyWriter, out: &mut Vec<u8>) -> bool {
        plain.as_chunks::<W>().0.chunks(BLOCK).all(|block| {
            let done = match &self.slots {
                Slots::Narrow(slots) => {
                    let mut found = [0; BLOCK];
                    let done = look_up(slots, &self.values, block, &mut found);
                    writer.push_narrow(&found[..done], out);
                    done
                }
                Slots::Wide(slots) => {
                    let mut found = [0; BLOCK];
                    let done = look_up(slots, &self.values, block, &mut found);
                    writer.push(&found[..done], out);
                    done
                }
            };
            done == block.len()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_first_appearance_and_the_limit_is_exact() {
        let values: Vec<u8> = [5_u64, 0, 5, 9, 0]
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        for limit in [2, 3] {
            let mut table = fixed_dictionary(8).unwrap();
            let mut cache = KeyCache::default();
            cache.start(0);
            assert_eq!(table.add(&values, limit, &mut cache), limit == 3);
            if limit == 3 {
                assert_eq!(cache.take(9), [0, 1, 0, 2, 1]);
                assert_eq!(
                    table.plain(),
                    [5_u64, 0, 9].map(u64::to_le_bytes).as_flattened()
                );
                let mut writer = KeyWriter::default();
                writer.start_chunk(3);
                let mut out = Vec::new();
                writer.start_page(&mut out);
                assert!(table.keys(&values, &mut writer, &mut out));
                assert!(!table.keys(&7_u64.to_le_bytes(), &mut writer, &mut out));
            }
        }
    }

    #[test]
    fn many_values_of_every_width_are_found_again() {
        for width in [1, 2, 4, 8, 16, 32] {
            let count = match width {
                1 => 256,
                2 => 65_536,
                _ => 70_000,
            };
            let values: Vec<u8> = (0..count)
                .flat_map(|i: usize| {
                    let mut value = vec![0; 32];
                    value[..8].copy_from_slice(&i.to_le_bytes());
                    value[24..].copy_from_slice(&i.to_be_bytes());
                    value.truncate(width);
                    value
                })
                .collect();
            let mut table = fixed_dictionary(width).unwrap();
            let mut cache = KeyCache::default();
            cache.start(0);
            assert!(table.add(&values, usize::MAX, &mut cache));
            assert!(table.add(&values, table.entries(), &mut cache));
            assert_eq!(table.plain(), values, "width {width}");
        }
    }
}
