//! Whole-index checks: the rules of symbol-index.md §7 that need more than one key.
//!
//! QuestDB trusts an index blindly (a row it does not list does not exist), so a tool that writes
//! or repairs tables must be able to prove one complete.

use super::view::{BitmapIndexView, entry_off};
use crate::bits::{clamp_i64, len_u64};
use crate::symbol::entry_offset;
use crate::{Expected, FileKind, FixedSlice, LayoutError, SymbolDict, Utf16};
use crate::{index_key, symbol_buckets, symbol_hash};

impl BitmapIndexView<'_> {
    /// Checks every key: entries, links, ascending values, and that no block is used twice.
    /// Returns the number of values.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn verify(&self) -> Result<u64, LayoutError> {
        let mut total = 0;
        self.for_each(|_, _| {
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
    /// The first rule that is broken.
    pub fn verify_symbols(&self, dict: &SymbolDict) -> Result<(), LayoutError> {
        let mask = symbol_buckets(dict.header().capacity) - 1;
        let mut listed = 0_u64;
        self.for_each(|key, value| {
            let Some(symbol) = symbol_of(value, key)?.filter(|symbol| *symbol < dict.len()) else {
                return Ok(());
            };
            let bucket = dict
                .value(symbol)
                .map_or(u32::MAX, |text| symbol_hash(text) & mask);
            if bucket != key {
                return Err(misplaced(
                    key,
                    Expected::Exactly(i64::from(bucket)),
                    i64::from(key),
                ));
            }
            listed += 1;
            Ok(())
        })?;
        complete(listed, u64::from(dict.len()))
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
        for value in self.values(key)? {
            let symbol = symbol_of(value?, key)?;
            match symbol.and_then(|symbol| Some((symbol, dict.value(symbol)?))) {
                None => return Ok(None),
                Some((symbol, found)) if found == text => return Ok(Some(symbol)),
                Some(_) => {}
            }
        }
        Ok(None)
    }

    /// Checks the index of a partition: [`verify`](Self::verify), every listed row has that symbol,
    /// and every row from `top` on is listed. `keys` are the stored symbol keys, the first of them
    /// at partition row `top`; rows at or after the last one are ignored.
    ///
    /// # Errors
    /// The first rule that is broken, or `keys` that are not 4 bytes wide.
    pub fn verify_rows(&self, keys: &FixedSlice<'_>, top: u64) -> Result<(), LayoutError> {
        let chunks = keys.chunks::<4>().ok_or(LayoutError::Mismatch {
            column_type: crate::ColumnType::Symbol,
            expected: "4 bytes per row",
            found: "another width",
        })?;
        let rows = top.saturating_add(len_u64(chunks.len()));
        let mut listed = 0_u64;
        self.for_each(|key, value| {
            let row = u64::try_from(value).unwrap_or(u64::MAX);
            if row >= rows {
                return Ok(());
            }
            let at = row.checked_sub(top).and_then(|at| usize::try_from(at).ok());
            let symbol = at
                .and_then(|at| chunks.get(at))
                .map(|key| i32::from_le_bytes(*key));
            if symbol.and_then(index_key) != Some(key) {
                let rule = Expected::Rule("a row that holds the symbol of the key");
                return Err(misplaced(key, rule, value));
            }
            listed += 1;
            Ok(())
        })?;
        complete(listed, len_u64(chunks.len()))
    }

    /// Calls `each` with every key and value. The blocks of all keys together cannot be more than
    /// the file holds, which bounds the work by the files' lengths.
    fn for_each(
        &self,
        mut each: impl FnMut(u32, i64) -> Result<(), LayoutError>,
    ) -> Result<(), LayoutError> {
        let header = self.header();
        let blocks = header.values_len / header.block_len();
        let mut used = 0_u64;
        for key in 0..self.key_count() {
            let values = self.values(key)?;
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
            for value in values {
                each(key, value?)?;
            }
        }
        Ok(())
    }
}

/// Symbol of a value of a dictionary's index: `None` beyond any dictionary.
fn symbol_of(value: i64, key: u32) -> Result<Option<u32>, LayoutError> {
    let off = u64::try_from(value)
        .ok()
        .and_then(|value| value.checked_sub(entry_offset(0)));
    match off {
        Some(off) if off % 8 == 0 => Ok(u32::try_from(off / 8).ok()),
        _ => Err(misplaced(key, Expected::Rule("64 + 8 · symbol key"), value)),
    }
}

fn misplaced(key: u32, expected: Expected, found: i64) -> LayoutError {
    LayoutError::Corrupt {
        file: FileKind::Values,
        row: Some(u64::from(key)),
        offset: entry_off(key),
        expected,
        found,
    }
}

fn complete(listed: u64, expected: u64) -> Result<(), LayoutError> {
    if listed == expected {
        return Ok(());
    }
    Err(LayoutError::Corrupt {
        file: FileKind::Values,
        row: None,
        offset: 0,
        expected: Expected::Exactly(clamp_i64(expected)),
        found: clamp_i64(listed),
    })
}
