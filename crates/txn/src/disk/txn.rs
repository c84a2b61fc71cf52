//! `_txn`: base header, slot, fixed part of a record, partition entry (txn.md §2, §3).
//!
//! Two fields of the record are never 8-aligned, and files last written before 8.3.0 have bases that are only
//! 4-aligned, so every word is an unaligned type.

use std::mem::offset_of;

use zerocopy::little_endian::{I32, I64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// One of the two slots of the base header: where a record lies and how long its segments are.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct DiskSlot {
    pub(crate) base: I32,
    pub(crate) symbols_len: I32,
    pub(crate) partitions_len: I32,
}

const _: () = assert!(size_of::<DiskSlot>() == 12);
const _: () = assert!(offset_of!(DiskSlot, base) == 0);
const _: () = assert!(offset_of!(DiskSlot, symbols_len) == 4);
const _: () = assert!(offset_of!(DiskSlot, partitions_len) == 8);

/// The first 64 bytes.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct DiskBaseHeader {
    pub(crate) version: I64,
    pub(crate) slot_a: DiskSlot,
    pub(crate) reserved_20: [u8; 12],
    pub(crate) slot_b: DiskSlot,
    pub(crate) reserved_44: [u8; 20],
}

const _: () = assert!(size_of::<DiskBaseHeader>() == 64);
const _: () = assert!(offset_of!(DiskBaseHeader, version) == 0);
const _: () = assert!(offset_of!(DiskBaseHeader, slot_a) == 8);
const _: () = assert!(offset_of!(DiskBaseHeader, reserved_20) == 20);
const _: () = assert!(offset_of!(DiskBaseHeader, slot_b) == 32);
const _: () = assert!(offset_of!(DiskBaseHeader, reserved_44) == 44);

/// The fixed part of a record.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct DiskRecord {
    pub(crate) txn: I64,
    pub(crate) transient_rows: I64,
    pub(crate) fixed_rows: I64,
    pub(crate) min_timestamp: I64,
    pub(crate) max_timestamp: I64,
    pub(crate) structure_version: I64,
    pub(crate) data_version: I64,
    pub(crate) partition_table_version: I64,
    pub(crate) column_version: I64,
    pub(crate) truncate_version: I64,
    pub(crate) seq_txn: I64,
    pub(crate) lag_checksum: I32,
    pub(crate) lag_txn_count: I32,
    pub(crate) lag_row_count: I32,
    pub(crate) lag_min_timestamp: I64,
    pub(crate) lag_max_timestamp: I64,
    pub(crate) reserved_116: [u8; 12],
    pub(crate) symbol_column_count: I32,
}

const _: () = assert!(size_of::<DiskRecord>() == 132);
const _: () = assert!(offset_of!(DiskRecord, txn) == 0);
const _: () = assert!(offset_of!(DiskRecord, transient_rows) == 8);
const _: () = assert!(offset_of!(DiskRecord, fixed_rows) == 16);
const _: () = assert!(offset_of!(DiskRecord, min_timestamp) == 24);
const _: () = assert!(offset_of!(DiskRecord, max_timestamp) == 32);
const _: () = assert!(offset_of!(DiskRecord, structure_version) == 40);
const _: () = assert!(offset_of!(DiskRecord, data_version) == 48);
const _: () = assert!(offset_of!(DiskRecord, partition_table_version) == 56);
const _: () = assert!(offset_of!(DiskRecord, column_version) == 64);
const _: () = assert!(offset_of!(DiskRecord, truncate_version) == 72);
const _: () = assert!(offset_of!(DiskRecord, seq_txn) == 80);
const _: () = assert!(offset_of!(DiskRecord, lag_checksum) == 88);
const _: () = assert!(offset_of!(DiskRecord, lag_txn_count) == 92);
const _: () = assert!(offset_of!(DiskRecord, lag_row_count) == 96);
const _: () = assert!(offset_of!(DiskRecord, lag_min_timestamp) == 100);
const _: () = assert!(offset_of!(DiskRecord, lag_max_timestamp) == 108);
const _: () = assert!(offset_of!(DiskRecord, reserved_116) == 116);
const _: () = assert!(offset_of!(DiskRecord, symbol_column_count) == 128);

/// One entry of the symbol segment.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct DiskSymbolCount {
    pub(crate) count: I32,
    pub(crate) transient_count: I32,
}

const _: () = assert!(size_of::<DiskSymbolCount>() == 8);
const _: () = assert!(offset_of!(DiskSymbolCount, count) == 0);
const _: () = assert!(offset_of!(DiskSymbolCount, transient_count) == 4);

/// One entry of the partition segment.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct DiskPartition {
    pub(crate) timestamp: I64,
    pub(crate) masked_size: I64,
    pub(crate) name_txn: I64,
    pub(crate) parquet_file_size: I64,
}

const _: () = assert!(size_of::<DiskPartition>() == 32);
const _: () = assert!(offset_of!(DiskPartition, timestamp) == 0);
const _: () = assert!(offset_of!(DiskPartition, masked_size) == 8);
const _: () = assert!(offset_of!(DiskPartition, name_txn) == 16);
const _: () = assert!(offset_of!(DiskPartition, parquet_file_size) == 24);
