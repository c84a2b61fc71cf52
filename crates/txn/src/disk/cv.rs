//! `_cv`: header and entry (cv.md §1, §2).
//!
//! Unlike `_txn`, both slots hold i64 words and the areas hold nothing but entries.

use std::mem::offset_of;

use zerocopy::little_endian::I64;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Where an area lies.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct DiskCvSlot {
    pub(crate) offset: I64,
    pub(crate) len: I64,
}

const _: () = assert!(size_of::<DiskCvSlot>() == 16);
const _: () = assert!(offset_of!(DiskCvSlot, offset) == 0);
const _: () = assert!(offset_of!(DiskCvSlot, len) == 8);

/// The first 40 bytes.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct DiskCvHeader {
    pub(crate) version: I64,
    pub(crate) slot_a: DiskCvSlot,
    pub(crate) slot_b: DiskCvSlot,
}

const _: () = assert!(size_of::<DiskCvHeader>() == 40);
const _: () = assert!(offset_of!(DiskCvHeader, version) == 0);
const _: () = assert!(offset_of!(DiskCvHeader, slot_a) == 8);
const _: () = assert!(offset_of!(DiskCvHeader, slot_b) == 24);

/// One entry.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
pub(crate) struct DiskCvEntry {
    pub(crate) timestamp: I64,
    pub(crate) column: I64,
    pub(crate) name_txn: I64,
    pub(crate) value: I64,
}

const _: () = assert!(size_of::<DiskCvEntry>() == 32);
const _: () = assert!(offset_of!(DiskCvEntry, timestamp) == 0);
const _: () = assert!(offset_of!(DiskCvEntry, column) == 8);
const _: () = assert!(offset_of!(DiskCvEntry, name_txn) == 16);
const _: () = assert!(offset_of!(DiskCvEntry, value) == 24);
