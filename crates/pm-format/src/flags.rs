//! Every bit that the format names (pm.md §4.2, §4.6, §5.1, §6.1, §7.4, §20.1).
//!
//! Bits below 32 of the two feature words are optional (unknown ones are ignored), bits from 32 on
//! are required (unknown ones make the file unreadable).

/// Header: columns with bloom filters are listed, the footer has a table of cells.
pub const BLOOM_FILTERS: u64 = 1;
/// Header: bloom cells are ranges of `data.parquet`. Needs [`BLOOM_FILTERS`].
pub const BLOOM_FILTERS_EXTERNAL: u64 = 1 << 1;
/// Header: sorted by the designated timestamp, ascending; no explicit list.
pub const SORTING_IS_DTS_ASC: u64 = 1 << 2;
/// Header: a squash tracker follows the bloom list.
pub const SQUASH_TRACKER: u64 = 1 << 3;
/// Either word: the bits that a reader must know.
pub const REQUIRED_MASK: u64 = 0xFFFF_FFFF_0000_0000;
/// Header: the bits that this crate knows.
pub const HEADER_KNOWN: u64 =
    BLOOM_FILTERS | BLOOM_FILTERS_EXTERNAL | SORTING_IS_DTS_ASC | SQUASH_TRACKER;

/// Footer: the sequencer transaction of the snapshot.
pub const SEQ_TXN: u64 = 1;
/// Footer: coded entries that are opaque to the format.
pub const SCRATCHPAD: u64 = 1 << 1;
/// Footer: the bits that this crate knows.
pub const FOOTER_KNOWN: u64 = SEQ_TXN | SCRATCHPAD;

/// Column: SYMBOL whose dictionary indices are the table's symbol keys.
pub const LOCAL_KEY_IS_GLOBAL: i32 = 1;
/// Column: VARCHAR that held only ASCII when the file was created (a hint).
pub const IS_ASCII: i32 = 1 << 1;
/// Column: where the repetition starts.
pub const REPETITION_SHIFT: u32 = 2;
/// Column: the two bits of the repetition, shifted down.
pub const REPETITION_MASK: i32 = 3;
/// Column: sorts descending.
pub const DESCENDING: i32 = 1 << 4;

/// Chunk: a minimum is there.
pub const MIN_PRESENT: u8 = 1;
/// Chunk: the minimum is in its slot.
pub const MIN_INLINED: u8 = 1 << 1;
/// Chunk: the minimum occurs.
pub const MIN_EXACT: u8 = 1 << 2;
/// Chunk: a maximum is there.
pub const MAX_PRESENT: u8 = 1 << 3;
/// Chunk: the maximum is in its slot.
pub const MAX_INLINED: u8 = 1 << 4;
/// Chunk: the maximum occurs.
pub const MAX_EXACT: u8 = 1 << 5;
/// Chunk: the distinct count is valid.
pub const DISTINCT_COUNT_PRESENT: u8 = 1 << 6;
/// Chunk: the null count is valid.
pub const NULL_COUNT_PRESENT: u8 = 1 << 7;

/// Encoding mask: PLAIN.
pub const ENCODING_PLAIN: u8 = 1;
/// Encoding mask: RLE_DICTIONARY and PLAIN_DICTIONARY.
pub const ENCODING_DICTIONARY: u8 = 1 << 1;
/// Encoding mask: DELTA_BINARY_PACKED.
pub const ENCODING_DELTA_BINARY_PACKED: u8 = 1 << 2;
/// Encoding mask: DELTA_LENGTH_BYTE_ARRAY.
pub const ENCODING_DELTA_LENGTH: u8 = 1 << 3;
/// Encoding mask: DELTA_BYTE_ARRAY.
pub const ENCODING_DELTA_BYTE_ARRAY: u8 = 1 << 4;
/// Encoding mask: BYTE_STREAM_SPLIT.
pub const ENCODING_BYTE_STREAM_SPLIT: u8 = 1 << 5;
