//! Partitions that lie in the table directory and are not part of the table.
//!
//! DETACH leaves a directory with copies of the metadata of its moment inside
//! (`table-dir.md` §5). Its own copies describe it; where they are missing or do not fit, the
//! directory is listed without details, as QuestDB does.

use column_format::{ColumnSlice, ColumnType, Layout, Value, value};
use mmap_io::{FileKind, IoError, Root, RootDir, ScanProfile};
use table_reader::TableReader;
use txn::{ColumnPlace, ColumnVersions, Meta, Txn, column_file_name, partition_dir_name};

use super::partitions::{PartitionInfo, timestamp_text};
use super::size::dir_bytes;
use crate::error::{Cause, Result};

/// Endings of such directories, and whether ATTACH takes them as they are.
const ENDINGS: [(&str, bool); 2] = [(".detached", false), (".attachable", true)];
/// A metadata file of a table with thousands of columns is far smaller.
const METADATA_BYTES_MAX: u64 = 64 << 20;

/// The detached and attachable directories of a table, by name.
pub(crate) fn list(root: &Root, reader: &TableReader) -> Result<Vec<PartitionInfo>> {
    let mut found = Vec::new();
    for entry in root.list("").map_err(Cause::Io)? {
        let Some(name) = entry.name.to_str() else {
            continue;
        };
        let ending = ENDINGS
            .iter()
            .find_map(|&(ending, attachable)| Some((name.strip_suffix(ending)?, attachable)));
        let Some((base, attachable)) = ending else {
            continue;
        };
        if !matches!(entry.kind, FileKind::Dir | FileKind::Symlink) {
            continue;
        }
        let dir = match root.dir(name) {
            Ok(dir) => dir,
            // Gone by now, or a link that leads to no directory, or in a circle.
            Err(
                IoError::NotFound { .. }
                | IoError::NotADirectory { .. }
                | IoError::IsSymlink { .. },
            ) => continue,
            Err(error) => return Err(Cause::Io(error).into()),
        };
        let facts = describe(&dir, base);
        let (min_timestamp, max_timestamp) = facts
            .as_ref()
            .and_then(|facts| facts.extremes.clone())
            .unzip();
        found.push(PartitionInfo {
            index: None,
            partition_by: reader.snapshot().meta.partition_by.to_string(),
            name: name.to_owned(),
            min_timestamp,
            max_timestamp,
            num_rows: facts.as_ref().map(|facts| facts.rows),
            disk_size: dir_bytes(&dir).map_err(Cause::Io)?,
            read_only: false,
            active: false,
            attached: false,
            detached: true,
            attachable,
            has_parquet_generated: facts
                .as_ref()
                .is_some_and(|facts| facts.parquet_len.is_some()),
            is_parquet: facts
                .as_ref()
                .is_some_and(|facts| facts.parquet_len.is_some()),
            parquet_file_size: facts.and_then(|facts| facts.parquet_len).unwrap_or(-1),
        });
    }
    Ok(found)
}

struct Facts {
    rows: u64,
    extremes: Option<(String, String)>,
    parquet_len: Option<i64>,
}

/// What the copies of the metadata say about the partition `base`.
fn describe(dir: &RootDir, base: &str) -> Option<Facts> {
    let read = |name| dir.read_small(name, METADATA_BYTES_MAX).ok();
    let meta = Meta::parse(&read("_meta")?).ok()?;
    let txn = Txn::parse(&read("_txn")?).ok()?;
    let unit = meta.timestamp_unit();
    let named = |timestamp| partition_dir_name(meta.partition_by, unit, timestamp, -1);
    let partitions = txn.partitions(meta.partition_by).ok()?;
    let partition = partitions
        .into_iter()
        .find(|p| named(p.timestamp) == base)?;
    let facts = |extremes, parquet_len| Facts {
        rows: partition.rows,
        extremes,
        parquet_len,
    };
    if partition.is_parquet() {
        let len = partition
            .parquet_len
            .and_then(|len| i64::try_from(len).ok());
        return Some(facts(None, len));
    }
    let cv = ColumnVersions::parse(&read("_cv")?).ok()?;
    let writer_index = meta.designated?;
    let column = meta.columns.get(writer_index)?;
    let ColumnPlace::Present { top: 0, name_txn } =
        cv.place(partition.timestamp, writer_index, partition.rows)
    else {
        return Some(facts(None, None));
    };
    let column_type = ColumnType::Timestamp(unit);
    let layout = column_type.layout();
    let len = layout.data_len_fixed(partition.rows)?;
    let file = dir
        .file(&column_file_name(&column.name, "d", name_txn))
        .ok()?;
    let mapping = file.map(len, ScanProfile::Cached).ok()?;
    let extremes = extremes(layout, &mapping, partition.rows)
        .map(|(first, last)| (timestamp_text(first, unit), timestamp_text(last, unit)));
    Some(facts(extremes, None))
}

/// First and last value of a timestamp column.
fn extremes(layout: Layout, data: &[u8], rows: u64) -> Option<(i64, i64)> {
    let rows = usize::try_from(rows).ok()?;
    let slice = ColumnSlice::new(layout, &[], data, rows).ok()?;
    let at = |row| match value(ColumnType::Long, &slice, None, row) {
        Ok(Value::Long(ticks)) => Some(ticks),
        _ => None,
    };
    Some((at(0)?, at(rows.checked_sub(1)?)?))
}
