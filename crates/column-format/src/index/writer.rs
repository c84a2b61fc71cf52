//! Writing a bitmap index in one go, block for block as QuestDB would (symbol-index.md §5.1).
//!
//! Blocks are allocated in the order of insertion, and header changes are counted, so that the result
//! is comparable byte for byte with an index that QuestDB made of the same rows.

use zerocopy::IntoBytes;
use zerocopy::byteorder::little_endian::{I32, I64};

use super::header::{
    INDEX_BLOCK_CAPACITY_MAX, INDEX_HEADER_LEN, INDEX_KEY_ENTRY_LEN, INDEX_SIGNATURE, RawEntry,
    RawHeader, block_len,
};
use crate::bits::{clamp_i64, len_u64, len_usize};
use crate::{FixedSlice, WriteError, null};

/// The two files of a bitmap index, with exact lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexFiles {
    /// `.k`.
    pub keys: Vec<u8>,
    /// `.v`.
    pub values: Vec<u8>,
}

/// Index key of a stored symbol key: 0 for NULL, else key + 1. `None` for a negative key that is
/// not NULL.
#[must_use]
pub const fn index_key(symbol: i32) -> Option<u32> {
    match symbol {
        null::SYMBOL => Some(0),
        0.. => Some(symbol.unsigned_abs() + 1),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    count: u64,
    first_block: usize,
    last_block: usize,
    greatest: i64,
}

/// A key that was never used. Values start at 0, so that every first one ascends.
const UNUSED: Entry = Entry {
    count: 0,
    first_block: 0,
    last_block: 0,
    greatest: -1,
};

/// Builds `.k` and `.v` in memory.
#[derive(Clone, Debug)]
pub struct BitmapIndexWriter {
    block_capacity: u32,
    entries: Vec<Entry>,
    values: Vec<u8>,
    /// Header changes so far: one per block and one each time the key count grows.
    sequence: i64,
}

impl BitmapIndexWriter {
    /// An empty index with `block_capacity` values in a block: a power of two from 2 to 2^23.
    ///
    /// # Errors
    /// [`WriteError::WrongShape`] for another capacity.
    pub fn new(block_capacity: u32) -> Result<Self, WriteError> {
        if !block_capacity.is_power_of_two()
            || !(2..=INDEX_BLOCK_CAPACITY_MAX).contains(&block_capacity)
        {
            let near = block_capacity.clamp(2, INDEX_BLOCK_CAPACITY_MAX);
            return Err(WriteError::WrongShape {
                what: "index block capacity, a power of two from 2 to 2^23",
                expected: u64::from(near.next_power_of_two()),
                found: u64::from(block_capacity),
            });
        }
        Ok(Self {
            block_capacity,
            entries: Vec::new(),
            values: Vec::new(),
            sequence: 1,
        })
    }

    /// Adds `value`, which is not negative, to `key`. Values of a key must be given in strictly
    /// ascending order. Memory grows with the greatest key, as the file does: bound keys before.
    ///
    /// # Errors
    /// The value does not ascend, or the key or the index is too large for its field.
    pub fn add(&mut self, key: u32, value: i64) -> Result<(), WriteError> {
        let at = usize::try_from(key)
            .ok()
            .filter(|_| i32::try_from(key).is_ok_and(|k| k < i32::MAX));
        let at = at.ok_or(WriteError::TooLong {
            what: "bitmap index in keys",
            expected: u64::from(i32::MAX.unsigned_abs()),
            found: u64::from(key) + 1,
        })?;
        let capacity = u64::from(self.block_capacity);
        let mut entry = self.entries.get(at).copied().unwrap_or(UNUSED);
        if value <= entry.greatest {
            return Err(WriteError::NotAscending {
                key,
                expected: entry.greatest,
                found: value,
            });
        }
        let cell = entry.count % capacity;
        if cell == 0 {
            let block = self.new_block();
            if entry.count == 0 {
                entry.first_block = block;
            } else {
                self.put(block, capacity, clamp_i64(len_u64(entry.last_block)));
                self.put(entry.last_block, capacity + 1, clamp_i64(len_u64(block)));
            }
            entry.last_block = block;
        }
        self.put(entry.last_block, cell, value);
        entry.count += 1;
        entry.greatest = value;
        if at >= self.entries.len() {
            self.entries.resize(at + 1, UNUSED);
            self.sequence += 1;
        }
        if let Some(slot) = self.entries.get_mut(at) {
            *slot = entry;
        }
        Ok(())
    }

    /// Adds the rows of a native partition: `keys` are the stored symbol keys of `.d`, the first of
    /// them at partition row `top` (symbol-index.md §6). The dictionary has `symbols` of them: a
    /// `.k` file has an entry for every key below the greatest, so a stray key would cost 32 bytes
    /// for each of up to 2^31.
    ///
    /// # Errors
    /// `keys` are not 4 bytes wide, a key is negative and not NULL, or not in the dictionary, or rows
    /// do not ascend.
    pub fn add_rows(
        &mut self,
        keys: &FixedSlice<'_>,
        top: u64,
        symbols: u32,
    ) -> Result<(), WriteError> {
        let chunks = keys.chunks::<4>().ok_or(WriteError::WrongShape {
            what: "bytes of a symbol key",
            expected: 4,
            found: len_u64(keys.width()),
        })?;
        for (row, key) in (top..).zip(chunks) {
            let key = index_key(i32::from_le_bytes(*key)).ok_or(WriteError::WrongType {
                column_type: crate::ColumnType::Symbol,
                found: "a negative key other than NULL",
            })?;
            if key > symbols {
                return Err(WriteError::WrongShape {
                    what: "symbols of a dictionary, for a key in rows",
                    expected: u64::from(key),
                    found: u64::from(symbols),
                });
            }
            self.add(key, clamp_i64(row))?;
        }
        Ok(())
    }

    /// Adds NULL rows: those above a column top in a *Parquet* partition, whose index lists every
    /// row (symbol-index.md §6). Native partitions do not list them.
    ///
    /// # Errors
    /// Rows do not ascend.
    pub fn add_null_rows(&mut self, rows: std::ops::Range<u64>) -> Result<(), WriteError> {
        for row in rows {
            self.add(0, clamp_i64(row))?;
        }
        Ok(())
    }

    /// The two files. `greatest` is the field of that name: the partition's row count − 1 for a
    /// partition index, −1 for a dictionary (symbol-index.md §5.2).
    #[must_use]
    pub fn finish(self, greatest: i64) -> IndexFiles {
        let key_count = i32::try_from(self.entries.len()).unwrap_or(i32::MAX);
        let header = RawHeader {
            signature: INDEX_SIGNATURE,
            sequence: I64::new(self.sequence),
            values_len: I64::new(clamp_i64(len_u64(self.values.len()))),
            block_capacity: I32::new(i32::try_from(self.block_capacity).unwrap_or(i32::MAX)),
            key_count: I32::new(key_count),
            reserved_25: [0; 4],
            sequence_check: I64::new(self.sequence),
            greatest: I64::new(greatest),
            reserved_45: [0; 19],
        };
        let mut keys =
            Vec::with_capacity(INDEX_HEADER_LEN + INDEX_KEY_ENTRY_LEN * self.entries.len());
        keys.extend_from_slice(header.as_bytes());
        for entry in &self.entries {
            let raw = RawEntry {
                count: I64::new(clamp_i64(entry.count)),
                first_block: I64::new(clamp_i64(len_u64(entry.first_block))),
                last_block: I64::new(clamp_i64(len_u64(entry.last_block))),
                count_check: I64::new(clamp_i64(entry.count)),
            };
            keys.extend_from_slice(raw.as_bytes());
        }
        IndexFiles {
            keys,
            values: self.values,
        }
    }

    /// Appends a zeroed block and returns its offset.
    fn new_block(&mut self) -> usize {
        let block = self.values.len();
        let len = len_usize(block_len(self.block_capacity)).unwrap_or(0);
        self.values.resize(block + len, 0);
        self.sequence += 1;
        block
    }

    /// Stores cell number `cell` of a block; the links are the two cells after the values.
    fn put(&mut self, block: usize, cell: u64, value: i64) {
        let at = len_usize(cell * 8).map(|off| block + off);
        let slot = at.and_then(|at| self.values.get_mut(at..)?.first_chunk_mut::<8>());
        if let Some(slot) = slot {
            *slot = value.to_le_bytes();
        }
    }
}
