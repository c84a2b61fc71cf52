//! Which symbols do the rows of a chunk use, and which key does each get?
//!
//! Entries keep the order of the table's keys, which is the order of first insertion: frequent
//! symbols tend to come first, so their keys are small and compress. A table of one slot a symbol is
//! used while it is not much larger than the chunk; otherwise memory would follow the table.

use std::collections::BTreeSet;

use crate::text::keyed::NO_KEY;

/// Symbols for which a slot each is always affordable.
const DIRECT_MIN: usize = 1 << 16;

/// The entries that a chunk uses.
#[derive(Debug)]
pub(crate) enum Used {
    /// One mark a symbol and one for everything else.
    Marked(Marks),
    /// One [`slot`] a symbol and one for everything else.
    Direct(Vec<u64>),
    /// Used keys in order.
    Sparse(Sparse),
}

/// Symbols that rows use.
#[derive(Debug)]
pub(crate) struct Marks {
    marks: Vec<u8>,
    /// Every symbol has its mark.
    all: bool,
}

impl Marks {
    /// Marks the symbols of `keys`; returns whether one of them is neither a symbol nor null.
    fn mark(&mut self, keys: &[[u8; 4]], count: u32) -> bool {
        let mut bad = false;
        for portion in keys.chunks(PORTION) {
            if self.all {
                bad |= portion
                    .iter()
                    .fold(false, |bad, key| bad | is_bad(*key, count));
                continue;
            }
            let other = self.marks.len() - 1;
            for key in portion {
                let place = u32::from_le_bytes(*key) as usize;
                bad |= is_bad(*key, count);
                self.marks[place.min(other)] = 1;
            }
            if other <= ASK_MAX {
                self.all = self.marks[..other].iter().fold(1, |all, mark| all & mark) == 1;
            }
        }
        bad
    }
}

/// Keys looked at before it is asked whether every symbol was seen.
const PORTION: usize = 4096;

/// Symbols up to which that is worth asking.
const ASK_MAX: usize = 1 << 16;

/// Keys of a chunk that is small against its table.
#[derive(Debug, Default)]
pub(crate) struct Sparse {
    found: BTreeSet<u32>,
    keys: Vec<u32>,
    lens: Vec<u32>,
}

/// A code and the length of its text in one word: one look-up finds both.
fn slot(code: u32, len: u32) -> u64 {
    u64::from(code) | u64::from(len) << 32
}

/// A key that is neither null nor an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BadKey {
    /// Its place in the keys given.
    pub(crate) at: usize,
    pub(crate) key: i32,
}

impl Used {
    /// Nothing used yet, of a dictionary of `count` symbols, by a chunk of `rows` rows.
    pub(crate) fn new(count: u32, rows: u64) -> Self {
        let slots = count as usize;
        let affordable = usize::try_from(rows.saturating_mul(4)).unwrap_or(usize::MAX);
        if slots <= affordable.max(DIRECT_MIN) {
            Self::Marked(Marks {
                marks: vec![0; slots + 1],
                all: false,
            })
        } else {
            Self::Sparse(Sparse::default())
        }
    }

    /// Marks the symbols of `keys`.
    pub(crate) fn mark(&mut self, keys: &[[u8; 4]], count: u32) -> Result<(), BadKey> {
        match self {
            Self::Marked(marks) => {
                if !marks.mark(keys, count) {
                    return Ok(());
                }
            }
            Self::Direct(_) => {}
            Self::Sparse(sparse) => {
                let mut last = NULL_KEY;
                for key in keys {
                    let key = u32::from_le_bytes(*key);
                    if key != last && key < count {
                        sparse.found.insert(key);
                    }
                    last = key;
                }
            }
        }
        match keys.iter().position(|key| is_bad(*key, count)) {
            None => Ok(()),
            Some(at) => Err(BadKey {
                at,
                key: i32::from_le_bytes(keys[at]),
            }),
        }
    }

    /// The used keys in order, without the null.
    pub(crate) fn keys(&self) -> Vec<u32> {
        match self {
            Self::Marked(Marks { marks, .. }) => {
                let symbols = &marks[..marks.len() - 1];
                (0_u32..)
                    .zip(symbols)
                    .filter(|(_, mark)| **mark != 0)
                    .map(|(key, _)| key)
                    .collect()
            }
            Self::Direct(_) => Vec::new(),
            Self::Sparse(sparse) => sparse.found.iter().copied().collect(),
        }
    }

