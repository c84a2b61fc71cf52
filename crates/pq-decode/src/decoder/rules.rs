//! Which stored values are read as which column type, and how.
//!
//! One table: a pair that is not in it is refused by name. How a type is stored comes first, then
//! what a column may have been before its type changed, where no value changes its meaning.

use std::fmt;

use column_format::{ColumnType, TimestampUnit};
use pq_format::PhysicalType;

use crate::error::Fault;
use crate::facts::{LeafFacts, Stored};

/// How stored values become those of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    Boolean,
    Narrow(u8),
    Unsigned16,
    Copied(u8),
    Reversed(u8),
    Swapped(u8),
    ToWide,
    ToDouble { float: bool },
    ToFloat,
    Rescaled { times: i64, by: i64 },
    Varchar,
    String,
    Binary,
    RawArrays(u8),
    Lists(u8),
    Symbol,
}

/// Whether the values are those of a type without a null: BYTE, SHORT and CHAR chunks have nulls all
/// the same, for rows that are older than the column, and those are 0 (pm.md §16.4) whatever the type
/// is now. Integers of geohashes look the same and stay geohashes.
pub(super) fn lacks_null(stored: Stored, wanted: ColumnType) -> bool {
    let narrow = matches!(
        stored,
        Stored::Boolean | Stored::Int(8 | 16) | Stored::Uint(16)
    );
    narrow && !matches!(wanted, ColumnType::Geohash { .. })
}

/// A plan in an error.
pub(super) struct PlanName(pub(super) Plan);

impl fmt::Display for PlanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// The rule that leads from what is stored to what is wanted.
pub(super) fn plan(leaf: &LeafFacts, wanted: ColumnType) -> Result<Plan, Fault> {
    let stored = leaf.stored;
    let refused = || Fault::Conversion { stored, wanted };
    let plan = match rule(stored, wanted).ok_or_else(refused)? {
        // Decimals in integers are little-endian already.
        Plan::Reversed(w) if matches!(leaf.physical, PhysicalType::Int32 | PhysicalType::Int64) => {
            Plan::Copied(w)
        }
        plan => plan,
    };
    let (bytes, lists) = match plan {
        Plan::Boolean | Plan::Varchar | Plan::String | Plan::Binary => (None, 0),
        Plan::RawArrays(_) | Plan::Symbol => (None, 0),
        Plan::Lists(dims) => (Some(8), u16::from(dims)),
        Plan::Narrow(_) | Plan::Unsigned16 | Plan::ToWide => (Some(4), 0),
        Plan::ToFloat | Plan::ToDouble { .. } => (Some(4), 0),
        Plan::Copied(w) | Plan::Reversed(w) | Plan::Swapped(w) => (Some(u32::from(w)), 0),
        Plan::Rescaled { .. } => (Some(8), 0),
    };
    // A schema may annotate what it likes: the width decides.
    match leaf.physical.fixed_width() == bytes && leaf.max_repetition == lists {
        true => Ok(plan),
        false => Err(refused()),
    }
}

fn rule(stored: Stored, wanted: ColumnType) -> Option<Plan> {
    use ColumnType as T;
    use Stored as S;
    Some(match (wanted, stored) {
        (T::Boolean, S::Boolean) => Plan::Boolean,
        (T::Byte, S::Int(8)) => Plan::Narrow(1),
        (T::Short, S::Int(8 | 16)) => Plan::Narrow(2),
        (T::Char, S::Uint(16)) => Plan::Unsigned16,
        (T::Int, S::Int(8 | 16 | 32)) | (T::Ipv4, S::Uint(32)) => Plan::Copied(4),
        (T::Long, S::Int(8 | 16 | 32)) => Plan::ToWide,
        (T::Long, S::Int(64) | S::Millis | S::Timestamp(_)) => Plan::Copied(8),
        (T::Date | T::Timestamp(_), _) => return time_rule(stored, wanted),
        (T::Float, S::Float) => Plan::Copied(4),
        (T::Float, S::Int(8 | 16)) => Plan::ToFloat,
        (T::Double, S::Double) => Plan::Copied(8),
        (T::Double, S::Float) => Plan::ToDouble { float: true },
        (T::Double, S::Int(8 | 16 | 32)) => Plan::ToDouble { float: false },
        (T::Varchar, S::Text) => Plan::Varchar,
        (T::String, S::Text) => Plan::String,
        (T::Symbol, S::Text) => Plan::Symbol,
        (T::Binary, S::Bytes) => Plan::Binary,
        (T::Array { dims }, S::Bytes) => Plan::RawArrays(dims),
        (T::Array { dims }, S::Doubles { dims: found }) if found == dims.into() => {
            Plan::Lists(dims)
        }
        (T::Uuid, S::Uuid) => Plan::Reversed(16),
        (T::Long128, S::Fixed(16)) => Plan::Copied(16),
        (T::Long256, S::Fixed(32)) => Plan::Copied(32),
        (T::Geohash { .. }, S::Int(bits)) => match (wanted.fixed_width(), bits) {
            (Some(1), 8) => Plan::Narrow(1),
            (Some(2), 16) => Plan::Narrow(2),
            (Some(4), 32) => Plan::Copied(4),
            (Some(8), 64) => Plan::Copied(8),
            _ => return None,
        },
        (T::Decimal { scale, .. }, S::Decimal { len, scale: found }) if scale == found => {
            match (wanted.fixed_width()?, len) {
                (1, 1) => Plan::Copied(1),
                (2, 2) => Plan::Reversed(2),
                (4, 4) => Plan::Reversed(4),
                (8, 8) => Plan::Reversed(8),
                (16, 16) => Plan::Swapped(16),
                (32, 32) => Plan::Swapped(32),
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// Times by their ticks in a second.
fn time_rule(stored: Stored, wanted: ColumnType) -> Option<Plan> {
    let per_second = |unit: TimestampUnit| unit.per_second();
    let to = match wanted {
        ColumnType::Timestamp(unit) => per_second(unit),
        _ => 1_000,
    };
    let from = match stored {
        Stored::Int(64) => to,
        Stored::Millis => 1_000,
        Stored::Timestamp(unit) => per_second(unit),
        _ => return None,
    };
    Some(match to == from {
        true => Plan::Copied(8),
        false => Plan::Rescaled {
            times: (to / from).max(1),
            by: (from / to).max(1),
        },
    })
}
