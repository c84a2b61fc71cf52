//! The 64 bytes in front of `.o` (columns.md §7.1, symbol-index.md §4.1).
//!
//! The capacity here, not the one in `_meta`, decides the buckets of the value index; the NULL
//! flag feeds QuestDB's planner and must be set when any row is NULL.

use zerocopy::byteorder::little_endian::I32;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::bits::len_u64;
use crate::{Expected, FileKind, LayoutError};

/// Bytes of the header of `.o`.
pub const SYMBOL_HEADER_LEN: usize = 64;

/// As stored.
#[derive(FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub(crate) struct RawHeader {
    capacity: I32,
    cached: u8,
    reserved_5: [u8; 3],
    contains_null: u8,
    reserved_9: [u8; 55],
}

const _: () = {
    assert!(size_of::<RawHeader>() == SYMBOL_HEADER_LEN);
    assert!(align_of::<RawHeader>() == 1);
    assert!(std::mem::offset_of!(RawHeader, capacity) == 0);
    assert!(std::mem::offset_of!(RawHeader, cached) == 4);
    assert!(std::mem::offset_of!(RawHeader, contains_null) == 8);
    assert!(std::mem::offset_of!(RawHeader, reserved_9) == 9);
};

/// Header of `.o`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SymbolHeader {
    /// Sizing hint and, through [`symbol_buckets`](crate::symbol_buckets), the number of buckets of
    /// the value index. No limit on the number of values.
    pub capacity: u32,
    /// QuestDB keeps a heap cache of the values.
    pub cached: bool,
    /// A row may be NULL. Clear proves nothing in files of 9.3.4 and older.
    pub contains_null: bool,
}

impl SymbolHeader {
    /// Reads the header from the start of `.o`.
    ///
    /// # Errors
    /// Fewer than 64 bytes, or a capacity below 1.
    pub fn parse(offsets: &[u8]) -> Result<Self, LayoutError> {
        let (raw, _) = RawHeader::ref_from_prefix(offsets).map_err(|_| LayoutError::Truncated {
            file: FileKind::Offsets,
            row: None,
            offset: 0,
            expected: len_u64(SYMBOL_HEADER_LEN),
            found: len_u64(offsets.len()),
        })?;
        let capacity = raw.capacity.get();
        let bad = LayoutError::Corrupt {
            file: FileKind::Offsets,
            row: None,
            offset: 0,
            expected: Expected::AtLeast(1),
            found: i64::from(capacity),
        };
        match u32::try_from(capacity) {
            Ok(capacity) if capacity > 0 => Ok(Self {
                capacity,
                cached: raw.cached != 0,
                contains_null: raw.contains_null != 0,
            }),
            _ => Err(bad),
        }
    }

    /// The header as stored.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; SYMBOL_HEADER_LEN] {
        let raw = RawHeader {
            capacity: I32::new(i32::try_from(self.capacity).unwrap_or(i32::MAX)),
            cached: u8::from(self.cached),
            reserved_5: [0; 3],
            contains_null: u8::from(self.contains_null),
            reserved_9: [0; 55],
        };
        zerocopy::transmute!(raw)
    }
}
