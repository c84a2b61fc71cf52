//! Points in time as a person writes them on a command line.
//!
//! `TS` of the command line is RFC 3339, a date, or an integer in the table's unit. The unit is
//! known only once the table is open, so a point is kept exact and converted later.

use std::fmt;
use std::str::FromStr;

use column_format::TimestampUnit;

/// A point in time, exact, not yet in the unit of a table.
///
/// ```
/// use engine::TimePoint;
///
/// let a: TimePoint = "2024-01-02".parse()?;
/// let b: TimePoint = "2024-01-02T01:00:00+01:00".parse()?;
/// assert_eq!(a, b);
/// let c: TimePoint = "1704153600000000".parse()?; // ticks of the table, whatever its unit
/// # Ok::<(), engine::TimePointError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimePoint(Repr);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Repr {
    /// In the unit of the table, whatever that is.
    Ticks(i64),
    /// Nanoseconds since the epoch.
    Nanos(i128),
}

/// A text that is no point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimePointError {
    text: String,
}

impl fmt::Display for TimePointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no point in time; write RFC 3339 (2024-01-02T03:04:05Z), a date (2024-01-02) \
             or an integer in the table's unit",
            self.text
        )
    }
}

impl std::error::Error for TimePointError {}

impl TimePoint {
    /// A point given in the ticks of the table's designated timestamp.
    #[must_use]
    pub fn from_ticks(ticks: i64) -> Self {
        Self(Repr::Ticks(ticks))
    }

    /// The first tick of `unit` at or after this point, beyond `i64` if need be.
    ///
    /// Rounding up is right for both ends of a half-open range: a tick is inside of `[from, to)`
    /// exactly if it is inside of `[ceil(from), ceil(to))`.
    pub(crate) fn ceil_ticks(self, unit: TimestampUnit) -> i128 {
        match self.0 {
            Repr::Ticks(ticks) => i128::from(ticks),
            Repr::Nanos(nanos) => {
                let nanos_per_tick = 1_000_000_000 / i128::from(unit.per_second());
                -((-nanos).div_euclid(nanos_per_tick))
            }
        }
    }
}

impl FromStr for TimePoint {
    type Err = TimePointError;

    fn from_str(text: &str) -> Result<Self, TimePointError> {
        let error = || TimePointError {
            text: text.to_owned(),
        };
        if let Ok(ticks) = text.parse::<i64>() {
            return Ok(Self(Repr::Ticks(ticks)));
        }
        if let Ok(instant) = text.parse::<jiff::Timestamp>() {
            return Ok(Self(Repr::Nanos(instant.as_nanosecond())));
        }
        // A civil time is taken as UTC, as QuestDB does. jiff would skip an offset that it could
        // not use above: only digits and their separators may reach it.
        let civil = |b: u8| b.is_ascii_digit() || matches!(b, b':' | b'.' | b'T' | b't' | b' ');
        let dashes = text.bytes().filter(|&b| b == b'-').count();
        if dashes != 2 || !text.bytes().all(|b| b == b'-' || civil(b)) {
            return Err(error());
        }
        let local: jiff::civil::DateTime = text.parse().map_err(|_| error())?;
        let zoned = local
            .to_zoned(jiff::tz::TimeZone::UTC)
            .map_err(|_| error())?;
        Ok(Self(Repr::Nanos(zoned.timestamp().as_nanosecond())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> i128 {
        text.parse::<TimePoint>()
            .unwrap()
            .ceil_ticks(TimestampUnit::Micros)
    }

    #[test]
    fn every_spelling_of_an_instant_is_the_same_point() {
        let expected = 1_704_153_600_000_000;
        for text in [
            "2024-01-02",
            "2024-01-02T00:00:00Z",
            "2024-01-02T00:00:00",
            "2024-01-02 00:00",
            "2024-01-02T02:00:00+02:00",
            "1704153600000000",
        ] {
            assert_eq!(micros(text), expected, "{text}");
        }
    }

    #[test]
    fn nanoseconds_round_up_to_the_next_tick() {
        assert_eq!(micros("1970-01-01T00:00:00.000000001Z"), 1);
        assert_eq!(micros("1970-01-01T00:00:00.000001Z"), 1);
        assert_eq!(micros("1969-12-31T23:59:59.999999999Z"), 0);
        assert_eq!(micros("1969-12-31T23:59:59.999998999Z"), -1);
    }

    #[test]
    fn what_is_no_point_in_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2024-13-01",
            "2024-01-02T00:00:00+99:00",
            "2024-01",
            "1.5",
        ] {
            assert!(text.parse::<TimePoint>().is_err(), "{text}");
        }
    }
}
