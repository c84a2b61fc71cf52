//! Bytes of `_txn`: a record, a whole file, and the plan of a commit (txn.md §6).
//!
//! The area that the version selects is never written, the record and the slot come before the version word,
//! and a barrier stands on both sides of that word. A full commit only: the fast commit of upstream saves
//! nothing that matters here.

use zerocopy::IntoBytes;

use crate::bytes::{off, shown};
use crate::disk::txn::{DiskBaseHeader, DiskPartition, DiskRecord, DiskSlot, DiskSymbolCount};
use crate::error::{Expected, SmallFile, WriteError};
use crate::plan::{CommitPlan, area_commit, pad};
use crate::txn::header::{HEADER_LEN, RECORD_LEN_MAX, SLOT_OFF, Slot, TxnHeader, parity};
use crate::txn::{Lag, MaskedSize, Txn};

fn refused(field: &'static str, expected: Expected, found: i64) -> WriteError {
    WriteError {
        file: SmallFile::Txn,
        field,
        expected,
        found,
    }
}

impl Txn {
    /// The first commit of a new table: version 0, no rows, `symbol_columns` empty SYMBOL columns.
    #[must_use]
    pub fn new_table(symbol_columns: usize) -> Self {
        let mut txn = Self {
            version: 0,
            txn: 0,
            transient_rows: 0,
            fixed_rows: 0,
            min_timestamp: i64::MAX,
            max_timestamp: i64::MIN,
            structure_version: 0,
            data_version: 0,
            partition_table_version: 0,
            column_version: 0,
            truncate_version: 0,
            seq_txn: 0,
            lag: Lag::NONE,
            symbol_counts: vec![0; symbol_columns],
            entries: Vec::new(),
        };
        txn.seal_lag();
        txn
    }

    /// Sets the checksum of the lag to what upstream stores for this record (txn.md §3.4).
    pub fn seal_lag(&mut self) {
        self.lag.checksum = self.lag.checksum_for(self.txn, self.seq_txn);
    }

    /// A file with this commit alone, in the area of its parity: what a freshly created table has (version 0)
    /// and what a checkpoint copies. Padded to a page.
    ///
    /// # Errors
    /// See [`Txn::to_record`].
    pub fn to_file(&self) -> Result<Vec<u8>, WriteError> {
        let record = self.to_record()?;
        let slot = self.slot_at(HEADER_LEN)?;
        let mut header = empty_header(self.version);
        *slot_mut(&mut header, self.version) = slot.to_disk()?;
        let mut file = header.as_bytes().to_vec();
        file.extend_from_slice(&record);
        pad(&mut file);
        Ok(file)
    }

    /// A file with both areas: `previous` and this commit, which must follow it immediately.
    ///
    /// # Errors
    /// See [`Txn::plan_after`].
    pub fn to_file_after(&self, previous: &Self) -> Result<Vec<u8>, WriteError> {
        let mut file = previous.to_file()?;
        let header = TxnHeader {
            version: previous.version,
            current: previous.slot_at(HEADER_LEN)?,
            other: None,
        };
        self.plan_after(&header, off(file.len()))?.apply(&mut file);
        Ok(file)
    }

    /// The ordered writes and barriers that publish this commit in a file with header `current` and length
    /// `file_len` bytes (txn.md §6, full commit). Never writes the area that the current version selects.
    ///
    /// # Errors
    /// The version is not the next one, or the record does not fit: see [`Txn::to_record`].
    pub fn plan_after(&self, current: &TxnHeader, file_len: u64) -> Result<CommitPlan, WriteError> {
        if current.version.checked_add(1) != Some(self.version) {
            let next = current.version.saturating_add(1);
            return Err(refused("version", Expected::Exactly(next), self.version));
        }
        let record = self.to_record()?;
        let current_off = current.current.base_off();
        let base = if HEADER_LEN + off(record.len()) <= current_off {
            HEADER_LEN
        } else {
            current_off + current.current.record_len()
        };
        let slot = self.slot_at(base)?.to_disk()?;
        let slot_off = SLOT_OFF[parity(self.version)];
        Ok(area_commit(
            self.version,
            file_len,
            (base, record),
            (slot_off, slot.as_bytes().to_vec()),
        ))
    }

