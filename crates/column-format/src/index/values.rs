//! The walk along the blocks of one key (symbol-index.md §2, §7).
//!
//! A link is followed only while the count says that more values come, and only if the block it
//! leads to links back: so a walk ends, and stays on its own chain, whatever the file holds.

use super::header::{IndexHeader, KeyEntry};
use super::view::entry_off;
use crate::bits::{clamp_i64, i64_at, len_u64, len_usize};
use crate::{Expected, FileKind, LayoutError};

/// Iterator over the values of one key; see
/// [`BitmapIndexView::values`](crate::BitmapIndexView::values).
#[derive(Clone, Debug)]
pub struct IndexValues<'a> {
    key: u32,
    capacity: u64,
    block_len: u64,
    values: &'a [u8],
    entry: KeyEntry,
    read: u64,
    block: u64,
    before: Option<i64>,
}

impl<'a> IndexValues<'a> {
    /// The values of `entry`, which was checked against `header`, in the used part of `.v`.
    pub(super) fn new(key: u32, header: &IndexHeader, values: &'a [u8], entry: KeyEntry) -> Self {
        Self {
            key,
            capacity: u64::from(header.block_capacity),
            block_len: header.block_len(),
            values,
            entry,
            read: 0,
            block: entry.first_block,
            before: None,
        }
    }

    /// Number of values that the entry announces.
    #[must_use]
    pub const fn value_count(&self) -> u64 {
        self.entry.count
    }

    /// Offset in `.v` of the value that was yielded last.
    pub(super) const fn last_off(&self) -> u64 {
        self.block + (self.read.saturating_sub(1) % self.capacity) * 8
    }

    /// Cell number `cell` of the current block: a value, or a link after the values.
    fn cell(&self, cell: u64) -> Result<i64, LayoutError> {
        let off = self.block.saturating_add(cell * 8);
        len_usize(off)
            .and_then(|off| i64_at(self.values, off))
            .ok_or(LayoutError::Truncated {
                file: FileKind::Values,
                row: Some(u64::from(self.key)),
                offset: off,
                expected: off.saturating_add(8),
                found: len_u64(self.values.len()),
            })
    }

    fn corrupt(&self, cell: u64, expected: Expected, found: i64) -> LayoutError {
        LayoutError::Corrupt {
            file: FileKind::Values,
            row: Some(u64::from(self.key)),
            offset: self.block + cell * 8,
            expected,
            found,
        }
    }

    /// Follows the link to the next block and compares the link back.
    fn advance(&mut self) -> Result<(), LayoutError> {
        let next = self.cell(self.capacity + 1)?;
        let here = self.block;
        let used = len_u64(self.values.len());
        let block = u64::try_from(next)
            .ok()
            .filter(|off| off % self.block_len == 0 && *off < used)
            .ok_or_else(|| {
                let rule = Expected::Rule("the offset of a used block");
                self.corrupt(self.capacity + 1, rule, next)
            })?;
        self.block = block;
        let back = self.cell(self.capacity)?;
        if u64::try_from(back) != Ok(here) {
            return Err(self.corrupt(self.capacity, Expected::Exactly(clamp_i64(here)), back));
        }
        Ok(())
    }

    fn step(&mut self) -> Result<i64, LayoutError> {
        let cell = self.read % self.capacity;
        if cell == 0 && self.read > 0 {
            self.advance()?;
        }
        let last = self.entry.count - self.read <= self.capacity - cell;
        if cell == 0 && last && self.block != self.entry.last_block {
            return Err(LayoutError::Corrupt {
                file: FileKind::Keys,
                row: Some(u64::from(self.key)),
                offset: entry_off(self.key) + 16,
                expected: Expected::Exactly(clamp_i64(self.block)),
                found: clamp_i64(self.entry.last_block),
            });
        }
        let value = self.cell(cell)?;
        if let Some(before) = self.before.filter(|before| value <= *before) {
            return Err(self.corrupt(cell, Expected::AtLeast(before.saturating_add(1)), value));
        }
        if value < 0 {
            return Err(self.corrupt(cell, Expected::AtLeast(0), value));
        }
        self.before = Some(value);
        self.read += 1;
        Ok(value)
    }
}

impl Iterator for IndexValues<'_> {
    type Item = Result<i64, LayoutError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.read >= self.entry.count {
            return None;
        }
        let step = self.step();
        if step.is_err() {
            self.read = self.entry.count;
        }
        Some(step)
    }
}
