//! The proleptic Gregorian calendar over all of `i64`.
//!
//! DATE and TIMESTAMP columns may hold any 64-bit value (years ±292 million), which is beyond what
//! calendar crates represent. Two pure functions on day numbers are enough, and a property test
//! compares them with `jiff` where `jiff` reaches.

/// Year (astronomical: 0 is 1 BC), month (1…12) and day of month (1…31).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CivilDate {
    pub(crate) year: i64,
    pub(crate) month: i64,
    pub(crate) day: i64,
}

const DAYS_PER_ERA: i64 = 146_097; // 400 years
const DAYS_TO_EPOCH: i64 = 719_468; // from 0000-03-01 to 1970-01-01

/// The date of a day number counted from 1970-01-01.
///
/// Years are counted from March, so that the leap day is the last of its year and months have a
/// linear rule. `days` must leave room for the offset of the epoch: every day number that comes
/// from a 64-bit count of milliseconds or less does.
pub(crate) fn civil_from_days(days: i64) -> CivilDate {
    let shifted = days + DAYS_TO_EPOCH;
    let era = shifted.div_euclid(DAYS_PER_ERA);
    let day_of_era = shifted.rem_euclid(DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    CivilDate { year, month, day }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_leap_day_of_a_century_is_found() {
        assert_eq!(
            civil_from_days(11_016),
            CivilDate {
                year: 2000,
                month: 2,
                day: 29
            }
        );
        assert_eq!(
            civil_from_days(-1),
            CivilDate {
                year: 1969,
                month: 12,
                day: 31
            }
        );
        assert_eq!(
            civil_from_days(-719_162),
            CivilDate {
                year: 1,
                month: 1,
                day: 1
            }
        );
    }

    proptest! {
        // Invariant: equal to jiff wherever jiff has an answer.
        #[test]
        fn days_agree_with_jiff(days in -4_371_000_i32..2_932_800_i32) {
            let expected = jiff::civil::date(1970, 1, 1)
                .checked_add(jiff::Span::new().days(days))
                .expect("inside jiff's range");
            let got = civil_from_days(i64::from(days));
            prop_assert_eq!(
                (got.year, got.month, got.day),
                (
                    i64::from(expected.year()),
                    i64::from(expected.month()),
                    i64::from(expected.day())
                )
            );
        }
    }
}
