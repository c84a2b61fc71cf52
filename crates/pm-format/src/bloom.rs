//! Bloom filters of a sidecar (pm.md §7.3, §8, §17.4).
//!
//! A cell of the footer's table says where a row group keeps the filter of a listed column: an
//! inlined bitset (Parquet's split-block bitset without its Thrift header), or a range of
//! `data.parquet` that this crate exposes and never reads.

use zerocopy::little_endian::{I32, U32, U64};

use crate::error::PmError;
use crate::span::{at, bytes, record, wide};
use crate::view::PmView;

/// One cell of the bloom table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BloomCell {
    /// No filter for this row group and column.
    Absent,
    /// Absolute offset of the record in the sidecar.
    Inline {
        /// Bytes from the start of the file.
        offset: u64,
    },
    /// A range of `data.parquet`.
    External {
        /// First byte.
        offset: u64,
        /// Bytes.
        length: u64,
    },
}

/// A split-block bitset: a positive multiple of 32 bytes.
#[derive(Clone, Copy, Debug)]
pub struct BloomBitset<'a>(&'a [u8]);

const BLOCK_LEN: usize = 32;
const SALT: [u32; 8] = [
    0x47b6_137b,
    0x4497_4d91,
    0x8824_ad5b,
    0xa2b7_289d,
    0x7054_95c7,
    0x2df1_424b,
    0x9efc_4947,
    0x5c6b_fb31,
];

impl<'a> BloomBitset<'a> {
    /// Wraps a bitset; `None` for a length that is not a positive multiple of 32.
    #[must_use]
    pub fn new(bits: &'a [u8]) -> Option<Self> {
        (!bits.is_empty() && bits.len().is_multiple_of(BLOCK_LEN)).then_some(Self(bits))
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Whether a value may be in the set; `false` proves that it is not. `value` is the PLAIN
    /// encoding, without a length prefix.
    #[must_use]
    pub fn may_contain(&self, value: &[u8]) -> bool {
        let hash = xxhash_rust::xxh64::xxh64(value, 0);
        let (blocks, _) = self.0.as_chunks::<BLOCK_LEN>();
        let high = u128::from(hash >> 32);
        let index = at(u64::try_from((high * wide(blocks.len()) as u128) >> 32).unwrap_or(0));
        let Some(block) = blocks.get(index) else {
            return true;
        };
        let low = u32::try_from(hash & 0xFFFF_FFFF).unwrap_or(0);
        block
            .as_chunks::<4>()
            .0
            .iter()
            .zip(SALT)
            .all(|(word, salt)| {
                let bit = low.wrapping_mul(salt) >> 27;
                u32::from_le_bytes(*word) & (1 << bit) != 0
            })
    }
}

impl<'a> PmView<'a> {
    /// The cell of row group `row_group` and the `position`-th listed bloom column.
    ///
    /// # Errors
    /// `InvalidValue` when the file has no bloom table, `Truncated` outside of it.
    pub fn bloom_cell(&self, row_group: usize, position: usize) -> Result<BloomCell, PmError> {
        let listed = self.bloom_list_len();
        if listed == 0 {
            return Err(PmError::InvalidValue {
                field: "bloom cell",
                offset: 0,
                found: wide(position),
                expected: "a file with bloom filters",
            });
        }
        let position = if position < listed {
            position
        } else {
            usize::MAX
        };
        let cell = row_group.saturating_mul(listed).saturating_add(position);
        let table = self.bloom_table();
        if self.bloom_external() {
            let place = cell.saturating_mul(16);
            let offset: &U64 = record(table, place, "bloom cell")?;
            let length: &U64 = record(table, place.saturating_add(8), "bloom cell")?;
            let (offset, length) = (offset.get(), length.get());
            let absent = offset == 0 && length == 0;
            return Ok(if absent {
                BloomCell::Absent
            } else {
                BloomCell::External { offset, length }
            });
        }
        let entry: &U32 = record(table, cell.saturating_mul(4), "bloom cell")?;
        Ok(match entry.get() {
            0 => BloomCell::Absent,
            eighth => BloomCell::Inline {
                offset: u64::from(eighth) * 8,
            },
        })
    }

    /// The inlined filter of a column in a row group. `None` where there is none, where the file
    /// keeps it elsewhere, and where the record is unusable (pm.md §8.2: no pruning, not an error).
    #[must_use]
    pub fn bloom_filter(&self, row_group: usize, column: usize) -> Option<BloomBitset<'a>> {
        let position = self.bloom_position(column)?;
        match self.bloom_cell(row_group, position).ok()? {
            BloomCell::Inline { offset } => self.bloom_record(offset),
            BloomCell::Absent | BloomCell::External { .. } => None,
        }
    }

    /// The bitset of the record at `offset`; `None` when it is unusable.
    #[must_use]
    pub fn bloom_record(&self, offset: u64) -> Option<BloomBitset<'a>> {
        let length: &I32 = record(self.data(), at(offset), "bloom record").ok()?;
        let length = usize::try_from(length.get()).ok()?;
        let start = at(offset).saturating_add(size_of::<I32>());
        BloomBitset::new(bytes(self.data(), start, length, "bloom record").ok()?)
    }
}
