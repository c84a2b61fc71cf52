//! Directories of detached and attachable partitions (table-dir.md §5).
//!
//! They hold copies of the `_meta` and `_txn` that were current when they were detached. Anything
//! may have happened to them since, so what cannot be read is left out instead of failing.

use column_format::TimestampUnit;
use mmap_io::{FileKind, RootDir};
use txn::{
    ColumnPlace, ColumnVersions, Meta, Partition, Txn, column_file_name, partition_dir_name,
};

use crate::error::ReadError;
use crate::list::disk_bytes;
use crate::list::partitions::PartitionListing;
use crate::small::SMALL_LEN_MAX;
use crate::snapshot::Snapshot;

/// Every such directory beside the partitions of `table`, by name.
pub(crate) fn list(
    table: &RootDir,
    snapshot: &Snapshot,
) -> Result<Vec<PartitionListing>, ReadError> {
    let mut out = Vec::new();
    for entry in table.list().map_err(ReadError::Io)? {
        let Some(name) = entry.name.to_str() else {
            continue;
        };
        let attachable = name.ends_with(".attachable");
        let base = name
            .strip_suffix(".attachable")
            .or_else(|| name.strip_suffix(".detached"));
        let is_dir = matches!(entry.kind, FileKind::Dir | FileKind::Symlink);
        let Some(base) = base.filter(|_| is_dir) else {
            continue;
        };
        let copied = table
            .dir(name)
            .ok()
            .and_then(|dir| Copied::read(&dir, base));
        let extremes = copied.as_ref().and_then(|c| c.extremes);
        let flags = copied.as_ref().map(|c| c.partition.flags);
        out.push(PartitionListing {
            index: None,
            partition_by: snapshot.meta.partition_by,
            name: name.to_owned(),
            min_timestamp: extremes.map(|e| e.0),
            max_timestamp: extremes.map(|e| e.1),
            rows: copied.as_ref().map(|c| c.partition.rows),
            disk_bytes: disk_bytes(table, name)?,
            read_only: flags.is_some_and(|f| f.read_only()),
            active: false,
            attached: false,
            detached: true,
            attachable,
            parquet_generated: flags.is_some_and(|f| f.parquet_generated() || f.is_parquet()),
            parquet: flags.is_some_and(|f| f.is_parquet()),
            parquet_len: copied.and_then(|c| c.partition.parquet_len),
        });
    }
    Ok(out)
}

/// What the copies in the directory say about it.
struct Copied {
    partition: Partition,
    extremes: Option<(i64, i64)>,
}

impl Copied {
    fn read(dir: &RootDir, base: &str) -> Option<Self> {
        let read = |name| dir.read_small(name, SMALL_LEN_MAX).ok();
        let meta = Meta::parse(&read("_meta")?).ok()?;
        let txn = Txn::parse(&read("_txn")?).ok()?;
        let unit: TimestampUnit = meta.timestamp_unit();
        let partitions = txn.partitions(meta.partition_by).ok()?;
        let named =
            |p: &&Partition| partition_dir_name(meta.partition_by, unit, p.timestamp, -1) == base;
        let partition = *partitions.iter().find(named)?;
        let cv = read("_cv").and_then(|b| ColumnVersions::parse(&b).ok());
        let extremes = match partition.is_parquet() || partition.rows == 0 {
            true => None,
            false => extremes(dir, &meta, &cv?, &partition),
        };
        Some(Self {
            partition,
            extremes,
        })
    }
}

fn extremes(
    dir: &RootDir,
    meta: &Meta,
    cv: &ColumnVersions,
    partition: &Partition,
) -> Option<(i64, i64)> {
    let w = meta.designated?;
    let ColumnPlace::Present { top: 0, name_txn } =
        cv.place(partition.timestamp, w, partition.rows)
    else {
        return None;
    };
    let name = &meta.columns.get(w)?.name;
    let file = dir.file(&column_file_name(name, "d", name_txn)).ok()?;
    let at = |row: u64| {
        let mut word = [0u8; 8];
        file.read_exact_at(row.checked_mul(8)?, &mut word).ok()?;
        Some(i64::from_le_bytes(word))
    };
    Some((at(0)?, at(partition.rows.checked_sub(1)?)?))
}
