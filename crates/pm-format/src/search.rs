//! The row group for a timestamp, in a table sorted ascending by it (pm.md §18).
//!
//! Answers follow upstream's convention so that both can be compared: odd ones are boundaries
//! between row groups, even ones say which row group to look inside.

use crate::chunk::Chunk;
use crate::error::PmError;
use crate::view::PmView;

/// The outcome of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// Before the first row of this row group (or behind the last one, at their count).
    Before(usize),
    /// Among the rows of this row group.
    Inside(usize),
}

impl Position {
    /// Upstream's number: `2i + 1` before group `i`, `2(i + 1)` inside it.
    #[must_use]
    pub fn code(self) -> u64 {
        let (group, add) = match self {
            Self::Before(group) => (group, 1),
            Self::Inside(group) => (group, 2),
        };
        crate::span::wide(group)
            .saturating_mul(2)
            .saturating_add(add)
    }
}

/// Which end of a chunk to decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkEnd {
    /// The first value.
    First,
    /// The last value.
    Last,
}

/// Finds where `timestamp` belongs among the rows `rows` (both ends included).
///
/// `decode` gives the first or last timestamp of a row group that lacks an inlined statistic.
///
/// # Errors
/// Those of `decode`, and of a row group that is not inside the file.
pub fn find_row_group<E: From<PmError>>(
    view: &PmView<'_>,
    column: usize,
    timestamp: i64,
    (row_lo, row_hi): (u64, u64),
    mut decode: impl FnMut(usize, ChunkEnd) -> Result<i64, E>,
) -> Result<Position, E> {
    let count = view.row_group_count();
    let mut start = 0u64;
    for index in 0..count {
        let group = view.row_group(index)?;
        let rows = group.num_rows();
        if rows == 0 {
            continue;
        }
        if start > row_hi.saturating_add(1) {
            break;
        }
        let end = start.saturating_add(rows);
        start = end;
        if row_lo >= end {
            continue;
        }
        let chunk = group.chunk(column)?;
        let min = inlined(&chunk, ChunkEnd::First);
        let min = min.map_or_else(|| decode(index, ChunkEnd::First), Ok)?;
        if timestamp < min {
            return Ok(Position::Before(index));
        }
        let max = inlined(&chunk, ChunkEnd::Last);
        let max = max.map_or_else(|| decode(index, ChunkEnd::Last), Ok)?;
        if timestamp < max {
            return Ok(Position::Inside(index));
        }
    }
    Ok(Position::Before(count))
}

fn inlined(chunk: &Chunk<'_>, end: ChunkEnd) -> Option<i64> {
    let stat = match end {
        ChunkEnd::First => chunk.min(),
        ChunkEnd::Last => chunk.max(),
    };
    let stat = stat.ok().flatten().filter(|s| s.ool_offset.is_none())?;
    Some(i64::from_le_bytes(stat.bytes.try_into().ok()?))
}
