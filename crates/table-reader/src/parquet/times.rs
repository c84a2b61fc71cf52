//! Rows of a Parquet partition by time: row groups by their bounds, the one at the edge by its
//! timestamps, of one page if the column index tells which.

use std::ops::Range;

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
        let likely = likely_page(partition, slot, group, bound);
        for rows in likely.into_iter().chain([rows]) {
            let (first, times) = with_times(partition, slot, group, &rows, |times| {
                let below = times.partition_point(|t| i64::from_le_bytes(*t) < bound);
                (below as u64, times.len() as u64)
            })
            .map(|(first, (below, len))| (first + below, first + len))?;
            if first < times {
                return Ok(first);
            }
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
        None => with_times(partition, slot, group, &partition.rows_of(group), |times| {
            let time = if end { times.last() } else { times.first() };
            time.map_or(0, |t| i64::from_le_bytes(*t))
        })
        .map(|(_, time)| time),
    };
    Ok(Some((edge(first, false)?, edge(last, true)?)))
}

/// The rows of the page that has the first timestamp from `bound` on, as the column index tells.
fn likely_page(
    partition: &ParquetPartition,
    slot: usize,
    group: usize,
    bound: i64,
) -> Option<Range<u64>> {
    if !partition.keeps_bounds(slot, group) {
        return None;
    }
    let start = partition.rows_of(group).start;
    for page in partition.bounded_pages(slot, group)?.pages {
        if page.bounds.as_i64()?.1 >= bound {
            return Some(start + page.rows.start..start + page.rows.end);
        }
    }
    None
}

/// Looks at timestamps of a row group, at least those of `rows`; the first row of what was looked at.
fn with_times<T>(
    partition: &ParquetPartition,
    slot: usize,
    group: usize,
    rows: &Range<u64>,
    look: impl FnOnce(&[[u8; 8]]) -> T,
) -> Result<(u64, T), ReadError> {
    let piece = partition.decode(slot, group, rows)?;
    let slice = piece.column.slice();
    let slice = slice.map_err(|e| partition.layout_error(slot, e))?;
    match slice {
        ColumnSlice::Fixed(slice) => Ok((
            piece.first_row,
            look(slice.chunks::<8>().unwrap_or_default()),
        )),
        _ => Err(partition.no_timestamps(group)),
    }
}
