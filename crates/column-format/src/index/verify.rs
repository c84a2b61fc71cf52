//! Whole-index checks: the rules of symbol-index.md §7 that need more than one key.
//!
//! QuestDB trusts an index blindly (a row it does not list does not exist), so a tool that writes
//! or repairs tables must be able to prove one complete.

use super::view::{BitmapIndexView, entry_off};
use crate::bits::{clamp_i64, len_u64};
use crate::symbol::entry_offset;
use crate::{
    ColumnType, Expected, FileKind, FixedSlice, LayoutError, SymbolDict, Utf16, index_key,
    symbol_buckets, symbol_hash,
};

/// A value of an index and where it was found.
#[derive(Clone, Copy)]
struct Listed {
    key: u32,
    value: i64,
    /// Offset in `.v`.
    off: u64,
}

impl Listed {
    fn misplaced(self, expected: Expected, found: i64) -> LayoutError {
        LayoutError::Corrupt {
            file: FileKind::Values,
            row: Some(u64::from(self.key)),
            offset: self.off,
            expected,
            found,
        }
    }

    /// Symbol of a value of a dictionary's index: `None` beyond any dictionary.
    fn symbol(self) -> Result<Option<u32>, LayoutError> {
        let off = u64::try_from(self.value)
            .ok()
            .and_then(|v| v.checked_sub(entry_offset(0)));
        match off {
            Some(off) if off % 8 == 0 => Ok(u32::try_from(off / 8).ok()),
            _ => Err(self.misplaced(Expected::Rule("64 + 8 · symbol key"), self.value)),
        }
    }
}

