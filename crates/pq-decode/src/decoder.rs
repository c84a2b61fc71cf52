//! `Decoder`: a chunk's bytes to the column that a table wants.
//!
//! Which loop runs is decided once a chunk, from what is stored and what is wanted; a pair without
//! a rule is refused by name, before anything is read.

use std::fmt;

use column_format::{ColumnType, TimestampUnit};

use crate::chunk::{Job, Scratch, decode_flat, decode_lists};
use crate::decoded::DecodedColumn;
use crate::error::{DecodeError, Fault};
use crate::facts::{ChunkFacts, LeafFacts, Stored};
use crate::limits::Limits;
use crate::values::{
    ArrayEntries, BinaryEntries, BooleanColumn, BytesColumn, Convert, Copied, FixedColumn, Narrow,
    Rescaled, Reversed, StringEntries, Swapped, SymbolEntries, ToDouble, ToFloat, ToWide,
    Unsigned16, VarcharEntries,
};

/// The key of a text (UTF-8) in a table's dictionary of symbols.
pub type SymbolKeys<'a> = dyn Fn(&[u8]) -> Option<u32> + 'a;

/// Decodes chunks one after the other, with reused buffers and codec contexts.
#[derive(Debug, Default)]
pub struct Decoder {
    limits: Limits,
    scratch: Scratch,
}

/// How stored values become those of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
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

impl Decoder {
    /// A decoder with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Whether a leaf can be decoded as a column of type `wanted`.
    ///
    /// # Errors
    /// [`Fault::Conversion`] with both types.
    pub fn check(leaf: &LeafFacts, wanted: ColumnType) -> Result<(), Fault> {
        plan(leaf, wanted).map(|_| ())
    }

    /// Whether the bounds of a chunk are those of its values as a column of type `wanted`.
    #[must_use]
    pub fn keeps_bounds(leaf: &LeafFacts, wanted: ColumnType) -> bool {
        plan(leaf, wanted) == Ok(Plan::Copied(8))
    }

    /// Decodes a chunk: `bytes` are exactly those of [`ChunkFacts::range`], `rows` the rows of its
    /// group. A value that is not there is NULL, or false / 0 in types that have no null. `symbols`
    /// is needed for SYMBOL.
    ///
    /// # Errors
    /// [`DecodeError`] with page and offset.
    pub fn decode(
        &mut self,
        leaf: &LeafFacts,
        chunk: &ChunkFacts,
        rows: u64,
        bytes: &[u8],
        wanted: ColumnType,
        symbols: Option<&SymbolKeys<'_>>,
    ) -> Result<DecodedColumn, DecodeError> {
        let job = Job {
            leaf,
            chunk,
            rows: usize::try_from(rows).unwrap_or(usize::MAX),
            bytes,
            limits: self.limits,
        };
        let len = chunk.range.end.saturating_sub(chunk.range.start);
        if len != bytes.len() as u64 {
            return Err(job.fault(Fault::corrupt("bytes of the chunk", len, bytes.len())));
        }
        let plan = plan(leaf, wanted).map_err(|fault| job.fault(fault))?;
        let limit = self.limits.chunk_bytes_max;
        let scratch = &mut self.scratch;
        match plan {
            Plan::Boolean => decode_flat(&job, scratch, BooleanColumn),
            Plan::Lists(dims) => decode_lists(&job, scratch, dims),
            Plan::Varchar => bytes_column(&job, scratch, VarcharEntries::new(limit)),
            Plan::String => bytes_column(&job, scratch, StringEntries::new(limit)),
            Plan::Binary => bytes_column(&job, scratch, BinaryEntries::new(limit)),
            Plan::RawArrays(dims) => bytes_column(&job, scratch, ArrayEntries::new(dims, limit)),
            Plan::Symbol => {
                let none = |_: &[u8]| None;
                let keys = symbols.unwrap_or(&none);
                bytes_column(&job, scratch, SymbolEntries::new(keys))
            }
            plan => decode_fixed(&job, scratch, wanted, plan),
        }
    }
}

