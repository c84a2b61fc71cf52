//! UTC calendar arithmetic on days since 1970-01-01, proleptic Gregorian.
//!
//! Total over every timestamp that fits an i64, which a calendar library is not: a hostile `_txn` may hold any
//! timestamp, and a name has to come out of it, or an error, but no panic. A library is the oracle in tests.

/// Days of a year, month and day.
pub(crate) fn days_of(year: i64, month: i64, day: i64) -> i64 {
    // Years that start in March put the leap day last.
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month (1–12) and day (1–31) of a day.
pub(crate) fn date_of(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Day of the week, 1 = Monday … 7 = Sunday.
pub(crate) fn weekday_of(days: i64) -> i64 {
    (days + 3).rem_euclid(7) + 1
}

/// The Monday of the week of a day.
pub(crate) fn monday_of(days: i64) -> i64 {
    days - (days + 3).rem_euclid(7)
}

/// ISO week-based year and week (1–53): those of the Thursday of the same week.
pub(crate) fn iso_week_of(days: i64) -> (i64, i64) {
    let thursday = monday_of(days) + 3;
    let (year, _, _) = date_of(thursday);
    (year, (thursday - days_of(year, 1, 1)) / 7 + 1)
}