impl BitmapIndexView<'_> {
    /// Checks every key: entries, links, ascending values, and that no block is used twice.
    /// Returns the number of values.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn verify(&self) -> Result<u64, LayoutError> {
        let mut total = 0;
        self.for_each(|_| {
            total += 1;
            Ok(())
        })?;
        Ok(total)
    }

    /// Checks the value index of a dictionary: [`verify`](Self::verify), every value is the entry
    /// of a symbol whose text hashes to its key, and every symbol is listed. Values of symbols that
    /// are not committed are ignored.
    ///
    /// # Errors
    /// The first rule that is broken. A symbol that is not listed is named in `found`.
    pub fn verify_symbols(&self, dict: &SymbolDict) -> Result<(), LayoutError> {
        let mask = symbol_buckets(dict.header().capacity) - 1;
        let bucket = |symbol| dict.value(symbol).map(|text| symbol_hash(text) & mask);
        let mut listed = 0_u32;
        self.for_each(|at| {
            let Some(hashed) = at.symbol()?.and_then(bucket) else {
                return Ok(());
            };
            listed += 1;
            if hashed == at.key {
                return Ok(());
            }
            let rule = Expected::Rule("a symbol whose text hashes to the key");
            Err(at.misplaced(rule, at.value))
        })?;
        if listed == dict.len() {
            return Ok(());
        }
        let mut seen = vec![false; usize::try_from(dict.len()).unwrap_or(0)];
        self.for_each(|at| {
            mark(&mut seen, at.symbol()?.map(u64::from));
            Ok(())
        })?;
        missing(&seen, |symbol| u32::try_from(symbol).ok().and_then(bucket))
    }

    /// The key of `text` in its dictionary, through the index.
    ///
    /// # Errors
    /// The part of the index that the look-up walks is invalid.
    pub fn find_symbol(
        &self,
        dict: &SymbolDict,
        text: Utf16<'_>,
    ) -> Result<Option<u32>, LayoutError> {
        let key = symbol_hash(text) & (symbol_buckets(dict.header().capacity) - 1);
        let mut values = self.values(key)?;
        while let Some(value) = values.next() {
            let at = Listed {
                key,
                value: value?,
                off: values.last_off(),
            };
            match at
                .symbol()?
                .and_then(|symbol| Some((symbol, dict.value(symbol)?)))
            {
                None => return Ok(None),
                Some((symbol, found)) if found == text => return Ok(Some(symbol)),
                Some(_) => {}
            }
        }
        Ok(None)
    }

    /// Checks the index of a partition: [`verify`](Self::verify), every listed row has that symbol,
    /// and every row from `top` on is listed. `keys` are the stored symbol keys, the first of them
    /// at partition row `top`; rows after the last one are ignored.
    ///
    /// # Errors
    /// The first rule that is broken, or `keys` that are not 4 bytes wide. A row that is not listed
    /// is named in `found`, counted from `top`.
    pub fn verify_rows(&self, keys: &FixedSlice<'_>, top: u64) -> Result<(), LayoutError> {
        let chunks = keys.chunks::<4>().ok_or(LayoutError::Mismatch {
            column_type: ColumnType::Symbol,
            expected: "4 bytes per row",
            found: "another width",
        })?;
        let rows = top.saturating_add(len_u64(chunks.len()));
        let key_of = |at: usize| index_key(i32::from_le_bytes(*chunks.get(at)?));
        let mut listed = 0;
        self.for_each(|at| {
            let row = u64::try_from(at.value).unwrap_or(u64::MAX);
            if row >= rows {
                return Ok(());
            }
            listed += 1;
            let in_file = row
                .checked_sub(top)
                .and_then(|row| usize::try_from(row).ok());
            if in_file.and_then(key_of) == Some(at.key) {
                return Ok(());
            }
            let rule = Expected::Rule("a row that holds the symbol of the key");
            Err(at.misplaced(rule, at.value))
        })?;
        if listed == chunks.len() {
            return Ok(());
        }
        let mut seen = vec![false; chunks.len()];
        self.for_each(|at| {
            mark(
                &mut seen,
                u64::try_from(at.value)
                    .ok()
                    .and_then(|row| row.checked_sub(top)),
            );
            Ok(())
        })?;
        missing(&seen, key_of)
    }

    /// Calls `each` with every key and value. No block is used twice, so the blocks of all keys
    /// together are not more than the file holds, which bounds the work by the files' lengths.
    fn for_each(
        &self,
        mut each: impl FnMut(Listed) -> Result<(), LayoutError>,
    ) -> Result<(), LayoutError> {
        let header = self.header();
        let blocks = header.values_len / header.block_len();
        let mut used = 0_u64;
        let mut taken = Taken::none_of(blocks);
        for key in 0..self.key_count() {
            let mut values = self.values(key)?;
            used += values
                .value_count()
                .div_ceil(u64::from(header.block_capacity));
            if used > blocks {
                return Err(LayoutError::Corrupt {
                    file: FileKind::Keys,
                    row: Some(u64::from(key)),
                    offset: entry_off(key),
                    expected: Expected::Rule("no more blocks in all keys than the file holds"),
                    found: clamp_i64(values.value_count()),
                });
            }
            let mut block = None;
            while let Some(value) = values.next() {
                let at = Listed {
                    key,
                    value: value?,
                    off: values.last_off(),
                };
                let here = at.off / header.block_len();
                if block.replace(here) != Some(here) && !taken.take(here) {
                    let rule = Expected::Rule("a block that nothing else uses");
                    return Err(at.misplaced(rule, clamp_i64(here * header.block_len())));
                }
                each(at)?;
            }
        }
        Ok(())
    }
}

/// Blocks of `.v` that were walked: one bit each, so far less than the file.
struct Taken(Vec<u64>);

impl Taken {
    fn none_of(blocks: u64) -> Self {
        Self(vec![0; usize::try_from(blocks.div_ceil(64)).unwrap_or(0)])
    }

    /// Marks a block; `false` if it was marked before.
    fn take(&mut self, block: u64) -> bool {
        let word = usize::try_from(block / 64)
            .ok()
            .and_then(|word| self.0.get_mut(word));
        let bit = 1 << (block % 64);
        word.is_some_and(|word| {
            let free = *word & bit == 0;
            *word |= bit;
            free
        })
    }
}

fn mark(seen: &mut [bool], at: Option<u64>) {
    let at = at.and_then(|at| usize::try_from(at).ok());
    if let Some(seen) = at.and_then(|at| seen.get_mut(at)) {
        *seen = true;
    }
}

/// The error for the first thing that was not seen, which should have been under `key_of` it.
fn missing(seen: &[bool], key_of: impl Fn(usize) -> Option<u32>) -> Result<(), LayoutError> {
    let Some(at) = seen.iter().position(|seen| !seen) else {
        return Ok(());
    };
    let key = key_of(at);
    Err(LayoutError::Corrupt {
        file: FileKind::Keys,
        row: key.map(u64::from),
        offset: key.map_or(0, entry_off),
        expected: Expected::Rule("every symbol or row listed, this one is not"),
        found: clamp_i64(len_u64(at)),
    })
}
