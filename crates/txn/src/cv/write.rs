//! Bytes of `_cv`: a whole file, and the plan of a commit (cv.md §6).
//!
//! The list is always written whole, into the area that the current version does not select.

use zerocopy::IntoBytes;

use crate::bytes::{off, shown, view};
use crate::cv::raw::{AREA_LEN_MAX, Area, HEADER_LEN, SLOT_OFF};
use crate::cv::{ColumnVersionEntry, ColumnVersions};
use crate::disk::cv::{DiskCvEntry, DiskCvHeader, DiskCvSlot};
use crate::error::{Expected, ParseError, SmallFile, WriteError};
use crate::plan::{CommitPlan, area_commit, pad};
use crate::txn::parity;

/// The header of a `_cv`: what a writer needs in order to plan the next commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CvHeader {
    /// The current version.
    pub version: i64,
    /// Offset of the current area; 0 if none was ever written.
    pub area_off: u64,
    /// Bytes of the current area.
    pub area_len: u64,
}

impl CvHeader {
    /// The header of a table whose `_cv` was never written: version 0, no entries.
    pub const FRESH: Self = Self {
        version: 0,
        area_off: 0,
        area_len: 0,
    };

    /// Parses the first 40 bytes of a `_cv` that nobody else writes.
    ///
    /// # Errors
    /// Truncated below 40 bytes, a corrupt or oversized current slot.
    pub fn parse(file: &[u8]) -> Result<Self, ParseError> {
        let raw: &DiskCvHeader = view(SmallFile::Cv, "header", file, 0)?;
        let version = raw.version.get();
        let side = parity(version);
        let slot = if side == 0 { &raw.slot_a } else { &raw.slot_b };
        let area = Area::check(slot, SLOT_OFF[side])?;
        Ok(Self {
            version,
            area_off: area.offset,
            area_len: area.len,
        })
    }
}

fn refused(field: &'static str, expected: Expected, found: i64) -> WriteError {
    WriteError {
        file: SmallFile::Cv,
        field,
        expected,
        found,
    }
}

impl ColumnVersions {
    /// A file with this version alone, padded to a page. Version 0 without entries is the file of a fresh
    /// table: an area at offset 0.
    ///
    /// # Errors
    /// See [`ColumnVersions::plan_after`].
    pub fn to_file(&self) -> Result<Vec<u8>, WriteError> {
        let area = self.to_area()?;
        let fresh = self.version == 0 && area.is_empty();
        let slot = slot(if fresh { 0 } else { HEADER_LEN }, area.len())?;
        let unused = DiskCvSlot {
            offset: 0.into(),
            len: 0.into(),
        };
        let header = if parity(self.version) == 0 {
            DiskCvHeader {
                version: self.version.into(),
                slot_a: slot,
                slot_b: unused,
            }
        } else {
            DiskCvHeader {
                version: self.version.into(),
                slot_a: unused,
                slot_b: slot,
            }
        };
        let mut file = header.as_bytes().to_vec();
        file.extend_from_slice(&area);
        pad(&mut file);
        Ok(file)
    }

    /// The ordered writes and barriers that publish this version in a file with header `current` and length
    /// `file_len` bytes (cv.md §6). Publish it before the `_txn` that names it.
    ///
    /// # Errors
    /// The version is not the next one, entries are not strictly ascending or hold values that would not be
    /// read back, or the area is above 64 MiB.
    pub fn plan_after(&self, current: &CvHeader, file_len: u64) -> Result<CommitPlan, WriteError> {
        if current.version.checked_add(1) != Some(self.version) {
            let next = current.version.saturating_add(1);
            return Err(refused("version", Expected::Exactly(next), self.version));
        }
        let area = self.to_area()?;
        let current_off = current.area_off.max(HEADER_LEN);
        let area_off = if HEADER_LEN + off(area.len()) <= current_off {
            HEADER_LEN
        } else {
            current_off.saturating_add(current.area_len)
        };
        let slot = slot(area_off, area.len())?.as_bytes().to_vec();
        let slot_off = SLOT_OFF[parity(self.version)];
        Ok(area_commit(
            self.version,
            file_len,
            (area_off, area),
            (slot_off, slot),
        ))
    }

    fn to_area(&self) -> Result<Vec<u8>, WriteError> {
        let len = self.entries.len().saturating_mul(32);
        if shown(len) > AREA_LEN_MAX {
            return Err(refused(
                "area size",
                Expected::AtMost(AREA_LEN_MAX),
                shown(len),
            ));
        }
        let mut out = Vec::with_capacity(len);
        let mut last: Option<(i64, usize)> = None;
        for entry in &self.entries {
            let key = (entry.timestamp, entry.column);
            if last.is_some_and(|l| l >= key) {
                let expected =
                    Expected::That("entries ascending by partition timestamp and column");
                return Err(refused("entry", expected, entry.timestamp));
            }
            last = Some(key);
            out.extend_from_slice(entry.to_disk()?.as_bytes());
        }
        Ok(out)
    }
}

impl ColumnVersionEntry {
    fn to_disk(self) -> Result<DiskCvEntry, WriteError> {
        let most = Expected::Between(0, i64::from(i32::MAX));
        let column =
            i32::try_from(self.column).map_err(|_| refused("column", most, shown(self.column)))?;
        if self.name_txn < -1 {
            return Err(refused(
                "column name txn",
                Expected::AtLeast(-1),
                self.name_txn,
            ));
        }
        if self.is_partition() && self.value < 0 {
            return Err(refused("column top", Expected::AtLeast(0), self.value));
        }
        Ok(DiskCvEntry {
            timestamp: self.timestamp.into(),
            column: i64::from(column).into(),
            name_txn: self.name_txn.into(),
            value: self.value.into(),
        })
    }
}

fn slot(area_off: u64, area_len: usize) -> Result<DiskCvSlot, WriteError> {
    let offset = i64::try_from(area_off)
        .map_err(|_| refused("area offset", Expected::AtMost(i64::MAX), i64::MAX))?;
    Ok(DiskCvSlot {
        offset: offset.into(),
        len: shown(area_len).into(),
    })
}
