//! `_meta`: header and column entry (meta.md §2, §4).
//!
//! Offsets 41, 45 and 49 are not aligned to anything: the fields were squeezed behind a byte that used to be
//! an i32.

use std::mem::offset_of;

use zerocopy::little_endian::{I32, I64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// The first 128 bytes.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct DiskMetaHeader {
    pub(crate) column_count: I32,
    pub(crate) partition_by: I32,
    pub(crate) designated: I32,
    pub(crate) storage_version: I32,
    pub(crate) table_id: I32,
    pub(crate) max_uncommitted_rows: I32,
    pub(crate) o3_max_lag: I64,
    pub(crate) metadata_version: I64,
    pub(crate) wal: u8,
    pub(crate) minor: I32,
    pub(crate) ttl: I32,
    pub(crate) table_format: I32,
    pub(crate) reserved_53: [u8; 75],
}

const _: () = assert!(size_of::<DiskMetaHeader>() == 128);
const _: () = assert!(offset_of!(DiskMetaHeader, column_count) == 0);
const _: () = assert!(offset_of!(DiskMetaHeader, partition_by) == 4);
const _: () = assert!(offset_of!(DiskMetaHeader, designated) == 8);
const _: () = assert!(offset_of!(DiskMetaHeader, storage_version) == 12);
const _: () = assert!(offset_of!(DiskMetaHeader, table_id) == 16);
const _: () = assert!(offset_of!(DiskMetaHeader, max_uncommitted_rows) == 20);
const _: () = assert!(offset_of!(DiskMetaHeader, o3_max_lag) == 24);
const _: () = assert!(offset_of!(DiskMetaHeader, metadata_version) == 32);
const _: () = assert!(offset_of!(DiskMetaHeader, wal) == 40);
const _: () = assert!(offset_of!(DiskMetaHeader, minor) == 41);
const _: () = assert!(offset_of!(DiskMetaHeader, ttl) == 45);
const _: () = assert!(offset_of!(DiskMetaHeader, table_format) == 49);
const _: () = assert!(offset_of!(DiskMetaHeader, reserved_53) == 53);

/// One column entry.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct DiskMetaColumn {
    pub(crate) type_code: I32,
    pub(crate) flags: I64,
    pub(crate) index_block_capacity: I32,
    pub(crate) symbol_capacity: I32,
    pub(crate) parquet_config: I32,
    pub(crate) replaced: I32,
    pub(crate) reserved_28: [u8; 4],
}

const _: () = assert!(size_of::<DiskMetaColumn>() == 32);
const _: () = assert!(offset_of!(DiskMetaColumn, type_code) == 0);
const _: () = assert!(offset_of!(DiskMetaColumn, flags) == 4);
const _: () = assert!(offset_of!(DiskMetaColumn, index_block_capacity) == 12);
const _: () = assert!(offset_of!(DiskMetaColumn, symbol_capacity) == 16);
const _: () = assert!(offset_of!(DiskMetaColumn, parquet_config) == 20);
const _: () = assert!(offset_of!(DiskMetaColumn, replaced) == 24);
const _: () = assert!(offset_of!(DiskMetaColumn, reserved_28) == 28);
