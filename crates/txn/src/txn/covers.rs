//! Whether what was read is still what is committed (table-dir.md §8.3).
//!
//! After the last byte of a snapshot was consumed, `_txn` is read again. If the version moved, the snapshot is
//! still whole as long as nothing that was read can have been overwritten or removed in place; otherwise the
//! first difference is returned by name, so that a restart can say why.

use crate::error::ParseError;
use crate::partition_by::PartitionBy;
use crate::txn::{Partition, Txn};

/// What changed under a snapshot. Values are (as read, now).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotChange {
    /// The version went backwards: the table was restored or replaced.
    #[error("version went back from {was} to {now}")]
    VersionWentBack {
        /// As read.
        was: i64,
        /// Now.
        now: i64,
    },
    /// Partitions were truncated, dropped, detached or attached.
    #[error("truncate version {was} became {now}")]
    TruncateVersion {
        /// As read.
        was: i64,
        /// Now.
        now: i64,
    },
    /// The table was truncated.
    #[error("data version {was} became {now}")]
    DataVersion {
        /// As read.
        was: i64,
        /// Now.
        now: i64,
    },
    /// Columns got new files.
    #[error("column version {was} became {now}")]
    ColumnVersion {
        /// As read.
        was: i64,
        /// Now.
        now: i64,
    },
    /// A partition that was read is no longer listed.
    #[error("partition {timestamp} is gone")]
    PartitionGone {
        /// Its timestamp.
        timestamp: i64,
    },
    /// A partition that was read was rewritten in another directory.
    #[error("partition {timestamp} moved from suffix {was} to {now}")]
    PartitionMoved {
        /// Its timestamp.
        timestamp: i64,
        /// As read.
        was: i64,
        /// Now.
        now: i64,
    },
    /// Bits 44–62 of a partition that was read changed: squashed, converted, attached read-only.
    #[error("partition {timestamp} changed its flags from {was:#x} to {now:#x}")]
    PartitionFlags {
        /// Its timestamp.
        timestamp: i64,
        /// As read.
        was: i64,
        /// Now.
        now: i64,
    },
    /// The fourth word of a partition that was read changed: its Parquet file grew or was replaced.
    #[error("partition {timestamp} changed its Parquet size from {was} to {now}")]
    ParquetSize {
        /// Its timestamp.
        timestamp: i64,
        /// As read.
        was: i64,
        /// Now.
        now: i64,
    },
    /// A partition that was read has fewer rows than were used.
    #[error("partition {timestamp} shrank from {was} to {now} rows")]
    PartitionShrank {
        /// Its timestamp.
        timestamp: i64,
        /// Rows that were used.
        was: u64,
        /// Rows now.
        now: u64,
    },
    /// The newer commit's partition segment does not hold together.
    #[error("the newer commit is damaged: {0}")]
    Damaged(ParseError),
}

impl Txn {
    /// Whether bytes read under this commit are still whole under `newer` (table-dir.md §8.3). `read` is what
    /// was read, taken from [`Txn::partitions`] of this commit; `rows` in it is what was used.
    ///
    /// Files of releases before 9.3.2 have no squash counter: for those, accept equal versions only.
    /// TRUNCATE empties files *before* it commits; this rule cannot see that (short files can).
    ///
    /// # Errors
    /// The first difference that makes the snapshot unusable.
    pub fn still_covers(
        &self,
        newer: &Self,
        by: PartitionBy,
        read: &[Partition],
    ) -> Result<(), SnapshotChange> {
        if newer.version < self.version {
            return Err(SnapshotChange::VersionWentBack {
                was: self.version,
                now: newer.version,
            });
        }
        if newer.truncate_version != self.truncate_version {
            let (was, now) = (self.truncate_version, newer.truncate_version);
            return Err(SnapshotChange::TruncateVersion { was, now });
        }
        if newer.data_version != self.data_version {
            let (was, now) = (self.data_version, newer.data_version);
            return Err(SnapshotChange::DataVersion { was, now });
        }
        if newer.column_version != self.column_version {
            let (was, now) = (self.column_version, newer.column_version);
            return Err(SnapshotChange::ColumnVersion { was, now });
        }
        let now = newer.partitions(by).map_err(SnapshotChange::Damaged)?;
        read.iter().try_for_each(|was| {
            let timestamp = was.timestamp;
            match now
                .binary_search_by_key(&timestamp, |p| p.timestamp)
                .ok()
                .and_then(|i| now.get(i))
            {
                Some(now) => was.still_covered_by(now),
                None => Err(SnapshotChange::PartitionGone { timestamp }),
            }
        })
    }
}

impl Partition {
    fn still_covered_by(&self, now: &Self) -> Result<(), SnapshotChange> {
        let timestamp = self.timestamp;
        if now.name_txn != self.name_txn {
            let (was, now) = (self.name_txn, now.name_txn);
            return Err(SnapshotChange::PartitionMoved {
                timestamp,
                was,
                now,
            });
        }
        if now.flags.flag_bits() != self.flags.flag_bits() {
            let (was, now) = (self.flags.flag_bits(), now.flags.flag_bits());
            return Err(SnapshotChange::PartitionFlags {
                timestamp,
                was,
                now,
            });
        }
        if now.parquet_file_size != self.parquet_file_size {
            let (was, now) = (self.parquet_file_size, now.parquet_file_size);
            return Err(SnapshotChange::ParquetSize {
                timestamp,
                was,
                now,
            });
        }
        if now.rows < self.rows {
            let (was, now) = (self.rows, now.rows);
            return Err(SnapshotChange::PartitionShrank {
                timestamp,
                was,
                now,
            });
        }
        Ok(())
    }
}
