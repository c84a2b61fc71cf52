//! Partition entries as stored, and the partitions that they mean (txn.md §3.3).
//!
//! What is stored and what is meant differ in two ways that cost other readers bugs: the last size is stale,
//! and PARTITION BY NONE stores garbage. [`Txn::partitions`] is the one place that knows.

use crate::bytes::off;
use crate::error::{Expected, ParseError, SmallFile};
use crate::partition_by::PartitionBy;
use crate::txn::{MaskedSize, Txn};

/// One entry of the partition segment, as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionEntry {
    /// Partition timestamp in the unit of the designated timestamp: a floor, or off it for a split part.
    pub timestamp: i64,
    /// Row count (stale in the last entry) and flags.
    pub masked_size: MaskedSize,
    /// Directory suffix, −1 = none.
    pub name_txn: i64,
    /// Committed length of `data.parquet` if bit 61 or 60 is set; otherwise meaningless.
    pub parquet_file_size: i64,
}

impl PartitionEntry {
    /// An entry of a native partition without flags; `None` above [`MaskedSize::ROWS_MAX`] rows.
    #[must_use]
    pub fn native(timestamp: i64, rows: u64, name_txn: i64) -> Option<Self> {
        Some(Self {
            timestamp,
            masked_size: MaskedSize::of_rows(rows)?,
            name_txn,
            parquet_file_size: -1,
        })
    }
}

/// One partition as it counts: effective rows, named flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Partition timestamp; 0 for PARTITION BY NONE.
    pub timestamp: i64,
    /// Visible rows. May be 0: skip it.
    pub rows: u64,
    /// Directory suffix, −1 = none.
    pub name_txn: i64,
    /// Flags. The row bits are those stored: stale for the last partition.
    pub flags: MaskedSize,
    /// Committed length of `data.parquet` in bytes: `Some` iff the partition *is* stored as Parquet (bit 61).
    pub parquet_len: Option<u64>,
    /// The fourth word as stored (length of a generated copy if bit 60 is set, else meaningless).
    pub parquet_file_size: i64,
}

impl Partition {
    /// Whether the partition is stored as Parquet (bit 61 alone decides).
    #[must_use]
    pub fn is_parquet(&self) -> bool {
        self.flags.is_parquet()
    }
}

impl Txn {
    /// The partitions of this commit, in time order: effective row counts (the last one is the transient
    /// count), PARTITION BY NONE synthesised as one partition at 0, none for a view.
    ///
    /// # Errors
    /// Corrupt: timestamps not ascending, a reserved bit, a suffix below −1, a Parquet partition without a
    /// length, sizes that do not add up to `fixedRowCount`, rows without a partition. Offsets of fields named
    /// "partition segment: …" count from its first entry, since a decoded commit no longer knows where its
    /// record lay.
    pub fn partitions(&self, by: PartitionBy) -> Result<Vec<Partition>, ParseError> {
        match by {
            PartitionBy::NotApplicable => Ok(Vec::new()),
            PartitionBy::None => Ok(vec![Partition {
                timestamp: 0,
                rows: self.transient_rows,
                name_txn: -1,
                flags: MaskedSize::default(),
                parquet_len: None,
                parquet_file_size: -1,
            }]),
            _ => self.effective(),
        }
    }

    fn effective(&self) -> Result<Vec<Partition>, ParseError> {
        let mut out: Vec<Partition> = Vec::with_capacity(self.entries.len());
        let mut fixed = 0u64;
        let last_idx = self.entries.len().checked_sub(1);
        for (i, entry) in self.entries.iter().enumerate() {
            let after = out.last().map(|p| p.timestamp);
            let mut partition = entry.checked(off(i) * 32, after)?;
            if Some(i) == last_idx {
                partition.rows = self.transient_rows;
            } else {
                fixed = fixed.saturating_add(partition.rows);
            }
            out.push(partition);
        }
        let sums = [
            ("partition segment: sum of sizes", self.fixed_rows, fixed),
            // Without a partition there is nowhere for rows to be.
            (
                "transientRowCount",
                if out.is_empty() {
                    0
                } else {
                    self.transient_rows
                },
                self.transient_rows,
            ),
        ];
        for (field, expected, found) in sums {
            if expected != found {
                return Err(ParseError::Corrupt {
                    file: SmallFile::Txn,
                    field,
                    offset: 0,
                    expected: Expected::Exactly(i64::try_from(expected).unwrap_or(i64::MAX)),
                    found: i64::try_from(found).unwrap_or(i64::MAX),
                });
            }
        }
        Ok(out)
    }
}

impl PartitionEntry {
    fn checked(&self, at: u64, after: Option<i64>) -> Result<Partition, ParseError> {
        let corrupt = |field, offset, expected, found| {
            Err(ParseError::Corrupt {
                file: SmallFile::Txn,
                field,
                offset,
                expected,
                found,
            })
        };
        if let Some(previous) = after
            && self.timestamp <= previous
        {
            let expected = Expected::AtLeast(previous.saturating_add(1));
            return corrupt("partition segment: timestamp", at, expected, self.timestamp);
        }
        if self.masked_size.reserved() {
            let expected = Expected::That("bit 63 clear");
            return corrupt(
                "partition segment: size",
                at + 8,
                expected,
                self.masked_size.0,
            );
        }
        if self.name_txn < -1 {
            return corrupt(
                "partition segment: name txn",
                at + 16,
                Expected::AtLeast(-1),
                self.name_txn,
            );
        }
        let parquet_len = match u64::try_from(self.parquet_file_size) {
            _ if !self.masked_size.is_parquet() => None,
            Ok(len) if len > 0 => Some(len),
            _ => {
                let found = self.parquet_file_size;
                return corrupt(
                    "partition segment: Parquet size",
                    at + 24,
                    Expected::AtLeast(1),
                    found,
                );
            }
        };
        Ok(Partition {
            timestamp: self.timestamp,
            rows: self.masked_size.rows(),
            name_txn: self.name_txn,
            flags: self.masked_size,
            parquet_len,
            parquet_file_size: self.parquet_file_size,
        })
    }
}
