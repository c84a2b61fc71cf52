//! Directory names: the table of the notes, and properties against a calendar library.
//!
//! Invariants: a name on a boundary is the library's date; a floor is at or below, a ceiling above, and no
//! boundary lies between; a floor is its own floor; different timestamps of one table never share a name;
//! every i64 gets a name.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use txn::{
    PartitionBy, TimestampUnit, column_file_name, partition_ceiling, partition_dir_name,
    partition_floor,
};

use PartitionBy::{Day, Hour, Month, Week, Year};
use TimestampUnit::{Micros, Nanos};

fn micros(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_microsecond()
}

fn nanos(text: &str) -> i64 {
    i64::try_from(text.parse::<Timestamp>().unwrap().as_nanosecond()).unwrap()
}

#[test]
fn names_are_those_of_the_notes() {
    let of = |by, text| partition_dir_name(by, Micros, micros(text), -1);
    assert_eq!(of(Day, "2024-01-03T00:00:00Z"), "2024-01-03");
    assert_eq!(of(Month, "2024-01-01T00:00:00Z"), "2024-01");
    assert_eq!(of(Year, "2024-01-01T00:00:00Z"), "2024");
    assert_eq!(of(Hour, "2024-01-03T21:00:00Z"), "2024-01-03T21");
    assert_eq!(of(Week, "2020-12-28T00:00:00Z"), "2020-W53");
    assert_eq!(
        of(Day, "2024-01-02T03:00:00.000001Z"),
        "2024-01-02T030000-000001"
    );
    assert_eq!(of(Day, "2013-03-31T17:55:00Z"), "2013-03-31T175500");
    assert_eq!(of(Day, "2013-03-01T17:00:00Z"), "2013-03-01T17");
    assert_eq!(
        of(Month, "2024-01-26T23:50:00.000001Z"),
        "2024-01-26T235000-000001"
    );
    assert_eq!(of(Month, "2024-02-02T00:00:00Z"), "2024-02-02");
    assert_eq!(of(Hour, "2024-01-01T23:59:00Z"), "2024-01-01T235900");
    assert_eq!(
        of(Week, "2024-01-07T12:34:00.000001Z"),
        "2024-W01-7T123400-000001"
    );
    assert_eq!(of(Week, "2013-03-01T00:00:00Z"), "2013-W09-5");
    let week_ns = nanos("2024-01-07T12:34:00.000009395Z");
    assert_eq!(
        partition_dir_name(Week, Nanos, week_ns, -1),
        "2024-W01-7T123400-000009395"
    );
    let suffixed = partition_dir_name(Day, Micros, micros("2024-01-02T03:00:00.000001Z"), 3);
    assert_eq!(suffixed, "2024-01-02T030000-000001.3");
    assert_eq!(
        partition_dir_name(Day, Micros, 0, 0),
        "1970-01-01.0",
        "suffix 0 is a suffix"
    );
    assert_eq!(
        partition_dir_name(PartitionBy::None, Micros, 0, -1),
        "default"
    );
}

#[test]
fn the_week_of_the_epoch_starts_in_1969() {
    assert_eq!(partition_floor(Week, Micros, 0), -259_200_000_000);
    assert_eq!(
        partition_floor(Week, Micros, -259_200_000_000),
        -259_200_000_000
    );
    assert_eq!(partition_floor(Week, Nanos, 5), -259_200_000_000_000);
    assert_eq!(
        partition_dir_name(Week, Micros, -259_200_000_000, -1),
        "1970-W01"
    );
    assert_eq!(
        partition_dir_name(Week, Micros, -259_199_999_999, -1),
        "1970-W01-1T000000-000001"
    );
    assert_eq!(partition_ceiling(Week, Micros, 0), Some(345_600_000_000));
    // Every other unit starts at the epoch itself.
    for by in [Hour, Day, Month, Year] {
        assert_eq!(partition_floor(by, Micros, -5), 0);
    }
}

#[test]
fn column_files_have_a_suffix_from_zero_on() {
    assert_eq!(column_file_name("Preis", "d", -1), "Preis.d");
    assert_eq!(column_file_name("цена", "i", 0), "цена.i.0");
    assert_eq!(column_file_name("s", "o", 17), "s.o.17");
}

