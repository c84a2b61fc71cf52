//! Sizes and time limits as a person writes them: `64MiB`, `1.5GiB`, `90s`, `1h 30m`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A number of bytes.
///
/// ```
/// use engine::ByteSize;
///
/// assert_eq!("64MiB".parse(), Ok(ByteSize(64 << 20)));
/// assert_eq!("1.5 kb".parse(), Ok(ByteSize(1_500)));
/// assert_eq!(ByteSize(3 << 19).to_string(), "1.5 MiB");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

/// A length of time that some work may take.
///
/// ```
/// use std::time::Duration;
/// use engine::TimeLimit;
///
/// assert_eq!("1h 30m".parse(), Ok(TimeLimit(Duration::from_secs(5_400))));
/// assert!("yesterday".parse::<TimeLimit>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimeLimit(pub Duration);

/// A text that is no size or no length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {what}")]
pub struct QuantityError {
    text: String,
    what: &'static str,
}

const UNITS: [(&str, u64); 9] = [
    ("", 1),
    ("b", 1),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
];

impl FromStr for ByteSize {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        parse_bytes(text).map(Self).ok_or_else(|| QuantityError {
            text: text.to_owned(),
            what: "size; write 64MiB, 1GiB or a number of bytes",
        })
    }
}

fn parse_bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = text.split_at(digits.unwrap_or(text.len()));
    let unit = unit.trim_start();
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole = whole.parse::<u64>().ok()?.checked_mul(*scale)?;
    if fraction.is_empty() {
        return Some(whole);
    }
    // More digits than these say less than a byte of a tebibyte.
    let fraction = fraction.get(..fraction.len().min(15))?;
    let ten = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
    let part = fraction.parse::<u128>().ok()? * u128::from(*scale) / ten;
    whole.checked_add(u64::try_from(part).ok()?)
}

/// Binary units, one decimal where it says something.
impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = UNITS
            .iter()
            .rev()
            .take(4)
            .find(|(_, scale)| self.0 >= *scale);
        let Some((name, scale)) = named else {
            return write!(f, "{} bytes", self.0);
        };
        let name = ["KiB", "MiB", "GiB", "TiB"]
            .into_iter()
            .find(|shown| shown.eq_ignore_ascii_case(name))
            .unwrap_or(name);
        // Upwards, so that a size that is said to suffice does.
        let tenths = (u128::from(self.0) * 10).div_ceil(u128::from(*scale));
        match tenths % 10 {
            0 => write!(f, "{} {name}", tenths / 10),
            tenth => write!(f, "{}.{tenth} {name}", tenths / 10),
        }
    }
}

/// As a person writes it: `15m`, `1h 30m`.
impl fmt::Display for TimeLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::SignedDuration::try_from(self.0) {
            Ok(limit) => write!(f, "{limit:#}"),
            Err(_) => write!(f, "{:?}", self.0),
        }
    }
}

impl FromStr for TimeLimit {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let parsed = text.trim().parse::<jiff::SignedDuration>().ok();
        let positive = parsed.and_then(|limit| Duration::try_from(limit).ok());
        positive
            .filter(|limit| !limit.is_zero())
            .map(Self)
            .ok_or_else(|| QuantityError {
                text: text.to_owned(),
                what: "length of time; write 90s, 15m or 1h 30m",
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        let bytes = |text: &str| text.parse::<ByteSize>().ok().map(|size| size.0);
        assert_eq!(bytes("0"), Some(0));
        assert_eq!(bytes("65536"), Some(65_536));
        assert_eq!(bytes(" 64MiB "), Some(64 << 20));
        assert_eq!(bytes("64 mib"), Some(64 << 20));
        assert_eq!(bytes("2GB"), Some(2_000_000_000));
        assert_eq!(bytes("0.5KiB"), Some(512));
        for wrong in [
            "",
            "MiB",
            "-1",
            "1e3",
            "64M",
            "1.2.3",
            "999999999TiB",
            "1 2",
        ] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_size_that_is_shown_is_never_less_than_it_is() {
        for (bytes, shown) in [
            (0, "0 bytes"),
            (1_023, "1023 bytes"),
            (1_024, "1 KiB"),
            (1_025, "1.1 KiB"),
            (64 << 20, "64 MiB"),
            ((64 << 20) + 1, "64.1 MiB"),
            (1 << 40, "1 TiB"),
        ] {
            assert_eq!(ByteSize(bytes).to_string(), shown);
            if bytes >= 1_024 {
                assert!(shown.parse::<ByteSize>().unwrap() >= ByteSize(bytes));
            }
        }
    }

    #[test]
    fn a_time_limit_is_longer_than_nothing() {
        let limit = |text: &str| text.parse::<TimeLimit>().ok().map(|limit| limit.0);
        assert_eq!(limit("90s"), Some(Duration::from_secs(90)));
        assert_eq!(limit("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(limit("PT1H"), Some(Duration::from_secs(3_600)));
        for wrong in ["", "0s", "-1s", "90", "soon"] {
            assert_eq!(limit(wrong), None, "{wrong}");
        }
    }
}