    /// The bytes of the record: `136 + 8 · symbols + 32 · partitions`.
    ///
    /// # Errors
    /// `txn` differs from `version`, a count does not fit its field, or the record is above 64 MiB.
    pub fn to_record(&self) -> Result<Vec<u8>, WriteError> {
        let fits = |field, rows: u64| {
            i64::try_from(rows)
                .ok()
                .filter(|r| *r <= i64::MAX >> 1)
                .ok_or(refused(field, Expected::AtMost(i64::MAX >> 1), i64::MAX))
        };
        if self.txn != self.version {
            return Err(refused("txn", Expected::Exactly(self.version), self.txn));
        }
        if self.transient_rows > MaskedSize::ROWS_MAX {
            let found = i64::try_from(self.transient_rows).unwrap_or(i64::MAX);
            return Err(refused(
                "transientRowCount",
                Expected::AtMost((1 << 44) - 1),
                found,
            ));
        }
        if self.lag.row_count < 0 {
            let found = i64::from(self.lag.row_count);
            return Err(refused("lagRowCount", Expected::AtLeast(0), found));
        }
        let slot = self.slot_at(HEADER_LEN)?.to_disk()?;
        let symbols = slot.symbols_len.get() / 8;
        let record = DiskRecord {
            txn: self.txn.into(),
            transient_rows: fits("transientRowCount", self.transient_rows)?.into(),
            fixed_rows: fits("fixedRowCount", self.fixed_rows)?.into(),
            min_timestamp: self.min_timestamp.into(),
            max_timestamp: self.max_timestamp.into(),
            structure_version: self.structure_version.into(),
            data_version: self.data_version.into(),
            partition_table_version: self.partition_table_version.into(),
            column_version: self.column_version.into(),
            truncate_version: self.truncate_version.into(),
            seq_txn: self.seq_txn.into(),
            lag_checksum: self.lag.checksum.into(),
            lag_txn_count: self.lag.txn_count.into(),
            lag_row_count: self.lag.row_count.into(),
            lag_min_timestamp: self.lag.min_timestamp.into(),
            lag_max_timestamp: self.lag.max_timestamp.into(),
            reserved_116: [0; 12],
            symbol_column_count: symbols.into(),
        };
        let mut out = record.as_bytes().to_vec();
        for count in &self.symbol_counts {
            let stored = i32::try_from(*count).map_err(|_| {
                refused(
                    "symbol count",
                    Expected::AtMost(i64::from(i32::MAX)),
                    i64::from(*count),
                )
            })?;
            let entry = DiskSymbolCount {
                count: stored.into(),
                transient_count: stored.into(),
            };
            out.extend_from_slice(entry.as_bytes());
        }
        out.extend_from_slice(&slot.partitions_len.get().to_le_bytes());
        for entry in &self.entries {
            let disk = DiskPartition {
                timestamp: entry.timestamp.into(),
                masked_size: entry.masked_size.0.into(),
                name_txn: entry.name_txn.into(),
                parquet_file_size: entry.parquet_file_size.into(),
            };
            out.extend_from_slice(disk.as_bytes());
        }
        Ok(out)
    }

    /// The slot of a record of this commit at `base`.
    fn slot_at(&self, base: u64) -> Result<Slot, WriteError> {
        let too_long = |n: usize| refused("record length", Expected::AtMost(64 << 20), shown(n));
        let len = |n: usize, each: usize| {
            n.checked_mul(each)
                .and_then(|l| u32::try_from(l).ok())
                .filter(|l| u64::from(*l) < RECORD_LEN_MAX)
                .ok_or(too_long(n.saturating_mul(each)))
        };
        let slot = Slot {
            base: u32::try_from(base).map_err(|_| {
                refused(
                    "record base",
                    Expected::AtMost(i64::from(i32::MAX)),
                    i64::MAX,
                )
            })?,
            symbols_len: len(self.symbol_counts.len(), 8)?,
            partitions_len: len(self.entries.len(), 32)?,
        };
        if slot.record_len() > RECORD_LEN_MAX {
            return Err(too_long(
                usize::try_from(slot.record_len()).unwrap_or(usize::MAX),
            ));
        }
        Ok(slot)
    }
}

impl Slot {
    fn to_disk(self) -> Result<DiskSlot, WriteError> {
        let word = |field, v: u32| {
            i32::try_from(v)
                .map_err(|_| refused(field, Expected::AtMost(i64::from(i32::MAX)), i64::from(v)))
        };
        Ok(DiskSlot {
            base: word("record base", self.base)?.into(),
            symbols_len: word("symbols size", self.symbols_len)?.into(),
            partitions_len: word("partitions size", self.partitions_len)?.into(),
        })
    }
}

const NO_SLOT: DiskSlot = DiskSlot {
    base: zerocopy::little_endian::I32::ZERO,
    symbols_len: zerocopy::little_endian::I32::ZERO,
    partitions_len: zerocopy::little_endian::I32::ZERO,
};

fn empty_header(version: i64) -> DiskBaseHeader {
    DiskBaseHeader {
        version: version.into(),
        slot_a: NO_SLOT,
        reserved_20: [0; 12],
        slot_b: NO_SLOT,
        reserved_44: [0; 20],
    }
}

fn slot_mut(header: &mut DiskBaseHeader, version: i64) -> &mut DiskSlot {
    if parity(version) == 0 {
        &mut header.slot_a
    } else {
        &mut header.slot_b
    }
}
