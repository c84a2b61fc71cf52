//! The partitioning unit of a table.
//!
//! Everything that depends on it (names, floors, whether the partition segment of `_txn` means anything)
//! takes it as an argument, since `_txn` itself does not say it: only `_meta` does.

use std::fmt;

/// PARTITION BY of a table; the discriminants are the codes of `_meta` offset 4 (meta.md §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum PartitionBy {
    /// One directory a day.
    Day = 0,
    /// One directory a month.
    Month = 1,
    /// One directory a year.
    Year = 2,
    /// One directory, `default`.
    None = 3,
    /// One directory an hour.
    Hour = 4,
    /// One directory an ISO week (Monday to Sunday).
    Week = 5,
    /// Views: there is no data at all.
    NotApplicable = 6,
}

impl PartitionBy {
    /// The unit of a code, or `None` if no release writes it.
    #[must_use]
    pub fn from_code(code: i32) -> Option<Self> {
        Some(match code {
            0 => Self::Day,
            1 => Self::Month,
            2 => Self::Year,
            3 => Self::None,
            4 => Self::Hour,
            5 => Self::Week,
            6 => Self::NotApplicable,
            _ => return None,
        })
    }

    /// The code in `_meta`.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Self::Day => 0,
            Self::Month => 1,
            Self::Year => 2,
            Self::None => 3,
            Self::Hour => 4,
            Self::Week => 5,
            Self::NotApplicable => 6,
        }
    }

    /// Whether rows are spread over directories by time: true for hour, day, week, month and year.
    #[must_use]
    pub fn is_partitioned(self) -> bool {
        !matches!(self, Self::None | Self::NotApplicable)
    }
}

/// The word of SQL, as `SHOW PARTITIONS` prints it.
impl fmt::Display for PartitionBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Day => "DAY",
            Self::Month => "MONTH",
            Self::Year => "YEAR",
            Self::None => "NONE",
            Self::Hour => "HOUR",
            Self::Week => "WEEK",
            Self::NotApplicable => "N/A",
        })
    }
}
