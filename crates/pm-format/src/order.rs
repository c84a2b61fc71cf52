//! How statistics compare, by physical and column type (pm.md §17.3).
//!
//! Statistics and filter values become keys that order as the type does. What cannot become a key
//! (wrong width, NaN) gives `None`, and then nothing is pruned.

use std::cmp::Ordering;

use crate::codes::{PhysicalType, is_decimal, tag, tag_of};
use crate::column::Column;
use crate::span::at;

const MILLIS_PER_DAY: i64 = 86_400_000;

/// How the values of one column order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueOrder {
    /// BOOLEAN and INT96: no statistics are used.
    Unordered,
    Int32,
    UInt32,
    /// Days since the epoch in the file, milliseconds in a filter.
    Days,
    Int64,
    Float,
    Double,
    /// Unsigned bytewise; `Some` is the declared length.
    Bytes(Option<usize>),
    /// Two's complement, big-endian.
    Decimal(Option<usize>),
}

/// A value that orders. Keys of different variants never meet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Key<'a> {
    Int(i64),
    Real(f64),
    Bytes(&'a [u8]),
    Decimal(&'a [u8]),
}

impl ValueOrder {
    pub(crate) fn of(column: &Column<'_>) -> Self {
        let Ok(physical) = column.physical_type() else {
            return Self::Unordered;
        };
        let decimal = is_decimal(column.type_code());
        let declared = usize::try_from(column.fixed_byte_len()).ok();
        match (physical, tag_of(column.type_code())) {
            (PhysicalType::Boolean | PhysicalType::Int96, _) => Self::Unordered,
            (PhysicalType::Int32, Some(tag::IPV4)) => Self::UInt32,
            (PhysicalType::Int32, Some(tag::DATE)) => Self::Days,
            (PhysicalType::Int32, _) => Self::Int32,
            (PhysicalType::Int64, _) => Self::Int64,
            (PhysicalType::Float, _) => Self::Float,
            (PhysicalType::Double, _) => Self::Double,
            (PhysicalType::ByteArray, _) if decimal => Self::Decimal(None),
            (PhysicalType::ByteArray, _) => Self::Bytes(None),
            (PhysicalType::FixedLenByteArray, _) => match declared {
                None | Some(0) => Self::Unordered,
                Some(_) if decimal => Self::Decimal(declared),
                Some(_) => Self::Bytes(declared),
            },
        }
    }

    /// The key of a statistic.
    pub(crate) fn stat<'a>(&self, bytes: &'a [u8]) -> Option<Key<'a>> {
        match self {
            Self::Days => {
                let days = i64::from(i32::from_le_bytes(bytes.try_into().ok()?));
                Some(Key::Int(days * MILLIS_PER_DAY))
            }
            _ => self.value(bytes),
        }
    }

    /// The key of a filter value, for ranges.
    pub(crate) fn value<'a>(&self, bytes: &'a [u8]) -> Option<Key<'a>> {
        let sized = |declared: &Option<usize>| declared.is_none_or(|n| n == bytes.len());
        match self {
            Self::Unordered => None,
            Self::Int32 => Some(Key::Int(i32::from_le_bytes(bytes.try_into().ok()?).into())),
            Self::UInt32 => Some(Key::Int(u32::from_le_bytes(bytes.try_into().ok()?).into())),
            Self::Days | Self::Int64 => Some(Key::Int(i64::from_le_bytes(bytes.try_into().ok()?))),
            Self::Float => real(f32::from_le_bytes(bytes.try_into().ok()?).into()),
            Self::Double => real(f64::from_le_bytes(bytes.try_into().ok()?)),
            Self::Bytes(declared) => sized(declared).then_some(Key::Bytes(bytes)),
            Self::Decimal(declared) => sized(declared).then_some(Key::Decimal(bytes)),
        }
    }

    /// The key of a filter value, for equality: milliseconds are floored to days.
    pub(crate) fn equal_value<'a>(&self, bytes: &'a [u8]) -> Option<Key<'a>> {
        match (self, self.value(bytes)?) {
            (Self::Days, Key::Int(millis)) => {
                Some(Key::Int(millis.div_euclid(MILLIS_PER_DAY) * MILLIS_PER_DAY))
            }
            (_, key) => Some(key),
        }
    }

    /// Whether a filter value is the type's NULL sentinel.
    pub(crate) fn is_null(&self, bytes: &[u8]) -> bool {
        const LONG_NULL: [u8; 8] = i64::MIN.to_le_bytes();
        match self {
            Self::Unordered | Self::Bytes(None) | Self::Decimal(None) => false,
            Self::Int32 => bytes == i32::MIN.to_le_bytes(),
            Self::UInt32 => bytes == [0; 4],
            Self::Days | Self::Int64 => bytes == LONG_NULL,
            Self::Float => bytes
                .try_into()
                .is_ok_and(|b| f32::from_le_bytes(b).is_nan()),
            Self::Double => bytes
                .try_into()
                .is_ok_and(|b| f64::from_le_bytes(b).is_nan()),
            Self::Bytes(Some(_)) => {
                !bytes.is_empty()
                    && bytes
                        .iter()
                        .zip(LONG_NULL.iter().cycle())
                        .all(|(a, b)| a == b)
            }
            Self::Decimal(Some(_)) => bytes
                .split_first()
                .is_some_and(|(b, rest)| *b == 0x80 && rest.iter().all(|b| *b == 0)),
        }
    }

    /// The bytes that a bloom filter hashes for a filter value; `None` where it cannot be asked.
    pub(crate) fn bloom_bytes<'a>(
        &self,
        bytes: &'a [u8],
        buffer: &'a mut [u8; 8],
    ) -> Option<&'a [u8]> {
        match (self, self.value(bytes)?) {
            (Self::Days, Key::Int(millis)) => {
                let day = i32::try_from(millis.div_euclid(MILLIS_PER_DAY)).ok()?;
                let (head, _) = buffer.split_first_chunk_mut::<4>()?;
                *head = day.to_le_bytes();
                Some(head)
            }
            // -0.0 is stored and hashed as +0.0.
            (Self::Float | Self::Double, Key::Real(0.0)) => {
                *buffer = [0; 8];
                buffer.get(..bytes.len())
            }
            _ => Some(bytes),
        }
    }
}

