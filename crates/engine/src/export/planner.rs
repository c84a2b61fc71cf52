//! Where row groups end: a pure function of the rows.
//!
//! A row group is closed by its row target or by its native-byte target, whichever comes first. The
//! bytes of a row are those that a column file stores for its values, column tops and missing
//! columns included: so the cut does not depend on how rows are spread over partitions or frames
//! (P2), and no page has been read when a cut is made.

/// When a row group is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Targets {
    /// Most rows in a group; at least 1.
    pub(crate) rows: u64,
    /// Most native bytes in a group; a single larger row is a group of its own.
    pub(crate) native_bytes: u64,
}

/// The native bytes of rows of one frame.
pub(crate) trait RowBytes {
    type Error;

    /// Native bytes of rows `lo..hi`, over all columns.
    fn sum(&self, lo: usize, hi: usize) -> Result<u64, Self::Error>;
}

/// What to do with the next rows of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// So many of the offered rows belong to the open group (0 if it is full already).
    pub(crate) rows: usize,
    /// The group ends behind them.
    pub(crate) closes: bool,
}

/// Cuts a stream of frames into row groups.
#[derive(Debug)]
pub(crate) struct Cutter {
    targets: Targets,
    rows: u64,
    native_bytes: u64,
}

impl Cutter {
    pub(crate) fn new(targets: Targets) -> Self {
        let targets = Targets {
            rows: targets.rows.max(1),
            ..targets
        };
        Self {
            targets,
            rows: 0,
            native_bytes: 0,
        }
    }

    /// Offers rows `lo..hi` of a frame to the open group. A closed group opens the next one.
    pub(crate) fn offer<R: RowBytes>(
        &mut self,
        frame: &R,
        lo: usize,
        hi: usize,
    ) -> Result<Cut, R::Error> {
        let room = usize::try_from(self.targets.rows - self.rows).unwrap_or(usize::MAX);
        let by_rows = hi.saturating_sub(lo).min(room);
        let spare = self.targets.native_bytes.saturating_sub(self.native_bytes);
        let sum = frame.sum(lo, lo + by_rows)?;
        if sum <= spare {
            let closes = by_rows == room;
            self.settle(by_rows, sum, closes);
            return Ok(Cut {
                rows: by_rows,
                closes,
            });
        }
        let taken = self.fitting(frame, lo, lo + by_rows, spare)?;
        self.settle(taken, 0, true);
        Ok(Cut {
            rows: taken,
            closes: true,
        })
    }

    /// The most rows of `lo..hi` whose bytes fit into `spare`; one row at least if the group is
    /// empty. Sums grow with the end, so halving finds it.
    fn fitting<R: RowBytes>(
        &self,
        frame: &R,
        lo: usize,
        hi: usize,
        spare: u64,
    ) -> Result<usize, R::Error> {
        let (mut fits, mut spare, mut exceeds) = (lo, spare, hi);
        while exceeds - fits > 1 {
            let middle = fits + (exceeds - fits) / 2;
            let sum = frame.sum(fits, middle)?;
            if sum <= spare {
                spare -= sum;
                fits = middle;
            } else {
                exceeds = middle;
            }
        }
        let forced = usize::from(self.rows == 0 && hi > lo);
        Ok((fits - lo).max(forced))
    }

    /// Closes the open group, whatever it holds.
    pub(crate) fn close(&mut self) {
        self.settle(0, 0, true);
    }

    fn settle(&mut self, rows: usize, native_bytes: u64, closes: bool) {
        if closes {
            (self.rows, self.native_bytes) = (0, 0);
        } else {
            self.rows += u64::try_from(rows).unwrap_or(u64::MAX);
            self.native_bytes = self.native_bytes.saturating_add(native_bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    impl RowBytes for &[u64] {
        type Error = Infallible;

        fn sum(&self, lo: usize, hi: usize) -> Result<u64, Infallible> {
            Ok(self[lo..hi].iter().sum())
        }
    }

    /// Row groups of rows that arrive in frames of the given lengths.
    fn groups(rows: &[u64], frames: &[usize], targets: Targets) -> Vec<usize> {
        let mut cutter = Cutter::new(targets);
        let mut out = Vec::new();
        let mut open = 0;
        let mut start = 0;
        let mut lens = frames.iter().copied().cycle();
        while start < rows.len() {
            let len = lens.next().unwrap().max(1).min(rows.len() - start);
            let frame = &rows[start..start + len];
            let mut lo = 0;
            while lo < len {
                let Ok(cut) = cutter.offer(&frame, lo, len);
                lo += cut.rows;
                open += cut.rows;
                if cut.closes {
                    out.push(open);
                    open = 0;
                }
            }
            start += len;
        }
        if open > 0 {
            out.push(open);
        }
        out
    }

    #[test]
    fn a_row_larger_than_the_target_is_a_group_of_its_own() {
        let targets = Targets {
            rows: 100,
            native_bytes: 10,
        };
        assert_eq!(groups(&[5, 5, 50, 1, 1], &[5], targets), [2, 1, 2]);
        assert_eq!(groups(&[50, 50], &[1], targets), [1, 1]);
    }

    #[test]
    fn the_row_target_closes_a_group_at_once() {
        let targets = Targets {
            rows: 2,
            native_bytes: u64::MAX,
        };
        assert_eq!(groups(&[1, 1, 1, 1], &[4], targets), [2, 2]);
    }

    proptest! {
        // Invariants: the cut does not depend on frames; groups cover all rows; none exceeds the
        // row target; none exceeds the byte target unless it is one row; each is as large as the
        // targets allow.
        #[test]
        fn groups_depend_on_rows_alone(
            rows in prop::collection::vec(0_u64..40, 1..200),
            frames in prop::collection::vec(1_usize..50, 1..5),
            row_target in 1_u64..60,
            byte_target in 0_u64..400,
        ) {
            let targets = Targets { rows: row_target, native_bytes: byte_target };
            let whole = groups(&rows, &[rows.len()], targets);
            prop_assert_eq!(&whole, &groups(&rows, &frames, targets));
            prop_assert_eq!(whole.iter().sum::<usize>(), rows.len());
            let mut start = 0;
            for &len in &whole {
                let bytes: u64 = rows[start..start + len].iter().sum();
                prop_assert!(len as u64 <= row_target);
                prop_assert!(len == 1 || bytes <= byte_target);
                if let Some(next) = rows.get(start + len) {
                    prop_assert!(len as u64 == row_target || bytes + next > byte_target);
                }
                start += len;
            }
        }
    }
}
