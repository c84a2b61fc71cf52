//! `_txn`: what is visible at one commit (txn.md).
//!
//! Nothing is part of a table unless this file says so. [`Txn`] is one whole commit; the bytes of a record
//! become one only by passing through [`record::RawRecord`], which is consumed by its verification.

mod covers;
mod header;
mod lag;
mod masked_size;
mod partition;
mod protocol;
mod record;
mod write;

pub use covers::SnapshotChange;
pub(crate) use header::parity;
pub use header::{Slot, TxnHeader};
pub use lag::Lag;
pub use masked_size::MaskedSize;
pub use partition::{Partition, PartitionEntry};
pub use protocol::{TxnError, read_txn, read_txn_version};

use crate::error::{ParseError, SmallFile};
use crate::read::{Attempts, settled};

/// One commit of a table: the decoded record that the version word selects.
///
/// Timestamps are in the unit of the designated timestamp (µs or ns, see [`crate::Meta::timestamp_unit`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Txn {
    /// Version word of the base header; +1 per commit.
    pub version: i64,
    /// The record's own number; equals `version` in every record that was read.
    pub txn: i64,
    /// Rows of the last partition, or of the whole table for PARTITION BY NONE.
    pub transient_rows: u64,
    /// Rows of all partitions but the last.
    pub fixed_rows: u64,
    /// Smallest designated timestamp; `i64::MAX` when empty or without one.
    pub min_timestamp: i64,
    /// Largest designated timestamp; `i64::MIN` when empty or without one.
    pub max_timestamp: i64,
    /// Metadata version in the low half, column structure version in the high one (txn.md §3.5).
    pub structure_version: i64,
    /// Counts TRUNCATE.
    pub data_version: i64,
    /// Counts changes of partitions other than plain appends.
    pub partition_table_version: i64,
    /// The version of `_cv` that this commit was made with.
    pub column_version: i64,
    /// Counts TRUNCATE, attach, detach and drop of partitions.
    pub truncate_version: i64,
    /// WAL tables: last sequencer transaction that is visible. 0 otherwise.
    pub seq_txn: i64,
    /// Rows that a WAL applier parked behind the visible ones.
    pub lag: Lag,
    /// Committed distinct values per live SYMBOL column, in the order of [`crate::Meta::symbol_index`].
    pub symbol_counts: Vec<u32>,
    /// The partition segment as stored. The last size is stale and PARTITION BY NONE stores garbage: use
    /// [`Txn::partitions`].
    pub entries: Vec<PartitionEntry>,
}

impl Txn {
    /// Parses a private copy of a whole `_txn` file that nobody writes any more.
    ///
    /// # Errors
    /// Truncated, corrupt or oversized headers and records (txn.md §2, §3).
    pub fn parse(file: &[u8]) -> Result<Self, ParseError> {
        match read_txn(&mut &*file, &mut Attempts { left: 0 }) {
            Ok(txn) => Ok(txn),
            Err(TxnError::Parse(e)) => Err(e),
            Err(TxnError::Timeout { torn, .. }) => Err(settled(torn, SmallFile::Txn)),
            Err(TxnError::Io(never)) => match never {},
        }
    }

    /// Low half of the structure version: must equal [`crate::Meta::metadata_version`] (txn.md §3.5).
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the low half is the field")]
    pub fn metadata_version(&self) -> i32 {
        self.structure_version as i32
    }

    /// Visible rows of the table. Rows in the lag are not among them.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.fixed_rows.saturating_add(self.transient_rows)
    }
}
