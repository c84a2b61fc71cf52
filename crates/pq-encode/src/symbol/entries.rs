//! The symbols that a chunk uses, as UTF-8.
//!
//! One buffer that is the body of the dictionary page already. Symbols are unique as UTF-16; those
//! that hold a lone surrogate may look alike afterwards, so they are remembered.

use column_format::SymbolDict;

use crate::text::utf8;

/// Bytes of the length in front of a PLAIN byte array.
const PREFIX: usize = 4;

/// A chunk's dictionary.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    plain: Vec<u8>,
    /// Start of each entry in `plain`.
    starts: Vec<usize>,
    /// Entries in which something became U+FFFD; empty if there is none.
    replaced: Vec<bool>,
}

impl Entries {
    /// Transcodes the symbols of `keys`, all of them keys of `symbols`. `None` if they take more
    /// than `bytes_max`.
    pub(crate) fn of(keys: &[u32], symbols: &SymbolDict, bytes_max: usize) -> Option<Self> {
        let mut entries = Self::default();
        for key in keys {
            let value = symbols.value(*key)?;
            let start = entries.plain.len();
            entries.starts.push(start);
            entries.plain.extend_from_slice(&[0; PREFIX]);
            if utf8::push_utf16(value, &mut entries.plain) {
                entries.replaced.resize(keys.len(), false);
                entries.replaced[entries.starts.len() - 1] = true;
            }
            let len = u32::try_from(entries.plain.len() - start - PREFIX).ok()?;
            entries
                .plain
                .get_mut(start..start + PREFIX)?
                .copy_from_slice(&len.to_le_bytes());
            if entries.plain.len() > bytes_max {
                return None;
            }
        }
        Some(entries)
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The body of the dictionary page.
    pub(crate) fn plain(&self) -> &[u8] {
        &self.plain
    }

    /// The text of an entry.
    pub(crate) fn value(&self, code: usize) -> &[u8] {
        let start = self.starts[code] + PREFIX;
        let end = self
            .starts
            .get(code + 1)
            .copied()
            .unwrap_or(self.plain.len());
        &self.plain[start..end]
    }

    /// Bytes of every entry.
    pub(crate) fn lens(&self) -> Vec<u32> {
        let len = |code| u32::try_from(self.value(code).len()).unwrap_or(u32::MAX);
        (0..self.len()).map(len).collect()
    }

    /// Number of distinct texts, if it is known.
    pub(crate) fn distinct(&self) -> Option<u64> {
        self.replaced.is_empty().then_some(self.len() as u64)
    }

    /// How many of these rows have a text in which something became U+FFFD.
    pub(crate) fn count_replaced(&self, codes: &[u32]) -> u64 {
        if self.replaced.is_empty() {
            return 0;
        }
        codes
            .iter()
            .filter(|code| self.replaced[**code as usize])
            .count() as u64
    }
}
