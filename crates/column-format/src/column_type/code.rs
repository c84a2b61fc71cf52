//! Type codes of `_meta` (meta.md §7): a tag in the low 8 bits, parameters above.
//!
//! Parsing is strict: bits that the format notes do not name refuse the column, since a new bit
//! may change what the bytes mean. Exceptions are the three bits that the notes tell to mask.

use super::{ColumnType, TimestampUnit, decimal_width, geohash_width};

/// TIMESTAMP: the column is the designated timestamp. In memory and Parquet metadata only.
const TIMESTAMP_DESIGNATED: i32 = 1 << 17;
/// TIMESTAMP: nanoseconds.
const TIMESTAMP_NANOS: i32 = 1 << 18;
/// TIMESTAMP: descending order. In memory and Parquet metadata only.
const TIMESTAMP_DESCENDING: i32 = 1 << 20;
/// GEOHASH: set in every code.
const GEOHASH_FLAG: i32 = 1 << 16;
/// ARRAY: number of dimensions not yet known. Never stored.
const ARRAY_WEAK_DIMS: i32 = 1 << 19;
const ARRAY_DIMS_SHIFT: u32 = 14;
const DECIMAL_SCALE_SHIFT: u32 = 18;
const TAG_MASK: i32 = 0xff;
const TAG_DOUBLE: i32 = 10;

/// A type code that no stored column has. The column must be refused, the table need not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("type code {code} (tag {}) is not a storable column type", code & TAG_MASK)]
pub struct UnknownType {
    /// The code as stored.
    pub code: i32,
}

impl ColumnType {
    /// The type of a code of `_meta`. A deleted column stores the negated code: negate it first.
    ///
    /// # Errors
    /// [`UnknownType`] for a tag that is never stored, or parameters outside of their range.
    pub fn from_code(code: i32) -> Result<Self, UnknownType> {
        let unknown = UnknownType { code };
        if code < 0 {
            return Err(unknown);
        }
        let tag = code & TAG_MASK;
        let extra = code & !TAG_MASK;
        let plain = |ty: Self| if extra == 0 { Ok(ty) } else { Err(unknown) };
        match tag {
            1 => plain(Self::Boolean),
            2 => plain(Self::Byte),
            3 => plain(Self::Short),
            4 => plain(Self::Char),
            5 => plain(Self::Int),
            6 => plain(Self::Long),
            7 => plain(Self::Date),
            8 => timestamp(extra).ok_or(unknown),
            9 => plain(Self::Float),
            10 => plain(Self::Double),
            11 => plain(Self::String),
            12 => plain(Self::Symbol),
            13 => plain(Self::Long256),
            14..=17 => geohash(tag, extra).ok_or(unknown),
            18 => plain(Self::Binary),
            19 => plain(Self::Uuid),
            24 => plain(Self::Long128),
            25 => plain(Self::Ipv4),
            26 => plain(Self::Varchar),
            27 => array(extra).ok_or(unknown),
            28..=33 => decimal(tag, extra).ok_or(unknown),
            _ => Err(unknown),
        }
    }

    /// The code that `_meta` stores for a live column of this type.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Self::Timestamp(TimestampUnit::Nanos) => self.tag() | TIMESTAMP_NANOS,
            Self::Geohash { bits } => self.tag() | (i32::from(bits) << 8) | GEOHASH_FLAG,
            Self::Array { dims } => {
                let dims = i32::from(dims.saturating_sub(1));
                self.tag() | (TAG_DOUBLE << 8) | (dims << ARRAY_DIMS_SHIFT)
            }
            Self::Decimal { precision, scale } => {
                self.tag() | (i32::from(precision) << 8) | (i32::from(scale) << DECIMAL_SCALE_SHIFT)
            }
            _ => self.tag(),
        }
    }

    /// The low 8 bits of [`code`](Self::code).
    #[must_use]
    pub const fn tag(self) -> i32 {
        match self {
            Self::Boolean => 1,
            Self::Byte => 2,
            Self::Short => 3,
            Self::Char => 4,
            Self::Int => 5,
            Self::Long => 6,
            Self::Date => 7,
            Self::Timestamp(_) => 8,
            Self::Float => 9,
            Self::Double => TAG_DOUBLE,
            Self::String => 11,
            Self::Symbol => 12,
            Self::Long256 => 13,
            Self::Geohash { bits } => match geohash_width(bits) {
                1 => 14,
                2 => 15,
                4 => 16,
                _ => 17,
            },
            Self::Binary => 18,
            Self::Uuid => 19,
            Self::Long128 => 24,
            Self::Ipv4 => 25,
            Self::Varchar => 26,
            Self::Array { .. } => 27,
            Self::Decimal { precision, .. } => match decimal_width(precision) {
                1 => 28,
                2 => 29,
                4 => 30,
                8 => 31,
                16 => 32,
                _ => 33,
            },
        }
    }
}

fn timestamp(extra: i32) -> Option<ColumnType> {
    match extra & !(TIMESTAMP_DESIGNATED | TIMESTAMP_DESCENDING) {
        0 => Some(ColumnType::Timestamp(TimestampUnit::Micros)),
        TIMESTAMP_NANOS => Some(ColumnType::Timestamp(TimestampUnit::Nanos)),
        _ => None,
    }
}

/// `Some(ty)` if `ty` is what its own code says: the tag fits the parameters, and no bit is left.
fn exact(ty: ColumnType, tag: i32, extra: i32) -> Option<ColumnType> {
    (ty.code() == (tag | extra)).then_some(ty)
}

fn geohash(tag: i32, extra: i32) -> Option<ColumnType> {
    let bits = byte(extra >> 8);
    (1..=60).contains(&bits).then_some(())?;
    exact(ColumnType::Geohash { bits }, tag, extra)
}

fn array(extra: i32) -> Option<ColumnType> {
    let dims = (byte(extra >> ARRAY_DIMS_SHIFT) & 0x1f) + 1;
    exact(ColumnType::Array { dims }, 27, extra & !ARRAY_WEAK_DIMS)
}

fn decimal(tag: i32, extra: i32) -> Option<ColumnType> {
    let precision = byte(extra >> 8);
    let scale = byte(extra >> DECIMAL_SCALE_SHIFT);
    ((1..=76).contains(&precision) && scale <= precision).then_some(())?;
    exact(ColumnType::Decimal { precision, scale }, tag, extra)
}

/// The low 8 bits.
fn byte(n: i32) -> u8 {
    n.to_le_bytes()[0]
}
