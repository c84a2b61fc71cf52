//! Where the frames of a partition end.
//!
//! A native partition is cut by the frame size alone. A Parquet partition is cut at row groups
//! first, because a frame owns the decoded rows of one; then each piece by the frame size. Forward
//! and backward cursors number the same frames.

use std::ops::Range;

use crate::selection::PartitionRows;

/// The frames of one part of a selection.
pub(crate) struct Cuts<'a> {
    part: &'a PartitionRows,
    frame_rows: u64,
    /// First row of each row group, and the end; `None`: one piece.
    starts: Option<&'a [u64]>,
}

impl<'a> Cuts<'a> {
    pub(crate) fn new(part: &'a PartitionRows, frame_rows: u64, starts: Option<&'a [u64]>) -> Self {
        Self {
            part,
            frame_rows: frame_rows.max(1),
            starts,
        }
    }

    /// The pieces that are never joined, in row order.
    fn pieces(&self) -> impl Iterator<Item = Range<u64>> {
        let (lo, hi) = (self.part.row_lo, self.part.row_hi);
        let whole = self.starts.is_none().then_some(lo..hi);
        let groups = self.starts.unwrap_or_default().windows(2);
        let groups = groups.filter_map(move |pair| match pair {
            [start, end] => Some((*start).max(lo)..(*end).min(hi)),
            _ => None,
        });
        whole.into_iter().chain(groups).filter(|p| p.start < p.end)
    }

    fn frames_in(&self, piece: &Range<u64>) -> u64 {
        (piece.end - piece.start).div_ceil(self.frame_rows)
    }

    /// Number of frames.
    pub(crate) fn count(&self) -> u64 {
        self.pieces().map(|p| self.frames_in(&p)).sum()
    }

    /// Rows of frame `nth`; none if there is no such frame.
    pub(crate) fn nth(&self, nth: u64) -> Range<u64> {
        let mut left = nth;
        for piece in self.pieces() {
            let frames = self.frames_in(&piece);
            if left < frames {
                let lo = piece.start + left * self.frame_rows;
                return lo..piece.end.min(lo.saturating_add(self.frame_rows));
            }
            left -= frames;
        }
        self.part.row_hi..self.part.row_hi
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_cover_the_rows_and_stay_in_their_group() {
        let part = PartitionRows {
            partition: 0,
            row_lo: 5,
            row_hi: 27,
        };
        let starts = [0, 10, 10, 20, 30];
        let cuts = Cuts::new(&part, 4, Some(&starts));
        let frames: Vec<_> = (0..cuts.count()).map(|n| cuts.nth(n)).collect();
        assert_eq!(
            frames,
            [5..9, 9..10, 10..14, 14..18, 18..20, 20..24, 24..27]
        );
        let native = Cuts::new(&part, 10, None);
        assert_eq!((native.count(), native.nth(2)), (3, 25..27));
    }
}
