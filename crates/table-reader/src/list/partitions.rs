//! The partitions of a table as `SHOW PARTITIONS` lists them: attached ones, then detached ones.
//!
//! Attached partitions come from the commit. Detached ones are not part of the table: they are
//! whatever directories of that name lie beside it, described by their own copies of the metadata.

use txn::PartitionBy;

use crate::error::ReadError;
use crate::list::{detached, disk_bytes};
use crate::reader::TableReader;

/// One partition, attached or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionListing {
    /// `index`; `None` for detached partitions.
    pub index: Option<usize>,
    /// `partitionBy`.
    pub partition_by: PartitionBy,
    /// `name`: without directory suffix; with `.detached` or `.attachable`.
    pub name: String,
    /// `minTimestamp` in ticks of the designated timestamp; `None` without rows, for PARTITION BY
    /// NONE, and for Parquet partitions.
    pub min_timestamp: Option<i64>,
    /// `maxTimestamp`.
    pub max_timestamp: Option<i64>,
    /// `numRows`; `None` for a detached partition that does not say.
    pub rows: Option<u64>,
    /// `diskSize`: lengths of the files of its directory, in bytes.
    pub disk_bytes: u64,
    /// `readOnly`.
    pub read_only: bool,
    /// `active`: the last attached partition.
    pub active: bool,
    /// `attached`.
    pub attached: bool,
    /// `detached`.
    pub detached: bool,
    /// `attachable`.
    pub attachable: bool,
    /// `hasParquetGenerated` (9.4): a Parquet file lies in the directory, authoritative or not.
    pub parquet_generated: bool,
    /// `isParquet`.
    pub parquet: bool,
    /// `parquetFileSize`: committed bytes; `None` (printed as −1) for native partitions.
    pub parquet_len: Option<u64>,
}

impl TableReader {
    /// All partitions in table order, then detached and attachable directories by name.
    ///
    /// # Errors
    /// A directory or a designated timestamp file of an attached partition cannot be read.
    pub fn list_partitions(&self) -> Result<Vec<PartitionListing>, ReadError> {
        let mut out = Vec::with_capacity(self.partitions().len());
        for index in 0..self.partitions().len() {
            out.extend(self.list_partition(index)?);
        }
        out.extend(detached::list(self.root().top(), self.snapshot())?);
        Ok(out)
    }

    fn list_partition(&self, index: usize) -> Result<Option<PartitionListing>, ReadError> {
        let snapshot = self.snapshot();
        let by = snapshot.meta.partition_by;
        let (Some(p), Some(stored)) =
            (self.partitions().get(index), snapshot.partitions.get(index))
        else {
            return Ok(None);
        };
        let timed = snapshot.meta.designated.is_some() && by != PartitionBy::None;
        let extremes = if timed && !p.parquet {
            self.timestamp_extremes(index)?
        } else {
            None
        };
        Ok(Some(PartitionListing {
            index: Some(index),
            partition_by: by,
            name: p.name.clone(),
            min_timestamp: extremes.map(|e| e.0),
            max_timestamp: extremes.map(|e| e.1),
            rows: Some(p.rows),
            disk_bytes: disk_bytes(self.root().top(), &p.directory)?,
            read_only: p.read_only,
            active: p.active,
            attached: true,
            detached: false,
            attachable: false,
            parquet_generated: p.parquet || stored.flags.parquet_generated(),
            parquet: p.parquet,
            parquet_len: p.parquet_len,
        }))
    }
}
