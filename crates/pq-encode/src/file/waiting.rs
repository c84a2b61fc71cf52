//! Finished row groups, until the footer is written.
//!
//! A row group leaves behind what the footer will say about it and the page indexes of its chunks:
//! little, but it grows with the file. So it is kept as the bytes that the file will have, in a page
//! store, which may put it on disk; and it comes back in the order of the file, one row group at a
//! time: all column indexes, all offset indexes, all entries of the footer.

use std::collections::VecDeque;

use pq_format::{IndexRange, RowGroup};

use super::error::AssembleError;
use super::footer::PageIndex;
use crate::{MemoryStores, PageKey, PageStore, PageStoreFactory};

/// Bytes of the two index lengths of a chunk in front of a stored row group.
const LENGTHS: usize = 8;

/// File offsets of the next chunk's indexes.
#[derive(Clone, Copy, Debug)]
pub(super) struct IndexOffsets {
    pub(super) columns: u64,
    pub(super) offsets: u64,
}

/// What waits.
pub(super) struct Waiting {
    store: Box<dyn PageStore>,
    column_indexes: VecDeque<PageKey>,
    offset_indexes: VecDeque<PageKey>,
    groups: VecDeque<PageKey>,
    group_count: u64,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting")
            .field("groups", &self.groups.len())
            .finish_non_exhaustive()
    }
}

impl Waiting {
    pub(super) fn in_memory() -> Result<Self, AssembleError> {
        let store = MemoryStores.store().map_err(AssembleError::Footer)?;
        Ok(Self::in_store(store))
    }

    pub(super) fn in_store(store: Box<dyn PageStore>) -> Self {
        Self {
            store,
            column_indexes: VecDeque::new(),
            offset_indexes: VecDeque::new(),
            groups: VecDeque::new(),
            group_count: 0,
            buffer: Vec::new(),
        }
    }

    /// Row groups so far.
    pub(super) fn groups(&self) -> u64 {
        self.group_count
    }

    /// Keeps a finished row group; `indexes` has one a chunk, or none.
    pub(super) fn put(
        &mut self,
        group: &RowGroup,
        indexes: &[PageIndex],
    ) -> Result<(), AssembleError> {
        let mut bytes = std::mem::take(&mut self.buffer);
        bytes.clear();
        if !indexes.is_empty() {
            for index in indexes {
                bytes.extend_from_slice(&index.columns);
            }
            let key = self.keep(&mut bytes)?;
            self.column_indexes.push_back(key);
            bytes.clear();
            for index in indexes {
                bytes.extend_from_slice(&index.offsets);
            }
            let key = self.keep(&mut bytes)?;
            self.offset_indexes.push_back(key);
            bytes.clear();
        }
        for idx in 0..group.columns.len() {
            let index = indexes.get(idx);
            for part in [index.map(|i| &i.columns), index.map(|i| &i.offsets)] {
                let len = part.map_or(0, Vec::len);
                bytes.extend_from_slice(&u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes());
            }
        }
        group.append_to(&mut bytes)?;
        let key = self.keep(&mut bytes)?;
        self.groups.push_back(key);
        self.group_count += 1;
        self.buffer = bytes;
        Ok(())
    }

    /// The column indexes of the next row group; `false` after the last.
    pub(super) fn next_column_indexes(
        &mut self,
        into: &mut Vec<u8>,
    ) -> Result<bool, AssembleError> {
        let key = self.column_indexes.pop_front();
        self.give(key, into)
    }

    /// The offset indexes of the next row group; `false` after the last.
    pub(super) fn next_offset_indexes(
        &mut self,
        into: &mut Vec<u8>,
    ) -> Result<bool, AssembleError> {
        let key = self.offset_indexes.pop_front();
        self.give(key, into)
    }

    /// The next row group, with the places of its indexes if there are any.
    pub(super) fn next_group(
        &mut self,
        mut offsets: Option<&mut IndexOffsets>,
        columns: usize,
    ) -> Result<Option<RowGroup>, AssembleError> {
        let key = self.groups.pop_front();
        let mut bytes = std::mem::take(&mut self.buffer);
        if !self.give(key, &mut bytes)? {
            return Ok(None);
        }
        let (lengths, group) = bytes
            .split_at_checked(columns * LENGTHS)
            .unwrap_or_default();
        let mut group = RowGroup::from_bytes(group)?;
        for (chunk, lengths) in group.columns.iter_mut().zip(lengths.chunks_exact(LENGTHS)) {
            let (column, offset) = lengths.split_at(LENGTHS / 2);
            if let Some(next) = &mut offsets {
                chunk.column_index = Some(place(&mut next.columns, column));
                chunk.offset_index = Some(place(&mut next.offsets, offset));
            }
        }
        self.buffer = bytes;
        Ok(Some(group))
    }

    fn keep(&mut self, bytes: &mut Vec<u8>) -> Result<PageKey, AssembleError> {
        self.store.put(bytes).map_err(AssembleError::Footer)
    }

    fn give(&mut self, key: Option<PageKey>, into: &mut Vec<u8>) -> Result<bool, AssembleError> {
        let Some(key) = key else { return Ok(false) };
        self.store.take(key, into).map_err(AssembleError::Footer)?;
        Ok(true)
    }
}

/// The place of an index whose length is given; the next one stands behind it.
fn place(next: &mut u64, length: &[u8]) -> IndexRange {
    let length = length.try_into().map_or(0, u32::from_le_bytes);
    let offset = *next;
    *next += u64::from(length);
    IndexRange { offset, length }
}
