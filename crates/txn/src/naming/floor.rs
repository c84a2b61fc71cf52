//! Partition boundaries (table-dir.md §4.1).
//!
//! A designated timestamp is never negative, but the week that contains the epoch starts three days before it,
//! so a WEEK partition can have the timestamp −259200 s.

use column_format::TimestampUnit;

use crate::naming::civil::{date_of, days_of, monday_of};
use crate::partition_by::PartitionBy;

/// Ticks in a second.
pub(crate) fn per_second(unit: TimestampUnit) -> i64 {
    match unit {
        TimestampUnit::Micros => 1_000_000,
        TimestampUnit::Nanos => 1_000_000_000,
    }
}

/// The boundary at or below a timestamp, after clamping it to 0. PARTITION BY NONE and views: 0.
#[must_use]
pub fn partition_floor(by: PartitionBy, unit: TimestampUnit, timestamp: i64) -> i64 {
    let ts = timestamp.max(0);
    let hour = 3600 * per_second(unit);
    let day = 24 * hour;
    let days = ts / day;
    let (year, month, _) = date_of(days);
    match by {
        PartitionBy::Hour => ts - ts % hour,
        PartitionBy::Day => ts - ts % day,
        PartitionBy::Week => monday_of(days) * day,
        PartitionBy::Month => days_of(year, month, 1) * day,
        PartitionBy::Year => days_of(year, 1, 1) * day,
        PartitionBy::None | PartitionBy::NotApplicable => 0,
    }
}

/// The first boundary above a timestamp; `None` if there is none (PARTITION BY NONE, views, the end of time).
#[must_use]
pub fn partition_ceiling(by: PartitionBy, unit: TimestampUnit, timestamp: i64) -> Option<i64> {
    let floor = partition_floor(by, unit, timestamp);
    let hour = 3600 * per_second(unit);
    let day = 24 * hour;
    let (year, month, _) = date_of(floor.div_euclid(day));
    match by {
        PartitionBy::Hour => floor.checked_add(hour),
        PartitionBy::Day => floor.checked_add(day),
        PartitionBy::Week => floor.checked_add(7 * day),
        PartitionBy::Month if month == 12 => days_of(year + 1, 1, 1).checked_mul(day),
        PartitionBy::Month => days_of(year, month + 1, 1).checked_mul(day),
        PartitionBy::Year => days_of(year + 1, 1, 1).checked_mul(day),
        PartitionBy::None | PartitionBy::NotApplicable => None,
    }
}
