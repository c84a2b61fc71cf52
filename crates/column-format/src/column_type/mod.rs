//! The types a column can have.
//!
//! One enum for every crate, so that a `match` over it fails to compile when a type is added. The
//! codes of `_meta` are in `code`, the SQL names in `name`.

mod code;
mod name;

pub use code::UnknownType;

use crate::Layout;

/// Resolution of a timestamp column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimestampUnit {
    /// Microseconds since 1970-01-01T00:00Z (`TIMESTAMP`).
    Micros,
    /// Nanoseconds since 1970-01-01T00:00Z (`TIMESTAMP_NS`).
    Nanos,
}

impl TimestampUnit {
    /// Ticks in a second.
    #[must_use]
    pub const fn per_second(self) -> i64 {
        match self {
            Self::Micros => 1_000_000,
            Self::Nanos => 1_000_000_000,
        }
    }
}

/// Type of a stored column (meta.md §7, columns.md §2–7). `Display` is the name that
/// `SHOW COLUMNS` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// 1 byte, 1 = true; no null.
    Boolean,
    /// i8; no null.
    Byte,
    /// i16; no null.
    Short,
    /// One UTF-16 code unit; no null.
    Char,
    /// i32.
    Int,
    /// i64.
    Long,
    /// i64 milliseconds since the epoch.
    Date,
    /// i64 ticks since the epoch.
    Timestamp(TimestampUnit),
    /// IEEE 754, 4 bytes; null = NaN.
    Float,
    /// IEEE 754, 8 bytes; null = NaN.
    Double,
    /// UTF-16 text with an i32 length (columns.md §3).
    String,
    /// i32 key into a dictionary of the table (columns.md §7).
    Symbol,
    /// 256-bit little-endian integer.
    Long256,
    /// Geohash in the low `bits` bits of 1, 2, 4 or 8 bytes.
    Geohash {
        /// Number of geohash bits, 1 to 60.
        bits: u8,
    },
    /// Bytes with an i64 length (columns.md §4).
    Binary,
    /// 128-bit little-endian integer whose hexadecimal text is the UUID.
    Uuid,
    /// 128-bit little-endian integer.
    Long128,
    /// u32, most significant byte is the first octet; null = 0.
    Ipv4,
    /// UTF-8 text with 16-byte entries (columns.md §5).
    Varchar,
    /// Array of DOUBLE (columns.md §6).
    Array {
        /// Number of dimensions, 1 to 32.
        dims: u8,
    },
    /// Unscaled integer of 8 to 256 bits by precision.
    Decimal {
        /// Number of decimal digits, 1 to 76.
        precision: u8,
        /// Digits after the point, 0 to `precision`.
        scale: u8,
    },
}

impl ColumnType {
    /// Bytes per row in `.d`; `None` for types of variable size.
    #[must_use]
    pub const fn fixed_width(self) -> Option<usize> {
        Some(match self {
            Self::Boolean | Self::Byte => 1,
            Self::Short | Self::Char => 2,
            Self::Int | Self::Float | Self::Symbol | Self::Ipv4 => 4,
            Self::Long | Self::Date | Self::Timestamp(_) | Self::Double => 8,
            Self::Uuid | Self::Long128 => 16,
            Self::Long256 => 32,
            Self::Geohash { bits } => geohash_width(bits),
            Self::Decimal { precision, .. } => decimal_width(precision),
            Self::String | Self::Binary | Self::Varchar | Self::Array { .. } => return None,
        })
    }

    /// How the rows are laid out in the column's files.
    #[must_use]
    pub const fn layout(self) -> Layout {
        match (self.fixed_width(), self) {
            (Some(width), _) => Layout::Fixed(width),
            (None, Self::String) => Layout::String,
            (None, Self::Binary) => Layout::Binary,
            (None, Self::Array { dims }) => Layout::Array { dims },
            (None, _) => Layout::Varchar,
        }
    }

    /// Whether the type can express NULL. Rows above a column top of a type that cannot are
    /// false or 0 (columns.md §1.5).
    #[must_use]
    pub const fn has_null(self) -> bool {
        !matches!(self, Self::Boolean | Self::Byte | Self::Short | Self::Char)
    }
}

/// Storage bytes of a geohash of `bits` bits (meta.md §7).
const fn geohash_width(bits: u8) -> usize {
    match bits {
        0..=7 => 1,
        8..=15 => 2,
        16..=31 => 4,
        _ => 8,
    }
}

/// Storage bytes of a decimal of `precision` digits (meta.md §7).
const fn decimal_width(precision: u8) -> usize {
    match precision {
        0..=2 => 1,
        3..=4 => 2,
        5..=9 => 4,
        10..=18 => 8,
        19..=38 => 16,
        _ => 32,
    }
}
