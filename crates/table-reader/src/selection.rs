//! Which rows to read: ranges of partitions, in table order.
//!
//! Made by a reader (all rows, a time range, a run of partitions) and consumed by cursors, so that
//! pruning is decided once and a cursor never looks at a timestamp.

use std::ops::Range;

/// The rows `row_lo .. row_hi` of one partition; never empty inside a [`RowSelection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionRows {
    /// Index into [`crate::TableReader::partitions`].
    pub partition: usize,
    /// First row, counted from the start of the partition.
    pub row_lo: u64,
    /// One past the last row.
    pub row_hi: u64,
}

impl PartitionRows {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.row_hi.saturating_sub(self.row_lo)
    }
}

/// Row ranges of one snapshot, ascending by partition, at most one per partition.
///
/// Valid for the reader that made it; a cursor clamps a foreign one to the partitions it knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowSelection {
    parts: Vec<PartitionRows>,
}

impl RowSelection {
    pub(crate) fn from_parts(parts: impl IntoIterator<Item = PartitionRows>) -> Self {
        Self {
            parts: parts.into_iter().filter(|p| p.row_lo < p.row_hi).collect(),
        }
    }

    /// The ranges, in table order.
    #[must_use]
    pub fn parts(&self) -> &[PartitionRows] {
        &self.parts
    }

    /// Total number of rows (saturating).
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.parts
            .iter()
            .fold(0u64, |sum, p| sum.saturating_add(p.rows()))
    }

    /// No row at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Keeps the partitions of `range` (indexes into [`crate::TableReader::partitions`]).
    #[must_use]
    pub fn in_partitions(mut self, range: &Range<usize>) -> Self {
        self.parts.retain(|p| range.contains(&p.partition));
        self
    }

    /// Keeps the first `rows` rows: LIMIT of a forward read, decided before anything is opened.
    #[must_use]
    pub fn first(mut self, rows: u64) -> Self {
        let mut left = rows;
        for p in &mut self.parts {
            let take = p.rows().min(left);
            p.row_hi = p.row_lo.saturating_add(take);
            left -= take;
        }
        self.parts.retain(|p| p.row_lo < p.row_hi);
        self
    }

    /// Keeps the last `rows` rows: LIMIT of a backward read.
    #[must_use]
    pub fn last(mut self, rows: u64) -> Self {
        let mut left = rows;
        for p in self.parts.iter_mut().rev() {
            let take = p.rows().min(left);
            p.row_lo = p.row_hi.saturating_sub(take);
            left -= take;
        }
        self.parts.retain(|p| p.row_lo < p.row_hi);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> RowSelection {
        RowSelection::from_parts([
            PartitionRows {
                partition: 0,
                row_lo: 3,
                row_hi: 10,
            },
            PartitionRows {
                partition: 1,
                row_lo: 0,
                row_hi: 0,
            },
            PartitionRows {
                partition: 2,
                row_lo: 0,
                row_hi: 5,
            },
        ])
    }

    #[test]
    fn empty_ranges_are_not_kept() {
        assert_eq!(two().parts().len(), 2);
        assert_eq!(two().rows(), 12);
    }

    #[test]
    fn first_and_last_cut_across_partitions() {
        let first = two().first(8);
        assert_eq!(first.rows(), 8);
        assert_eq!(
            first.parts()[1],
            PartitionRows {
                partition: 2,
                row_lo: 0,
                row_hi: 1
            }
        );
        let last = two().last(6);
        assert_eq!(
            last.parts()[0],
            PartitionRows {
                partition: 0,
                row_lo: 9,
                row_hi: 10
            }
        );
        assert!(two().first(0).is_empty());
        assert_eq!(two().last(u64::MAX), two());
        assert_eq!(two().in_partitions(&(2..9)).rows(), 5);
    }
}