fn real(value: f64) -> Option<Key<'static>> {
    (!value.is_nan()).then_some(Key::Real(value))
}

impl Key<'_> {
    pub(crate) fn compare(&self, other: &Key<'_>) -> Option<Ordering> {
        match (self, other) {
            (Key::Int(a), Key::Int(b)) => Some(a.cmp(b)),
            (Key::Real(a), Key::Real(b)) => a.partial_cmp(b),
            (Key::Bytes(a), Key::Bytes(b)) => Some(a.cmp(b)),
            (Key::Decimal(a), Key::Decimal(b)) => Some(compare_decimals(a, b)),
            _ => None,
        }
    }
}

/// Signed big-endian numbers of any two lengths; an empty one is zero.
fn compare_decimals(a: &[u8], b: &[u8]) -> Ordering {
    let negative = |n: &[u8]| n.first().is_some_and(|b| b & 0x80 != 0);
    match (negative(a), negative(b)) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (sign, _) => {
            let fill = if sign { 0xFF } else { 0 };
            let len = a.len().max(b.len());
            let extended = |n: &[u8], i: usize| {
                i.checked_sub(len - n.len())
                    .and_then(|i| n.get(i))
                    .copied()
                    .unwrap_or(fill)
            };
            (0..at(len.try_into().unwrap_or(0)))
                .map(|i| extended(a, i).cmp(&extended(b, i)))
                .find(|o| o.is_ne())
                .unwrap_or(Ordering::Equal)
        }
    }
}
