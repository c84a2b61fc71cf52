//! Base header and slots of `_txn` (txn.md §2).
//!
//! The parity of the version selects the slot; a slot is only usable after its numbers have been checked,
//! which is why [`Slot`] has no other constructor than the check.

use crate::bytes::{off, view};
use crate::disk::txn::{DiskBaseHeader, DiskSlot};
use crate::error::{Expected, ParseError, SmallFile};

/// Bytes of the base header.
pub(crate) const HEADER_LEN: u64 = 64;
/// Bytes of the fixed part of a record.
pub(crate) const FIXED_LEN: u64 = 132;
/// Bytes of the repeated partition segment length.
pub(crate) const REPEATED_LEN: u64 = 4;
/// Bytes of one symbol entry.
pub(crate) const SYMBOL_LEN: i32 = 8;
/// Bytes of one partition entry.
pub(crate) const PARTITION_LEN: i32 = 32;
/// Longest record that is read: two million partitions are 228 years of hours.
pub(crate) const RECORD_LEN_MAX: u64 = 64 << 20;
/// Offsets of slot A and slot B.
pub(crate) const SLOT_OFF: [u64; 2] = [8, 32];

/// Where a record lies and how long its segments are, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    pub(crate) base: u32,
    pub(crate) symbols_len: u32,
    pub(crate) partitions_len: u32,
}

impl Slot {
    /// File offset of the record; at least 64, not necessarily aligned to 8.
    #[must_use]
    pub fn base_off(&self) -> u64 {
        u64::from(self.base)
    }

    /// Bytes of the symbol segment, a multiple of 8.
    #[must_use]
    pub fn symbols_len(&self) -> u64 {
        u64::from(self.symbols_len)
    }

    /// Bytes of the partition segment, a multiple of 32.
    #[must_use]
    pub fn partitions_len(&self) -> u64 {
        u64::from(self.partitions_len)
    }

    /// Bytes of the whole record.
    #[must_use]
    pub fn record_len(&self) -> u64 {
        FIXED_LEN + REPEATED_LEN + self.symbols_len() + self.partitions_len()
    }

    /// The check: base behind the header, lengths whole entries, record below the limit.
    pub(crate) fn check(raw: &DiskSlot, slot_off: u64) -> Result<Self, ParseError> {
        let (base, symbols, partitions) = (
            raw.base.get(),
            raw.symbols_len.get(),
            raw.partitions_len.get(),
        );
        let corrupt = |field, at, expected, found: i32| ParseError::Corrupt {
            file: SmallFile::Txn,
            field,
            offset: slot_off + at,
            expected,
            found: i64::from(found),
        };
        let multiple = |field, at, of: i32, found: i32| {
            u32::try_from(found)
                .ok()
                .filter(|_| found % of == 0)
                .ok_or(corrupt(
                    field,
                    at,
                    Expected::MultipleOf(i64::from(of)),
                    found,
                ))
        };
        let checked = Self {
            base: u32::try_from(base)
                .ok()
                .filter(|b| u64::from(*b) >= HEADER_LEN)
                .ok_or(corrupt("record base", 0, Expected::AtLeast(64), base))?,
            symbols_len: multiple("symbols size", 4, SYMBOL_LEN, symbols)?,
            partitions_len: multiple("partitions size", 8, PARTITION_LEN, partitions)?,
        };
        if checked.record_len() > RECORD_LEN_MAX {
            return Err(ParseError::Limit {
                file: SmallFile::Txn,
                field: "record length",
                offset: slot_off,
                limit: i64::try_from(RECORD_LEN_MAX).unwrap_or(i64::MAX),
                found: i64::try_from(checked.record_len()).unwrap_or(i64::MAX),
            });
        }
        Ok(checked)
    }

    fn is_unused(raw: &DiskSlot) -> bool {
        raw.base.get() == 0 && raw.symbols_len.get() == 0 && raw.partitions_len.get() == 0
    }
}

/// Which slot a version selects: 0 (A) for even, 1 (B) for odd.
pub(crate) fn parity(version: i64) -> usize {
    usize::from(version & 1 != 0)
}

/// The base header: what a writer needs in order to plan the next commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TxnHeader {
    /// The current version.
    pub version: i64,
    /// The slot that the version selects.
    pub current: Slot,
    /// The other slot: the previous record, or `None` if it was never used (fresh tables, checkpoint copies).
    pub other: Option<Slot>,
}

impl TxnHeader {
    /// Parses the first 64 bytes of a `_txn` that nobody else writes.
    ///
    /// # Errors
    /// Truncated below 64 bytes, corrupt or oversized slots.
    pub fn parse(file: &[u8]) -> Result<Self, ParseError> {
        let raw: &DiskBaseHeader = view(SmallFile::Txn, "base header", file, 0)?;
        let version = raw.version.get();
        let slots = [raw.slot_a, raw.slot_b];
        let (mine, theirs) = if parity(version) == 0 { (0, 1) } else { (1, 0) };
        let other = if Slot::is_unused(&slots[theirs]) {
            None
        } else {
            Some(Slot::check(&slots[theirs], SLOT_OFF[theirs])?)
        };
        Ok(Self {
            version,
            current: Slot::check(&slots[mine], SLOT_OFF[mine])?,
            other,
        })
    }
}

/// The slot of `version` out of the 12 bytes that were read at its offset.
pub(crate) fn slot_of(version: i64, raw: &[u8]) -> Result<Slot, ParseError> {
    let slot_off = SLOT_OFF[parity(version)];
    match zerocopy::FromBytes::read_from_prefix(raw) {
        Ok((slot, _)) => Slot::check(&slot, slot_off),
        Err(_) => Err(ParseError::Truncated {
            file: SmallFile::Txn,
            field: "slot",
            offset: slot_off,
            needed: 12,
            found: off(raw.len()),
        }),
    }
}
