//! `_meta`: columns, partitioning and settings of one metadata version (meta.md).
//!
//! One immutable file per version, replaced by rename, so there is no read protocol here: the caller reads it
//! whole and compares the metadata version with that of `_txn`. Bytes become a [`Meta`] only by passing
//! through [`RawMeta::verify`].

mod column;
mod minor;
mod order;
mod raw;
mod write;

pub use column::{ColumnFlags, MetaColumn, ParquetConfig};
pub use minor::minor_check;
pub use raw::RawMeta;

use column_format::{ColumnType, TimestampUnit};

use crate::error::MetaError;
use crate::partition_by::PartitionBy;

/// Metadata of a table. Column positions are writer indexes; see [`Meta::visible_order`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Partitioning unit.
    pub partition_by: PartitionBy,
    /// Writer index of the designated timestamp.
    pub designated: Option<usize>,
    /// Table id.
    pub table_id: i32,
    /// Setting of the engine, irrelevant to readers.
    pub max_uncommitted_rows: i32,
    /// Setting of the engine in µs, irrelevant to readers.
    pub o3_max_lag: i64,
    /// Metadata version, +1 per DDL; see [`crate::Txn::metadata_version`].
    pub metadata_version: i64,
    /// Whether the table is written through a WAL.
    pub wal: bool,
    /// Minor version; 0 if its check value does not hold (meta.md §3).
    pub minor_version: i16,
    /// TTL: positive hours, negative months, 0 none. Needs minor version 1.
    pub ttl: i32,
    /// Format of new partitions: 0 native, 1 Parquet. Needs minor version 2.
    pub table_format: i32,
    /// All columns by writer index, deleted ones included.
    pub columns: Vec<MetaColumn>,
}

impl Meta {
    /// Parses a whole `_meta` (or `_meta.prev`).
    ///
    /// # Errors
    /// See [`RawMeta::verify`].
    pub fn parse(file: &[u8]) -> Result<Self, MetaError> {
        RawMeta::new(file).verify()
    }

    /// Metadata of a new table at version 0, minor version 1, as 9.3.4 writes it.
    #[must_use]
    pub fn new_table(
        partition_by: PartitionBy,
        designated: Option<usize>,
        columns: Vec<MetaColumn>,
    ) -> Self {
        Self {
            partition_by,
            designated,
            table_id: 1,
            max_uncommitted_rows: 500_000,
            o3_max_lag: 600_000_000,
            metadata_version: 0,
            wal: false,
            minor_version: 1,
            ttl: 0,
            table_format: 0,
            columns,
        }
    }

    /// Unit of the designated timestamp, and with it of every timestamp in `_txn` and `_cv`. Microseconds if
    /// the table has no designated timestamp.
    #[must_use]
    pub fn timestamp_unit(&self) -> TimestampUnit {
        let designated = self.designated.and_then(|w| self.columns.get(w));
        match designated.map(MetaColumn::column_type) {
            Some(Ok(ColumnType::Timestamp(unit))) => unit,
            _ => TimestampUnit::Micros,
        }
    }

    /// Symbol capacity of column `writer_idx`, if it can be trusted: a SYMBOL column and minor version 1
    /// (meta.md §3). The authoritative capacity is in the header of the `.o` file.
    #[must_use]
    pub fn symbol_capacity(&self, writer_idx: usize) -> Option<u32> {
        let column = self.columns.get(writer_idx)?;
        let trusted = self.minor_version >= 1 && column.column_type() == Ok(ColumnType::Symbol);
        u32::try_from(column.symbol_capacity)
            .ok()
            .filter(|c| trusted && *c > 0)
    }
}