fn any_unit() -> impl Strategy<Value = PartitionBy> {
    prop_oneof![Just(Hour), Just(Day), Just(Week), Just(Month), Just(Year)]
}

/// Seconds from 1970 to 9999-12-30 and a fraction.
fn any_time() -> impl Strategy<Value = (i64, u32)> {
    (
        0..253_402_214_400_i64,
        prop_oneof![Just(0), Just(1), 0..1_000_000_000u32],
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn boundary_names_are_the_librarys_dates(by in any_unit(), (second, _) in any_time()) {
        let at = partition_floor(by, Micros, second * 1_000_000);
        let zoned = Timestamp::from_microsecond(at).unwrap().to_zoned(TimeZone::UTC);
        let format = match by {
            Year => "%Y",
            Month => "%Y-%m",
            Week => "%G-W%V",
            Hour => "%Y-%m-%dT%H",
            _ => "%Y-%m-%d",
        };
        prop_assert_eq!(partition_dir_name(by, Micros, at, -1), zoned.strftime(format).to_string());
    }

    #[test]
    fn split_names_are_the_librarys_times(by in any_unit(), (second, fraction) in any_time()) {
        let at = second * 1_000_000 + i64::from(fraction / 1000);
        prop_assume!(partition_floor(by, Micros, at) != at);
        let zoned = Timestamp::from_microsecond(at).unwrap().to_zoned(TimeZone::UTC);
        let date = if by == Week { "%G-W%V-%u" } else { "%Y-%m-%d" };
        let mut want = zoned.strftime(date).to_string();
        let fraction = at % 1_000_000;
        if at % 86_400_000_000 != 0 {
            want += &zoned.strftime("T%H").to_string();
            if at % 3_600_000_000 != 0 {
                want += &zoned.strftime("%M%S").to_string();
            }
        }
        if fraction != 0 {
            want += &format!("-{fraction:06}");
        }
        prop_assert_eq!(partition_dir_name(by, Micros, at, -1), want);
    }

    #[test]
    fn floors_and_ceilings_enclose(by in any_unit(), (second, fraction) in any_time()) {
        let at = second * 1_000_000 + i64::from(fraction / 1000);
        let floor = partition_floor(by, Micros, at);
        let ceiling = partition_ceiling(by, Micros, at).unwrap();
        prop_assert!(floor <= at && at < ceiling);
        prop_assert_eq!(partition_floor(by, Micros, floor), floor);
        prop_assert_eq!(partition_floor(by, Micros, ceiling), ceiling);
        prop_assert_eq!(partition_floor(by, Micros, ceiling - 1), floor);
    }

    #[test]
    fn nanoseconds_have_the_same_boundaries(by in any_unit(), second in 0..9_000_000_000i64) {
        let micros = partition_floor(by, Micros, second * 1_000_000);
        let nanos = partition_floor(by, Nanos, second * 1_000_000_000);
        prop_assert_eq!(nanos, micros * 1000);
        prop_assert_eq!(
            partition_dir_name(by, Nanos, nanos, 7),
            partition_dir_name(by, Micros, micros, 7)
        );
    }

    #[test]
    fn different_timestamps_have_different_names(
        by in any_unit(),
        (second, fraction) in any_time(),
        step in prop_oneof![
            Just(1i64), Just(1_000_000), Just(60_000_000), Just(3_600_000_000),
            Just(86_400_000_000), 1..40_000_000_000_000i64,
        ],
    ) {
        let at = second * 1_000_000 + i64::from(fraction / 1000);
        for a in [at, partition_floor(by, Micros, at)] {
            let b = a + step;
            prop_assert_ne!(
                partition_dir_name(by, Micros, a, -1),
                partition_dir_name(by, Micros, b, -1)
            );
        }
    }

    #[test]
    fn every_timestamp_gets_a_name(code in 0..7i32, ts in any::<i64>(), name_txn in any::<i64>()) {
        let by = PartitionBy::from_code(code).unwrap();
        for unit in [Micros, Nanos] {
            prop_assert!(!partition_dir_name(by, unit, ts, name_txn).contains('/'));
            let floor = partition_floor(by, unit, ts);
            prop_assert!(floor <= ts.max(0));
            if let Some(ceiling) = partition_ceiling(by, unit, ts) {
                prop_assert!(ceiling > floor);
            }
        }
    }
}
