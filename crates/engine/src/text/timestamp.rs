//! DATE, TIMESTAMP and TIMESTAMP_NS as ISO 8601 in UTC.
//!
//! QuestDB prints 3, 6 or 9 digits of the second, a year of at least four digits and a sign for
//! years before zero. It prints the first, incomplete year of each 64-bit range wrongly
//! (`timestamp_extremes`); every value is printed right here.

use super::calendar::civil_from_days;
use super::int::push_padded;

/// How many units make a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
    Millis,
    Micros,
    Nanos,
}

impl Precision {
    pub(crate) fn per_second(self) -> i64 {
        match self {
            Self::Millis => 1_000,
            Self::Micros => 1_000_000,
            Self::Nanos => 1_000_000_000,
        }
    }

    fn digits(self) -> usize {
        match self {
            Self::Millis => 3,
            Self::Micros => 6,
            Self::Nanos => 9,
        }
    }
}

const SECONDS_PER_DAY: i64 = 86_400;

/// Appends `value` (units since 1970-01-01T00:00Z) as `2024-01-02T03:04:05.000006Z`.
pub(crate) fn push_timestamp(out: &mut Vec<u8>, value: i64, precision: Precision) {
    let seconds = value.div_euclid(precision.per_second());
    let fraction = value.rem_euclid(precision.per_second());
    let date = civil_from_days(seconds.div_euclid(SECONDS_PER_DAY));
    let second_of_day = seconds.rem_euclid(SECONDS_PER_DAY);
    if date.year < 0 {
        out.push(b'-');
    }
    push_padded(out, date.year.unsigned_abs(), 4);
    for (separator, part) in [
        (b'-', date.month),
        (b'-', date.day),
        (b'T', second_of_day / 3_600),
        (b':', second_of_day / 60 % 60),
        (b':', second_of_day % 60),
    ] {
        out.push(separator);
        push_padded(out, part.unsigned_abs(), 2);
    }
    out.push(b'.');
    push_padded(out, fraction.unsigned_abs(), precision.digits());
    out.push(b'Z');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(value: i64, precision: Precision) -> String {
        let mut out = Vec::new();
        push_timestamp(&mut out, value, precision);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_ends_of_every_range_are_right() {
        let cases = [
            (
                i64::MIN + 1,
                Precision::Millis,
                "-292275055-05-16T16:47:04.193Z",
            ),
            (i64::MAX, Precision::Millis, "292278994-08-17T07:12:55.807Z"),
            (
                i64::MIN + 1,
                Precision::Micros,
                "-290308-12-21T19:59:05.224193Z",
            ),
            (i64::MAX, Precision::Micros, "294247-01-10T04:00:54.775807Z"),
            (
                i64::MIN + 1,
                Precision::Nanos,
                "1677-09-21T00:12:43.145224193Z",
            ),
            (i64::MAX, Precision::Nanos, "2262-04-11T23:47:16.854775807Z"),
            (
                -62_135_596_800_000,
                Precision::Millis,
                "0001-01-01T00:00:00.000Z",
            ),
            (-1, Precision::Micros, "1969-12-31T23:59:59.999999Z"),
        ];
        for (value, precision, expected) in cases {
            assert_eq!(text(value, precision), expected);
        }
    }

    proptest! {
        // Invariant: what is printed, read by jiff, is the same instant.
        #[test]
        fn printed_nanoseconds_read_back(value in any::<i64>()) {
            let read: jiff::Timestamp = text(value, Precision::Nanos).parse().unwrap();
            prop_assert_eq!(read.as_nanosecond(), i128::from(value));
        }

        #[test]
        fn printed_microseconds_read_back(
            value in -62_135_596_800_000_000_i64..=253_402_207_199_999_999_i64
        ) {
            let read: jiff::Timestamp = text(value, Precision::Micros).parse().unwrap();
            prop_assert_eq!(read.as_microsecond(), value);
        }
    }
}
