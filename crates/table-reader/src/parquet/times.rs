//! Rows of a Parquet partition by time: row groups by their bounds, the one at the edge by its
//! timestamps.

use column_format::ColumnSlice;

use super::partition::ParquetPartition;
use crate::error::ReadError;

/// First row whose timestamp is at least `bound`; all rows if there is none. `slot` is the
/// designated timestamp among the partition's columns.
pub(crate) fn first_at_or_after(
    partition: &ParquetPartition,
    slot: usize,
    bound: i64,
) -> Result<u64, ReadError> {
    for group in 0..partition.facts().groups.len() {
        let rows = partition.rows_of(group);
        if rows.is_empty() {
            continue;
        }
        match partition.bounds(slot, group) {
            Some((_, highest)) if highest < bound => continue,
            Some((lowest, _)) if lowest >= bound => return Ok(rows.start),
            _ => {}
        }
        let below = with_times(partition, slot, group, |times| {
            times.partition_point(|t| i64::from_le_bytes(*t) < bound)
        })?;
        let below = below as u64;
        if below < rows.end - rows.start {
            return Ok(rows.start + below);
        }
    }
    Ok(partition.starts().last().copied().unwrap_or(0))
}

/// First and last timestamp; `None` without rows.
pub(crate) fn extremes(
    partition: &ParquetPartition,
    slot: usize,
) -> Result<Option<(i64, i64)>, ReadError> {
    let groups = 0..partition.facts().groups.len();
    let mut filled = groups.filter(|g| !partition.rows_of(*g).is_empty());
    let Some(first) = filled.next() else {
        return Ok(None);
    };
    let last = filled.next_back().unwrap_or(first);
    let edge = |group, end: bool| match partition.bounds(slot, group) {
        Some((lowest, highest)) => Ok(if end { highest } else { lowest }),
        None => with_times(partition, slot, group, |times| {
            let time = if end { times.last() } else { times.first() };
            time.map_or(0, |t| i64::from_le_bytes(*t))
        }),
    };
    Ok(Some((edge(first, false)?, edge(last, true)?)))
}

fn with_times<T>(
    partition: &ParquetPartition,
    slot: usize,
    group: usize,
    look: impl FnOnce(&[[u8; 8]]) -> T,
) -> Result<T, ReadError> {
    let decoded = partition.decode(slot, group)?;
    let slice = decoded
        .slice()
        .map_err(|e| partition.layout_error(slot, e))?;
    match slice {
        ColumnSlice::Fixed(slice) => Ok(look(slice.chunks::<8>().unwrap_or_default())),
        _ => Err(partition.no_timestamps(group)),
    }
}
