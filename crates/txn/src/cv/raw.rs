//! One slot and one area of `_cv`, unverified and verified (cv.md §1, §2).
//!
//! As with `_txn`, bytes that were read beside a writer have no accessor: [`RawArea::verify`] consumes them.

use zerocopy::FromBytes;

use crate::bytes::off;
use crate::cv::{ColumnVersionEntry, ColumnVersions};
use crate::disk::cv::{DiskCvEntry, DiskCvSlot};
use crate::error::{Expected, ParseError, SmallFile};

/// Bytes of the header.
pub(crate) const HEADER_LEN: u64 = 40;
/// Bytes of one entry.
pub(crate) const ENTRY_LEN: i64 = 32;
/// Longest area that is read: two million entries.
pub(crate) const AREA_LEN_MAX: i64 = 64 << 20;
/// Offsets of slot A and slot B.
pub(crate) const SLOT_OFF: [u64; 2] = [8, 24];

/// Where an area lies, checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) offset: u64,
    pub(crate) len: u64,
}

impl Area {
    /// The slot of a version with this parity, out of the bytes read at its offset.
    pub(crate) fn of(parity: usize, raw: &[u8]) -> Result<Self, ParseError> {
        let slot_off = SLOT_OFF.get(parity).copied().unwrap_or_default();
        let Ok((slot, _)) = DiskCvSlot::read_from_prefix(raw) else {
            return Err(ParseError::Truncated {
                file: SmallFile::Cv,
                field: "slot",
                offset: slot_off,
                needed: 16,
                found: off(raw.len()),
            });
        };
        Self::check(&slot, slot_off)
    }

    /// An area starts behind the header, unless it is empty, and holds whole entries below the limit.
    pub(crate) fn check(slot: &DiskCvSlot, slot_off: u64) -> Result<Self, ParseError> {
        let (offset, len) = (slot.offset.get(), slot.len.get());
        let corrupt = |field, at, expected, found| ParseError::Corrupt {
            file: SmallFile::Cv,
            field,
            offset: slot_off + at,
            expected,
            found,
        };
        if len < 0 || len % ENTRY_LEN != 0 {
            return Err(corrupt(
                "area size",
                8,
                Expected::MultipleOf(ENTRY_LEN),
                len,
            ));
        }
        if len > AREA_LEN_MAX {
            return Err(ParseError::Limit {
                file: SmallFile::Cv,
                field: "area size",
                offset: slot_off + 8,
                limit: AREA_LEN_MAX,
                found: len,
            });
        }
        // No file ends beyond `i64::MAX`, and a read there is an error of the system, not of the file.
        if offset.checked_add(len).is_none() {
            return Err(ParseError::Limit {
                file: SmallFile::Cv,
                field: "area offset",
                offset: slot_off,
                limit: i64::MAX - len,
                found: offset,
            });
        }
        let least = if len == 0 { 0 } else { HEADER_LEN };
        match (u64::try_from(offset), u64::try_from(len)) {
            (Ok(offset), Ok(len)) if offset >= least => Ok(Self { offset, len }),
            _ => {
                let least = i64::try_from(least).unwrap_or(i64::MAX);
                Err(corrupt("area offset", 0, Expected::AtLeast(least), offset))
            }
        }
    }
}

/// The bytes of an area and where they came from.
pub(crate) struct RawArea {
    pub(crate) area: Area,
    pub(crate) bytes: Vec<u8>,
}

impl RawArea {
    /// Checks every entry and their order.
    pub(crate) fn verify(self, version: i64) -> Result<ColumnVersions, ParseError> {
        let items =
            <[DiskCvEntry]>::ref_from_bytes(&self.bytes).map_err(|_| ParseError::Truncated {
                file: SmallFile::Cv,
                field: "area",
                offset: self.area.offset,
                needed: self.area.len,
                found: off(self.bytes.len()),
            })?;
        let mut entries: Vec<ColumnVersionEntry> = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            let offset = self.area.offset.saturating_add(32 * off(i));
            let entry = verify_entry(item, offset)?;
            if let Some(last) = entries.last()
                && (last.timestamp, last.column) >= (entry.timestamp, entry.column)
            {
                return Err(ParseError::Corrupt {
                    file: SmallFile::Cv,
                    field: "entry",
                    offset,
                    expected: Expected::That("entries ascending by partition timestamp and column"),
                    found: entry.timestamp,
                });
            }
            entries.push(entry);
        }
        Ok(ColumnVersions { version, entries })
    }
}

fn verify_entry(item: &DiskCvEntry, offset: u64) -> Result<ColumnVersionEntry, ParseError> {
    let corrupt = |field, at: u64, expected, found| ParseError::Corrupt {
        file: SmallFile::Cv,
        field,
        offset: offset.saturating_add(at),
        expected,
        found,
    };
    let column = item.column.get();
    let entry = ColumnVersionEntry {
        timestamp: item.timestamp.get(),
        column: i32::try_from(column)
            .ok()
            .and_then(|c| usize::try_from(c).ok())
            .ok_or(corrupt(
                "column",
                8,
                Expected::Between(0, i64::from(i32::MAX)),
                column,
            ))?,
        name_txn: item.name_txn.get(),
        value: item.value.get(),
    };
    if entry.name_txn < -1 {
        return Err(corrupt(
            "column name txn",
            16,
            Expected::AtLeast(-1),
            entry.name_txn,
        ));
    }
    if entry.is_partition() && entry.value < 0 {
        return Err(corrupt("column top", 24, Expected::AtLeast(0), entry.value));
    }
    Ok(entry)
}
