//! Where a column's values are in a partition (cv.md §3, §4).
//!
//! The rule has four inputs and one trap: an explicit partition entry overrides the "added later" rule, because
//! out-of-order rows create a column in partitions older than itself.

use crate::cv::{ColumnVersionEntry, ColumnVersions};

/// Whether and where a column has values in a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnPlace {
    /// The file holds rows `top..rows`; rows `0..top` are null.
    Present {
        /// First row with a value; less than the partition's rows.
        top: u64,
        /// File suffix, −1 = none.
        name_txn: i64,
    },
    /// All rows are null. Do not open any file.
    Absent,
}

impl ColumnVersions {
    /// Where column `writer_idx` is in the partition `partition_ts` of `rows` effective rows (cv.md §3).
    #[must_use]
    pub fn place(&self, partition_ts: i64, writer_idx: usize, rows: u64) -> ColumnPlace {
        let entry = self.find(partition_ts, writer_idx);
        let default = self.find(ColumnVersionEntry::DEFAULT, writer_idx);
        let added = default.map_or(i64::MIN, |d| d.value);
        let top = entry.map_or(0, |e| u64::try_from(e.value).unwrap_or(0));
        let own = entry.map_or(-1, |e| e.name_txn);
        let name_txn = if own == -1 {
            default.map_or(-1, |d| d.name_txn)
        } else {
            own
        };
        if rows > top && (entry.is_some() || added <= partition_ts) {
            ColumnPlace::Present { top, name_txn }
        } else {
            ColumnPlace::Absent
        }
    }

    /// Suffix of the symbol dictionary files of column `writer_idx`, −1 = none (cv.md §4).
    #[must_use]
    pub fn symbol_name_txn(&self, writer_idx: usize) -> i64 {
        self.find(ColumnVersionEntry::SYMBOL_TABLE, writer_idx)
            .or_else(|| self.find(ColumnVersionEntry::DEFAULT, writer_idx))
            .map_or(-1, |e| e.name_txn)
    }

    fn find(&self, timestamp: i64, column: usize) -> Option<&ColumnVersionEntry> {
        let idx = self
            .entries
            .binary_search_by_key(&(timestamp, column), |e| (e.timestamp, e.column));
        idx.ok().and_then(|i| self.entries.get(i))
    }
}
