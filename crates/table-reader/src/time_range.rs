//! Rows by time: whole partitions by their bounds, edges by binary search.
//!
//! Of a Parquet partition, row groups are compared by their bounds and at most one is decoded for an
//! edge. The search in a native one reads single timestamps positionally: a few dozen small reads at the two edges of a
//! range, and nothing is mapped for rows that will not be read.

use crate::error::ReadError;
use crate::files::Committed;
use crate::parquet;
use crate::selection::{PartitionRows, RowSelection};
use crate::shared::Shared;

/// Rows with `from ≤ timestamp < to`.
pub(crate) fn rows_between(
    shared: &Shared,
    from: Option<i64>,
    to: Option<i64>,
) -> Result<RowSelection, ReadError> {
    let snapshot = shared.snapshot();
    if snapshot.meta.designated.is_none() {
        return Err(ReadError::NoDesignatedTimestamp {
            path: snapshot.dir.clone(),
        });
    }
    if let (Some(from), Some(to)) = (from, to)
        && from >= to
    {
        return Ok(RowSelection::default());
    }
    let partitions = shared.partitions();
    let mut parts = Vec::new();
    for (i, p) in partitions.iter().enumerate() {
        shared.go_on()?;
        // Rows of a partition lie at or above its timestamp and below the next one's (§4.2); the
        // first and the last are bounded by the table's own extremes.
        let lowest = match i {
            0 => p.timestamp.min(snapshot.txn.min_timestamp),
            _ => p.timestamp,
        };
        let highest = match partitions.get(i + 1) {
            Some(next) => next.timestamp.saturating_sub(1),
            None => snapshot.txn.max_timestamp,
        };
        let none = from.is_some_and(|from| from > highest) || to.is_some_and(|to| to <= lowest);
        if none || p.rows == 0 {
            continue;
        }
        let row_lo = match from {
            Some(from) if from > lowest => first_at_or_after(shared, i, p.rows, from)?,
            _ => 0,
        };
        let row_hi = match to {
            Some(to) if to <= highest => first_at_or_after(shared, i, p.rows, to)?,
            _ => p.rows,
        };
        parts.push(PartitionRows {
            partition: i,
            row_lo,
            row_hi,
        });
    }
    Ok(RowSelection::from_parts(parts))
}

/// First row of a partition whose timestamp is at least `bound`; `rows` if there is none.
fn first_at_or_after(
    shared: &Shared,
    partition: usize,
    rows: u64,
    bound: i64,
) -> Result<u64, ReadError> {
    if shared.is_parquet(partition) {
        return shared.with_parquet_times(partition, |p| parquet::first_at_or_after(p, 0, bound));
    }
    shared.with_timestamps(partition, |file| {
        let (mut lo, mut hi) = (0, rows);
        while lo < hi {
            let mid = lo + (hi - lo) / 2;
            if timestamp_at(shared, file, mid)? < bound {
                lo = mid + 1;
            } else {
                hi = mid;
            }
        }
        Ok(lo)
    })
}

/// First and last timestamp of a partition with rows.
pub(crate) fn extremes(shared: &Shared, partition: usize) -> Result<(i64, i64), ReadError> {
    if shared.is_parquet(partition) {
        let found = shared.with_parquet_times(partition, |p| parquet::extremes(p, 0))?;
        return Ok(found.unwrap_or_default());
    }
    let rows = shared.partitions().get(partition).map_or(0, |p| p.rows);
    shared.with_timestamps(partition, |file| {
        let first = timestamp_at(shared, file, 0)?;
        Ok((first, timestamp_at(shared, file, rows.saturating_sub(1))?))
    })
}

fn timestamp_at(shared: &Shared, file: &Committed, row: u64) -> Result<i64, ReadError> {
    let mut word = [0u8; 8];
    file.file
        .read_exact_at(row.saturating_mul(8), &mut word)
        .map_err(|e| crate::files::committed_error(shared.snapshot().txn.txn, e))?;
    Ok(i64::from_le_bytes(word))
}
