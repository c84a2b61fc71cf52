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
        if removed.is_empty() {
            return;
        }
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

#[cfg(test)]
mod tests {
    //! Invariants: the set has exactly the bytes that were inserted and not removed since; its
    //! ranges are sorted, disjoint, not empty, and never touch.

    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::RangeSet;

    proptest! {
        #[test]
        fn the_set_is_what_a_set_of_bytes_would_be(
            steps in prop::collection::vec((any::<bool>(), 0_u64..60, 0_u64..20), 0..40),
            (lo, len) in (0_u64..60, 0_u64..20),
        ) {
            let mut set = RangeSet::default();
            let mut bytes = BTreeSet::new();
            for (is_insert, lo, len) in steps {
                let range = lo..lo + len;
                if is_insert {
                    set.insert(range.clone());
                    bytes.extend(range);
                } else {
                    set.remove(&range);
                    bytes.retain(|byte| !range.contains(byte));
                }
                prop_assert!(set.ranges.iter().all(|r| r.start < r.end));
                prop_assert!(set.ranges.windows(2).all(|two| two[0].end < two[1].start));
                let flat: Vec<u64> = set.ranges.iter().cloned().flatten().collect();
                prop_assert_eq!(&flat, &bytes.iter().copied().collect::<Vec<_>>());
            }
            let asked = lo..lo + len;
            prop_assert_eq!(set.contains(&asked), asked.clone().all(|byte| bytes.contains(&byte)));
        }
    }

    #[test]
    fn ranges_at_the_end_of_the_address_space_are_kept() {
        let mut set = RangeSet::default();
        set.insert(u64::MAX - 1..u64::MAX);
        set.insert(0..u64::MAX - 1);
        assert_eq!(set.ranges.len(), 1);
        assert!(set.contains(&(0..u64::MAX)));
    }
}
