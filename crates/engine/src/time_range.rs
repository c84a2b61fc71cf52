//! `--from` and `--to`: a half-open range of the designated timestamp.

use std::ops::Range;

use column_format::TimestampUnit;

use crate::text::parse::TimePoint;

/// Rows from `from` (inclusive) to `to` (exclusive); open where `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimeRange {
    /// First point in time.
    pub from: Option<TimePoint>,
    /// First point in time that is outside.
    pub to: Option<TimePoint>,
}

impl TimeRange {
    /// Whether the range leaves every row in.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.from.is_none() && self.to.is_none()
    }

    /// The ticks of `unit` inside the range; `i128` because either end may lie beyond `i64`, and
    /// the open end is one past its maximum.
    pub(crate) fn ticks(&self, unit: TimestampUnit) -> Range<i128> {
        let end = |point: Option<TimePoint>, open| point.map_or(open, |p| p.ceil_ticks(unit));
        let lo = end(self.from, i128::from(i64::MIN));
        let hi = end(self.to, i128::from(i64::MAX) + 1);
        lo.max(i128::from(i64::MIN))..hi.min(i128::from(i64::MAX) + 1)
    }
}
