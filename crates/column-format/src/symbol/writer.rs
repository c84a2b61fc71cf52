//! Writing a dictionary in one go: texts in, four files out (symbol-index.md §4).
//!
//! All four are made together, because QuestDB refuses a table without the value index, and silently
//! finds nothing through an incomplete one.

use std::collections::HashMap;

use super::header::SymbolHeader;
use super::{entry_offset, symbol_buckets, symbol_hash};
use crate::bits::{clamp_i64, len_u64};
use crate::index::{BitmapIndexWriter, SYMBOL_INDEX_BLOCK_CAPACITY};
use crate::{Utf16, WriteError};

/// Capacity of a dictionary unless SQL says otherwise.
pub const SYMBOL_CAPACITY_DEFAULT: u32 = 256;
const CAPACITY_MAX: u32 = 1 << 30;

/// The four files of a dictionary, with exact lengths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SymbolFiles {
    /// `.o`.
    pub offsets: Vec<u8>,
    /// `.c`.
    pub chars: Vec<u8>,
    /// `.k`.
    pub keys: Vec<u8>,
    /// `.v`.
    pub values: Vec<u8>,
    /// Number of values: goes into the symbol segment of `_txn`.
    pub count: u32,
}

/// Collects distinct texts and hands out their keys.
#[derive(Clone, Debug)]
pub struct SymbolWriter {
    header: SymbolHeader,
    offsets: Vec<u8>,
    chars: Vec<u8>,
    index: BitmapIndexWriter,
    keys: HashMap<Box<[u8]>, u32>,
    count: u32,
    scratch: Vec<u8>,
}

impl SymbolWriter {
    /// An empty dictionary. `capacity` is a power of two from 2 to 2^30 (SQL's `SYMBOL CAPACITY`)
    /// and decides the hash buckets; it does not limit the number of values.
    ///
    /// # Errors
    /// [`WriteError::WrongShape`] for another capacity.
    pub fn new(capacity: u32, cached: bool) -> Result<Self, WriteError> {
        if !capacity.is_power_of_two() || !(2..=CAPACITY_MAX).contains(&capacity) {
            return Err(WriteError::WrongShape {
                what: "symbol capacity, a power of two from 2 to 2^30",
                expected: u64::from(capacity.clamp(2, CAPACITY_MAX).next_power_of_two()),
                found: u64::from(capacity),
            });
        }
        let header = SymbolHeader {
            capacity,
            cached,
            contains_null: false,
        };
        let mut offsets = header.to_bytes().to_vec();
        offsets.extend_from_slice(&[0; 8]);
        Ok(Self {
            header,
            offsets,
            chars: Vec::new(),
            index: BitmapIndexWriter::new(SYMBOL_INDEX_BLOCK_CAPACITY)?,
            keys: HashMap::new(),
            count: 0,
            scratch: Vec::new(),
        })
    }

    /// The key of `text`, which is added if it is new.
    ///
    /// # Errors
    /// The text or the dictionary is too long for its length fields.
    pub fn add(&mut self, text: &str) -> Result<u32, WriteError> {
        let mut units = std::mem::take(&mut self.scratch);
        units.clear();
        Utf16::encode_into(text, &mut units);
        let key = self.add_utf16(Utf16::new(&units));
        self.scratch = units;
        key
    }

    /// The key of `text`, which is added if it is new. Lone surrogates are kept.
    ///
    /// # Errors
    /// The text or the dictionary is too long for its length fields.
    pub fn add_utf16(&mut self, text: Utf16<'_>) -> Result<u32, WriteError> {
        if let Some(key) = self.keys.get(text.units_le()) {
            return Ok(*key);
        }
        let len = i32::try_from(text.len()).map_err(|_| WriteError::TooLong {
            what: "symbol text in UTF-16 code units",
            expected: u64::from(i32::MAX.unsigned_abs()),
            found: len_u64(text.len()),
        })?;
        let key = self.count;
        if i32::try_from(key).is_err() {
            return Err(WriteError::TooLong {
                what: "symbol dictionary in values",
                expected: u64::from(i32::MAX.unsigned_abs()) + 1,
                found: u64::from(key) + 1,
            });
        }
        let bucket = symbol_hash(text) & (symbol_buckets(self.header.capacity) - 1);
        self.index.add(bucket, clamp_i64(entry_offset(key)))?;
        self.chars.extend_from_slice(&len.to_le_bytes());
        self.chars.extend_from_slice(text.units_le());
        self.offsets
            .extend_from_slice(&len_u64(self.chars.len()).to_le_bytes());
        self.keys.insert(text.units_le().into(), key);
        self.count = key + 1;
        Ok(key)
    }

    /// States that a row is NULL: must be called if any row of the column is, rows above column
    /// tops and in partitions without the column included (symbol-index.md §4.1).
    pub fn set_contains_null(&mut self) {
        self.header.contains_null = true;
    }

    /// Number of values so far.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.count
    }

    /// Whether there are no values.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The four files.
    #[must_use]
    pub fn finish(mut self) -> SymbolFiles {
        for (byte, header) in self.offsets.iter_mut().zip(self.header.to_bytes()) {
            *byte = header;
        }
        let index = self.index.finish(-1);
        SymbolFiles {
            offsets: self.offsets,
            chars: self.chars,
            keys: index.keys,
            values: index.values,
            count: self.count,
        }
    }
}
