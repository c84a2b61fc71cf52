//! `show`: facts about tables, columns and partitions, under QuestDB's own names.

mod columns;
mod detached;
mod listing;
mod partitions;
mod size;
mod tables;

pub use columns::{ColumnInfo, show_columns, show_columns_in};
pub use listing::{Cell, Listed, ListingFormat, write_listing};
pub use partitions::{PartitionInfo, show_partitions, show_partitions_in};
pub use tables::{TableInfo, TablesShown, show_tables, show_tables_with};

/// Facts about one table, and the snapshot that they are from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown<T> {
    /// Name of the table.
    pub table: String,
    /// Transaction of the snapshot.
    pub snapshot_txn: i64,
    /// Transactions in the write-ahead log that are not part of the table yet; `None` if the table
    /// has no log.
    pub wal_pending_txns: Option<u64>,
    /// The facts, in QuestDB's order.
    pub facts: Vec<T>,
}
