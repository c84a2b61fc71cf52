//! What the values of a leaf mean, as far as decoding must tell.
//!
//! Coarser than a column type: a footer cannot tell STRING from VARCHAR or a geohash from an
//! integer, and decoding need not. Footer and sidecar arrive at the same member.

use std::fmt;

use column_format::{ColumnType, TimestampUnit};
use pq_format::{ConvertedType, LogicalType, PhysicalType, SchemaNode, TimeUnit};

/// Meaning of stored values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stored {
    /// One bit.
    Boolean,
    /// Signed integer of 8, 16, 32 or 64 bits.
    Int(u8),
    /// Unsigned integer of 8, 16, 32 or 64 bits.
    Uint(u8),
    /// IEEE 754 single.
    Float,
    /// IEEE 754 double.
    Double,
    /// Milliseconds since the epoch.
    Millis,
    /// Ticks since the epoch.
    Timestamp(TimestampUnit),
    /// UTF-8.
    Text,
    /// Bytes: BINARY, or arrays as the table stores them.
    Bytes,
    /// 16 bytes, big-endian.
    Uuid,
    /// Bytes of one length.
    Fixed(u32),
    /// Unscaled integer of this many bytes: big-endian, or an INT32 or INT64.
    Decimal {
        /// Bytes.
        len: u32,
        /// Digits after the point.
        scale: u8,
    },
    /// Lists of doubles, nested this deep.
    Doubles {
        /// Lists around a value.
        dims: u16,
    },
    /// Anything else.
    Other(PhysicalType),
}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("BOOLEAN"),
            Self::Int(bits) => write!(f, "{bits}-bit integers"),
            Self::Uint(bits) => write!(f, "unsigned {bits}-bit integers"),
            Self::Float => f.write_str("FLOAT"),
            Self::Double => f.write_str("DOUBLE"),
            Self::Millis => f.write_str("timestamps in milliseconds"),
            Self::Timestamp(TimestampUnit::Micros) => f.write_str("timestamps in microseconds"),
            Self::Timestamp(TimestampUnit::Nanos) => f.write_str("timestamps in nanoseconds"),
            Self::Text => f.write_str("text"),
            Self::Bytes => f.write_str("BYTE_ARRAY"),
            Self::Uuid => f.write_str("UUID"),
            Self::Fixed(len) => write!(f, "FIXED_LEN_BYTE_ARRAY({len})"),
            Self::Decimal { len, scale } => write!(f, "decimals of {len} bytes, scale {scale}"),
            Self::Doubles { dims } => write!(f, "lists of doubles, {dims} deep"),
            Self::Other(physical) => write!(f, "{} of an unknown meaning", physical.kind()),
        }
    }
}

impl Stored {
    /// What a leaf of this schema holds, under `dims` lists.
    pub(super) fn of_leaf(node: &SchemaNode, physical: PhysicalType, dims: u16) -> Self {
        if dims > 0 {
            return match physical {
                PhysicalType::Double => Self::Doubles { dims },
                _ => Self::Other(physical),
            };
        }
        let meaning = node.logical.or_else(|| node.converted.and_then(modern));
        match (physical, meaning) {
            (
                PhysicalType::Int32 | PhysicalType::Int64,
                Some(LogicalType::Int { bits, signed }),
            ) => {
                let bits = bits.unsigned_abs();
                if signed {
                    Self::Int(bits)
                } else {
                    Self::Uint(bits)
                }
            }
            (PhysicalType::Int64, Some(LogicalType::Timestamp { unit, .. })) => match unit {
                TimeUnit::Millis => Self::Millis,
                TimeUnit::Micros => Self::Timestamp(TimestampUnit::Micros),
                TimeUnit::Nanos => Self::Timestamp(TimestampUnit::Nanos),
            },
            (PhysicalType::ByteArray, Some(LogicalType::String | LogicalType::Enum)) => Self::Text,
            (PhysicalType::FixedLenByteArray(16), Some(LogicalType::Uuid)) => Self::Uuid,
            (PhysicalType::FixedLenByteArray(len), Some(LogicalType::Decimal { scale, .. })) => {
                u8::try_from(scale)
                    .map_or(Self::Other(physical), |scale| Self::Decimal { len, scale })
            }
            (
                PhysicalType::Int32 | PhysicalType::Int64,
                Some(LogicalType::Decimal { scale, .. }),
            ) => u8::try_from(scale).map_or(Self::Other(physical), |scale| Self::Decimal {
                len: physical.fixed_width().unwrap_or(4),
                scale,
            }),
            (_, None) => Self::plain(physical),
            (_, Some(_)) => Self::Other(physical),
        }
    }

