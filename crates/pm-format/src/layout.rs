//! The on-disk records, byte for byte (pm.md §4.1, §4.2, §5.1, §7.1).
//!
//! All fields are little-endian and unaligned: a footer starts at any offset. Sizes and offsets
//! are asserted at compile time, and `FORMAT.md` is printed from these structs.

use zerocopy::little_endian::{I32, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Fixed part of the header, at offset 0 (pm.md §4.1).
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned, Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct HeaderRecord {
    /// Committed size of the file; the commit word.
    pub(crate) committed_size: U64,
    /// Header feature flags.
    pub(crate) feature_flags: U64,
    /// Index of the designated timestamp column, or negative.
    pub(crate) designated_timestamp: I32,
    /// Entries in the explicit sorting list.
    pub(crate) sorting_column_count: U32,
    /// Column descriptors.
    pub(crate) column_count: U32,
    /// Written as zero.
    pub(crate) reserved: U32,
}

/// One column descriptor (pm.md §4.2).
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned, Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct ColumnRecord {
    /// Absolute offset of the name.
    pub(crate) name_offset: U64,
    /// Stable column id, or -1.
    pub(crate) id: I32,
    /// QuestDB column type code, or -1.
    pub(crate) col_type: I32,
    /// Column flags.
    pub(crate) flags: I32,
    /// Length of a FIXED_LEN_BYTE_ARRAY, else 0.
    pub(crate) fixed_byte_len: I32,
    /// Bytes of the name.
    pub(crate) name_length: U32,
    /// Parquet physical type.
    pub(crate) physical_type: u8,
    /// Maximum repetition level of the leaf.
    pub(crate) max_rep_level: u8,
    /// Maximum definition level of the leaf.
    pub(crate) max_def_level: u8,
    /// Written as zero.
    pub(crate) reserved: u8,
}

/// One column chunk in a row group block (pm.md §5.1).
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned, Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct ChunkRecord {
    /// Compression codec.
    pub(crate) codec: u8,
    /// Mask of encodings.
    pub(crate) encodings: u8,
    /// Which statistics are there (pm.md §6.1).
    pub(crate) stat_flags: u8,
    /// Lengths of inlined statistics (pm.md §6.2).
    pub(crate) stat_sizes: u8,
    /// Written as zero.
    pub(crate) reserved: U32,
    /// Levels, nulls included.
    pub(crate) num_values: U64,
    /// First byte in `data.parquet`.
    pub(crate) byte_range_start: U64,
    /// Bytes in `data.parquet`.
    pub(crate) total_compressed: U64,
    /// Valid by flag.
    pub(crate) null_count: U64,
    /// Valid by flag.
    pub(crate) distinct_count: U64,
    /// Value or locator.
    pub(crate) min_stat: [u8; 8],
    /// Value or locator.
    pub(crate) max_stat: [u8; 8],
}

/// Fixed part of a footer (pm.md §7.1).
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned, Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct FooterRecord {
    /// Where the Thrift footer starts in `data.parquet`.
    pub(crate) parquet_footer_offset: U64,
    /// Its length, without the 8-byte tail.
    pub(crate) parquet_footer_length: U32,
    /// Row group entries that follow.
    pub(crate) row_group_count: U32,
    /// Dead bytes in `data.parquet`.
    pub(crate) unused_bytes: U64,
    /// Committed size of the previous snapshot, 0 for none.
    pub(crate) prev_size: U64,
    /// Footer feature flags.
    pub(crate) feature_flags: U64,
}

/// Bytes of the fixed header.
pub const HEADER_LEN: usize = size_of::<HeaderRecord>();
/// Bytes of one column descriptor.
pub const COLUMN_LEN: usize = size_of::<ColumnRecord>();
/// Bytes of one column chunk.
pub const CHUNK_LEN: usize = size_of::<ChunkRecord>();
/// Bytes of the fixed footer.
pub const FOOTER_LEN: usize = size_of::<FooterRecord>();
/// Bytes of the row count in front of a block's chunks.
pub const BLOCK_HEAD_LEN: usize = 8;
/// Bytes of a row group entry in a footer.
pub const ENTRY_LEN: usize = 4;
/// Bytes of the CRC-32 that ends a footer.
pub const CRC_LEN: usize = 4;
/// Bytes of the footer length behind the CRC.
pub const TRAILER_LEN: usize = 4;
/// Where the CRC starts: the commit word in front of it changes with each append.
pub const CRC_START: usize = 8;
/// Bytes that Parquet puts behind its own footer: a length and `PAR1`.
pub const PARQUET_TAIL_LEN: u64 = 8;
/// Blocks and bloom records start at multiples of this.
pub const BLOCK_ALIGN: usize = 8;
/// The longest statistic that a locator can name, in bytes (pm.md §6.2).
pub const STAT_LEN_MAX: usize = 0xFFFF;
/// The most steps that a chain walk takes (pm.md §14.2).
pub const CHAIN_STEPS_MAX: usize = 1_000_000;
/// The longest scratchpad section, count included, in bytes (pm.md §20.1).
pub const SCRATCHPAD_LEN_MAX: usize = 1 << 20;

const _: () = {
    use std::mem::offset_of;
    assert!(HEADER_LEN == 32);
    assert!(offset_of!(HeaderRecord, feature_flags) == 8);
    assert!(offset_of!(HeaderRecord, designated_timestamp) == 16);
    assert!(offset_of!(HeaderRecord, sorting_column_count) == 20);
    assert!(offset_of!(HeaderRecord, column_count) == 24);
    assert!(offset_of!(HeaderRecord, reserved) == 28);
    assert!(COLUMN_LEN == 32);
    assert!(offset_of!(ColumnRecord, id) == 8);
    assert!(offset_of!(ColumnRecord, col_type) == 12);
    assert!(offset_of!(ColumnRecord, flags) == 16);
    assert!(offset_of!(ColumnRecord, fixed_byte_len) == 20);
    assert!(offset_of!(ColumnRecord, name_length) == 24);
    assert!(offset_of!(ColumnRecord, physical_type) == 28);
    assert!(offset_of!(ColumnRecord, max_rep_level) == 29);
    assert!(offset_of!(ColumnRecord, max_def_level) == 30);
    assert!(offset_of!(ColumnRecord, reserved) == 31);
    assert!(CHUNK_LEN == 64);
    assert!(offset_of!(ChunkRecord, encodings) == 1);
    assert!(offset_of!(ChunkRecord, stat_flags) == 2);
    assert!(offset_of!(ChunkRecord, stat_sizes) == 3);
    assert!(offset_of!(ChunkRecord, reserved) == 4);
    assert!(offset_of!(ChunkRecord, num_values) == 8);
    assert!(offset_of!(ChunkRecord, byte_range_start) == 16);
    assert!(offset_of!(ChunkRecord, total_compressed) == 24);
    assert!(offset_of!(ChunkRecord, null_count) == 32);
    assert!(offset_of!(ChunkRecord, distinct_count) == 40);
    assert!(offset_of!(ChunkRecord, min_stat) == 48);
    assert!(offset_of!(ChunkRecord, max_stat) == 56);
    assert!(FOOTER_LEN == 40);
    assert!(offset_of!(FooterRecord, parquet_footer_length) == 8);
    assert!(offset_of!(FooterRecord, row_group_count) == 12);
    assert!(offset_of!(FooterRecord, unused_bytes) == 16);
    assert!(offset_of!(FooterRecord, prev_size) == 24);
    assert!(offset_of!(FooterRecord, feature_flags) == 32);
};