fn bytes_column<E: crate::values::Entries>(
    job: &Job<'_>,
    scratch: &mut Scratch,
    entries: E,
) -> Result<DecodedColumn, DecodeError> {
    let column = BytesColumn::new(entries, job.limits.chunk_bytes_max);
    decode_flat(job, scratch, column)
}

fn decode_fixed(
    job: &Job<'_>,
    scratch: &mut Scratch,
    wanted: ColumnType,
    plan: Plan,
) -> Result<DecodedColumn, DecodeError> {
    match plan {
        Plan::Narrow(1) => fixed::<4, 1>(job, scratch, wanted, Narrow),
        Plan::Narrow(_) => fixed::<4, 2>(job, scratch, wanted, Narrow),
        Plan::Unsigned16 => fixed::<4, 2>(job, scratch, wanted, Unsigned16),
        Plan::Copied(1) => fixed::<1, 1>(job, scratch, wanted, Copied),
        Plan::Copied(4) => fixed::<4, 4>(job, scratch, wanted, Copied),
        Plan::Copied(8) => fixed::<8, 8>(job, scratch, wanted, Copied),
        Plan::Copied(16) => fixed::<16, 16>(job, scratch, wanted, Copied),
        Plan::Copied(_) => fixed::<32, 32>(job, scratch, wanted, Copied),
        Plan::Reversed(2) => fixed::<2, 2>(job, scratch, wanted, Reversed),
        Plan::Reversed(4) => fixed::<4, 4>(job, scratch, wanted, Reversed),
        Plan::Reversed(8) => fixed::<8, 8>(job, scratch, wanted, Reversed),
        Plan::Reversed(_) => fixed::<16, 16>(job, scratch, wanted, Reversed),
        Plan::Swapped(16) => fixed::<16, 16>(job, scratch, wanted, Swapped),
        Plan::Swapped(_) => fixed::<32, 32>(job, scratch, wanted, Swapped),
        Plan::ToWide => fixed::<4, 8>(job, scratch, wanted, ToWide),
        Plan::ToFloat => fixed::<4, 4>(job, scratch, wanted, ToFloat),
        Plan::ToDouble { float } => fixed::<4, 8>(job, scratch, wanted, ToDouble { float }),
        Plan::Rescaled { times, by } => fixed::<8, 8>(job, scratch, wanted, Rescaled { times, by }),
        plan => Err(job.fault(Fault::unsupported("values", PlanName(plan)))),
    }
}

fn fixed<const P: usize, const W: usize>(
    job: &Job<'_>,
    scratch: &mut Scratch,
    wanted: ColumnType,
    convert: impl Convert<P, W>,
) -> Result<DecodedColumn, DecodeError> {
    let column = FixedColumn::new(wanted, convert);
    match lacks_null(job.leaf.stored, wanted) {
        true => decode_flat(job, scratch, column.with_zeros()),
        false => decode_flat(job, scratch, column),
    }
}

/// Whether the values are those of a type without a null: BYTE, SHORT and CHAR chunks have nulls all
/// the same, for rows that are older than the column, and those are 0 (pm.md §16.4) whatever the type
/// is now. Integers of geohashes look the same and stay geohashes.
fn lacks_null(stored: Stored, wanted: ColumnType) -> bool {
    let narrow = matches!(
        stored,
        Stored::Boolean | Stored::Int(8 | 16) | Stored::Uint(16)
    );
    narrow && !matches!(wanted, ColumnType::Geohash { .. })
}

/// A plan in an error.
struct PlanName(Plan);

impl fmt::Display for PlanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

/// The rule that leads from what is stored to what is wanted.
fn plan(leaf: &LeafFacts, wanted: ColumnType) -> Result<Plan, Fault> {
    let stored = leaf.stored;
    let refused = || Fault::Conversion { stored, wanted };
    let plan = rule(stored, wanted).ok_or_else(refused)?;
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
