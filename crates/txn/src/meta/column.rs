//! One column entry of `_meta` (meta.md §4, §8, §9).
//!
//! Capacities and flags are kept as stored, noise included, because a writer of `_meta` hands them on; what
//! may be trusted is asked of [`crate::Meta`], which knows the minor version.

use column_format::{ColumnType, UnknownType};

/// One column, live or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaColumn {
    /// Name in its stored letter case, 1 to 255 UTF-16 code units.
    pub name: String,
    /// Type code, positive (meta.md §7). Unknown codes are kept: refuse the column, not the table.
    pub type_code: i32,
    /// Deleted by DROP COLUMN or replaced by ALTER COLUMN TYPE.
    pub deleted: bool,
    /// Flags.
    pub flags: ColumnFlags,
    /// Rows in one block of the bitmap index; meaningful for indexed SYMBOL columns only.
    pub index_block_capacity: i32,
    /// Symbol capacity as stored; see [`crate::Meta::symbol_capacity`] for when it can be trusted.
    pub symbol_capacity: i32,
    /// Parquet encoding settings; 0 unless minor version 1.
    pub parquet_config: ParquetConfig,
    /// Writer index of the earlier, deleted column whose visible place this one takes: the one before it in a
    /// chain of type changes, or the first of that chain (both forms are stored; see [`crate::Meta::chain`]).
    pub replaced: Option<usize>,
    /// Columns covered by this column's index, if it has a covering list; `None` = a dropped column.
    pub covering: Vec<Option<usize>>,
}

impl MetaColumn {
    /// A live column without an index, with the capacities that 9.3.4 writes at CREATE TABLE: SYMBOL columns
    /// get the cache flag and block capacity 256; symbol capacity 256 stands in every column.
    #[must_use]
    pub fn new(name: impl Into<String>, column_type: ColumnType) -> Self {
        let symbol = column_type == ColumnType::Symbol;
        Self {
            name: name.into(),
            type_code: column_type.code(),
            deleted: false,
            flags: ColumnFlags::default().with_symbol_cached(symbol),
            index_block_capacity: if symbol { 256 } else { 0 },
            symbol_capacity: 256,
            parquet_config: ParquetConfig::default(),
            replaced: None,
            covering: Vec::new(),
        }
    }

    /// The column's type.
    ///
    /// # Errors
    /// A code that no supported release persists.
    pub fn column_type(&self) -> Result<ColumnType, UnknownType> {
        ColumnType::from_code(self.type_code)
    }
}

/// Flags of a column entry (meta.md §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct ColumnFlags(pub i64);

impl ColumnFlags {
    const INDEXED: i64 = 1;
    const POSTING: i64 = 1 << 1;
    const SYMBOL_CACHED: i64 = 1 << 2;
    const DEDUP_KEY: i64 = 1 << 3;
    const COVERING: i64 = 1 << 6;

    /// Bit 0: the column has an index.
    #[must_use]
    pub fn indexed(self) -> bool {
        self.0 & Self::INDEXED != 0
    }

    /// Bit 1: the index is a POSTING index (9.4.0+), otherwise BITMAP.
    #[must_use]
    pub fn posting(self) -> bool {
        self.0 & Self::POSTING != 0
    }

    /// Bit 2: symbol values are cached on the heap. Set on other columns too, where it means nothing.
    #[must_use]
    pub fn symbol_cached(self) -> bool {
        self.0 & Self::SYMBOL_CACHED != 0
    }

    /// Bit 3: part of the dedup key.
    #[must_use]
    pub fn dedup_key(self) -> bool {
        self.0 & Self::DEDUP_KEY != 0
    }

    /// Bits 4–5: variant of a POSTING index: 0 adaptive, 1 delta, 2 EF, 3 reserved.
    #[must_use]
    #[expect(clippy::cast_sign_loss, reason = "masked to 2 bits")]
    pub fn posting_variant(self) -> u8 {
        (self.0 >> 4 & 3) as u8
    }

    /// Bit 6: the column has a covering list.
    #[must_use]
    pub fn covering(self) -> bool {
        self.0 & Self::COVERING != 0
    }

    /// The same with bit 0 set or cleared.
    #[must_use]
    pub fn with_indexed(self, on: bool) -> Self {
        self.with(Self::INDEXED, on)
    }

    /// The same with bit 2 set or cleared.
    #[must_use]
    pub fn with_symbol_cached(self, on: bool) -> Self {
        self.with(Self::SYMBOL_CACHED, on)
    }

    /// The same with bit 3 set or cleared.
    #[must_use]
    pub fn with_dedup_key(self, on: bool) -> Self {
        self.with(Self::DEDUP_KEY, on)
    }

    fn with(self, bit: i64, on: bool) -> Self {
        Self(if on { self.0 | bit } else { self.0 & !bit })
    }
}

/// Parquet encoding settings of a column (meta.md §8). Irrelevant to readers; 0 = defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct ParquetConfig(pub i32);

impl ParquetConfig {
    /// Bits 0–7: 0 default, 1 plain, 2 rle_dictionary, 3 delta_length_byte_array, 4 delta_binary_packed,
    /// 5 byte_stream_split.
    #[must_use]
    pub fn encoding_code(self) -> u8 {
        self.0.to_le_bytes()[0]
    }

    /// Bits 8–15: 0 not set, 1 uncompressed, 2 snappy, 3 gzip, 4 brotli, 5 zstd, 6 lz4_raw.
    #[must_use]
    pub fn codec_code(self) -> u8 {
        self.0.to_le_bytes()[1]
    }

    /// Bits 16–23: compression level, if set.
    #[must_use]
    pub fn level(self) -> Option<u8> {
        self.0.to_le_bytes()[2].checked_sub(1)
    }

    /// Bit 24: configured explicitly.
    #[must_use]
    pub fn is_explicit(self) -> bool {
        self.0 & 1 << 24 != 0
    }

    /// Bit 25: write a bloom filter.
    #[must_use]
    pub fn bloom(self) -> bool {
        self.0 & 1 << 25 != 0
    }
}
