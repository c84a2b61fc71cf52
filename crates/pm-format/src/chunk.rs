//! Row group blocks and the column chunks in them (pm.md §5, §6).
//!
//! A block's size is not stored: its out-of-line region is bounded by the committed size alone, so
//! a locator is checked against that and nothing else.

use zerocopy::little_endian::U64;

use crate::codes::ChunkCodec;
use crate::error::PmError;
use crate::flags;
use crate::layout::{BLOCK_HEAD_LEN, CHUNK_LEN, ChunkRecord};
use crate::span::{at, bytes, record, records, wide};
use crate::view::{block_fixed_len, out_of_range};

/// One row group, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct RowGroup<'a> {
    block_offset: usize,
    num_rows: u64,
    chunks: &'a [ChunkRecord],
    ool: &'a [u8],
}

impl<'a> RowGroup<'a> {
    pub(crate) fn open(data: &'a [u8], offset: usize, columns: usize) -> Result<Self, PmError> {
        let fixed = bytes(data, offset, block_fixed_len(columns), "row group block")?;
        let num_rows: &U64 = record(fixed, 0, "row group block")?;
        let chunks = records(fixed, BLOCK_HEAD_LEN, columns, "column chunks")?;
        let ool = data.get(offset + fixed.len()..).unwrap_or_default();
        Ok(Self {
            block_offset: offset,
            num_rows: num_rows.get(),
            chunks,
            ool,
        })
    }

    /// Absolute offset of the block.
    #[must_use]
    pub fn block_offset(&self) -> u64 {
        wide(self.block_offset)
    }

    /// Rows.
    #[must_use]
    pub fn num_rows(&self) -> u64 {
        self.num_rows
    }

    /// The chunk of column `index`.
    ///
    /// # Errors
    /// `InvalidValue` beyond the last column.
    pub fn chunk(&self, index: usize) -> Result<Chunk<'a>, PmError> {
        let record = self
            .chunks
            .get(index)
            .ok_or_else(|| out_of_range("chunk index", index))?;
        Ok(self.wrap(index, record))
    }

    /// All chunks, in column order.
    pub fn chunks(&self) -> impl ExactSizeIterator<Item = Chunk<'a>> + use<'a> {
        let group = *self;
        self.chunks
            .iter()
            .enumerate()
            .map(move |(i, record)| group.wrap(i, record))
    }

    fn wrap(&self, index: usize, record: &'a ChunkRecord) -> Chunk<'a> {
        let offset = self.block_offset + BLOCK_HEAD_LEN + index * CHUNK_LEN;
        Chunk {
            record,
            ool: self.ool,
            offset: wide(offset),
        }
    }

    /// Absolute offset of the out-of-line region.
    #[must_use]
    pub fn ool_offset(&self) -> u64 {
        wide(self.block_offset + block_fixed_len(self.chunks.len()))
    }
}

/// One column chunk, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    record: &'a ChunkRecord,
    ool: &'a [u8],
    offset: u64,
}

/// A minimum or maximum: Parquet's PLAIN bytes of the physical type (pm.md §6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// Whether the value occurs, rather than only bounding.
    pub exact: bool,
    /// Offset in the out-of-line region; `None` when it is inlined.
    pub ool_offset: Option<u64>,
}

/// Which of the two statistics.
#[derive(Clone, Copy)]
enum Side {
    Min,
    Max,
}

impl<'a> Chunk<'a> {
    /// Compression codec.
    ///
    /// # Errors
    /// `InvalidValue` above 7.
    pub fn codec(&self) -> Result<ChunkCodec, PmError> {
        ChunkCodec::from_code(self.record.codec, self.offset)
    }

    /// The codec's code as stored.
    #[must_use]
    pub fn codec_code(&self) -> u8 {
        self.record.codec
    }

    /// Mask of encodings (pm.md §5.1).
    #[must_use]
    pub fn encodings(&self) -> u8 {
        self.record.encodings
    }

    /// The flags of pm.md §6.1.
    #[must_use]
    pub fn stat_flags(&self) -> u8 {
        self.record.stat_flags
    }

    /// The two nibbles of pm.md §6.2.
    #[must_use]
    pub fn stat_sizes(&self) -> u8 {
        self.record.stat_sizes
    }

    /// The reserved word; 0 in every file known.
    #[must_use]
    pub fn reserved(&self) -> u32 {
        self.record.reserved.get()
    }

    /// Levels of the chunk, nulls included.
    #[must_use]
    pub fn num_values(&self) -> u64 {
        self.record.num_values.get()
    }

    /// First byte in `data.parquet`.
    #[must_use]
    pub fn byte_range_start(&self) -> u64 {
        self.record.byte_range_start.get()
    }

    /// Bytes in `data.parquet`.
    #[must_use]
    pub fn total_compressed(&self) -> u64 {
        self.record.total_compressed.get()
    }

    /// Nulls, when known. A count above `i64::MAX` is what a negative one became: unknown.
    #[must_use]
    pub fn null_count(&self) -> Option<u64> {
        self.stored_null_count()
            .filter(|n| i64::try_from(*n).is_ok())
    }

    /// The null count as stored, when its flag is set.
    #[must_use]
    pub fn stored_null_count(&self) -> Option<u64> {
        let present = self.record.stat_flags & flags::NULL_COUNT_PRESENT != 0;
        present.then(|| self.record.null_count.get())
    }

    /// Distinct values, when known.
    #[must_use]
    pub fn distinct_count(&self) -> Option<u64> {
        let present = self.record.stat_flags & flags::DISTINCT_COUNT_PRESENT != 0;
        present.then(|| self.record.distinct_count.get())
    }

    /// The minimum.
    ///
    /// # Errors
    /// `InvalidValue` for an impossible inlined length, `Truncated` for a locator that points
    /// outside the file.
    pub fn min(&self) -> Result<Option<Stat<'a>>, PmError> {
        self.stat(Side::Min)
    }

    /// The maximum; errors as for [`Chunk::min`].
    ///
    /// # Errors
    /// As [`Chunk::min`].
    pub fn max(&self) -> Result<Option<Stat<'a>>, PmError> {
        self.stat(Side::Max)
    }

    fn stat(&self, side: Side) -> Result<Option<Stat<'a>>, PmError> {
        let r = self.record;
        let (slot, nibble, bits) = match side {
            Side::Min => (&r.min_stat, r.stat_sizes & 0x0F, r.stat_flags),
            Side::Max => (&r.max_stat, r.stat_sizes >> 4, r.stat_flags >> 3),
        };
        if bits & flags::MIN_PRESENT == 0 {
            return Ok(None);
        }
        let exact = bits & flags::MIN_EXACT != 0;
        if bits & flags::MIN_INLINED != 0 {
            let bytes = slot.get(..usize::from(nibble)).filter(|b| !b.is_empty());
            let bytes = bytes.ok_or(PmError::InvalidValue {
                field: "stat_sizes",
                offset: self.offset + 3,
                found: u64::from(nibble),
                expected: "an inlined length of 1 to 8",
            })?;
            return Ok(Some(Stat {
                bytes,
                exact,
                ool_offset: None,
            }));
        }
        let locator = u64::from_le_bytes(*slot);
        let (offset, length) = (locator >> 16, at(locator & 0xFFFF));
        if length == 0 {
            return Ok(None);
        }
        let bytes = bytes(self.ool, at(offset), length, "out-of-line statistic")?;
        Ok(Some(Stat {
            bytes,
            exact,
            ool_offset: Some(offset),
        }))
    }
}
