//! Rows of text into pages of dictionary keys.
//!
//! Of a final dictionary, whose first pass may have kept the keys, or of one that grows with the rows.

use column_format::SymbolDict;

use super::super::keyed::NO_KEY;
use super::{PORTION_ROWS, TextSource};
use crate::EncodeError;
use crate::encoders::key_cache;
use crate::page::buf::PageBuf;
use crate::rows::Cursor;
use crate::source::{Added, PageLimits};

/// Bytes of a portion while the dictionary grows: what is staged is on the heap twice.
const GROWING_BYTES: usize = 4 << 10;

/// Keys handed on together.
const BLOCK: usize = 256;

impl TextSource {
    /// Writes the keys of a page.
    pub(super) fn add_keys(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: PageLimits,
        page: &mut PageBuf,
    ) -> Result<(), EncodeError> {
        let kept = !self.trial && self.cache.is_whole();
        let mut unencoded = 0;
        loop {
            let wanted = self.keyed.wanted(page, limits.bytes, limits.rows);
            let more = if kept {
                self.push_kept(wanted, &mut unencoded, page)
            } else {
                self.push_looked_up(rows, symbols, wanted, &mut unencoded, page)?
            };
            if !more {
                self.unencoded = unencoded;
                return Ok(());
            }
        }
    }

    /// Adds rows while the dictionary grows to at most `bytes_max` and `heap_max`.
    pub(super) fn add_growing(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        limits: PageLimits,
        (bytes_max, heap_max): (usize, usize),
    ) -> Result<Added, EncodeError> {
        loop {
            if rows.peek(1).is_none() {
                return Ok(Added::Ended);
            }
            if self.wanted == 0 {
                let (free, left) = self.dictionary.room(bytes_max, heap_max);
                let entries = self.dictionary.entries();
                let wanted = self.keyed.wanted_growing(entries, PORTION_ROWS, limits);
                if wanted == 0 {
                    return Ok(Added::Full);
                }
                if free == 0 {
                    return Ok(Added::DictionaryFull);
                }
                self.wanted = wanted.min(free);
                self.plain_max = self.dictionary.plain().len() + left;
            }
            let before = rows.clone();
            let left = self.plain_max.saturating_sub(self.dictionary.plain().len());
            self.stage.start(left.min(GROWING_BYTES), self.wanted);
            while self
                .reader
                .read(rows, symbols, self.optional, &mut self.stage)?
            {}
            let done = self.stage.validity.rows();
            if done == 0 {
                return Ok(Added::Ended);
            }
            let keys = self.stage.lens.len();
            self.keyed.reserve_waiting(keys, limits.rows);
            // Only a value that is alone in its portion can be too long for what is left.
            for value in self.stage.values() {
                match self.dictionary.add(value, usize::MAX, self.plain_max) {
                    Some(key) => self.keyed.push_waiting(key),
                    None => {
                        *rows = before;
                        return Ok(Added::DictionaryFull);
                    }
                }
            }
            self.keyed.push_rows(&self.stage.validity);
            self.replaced += self.stage.replaced;
            self.unencoded += self.stage.data_len() as u64;
            self.wanted -= done;
        }
    }

    /// Appends rows whose keys the first pass kept. `false` at the end, or if none are wanted.
    fn push_kept(&mut self, wanted: usize, unencoded: &mut u64, page: &mut PageBuf) -> bool {
        let kept = self.cache.take(wanted.min(BLOCK));
        let mut keys = [0; BLOCK];
        let mut has_null = false;
        for (slot, key) in keys.iter_mut().zip(kept) {
            let null = *key == key_cache::NULL;
            *slot = if null { NO_KEY } else { u32::from(*key) };
            has_null |= null;
        }
        let keys = &mut keys[..kept.len()];
        let count = self.keyed.push(keys, has_null, page);
        let entry = |key: &u32| self.dictionary.entry(*key as usize).len() as u64;
        *unencoded += keys[..count].iter().map(entry).sum::<u64>();
        !keys.is_empty()
    }

    /// Appends rows whose keys must be looked up. `false` at the end, or if none are wanted.
    fn push_looked_up(
        &mut self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        wanted: usize,
        unencoded: &mut u64,
        page: &mut PageBuf,
    ) -> Result<bool, EncodeError> {
        if wanted == 0 || !self.read_portion(rows, symbols, wanted)? {
            return Ok(false);
        }
        self.keyed.push_rows(&self.stage.validity);
        *unencoded += self.stage.data_len() as u64;
        let mut values = self.stage.values();
        let mut keys = [0; BLOCK];
        loop {
            let mut count = 0;
            for (slot, value) in keys.iter_mut().zip(values.by_ref()) {
                *slot = self
                    .dictionary
                    .key(value)
                    .ok_or(EncodeError::SourceChanged)?;
                count += 1;
            }
            self.keyed.push_keys(&keys[..count], page);
            if count < BLOCK {
                return Ok(true);
            }
        }
    }
}