    /// What a column of this type is stored as, with this physical type, under `dims` lists.
    pub(super) fn of_type(column_type: ColumnType, physical: PhysicalType, dims: u16) -> Self {
        use ColumnType as T;
        use PhysicalType as P;
        match (column_type, physical) {
            (T::Boolean, P::Boolean) => Self::Boolean,
            (T::Byte, P::Int32) => Self::Int(8),
            (T::Short, P::Int32) => Self::Int(16),
            (T::Char, P::Int32) => Self::Uint(16),
            (T::Int, P::Int32) => Self::Int(32),
            (T::Ipv4, P::Int32) => Self::Uint(32),
            (T::Long, P::Int64) => Self::Int(64),
            (T::Date, P::Int64) => Self::Millis,
            (T::Timestamp(unit), P::Int64) => Self::Timestamp(unit),
            (T::Geohash { .. }, P::Int32 | P::Int64) => {
                Self::Int(match column_type.fixed_width() {
                    Some(1) => 8,
                    Some(2) => 16,
                    Some(4) => 32,
                    _ => 64,
                })
            }
            (T::String | T::Varchar | T::Symbol, P::ByteArray) => Self::Text,
            (T::Uuid, P::FixedLenByteArray(16)) => Self::Uuid,
            (T::Decimal { scale, .. }, P::FixedLenByteArray(len)) => Self::Decimal { len, scale },
            (T::Decimal { scale, .. }, P::Int32) => Self::Decimal { len: 4, scale },
            (T::Decimal { scale, .. }, P::Int64) => Self::Decimal { len: 8, scale },
            (T::Array { .. }, P::Double) => Self::Doubles { dims },
            (T::Float, P::Float)
            | (T::Double, P::Double)
            | (T::Binary | T::Array { .. }, P::ByteArray)
            | (T::Long128 | T::Long256, P::FixedLenByteArray(_)) => Self::plain(physical),
            _ => Self::Other(physical),
        }
    }

    /// What values without annotation are.
    pub(super) const fn plain(physical: PhysicalType) -> Self {
        match physical {
            PhysicalType::Boolean => Self::Boolean,
            PhysicalType::Int32 => Self::Int(32),
            PhysicalType::Int64 => Self::Int(64),
            PhysicalType::Int96 => Self::Other(physical),
            PhysicalType::Float => Self::Float,
            PhysicalType::Double => Self::Double,
            PhysicalType::ByteArray => Self::Bytes,
            PhysicalType::FixedLenByteArray(len) => Self::Fixed(len),
        }
    }
}

/// The logical type that replaced a converted one.
fn modern(converted: ConvertedType) -> Option<LogicalType> {
    let int = |bits, signed| Some(LogicalType::Int { bits, signed });
    let timestamp = |unit| Some(LogicalType::Timestamp { utc: true, unit });
    match converted {
        ConvertedType::Utf8 => Some(LogicalType::String),
        ConvertedType::Enum => Some(LogicalType::Enum),
        ConvertedType::Decimal { scale, precision } => {
            Some(LogicalType::Decimal { scale, precision })
        }
        ConvertedType::TimestampMillis => timestamp(TimeUnit::Millis),
        ConvertedType::TimestampMicros => timestamp(TimeUnit::Micros),
        ConvertedType::Uint8 => int(8, false),
        ConvertedType::Uint16 => int(16, false),
        ConvertedType::Uint32 => int(32, false),
        ConvertedType::Uint64 => int(64, false),
        ConvertedType::Int8 => int(8, true),
        ConvertedType::Int16 => int(16, true),
        ConvertedType::Int32 => int(32, true),
        ConvertedType::Int64 => int(64, true),
        ConvertedType::Date | ConvertedType::TimeMillis => Some(LogicalType::Date),
        ConvertedType::Json => Some(LogicalType::Json),
        ConvertedType::Bson => Some(LogicalType::Bson),
        _ => None,
    }
}
