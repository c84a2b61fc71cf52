//! A partition as the reader's user sees it.
//!
//! Names are computed from the commit, never taken from a directory listing: what lies around on
//! disk is no evidence (table-dir.md §4).

use txn::{Partition, PartitionBy, partition_dir_name};

use crate::snapshot::Snapshot;

/// One partition of a snapshot, in table order. A split part is a partition of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionInfo {
    /// Name without the directory suffix: what `SHOW PARTITIONS` prints.
    pub name: String,
    /// Directory name below the table, suffix included.
    pub directory: String,
    /// Partition timestamp in the unit of the designated timestamp.
    pub timestamp: i64,
    /// Directory suffix, −1 = none.
    pub name_txn: i64,
    /// Visible rows; may be 0.
    pub rows: u64,
    /// Stored as Parquet (bit 61).
    pub parquet: bool,
    /// Committed length of `data.parquet`, for Parquet partitions.
    pub parquet_len: Option<u64>,
    /// Attached through a symlink.
    pub read_only: bool,
    /// The last partition: the one that a writer appends to.
    pub active: bool,
}

/// The partitions of a snapshot, parallel to [`Snapshot::partitions`].
pub(crate) fn describe(snapshot: &Snapshot) -> Vec<PartitionInfo> {
    let (by, unit) = (snapshot.meta.partition_by, snapshot.timestamp_unit());
    let count = snapshot.partitions.len();
    let one = |(i, p): (usize, &Partition)| {
        // PARTITION BY NONE has one directory and no suffixes.
        let name_txn = if by == PartitionBy::None {
            -1
        } else {
            p.name_txn
        };
        PartitionInfo {
            name: partition_dir_name(by, unit, p.timestamp, -1),
            directory: partition_dir_name(by, unit, p.timestamp, name_txn),
            timestamp: p.timestamp,
            name_txn,
            rows: p.rows,
            parquet: p.is_parquet(),
            parquet_len: p.parquet_len,
            read_only: p.flags.read_only(),
            active: i + 1 == count,
        }
    };
    snapshot.partitions.iter().enumerate().map(one).collect()
}