    /// Gives every used key its code, its place in `keys`, and the length of its text.
    pub(crate) fn assign(&mut self, keys: &[u32], lens: &[u32]) {
        match self {
            Self::Marked(Marks { marks, .. }) => {
                let mut slots = vec![slot(NO_KEY, 0); marks.len()];
                for (code, (key, len)) in (0_u32..).zip(keys.iter().zip(lens)) {
                    slots[*key as usize] = slot(code, *len);
                }
                *self = Self::Direct(slots);
            }
            Self::Direct(_) => {}
            Self::Sparse(sparse) => {
                sparse.keys = keys.to_vec();
                sparse.lens = lens.to_vec();
                sparse.found.clear();
            }
        }
    }

    /// The codes of `keys`; returns whether one of them is [`NO_KEY`], and the length of all texts.
    #[inline]
    pub(crate) fn codes(&self, keys: &[[u8; 4]], codes: &mut [u32]) -> (bool, u64) {
        let mut all = 0;
        let mut bytes = 0;
        let mut add = |code: &mut u32, slot: u64| {
            let [c0, c1, c2, c3, ..] = slot.to_le_bytes();
            *code = u32::from_le_bytes([c0, c1, c2, c3]);
            all |= *code;
            bytes += slot >> 32;
        };
        match self {
            Self::Marked(_) => {}
            Self::Direct(slots) => {
                let other = slots.len() - 1;
                for (code, key) in codes.iter_mut().zip(keys) {
                    add(code, slots[(u32::from_le_bytes(*key) as usize).min(other)]);
                }
            }
            Self::Sparse(sparse) => {
                for (code, key) in codes.iter_mut().zip(keys) {
                    let found = sparse.keys.binary_search(&u32::from_le_bytes(*key)).ok();
                    let found =
                        found.and_then(|at| Some((u32::try_from(at).ok()?, sparse.lens[at])));
                    add(
                        code,
                        found.map_or(slot(NO_KEY, 0), |(code, len)| slot(code, len)),
                    );
                }
            }
        }
        // No dictionary has so many entries that a code would set the top bit.
        (all >> 31 == 1, bytes)
    }
}

/// The null sentinel, unsigned.
const NULL_KEY: u32 = column_format::null::SYMBOL.cast_unsigned();

#[inline(always)]
fn is_bad(key: [u8; 4], count: u32) -> bool {
    let key = u32::from_le_bytes(key);
    (key >= count) & (key != NULL_KEY)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(keys: &[i32]) -> Vec<[u8; 4]> {
        keys.iter().map(|key| key.to_le_bytes()).collect()
    }

    #[test]
    fn dense_codes_follow_the_order_of_keys_in_both_forms() {
        let keys = bytes(&[900_000, i32::MIN, 7, 900_000, 12]);
        for rows in [5, 1_000_000] {
            let mut used = Used::new(1_000_000, rows);
            assert_eq!(matches!(used, Used::Sparse(_)), rows == 5);
            used.mark(&keys, 1_000_000).unwrap();
            let found = used.keys();
            assert_eq!(found, [7, 12, 900_000]);
            used.assign(&found, &[5, 6, 7]);
            let mut codes = [0; 5];
            assert_eq!(used.codes(&keys, &mut codes), (true, 7 + 5 + 7 + 6));
            assert_eq!(codes, [2, NO_KEY, 0, 2, 1]);
            assert_eq!(used.codes(&keys[2..], &mut codes), (false, 5 + 7 + 6));
        }
    }

    #[test]
    fn a_key_beyond_the_dictionary_is_named() {
        for rows in [1, 1_000_000] {
            for bad in [-1, 100_000, i32::MAX, i32::MIN + 1] {
                let mut used = Used::new(100_000, rows);
                let error = used.mark(&bytes(&[3, i32::MIN, bad]), 100_000).unwrap_err();
                assert_eq!((error.at, error.key), (2, bad));
            }
        }
    }
}
