//! Names of partition directories for every unit, resolution and split part (table-dir.md §4.1, §4.2).
//!
//! A timestamp on a boundary gets the short name of its unit; anything else is a split part and gets as many
//! digits as it needs.

use std::fmt::Write;

use column_format::TimestampUnit;

use crate::naming::civil::{date_of, iso_week_of, weekday_of};
use crate::naming::floor::{partition_floor, per_second};
use crate::partition_by::PartitionBy;

/// Directory name of the partition `timestamp`, with its suffix if `name_txn` is above −1.
///
/// Total: every timestamp gets a name, also one that no table can hold. PARTITION BY NONE gives `default`
/// whatever the timestamp; a view has no partitions, and the same name.
#[must_use]
pub fn partition_dir_name(
    by: PartitionBy,
    unit: TimestampUnit,
    timestamp: i64,
    name_txn: i64,
) -> String {
    let mut name = if by.is_partitioned() {
        base_name(by, unit, timestamp)
    } else {
        String::from("default")
    };
    if name_txn > -1 {
        push(&mut name, format_args!(".{name_txn}"));
    }
    name
}

fn base_name(by: PartitionBy, unit: TimestampUnit, timestamp: i64) -> String {
    let ticks = Ticks::of(unit, timestamp);
    let (year, month, day) = date_of(ticks.days);
    let (week_year, week) = iso_week_of(ticks.days);
    let mut name = String::with_capacity(32);
    if timestamp == partition_floor(by, unit, timestamp) {
        match by {
            PartitionBy::Year => push(&mut name, format_args!("{year:04}")),
            PartitionBy::Month => push(&mut name, format_args!("{year:04}-{month:02}")),
            PartitionBy::Week => push(&mut name, format_args!("{week_year:04}-W{week:02}")),
            PartitionBy::Hour => {
                push(
                    &mut name,
                    format_args!("{year:04}-{month:02}-{day:02}T{:02}", ticks.hour),
                );
            }
            _ => push(&mut name, format_args!("{year:04}-{month:02}-{day:02}")),
        }
        return name;
    }
    if by == PartitionBy::Week {
        let weekday = weekday_of(ticks.days);
        push(
            &mut name,
            format_args!("{week_year:04}-W{week:02}-{weekday}"),
        );
    } else {
        push(&mut name, format_args!("{year:04}-{month:02}-{day:02}"));
    }
    ticks.push_time(&mut name);
    name
}

/// A timestamp taken apart.
struct Ticks {
    days: i64,
    hour: i64,
    minute: i64,
    second: i64,
    fraction: i64,
    fraction_digits: usize,
}

impl Ticks {
    fn of(unit: TimestampUnit, timestamp: i64) -> Self {
        let per_second = per_second(unit);
        let seconds = timestamp.div_euclid(per_second);
        let of_day = seconds.rem_euclid(86_400);
        Self {
            days: seconds.div_euclid(86_400),
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            fraction: timestamp.rem_euclid(per_second),
            fraction_digits: match unit {
                TimestampUnit::Micros => 6,
                TimestampUnit::Nanos => 9,
            },
        }
    }

    /// The time of day, as far down as it is not zero.
    fn push_time(&self, name: &mut String) {
        let below_hour = self.minute != 0 || self.second != 0 || self.fraction != 0;
        if self.hour == 0 && !below_hour {
            return;
        }
        push(name, format_args!("T{:02}", self.hour));
        if !below_hour {
            return;
        }
        push(name, format_args!("{:02}{:02}", self.minute, self.second));
        if self.fraction != 0 {
            push(
                name,
                format_args!("-{:0width$}", self.fraction, width = self.fraction_digits),
            );
        }
    }
}

/// Formatting into a `String` cannot fail.
fn push(name: &mut String, args: std::fmt::Arguments<'_>) {
    let infallible = name.write_fmt(args);
    debug_assert!(infallible.is_ok());
}
