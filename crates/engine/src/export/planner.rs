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

    /// At least as much as [`RowBytes::sum`], but for hostile bytes, and known without reading values.
    fn at_most(&self, lo: usize, hi: usize) -> Result<u64, Self::Error>;
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
    /// Of the open group; no less than it has, unless `exact`.
    native_bytes: u64,
    exact: bool,
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
            exact: false,
        }
    }

    /// Offers rows `lo..hi` of a frame to the open group, without measuring them: most groups end by
    /// their rows, however large these might be. `None`: now they have to be measured, first those of
    /// the open group ([`Cutter::measured`]), then these ([`Cutter::offer`]).
    pub(crate) fn offer_unmeasured<R: RowBytes>(
        &mut self,
        frame: &R,
        lo: usize,
        hi: usize,
    ) -> Result<Option<Cut>, R::Error> {
        if self.exact {
            return Ok(None);
        }
        let (rows, closes) = self.by_rows(lo, hi);
        let most = self
            .native_bytes
            .saturating_add(frame.at_most(lo, lo + rows)?);
        if most > self.targets.native_bytes {
            return Ok(None);
        }
        self.settle(rows, most - self.native_bytes, closes);
        Ok(Some(Cut { rows, closes }))
    }

    /// Whether the bytes of the open group are measured.
    pub(crate) fn is_exact(&self) -> bool {
        self.exact
    }

    /// The open group has exactly so many bytes.
    pub(crate) fn measured(&mut self, native_bytes: u64) {
        (self.native_bytes, self.exact) = (native_bytes, true);
    }

    /// Rows of `lo..hi` that the row target allows for, and whether it closes the group behind them.
    fn by_rows(&self, lo: usize, hi: usize) -> (usize, bool) {
        let room = usize::try_from(self.targets.rows - self.rows).unwrap_or(usize::MAX);
        let rows = hi.saturating_sub(lo).min(room);
        (rows, rows == room)
    }

    /// Offers rows `lo..hi` of a frame to the open group, whose bytes are measured. A closed group opens the next one.
    pub(crate) fn offer<R: RowBytes>(
        &mut self,
        frame: &R,
        lo: usize,
        hi: usize,
    ) -> Result<Cut, R::Error> {
        let (by_rows, closes) = self.by_rows(lo, hi);
        let spare = self.targets.native_bytes.saturating_sub(self.native_bytes);
        let sum = frame.sum(lo, lo + by_rows)?;
        if sum <= spare {
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
            (self.rows, self.native_bytes, self.exact) = (0, 0, false);
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

        /// Holes of up to 6 bytes a row, and now and then a large one.
        fn at_most(&self, lo: usize, hi: usize) -> Result<u64, Infallible> {
            let hole = |at: usize| {
                if at.is_multiple_of(13) {
                    100
                } else {
                    at as u64 % 7
                }
            };
            Ok((lo..hi).map(|at| self[at] + hole(at)).sum())
        }
    }

    /// Row groups of rows that arrive in frames of the given lengths.
    fn groups(rows: &[u64], frames: &[usize], targets: Targets, measure: bool) -> Vec<usize> {
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
                let unmeasured = match measure {
                    true => Ok(None),
                    false => cutter.offer_unmeasured(&frame, lo, len),
                };
                let Ok(unmeasured) = unmeasured;
                let cut = match unmeasured {
                    Some(cut) => cut,
                    None => {
                        if !cutter.is_exact() {
                            let at = start + lo;
                            cutter.measured(rows[at - open..at].iter().sum());
                        }
                        let Ok(cut) = cutter.offer(&frame, lo, len);
                        cut
                    }
                };
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
        assert_eq!(groups(&[5, 5, 50, 1, 1], &[5], targets, true), [2, 1, 2]);
        assert_eq!(groups(&[50, 50], &[1], targets, true), [1, 1]);
    }

    #[test]
    fn the_row_target_closes_a_group_at_once() {
        let targets = Targets {
            rows: 2,
            native_bytes: u64::MAX,
        };
        assert_eq!(groups(&[1, 1, 1, 1], &[4], targets, false), [2, 2]);
    }

    proptest! {
        // Invariants: the cut does not depend on frames, nor on what is measured; groups cover all rows; none exceeds the
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
            let whole = groups(&rows, &[rows.len()], targets, true);
            prop_assert_eq!(&whole, &groups(&rows, &frames, targets, true));
            prop_assert_eq!(&whole, &groups(&rows, &frames, targets, false));
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
