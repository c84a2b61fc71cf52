//! A set of bytes as sorted, disjoint, non-touching ranges.
//!
//! A reader finishes a file in a few runs, so there are rarely more than two; the set is exact for
//! any order and overlap all the same.

use std::ops::Range;

/// Finished bytes.
#[derive(Debug, Default)]
pub(super) struct RangeSet {
    ranges: Vec<Range<u64>>,
}

impl RangeSet {
    /// Adds a range.
    pub(super) fn insert(&mut self, added: Range<u64>) {
        if added.is_empty() {
            return;
        }
        // Those that overlap or touch it melt into one.
        let lo_idx = self.ranges.partition_point(|r| r.end < added.start);
        let hi_idx = self.ranges.partition_point(|r| r.start <= added.end);
        let mut melted = added;
        for old in self.ranges.drain(lo_idx..hi_idx) {
            melted = melted.start.min(old.start)..melted.end.max(old.end);
        }
        self.ranges.insert(lo_idx, melted);
    }

    /// Takes a range out.
    pub(super) fn remove(&mut self, removed: &Range<u64>) {
        let lo_idx = self.ranges.partition_point(|r| r.end <= removed.start);
        let hi_idx = self.ranges.partition_point(|r| r.start < removed.end);
        if lo_idx >= hi_idx {
            return;
        }
        let mut left = Vec::new();
        for old in self.ranges.drain(lo_idx..hi_idx) {
            let parts = [old.start..removed.start, removed.end..old.end];
            left.extend(parts.into_iter().filter(|part| part.start < part.end));
        }
        self.ranges.splice(lo_idx..lo_idx, left);
    }

    /// Whether every byte of `asked` is in the set.
    pub(super) fn contains(&self, asked: &Range<u64>) -> bool {
        let idx = self.ranges.partition_point(|r| r.end < asked.end);
        asked.is_empty() || self.ranges.get(idx).is_some_and(|r| r.start <= asked.start)
    }
}
