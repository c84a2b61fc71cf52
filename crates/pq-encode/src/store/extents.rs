//! Which bytes of the spill file are in use.
//!
//! First fit from the start of the file, neighbours joined: pages are of similar sizes and live
//! shortly, so the file stays about as large as what was ever in it at once.

use std::collections::BTreeMap;

/// A range of the spill file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) offset: u64,
    pub(super) len: u64,
}

/// Free space below the end, which moves.
#[derive(Debug, Default)]
pub(super) struct Extents {
    /// Length of free ranges by their offset; none touches another or the end.
    free: BTreeMap<u64, u64>,
    end: u64,
}

impl Extents {
    /// Takes a range of `len` bytes.
    pub(super) fn allocate(&mut self, len: u64) -> Extent {
        let fit = self.free.iter().find(|(_, have)| **have >= len);
        let Some((offset, have)) = fit.map(|(offset, have)| (*offset, *have)) else {
            let offset = self.end;
            self.end += len;
            return Extent { offset, len };
        };
        self.free.remove(&offset);
        if have > len {
            self.free.insert(offset + len, have - len);
        }
        Extent { offset, len }
    }

    /// Gives a range back.
    pub(super) fn release(&mut self, extent: Extent) {
        let Extent {
            mut offset,
            mut len,
        } = extent;
        if len == 0 {
            return;
        }
        if let Some(next) = self.free.remove(&(offset + len)) {
            len += next;
        }
        let before = self.free.range(..offset).next_back();
        if let Some((lo, have)) = before.map(|(lo, have)| (*lo, *have))
            && lo + have == offset
        {
            self.free.remove(&lo);
            offset = lo;
            len += have;
        }
        if offset + len == self.end {
            self.end = offset;
        } else {
            self.free.insert(offset, len);
        }
    }

    /// Where the range in use ends.
    pub(super) fn end(&self) -> u64 {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Invariants: ranges in use never overlap and lie below the end; when all are given back
        /// nothing is left.
        #[test]
        fn ranges_in_use_never_overlap(steps in prop::collection::vec((1_u64..50, any::<bool>(), 0_usize..100), 1..200)) {
            let mut extents = Extents::default();
            let mut used: Vec<Extent> = Vec::new();
            for (len, release, at) in steps {
                if release && !used.is_empty() {
                    extents.release(used.swap_remove(at % used.len()));
                } else {
                    let new = extents.allocate(len);
                    prop_assert_eq!(new.len, len);
                    for old in &used {
                        prop_assert!(old.offset + old.len <= new.offset || new.offset + new.len <= old.offset);
                    }
                    used.push(new);
                }
                let end = used.iter().map(|e| e.offset + e.len).max().unwrap_or(0);
                prop_assert_eq!(extents.end(), end);
            }
            for extent in used {
                extents.release(extent);
            }
            prop_assert_eq!(extents.end(), 0);
            prop_assert!(extents.free.is_empty());
        }
    }

    #[test]
    fn space_given_back_is_used_again() {
        let mut extents = Extents::default();
        let pages: Vec<Extent> = (0..10).map(|_| extents.allocate(100)).collect();
        extents.release(pages[3]);
        extents.release(pages[4]);
        assert_eq!(extents.allocate(150).offset, 300);
        assert_eq!(extents.allocate(50).offset, 450);
        assert_eq!(extents.end(), 1000);
    }
}
