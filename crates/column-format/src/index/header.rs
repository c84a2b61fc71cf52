//! The header of `.k` and its key entries, as stored and as numbers (symbol-index.md §1).
//!
//! Every field of the header is unaligned in the file; the raw structs say so in their types, and
//! assert size and offsets when they are compiled.

use zerocopy::byteorder::little_endian::{I32, I64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// First byte of `.k`.
pub const INDEX_SIGNATURE: u8 = 0xfa;
/// Bytes of the header of `.k`.
pub const INDEX_HEADER_LEN: usize = 64;
/// Bytes of a key entry.
pub const INDEX_KEY_ENTRY_LEN: usize = 32;
/// Values in a block of a dictionary's index, as QuestDB 9 writes it.
pub const SYMBOL_INDEX_BLOCK_CAPACITY: u32 = 2;
/// Values in a block of a partition index unless SQL says otherwise.
pub const INDEX_BLOCK_CAPACITY_DEFAULT: u32 = 256;
/// Greatest number of values in a block.
pub const INDEX_BLOCK_CAPACITY_MAX: u32 = 1 << 23;

/// The header as stored.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct RawHeader {
    pub(super) signature: u8,
    pub(super) sequence: I64,
    pub(super) values_len: I64,
    pub(super) block_capacity: I32,
    pub(super) key_count: I32,
    pub(super) reserved_25: [u8; 4],
    pub(super) sequence_check: I64,
    pub(super) greatest: I64,
    pub(super) reserved_45: [u8; 19],
}

/// A key entry as stored.
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(super) struct RawEntry {
    pub(super) count: I64,
    pub(super) first_block: I64,
    pub(super) last_block: I64,
    pub(super) count_check: I64,
}

pub(super) const SEQUENCE_CHECK_OFF: u64 = 29;
pub(super) const VALUES_LEN_OFF: u64 = 9;
pub(super) const BLOCK_CAPACITY_OFF: u64 = 17;
pub(super) const KEY_COUNT_OFF: u64 = 21;

const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<RawHeader>() == INDEX_HEADER_LEN);
    assert!(align_of::<RawHeader>() == 1);
    assert!(offset_of!(RawHeader, signature) == 0);
    assert!(offset_of!(RawHeader, sequence) == 1);
    assert!(offset_of!(RawHeader, values_len) == 9);
    assert!(offset_of!(RawHeader, block_capacity) == 17);
    assert!(offset_of!(RawHeader, key_count) == 21);
    assert!(offset_of!(RawHeader, reserved_25) == 25);
    assert!(offset_of!(RawHeader, sequence_check) == 29);
    assert!(offset_of!(RawHeader, greatest) == 37);
    assert!(offset_of!(RawHeader, reserved_45) == 45);
    assert!(size_of::<RawEntry>() == INDEX_KEY_ENTRY_LEN);
    assert!(align_of::<RawEntry>() == 1);
    assert!(offset_of!(RawEntry, count) == 0);
    assert!(offset_of!(RawEntry, first_block) == 8);
    assert!(offset_of!(RawEntry, last_block) == 16);
    assert!(offset_of!(RawEntry, count_check) == 24);
};

/// Checked header of a bitmap index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexHeader {
    /// Counts the changes of the header.
    pub sequence: i64,
    /// Bytes of `.v` in use; a multiple of the block size.
    pub values_len: u64,
    /// Values in a block: a power of two, at least 2.
    pub block_capacity: u32,
    /// Number of key entries: greatest key ever used + 1.
    pub key_count: u32,
    /// Greatest value as far as QuestDB keeps it (symbol-index.md §5.2); only a hint.
    pub greatest: i64,
}

impl IndexHeader {
    /// Bytes of a block of `.v`.
    #[must_use]
    pub const fn block_len(&self) -> u64 {
        block_len(self.block_capacity)
    }
}

/// Bytes of a block of `n` values: the values and two links.
pub(super) const fn block_len(n: u32) -> u64 {
    8 * n as u64 + 16
}

/// Checked entry of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyEntry {
    /// Number of values.
    pub count: u64,
    /// Offset of the first block in `.v`; stale if there are no values.
    pub first_block: u64,
    /// Offset of the last block in `.v`; stale if there are no values.
    pub last_block: u64,
}
