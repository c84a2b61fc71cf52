//! `show partitions`: what `SHOW PARTITIONS` answers.

use std::path::Path;

use column_format::TimestampUnit;
use mmap_io::{IoError, Root};
use table_reader::TableReader;

use super::size::{dir_bytes, human_bytes};
use super::{Cell, Listed, Shown, detached};
use crate::error::{Cause, EngineError, Result};
use crate::reading::open_reader;
use crate::text::timestamp::{Precision, push_timestamp};

/// A partition as `SHOW PARTITIONS` describes it (headings of 9.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionInfo {
    /// Position in the table; `None` for what is not part of it (detached, attachable).
    pub index: Option<u64>,
    /// Unit of partitioning.
    pub partition_by: String,
    /// Name without the suffix of its directory.
    pub name: String,
    /// First timestamp, ISO 8601; `None` where it is not known without reading Parquet.
    pub min_timestamp: Option<String>,
    /// Last timestamp.
    pub max_timestamp: Option<String>,
    /// Rows; `None` if a detached directory does not tell.
    pub num_rows: Option<u64>,
    /// Length of all files, in bytes.
    pub disk_size: u64,
    /// Attached through a link, so that QuestDB never writes to it.
    pub read_only: bool,
    /// The partition that QuestDB appends to.
    pub active: bool,
    /// Part of the table.
    pub attached: bool,
    /// Taken out of the table and left in its directory.
    pub detached: bool,
    /// Ready to be attached.
    pub attachable: bool,
    /// A Parquet file lies beside the native ones, or instead of them.
    pub has_parquet_generated: bool,
    /// Stored as Parquet.
    pub is_parquet: bool,
    /// Committed length of the Parquet file in bytes; −1 without one.
    pub parquet_file_size: i64,
}

impl Listed for PartitionInfo {
    const HEADINGS: &'static [&'static str] = &[
        "index",
        "partitionBy",
        "name",
        "minTimestamp",
        "maxTimestamp",
        "numRows",
        "diskSize",
        "diskSizeHuman",
        "readOnly",
        "active",
        "attached",
        "detached",
        "attachable",
        "hasParquetGenerated",
        "isParquet",
        "parquetFileSize",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.index.into(),
            self.partition_by.as_str().into(),
            self.name.as_str().into(),
            self.min_timestamp.as_deref().into(),
            self.max_timestamp.as_deref().into(),
            self.num_rows.into(),
            self.disk_size.into(),
            human_bytes(self.disk_size).into(),
            self.read_only.into(),
            self.active.into(),
            self.attached.into(),
            self.detached.into(),
            self.attachable.into(),
            self.has_parquet_generated.into(),
            self.is_parquet.into(),
            self.parquet_file_size.into(),
        ]
    }
}

/// The partitions of the table in `dir`, in table order, then what lies detached beside them.
///
/// # Errors
/// No table there, or its metadata or designated timestamp cannot be read.
pub fn show_partitions(dir: impl AsRef<Path>) -> Result<Shown<PartitionInfo>> {
    show_partitions_in(&crate::root::open_root(dir)?)
}

/// [`show_partitions`] of a root that is open already.
///
/// # Errors
/// As [`show_partitions`].
pub fn show_partitions_in(root: &Root) -> Result<Shown<PartitionInfo>> {
    let reader = open_reader(root, Some(&[]))?;
    let mut facts = Vec::with_capacity(reader.partitions().len());
    for index in 0..reader.partitions().len() {
        facts.extend(attached(root, &reader, index)?);
    }
    facts.extend(detached::list(root, &reader)?);
    Ok(Shown {
        table: reader.snapshot().name.clone(),
        snapshot_txn: reader.snapshot().txn.txn,
        wal_pending_txns: reader.pending_wal_transactions()?,
        facts,
    })
}

fn attached(root: &Root, reader: &TableReader, index: usize) -> Result<Option<PartitionInfo>> {
    let snapshot = reader.snapshot();
    let described = reader
        .partitions()
        .get(index)
        .zip(snapshot.partitions.get(index));
    let Some((partition, committed)) = described else {
        return Ok(None);
    };
    // QuestDB states no range for a table without partitions.
    let has_range = snapshot.meta.partition_by.is_partitioned();
    let extremes = match snapshot.meta.designated {
        Some(_) if has_range && !partition.parquet => reader
            .timestamp_extremes(index)
            .map_err(|error| EngineError::from(error).in_partition(&partition.name))?,
        _ => None,
    };
    let text = |ticks| timestamp_text(ticks, snapshot.timestamp_unit());
    let parquet_len = partition
        .parquet_len
        .and_then(|len| i64::try_from(len).ok());
    Ok(Some(PartitionInfo {
        index: u64::try_from(index).ok(),
        partition_by: snapshot.meta.partition_by.to_string(),
        name: partition.name.clone(),
        min_timestamp: extremes.map(|(first, _)| text(first)),
        max_timestamp: extremes.map(|(_, last)| text(last)),
        num_rows: Some(partition.rows),
        disk_size: match root.dir(&partition.directory) {
            Ok(dir) => dir_bytes(&dir).map_err(Cause::Io)?,
            // An empty partition needs no directory.
            Err(IoError::NotFound { .. }) => 0,
            Err(error) => return Err(Cause::Io(error).into()),
        },
        read_only: partition.read_only,
        active: partition.active,
        attached: true,
        detached: false,
        attachable: false,
        // Partitions that were born as Parquet lack the bit, and 9.4 lists them as if they had it.
        has_parquet_generated: committed.flags.parquet_generated() || partition.parquet,
        is_parquet: partition.parquet,
        parquet_file_size: parquet_len.unwrap_or(-1),
    }))
}

/// ISO 8601, with as many digits as the unit has.
pub(crate) fn timestamp_text(ticks: i64, unit: TimestampUnit) -> String {
    let precision = match unit {
        TimestampUnit::Micros => Precision::Micros,
        TimestampUnit::Nanos => Precision::Nanos,
    };
    let mut text = Vec::new();
    push_timestamp(&mut text, ticks, precision);
    String::from_utf8(text).unwrap_or_default()
}
