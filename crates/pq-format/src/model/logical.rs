//! Logical and converted types: what a stored value means.
//!
//! The converted type is the older of the two and is written beside the logical one wherever the
//! format defines an equivalent, because readers exist that know only it.

use crate::error::FormatError;
use crate::thrift::{Field, Reader, Writer};

/// Unit of times and timestamps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TimeUnit {
    /// Thousandths of a second.
    Millis,
    /// Millionths.
    Micros,
    /// Billionths.
    Nanos,
}

/// `LogicalType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "fields carry the names of the format")]
pub enum LogicalType {
    /// UTF-8 text.
    String,
    /// A map group.
    Map,
    /// A list group.
    List,
    /// An enumeration as text.
    Enum,
    /// A decimal: value is unscaled × 10^-scale.
    Decimal { scale: i32, precision: i32 },
    /// Days since 1970-01-01.
    Date,
    /// Time of day.
    Time { utc: bool, unit: TimeUnit },
    /// Instant (`utc`) or local date and time.
    Timestamp { utc: bool, unit: TimeUnit },
    /// An integer of 8, 16, 32 or 64 bits.
    Int { bits: i8, signed: bool },
    /// Always null.
    Null,
    /// JSON text.
    Json,
    /// BSON document.
    Bson,
    /// 16 bytes, big-endian.
    Uuid,
    /// Two bytes, IEEE 754 half.
    Float16,
    /// A member younger than this crate, by its number (16 is VARIANT, 17 GEOMETRY, 18 GEOGRAPHY).
    /// It is not written back.
    Unknown(i16),
}

/// `ConvertedType`, with the two numbers that a decimal adds to its schema element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "members carry the names of the format")]
pub enum ConvertedType {
    Utf8,
    Map,
    MapKeyValue,
    List,
    Enum,
    Decimal {
        scale: i32,
        precision: i32,
    },
    Date,
    TimeMillis,
    TimeMicros,
    TimestampMillis,
    TimestampMicros,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Int8,
    Int16,
    Int32,
    Int64,
    Json,
    Bson,
    Interval,
    /// A number younger than this crate.
    Unknown(i32),
}

impl ConvertedType {
    /// The number on disk.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::Utf8 => 0,
            Self::Map => 1,
            Self::MapKeyValue => 2,
            Self::List => 3,
            Self::Enum => 4,
            Self::Decimal { .. } => 5,
            Self::Date => 6,
            Self::TimeMillis => 7,
            Self::TimeMicros => 8,
            Self::TimestampMillis => 9,
            Self::TimestampMicros => 10,
            Self::Uint8 => 11,
            Self::Uint16 => 12,
            Self::Uint32 => 13,
            Self::Uint64 => 14,
            Self::Int8 => 15,
            Self::Int16 => 16,
            Self::Int32 => 17,
            Self::Int64 => 18,
            Self::Json => 19,
            Self::Bson => 20,
            Self::Interval => 21,
            Self::Unknown(code) => code,
        }
    }

    /// The type with this number; `scale` and `precision` stand in the schema element.
    #[must_use]
    pub const fn from_code(code: i32, scale: i32, precision: i32) -> Self {
        match code {
            0 => Self::Utf8,
            1 => Self::Map,
            2 => Self::MapKeyValue,
            3 => Self::List,
            4 => Self::Enum,
            5 => Self::Decimal { scale, precision },
            6 => Self::Date,
            7 => Self::TimeMillis,
            8 => Self::TimeMicros,
            9 => Self::TimestampMillis,
            10 => Self::TimestampMicros,
            11 => Self::Uint8,
            12 => Self::Uint16,
            13 => Self::Uint32,
            14 => Self::Uint64,
            15 => Self::Int8,
            16 => Self::Int16,
            17 => Self::Int32,
            18 => Self::Int64,
            19 => Self::Json,
            20 => Self::Bson,
            21 => Self::Interval,
            other => Self::Unknown(other),
        }
    }
}

impl LogicalType {
    /// The equivalent converted type, where the format defines one.
    #[must_use]
    pub const fn converted(self) -> Option<ConvertedType> {
        Some(match self {
            Self::String => ConvertedType::Utf8,
            Self::Map => ConvertedType::Map,
            Self::List => ConvertedType::List,
            Self::Enum => ConvertedType::Enum,
            Self::Decimal { scale, precision } => ConvertedType::Decimal { scale, precision },
            Self::Date => ConvertedType::Date,
            Self::Time {
                utc: true,
                unit: TimeUnit::Millis,
            } => ConvertedType::TimeMillis,
            Self::Time {
                utc: true,
                unit: TimeUnit::Micros,
            } => ConvertedType::TimeMicros,
            Self::Timestamp {
                utc: true,
                unit: TimeUnit::Millis,
            } => ConvertedType::TimestampMillis,
            Self::Timestamp {
                utc: true,
                unit: TimeUnit::Micros,
            } => ConvertedType::TimestampMicros,
            Self::Int {
                bits: 8,
                signed: false,
            } => ConvertedType::Uint8,
            Self::Int {
                bits: 16,
                signed: false,
            } => ConvertedType::Uint16,
            Self::Int {
                bits: 32,
                signed: false,
            } => ConvertedType::Uint32,
            Self::Int {
                bits: 64,
                signed: false,
            } => ConvertedType::Uint64,
            Self::Int {
                bits: 8,
                signed: true,
            } => ConvertedType::Int8,
            Self::Int {
                bits: 16,
                signed: true,
            } => ConvertedType::Int16,
            Self::Int {
                bits: 32,
                signed: true,
            } => ConvertedType::Int32,
            Self::Int {
                bits: 64,
                signed: true,
            } => ConvertedType::Int64,
            Self::Json => ConvertedType::Json,
            Self::Bson => ConvertedType::Bson,
            _ => return None,
        })
    }

    /// The number of the union member on disk.
    #[must_use]
    pub const fn code(self) -> i16 {
        match self {
            Self::String => 1,
            Self::Map => 2,
            Self::List => 3,
            Self::Enum => 4,
            Self::Decimal { .. } => 5,
            Self::Date => 6,
            Self::Time { .. } => 7,
            Self::Timestamp { .. } => 8,
            Self::Int { .. } => 10,
            Self::Null => 11,
            Self::Json => 12,
            Self::Bson => 13,
            Self::Uuid => 14,
            Self::Float16 => 15,
            Self::Unknown(code) => code,
        }
    }

    /// Writes the union into field `id`. Unknown members are left out: their content is not kept.
    pub(crate) fn write(self, w: &mut Writer<'_>, id: i16) {
        if matches!(self, Self::Unknown(_)) {
            return;
        }
        w.structure(id, |w| {
            w.structure(self.code(), |w| match self {
                Self::Decimal { scale, precision } => {
                    w.i32(1, scale);
                    w.i32(2, precision);
                }
                Self::Time { utc, unit } | Self::Timestamp { utc, unit } => {
                    w.bool(1, utc);
                    w.structure(2, |w| {
                        let member = match unit {
                            TimeUnit::Millis => 1,
                            TimeUnit::Micros => 2,
                            TimeUnit::Nanos => 3,
                        };
                        w.structure(member, |_| {});
                    });
                }
                Self::Int { bits, signed } => {
                    w.i8(1, bits);
                    w.bool(2, signed);
                }
                _ => {}
            });
        });
    }

    pub(crate) fn read(r: &mut Reader<'_>, field: Field) -> Result<Option<Self>, FormatError> {
        let mut found = None;
        r.structure_field(field, |r, member| {
            found = Some(match member.id {
                5 => read_decimal(r, member)?,
                7 | 8 => read_time(r, member)?,
                10 => read_int(r, member)?,
                id => {
                    r.skip(member)?;
                    plain_member(id)
                }
            });
            Ok(())
        })?;
        Ok(found)
    }
}

const fn plain_member(id: i16) -> LogicalType {
    match id {
        1 => LogicalType::String,
        2 => LogicalType::Map,
        3 => LogicalType::List,
        4 => LogicalType::Enum,
        6 => LogicalType::Date,
        11 => LogicalType::Null,
        12 => LogicalType::Json,
        13 => LogicalType::Bson,
        14 => LogicalType::Uuid,
        15 => LogicalType::Float16,
        other => LogicalType::Unknown(other),
    }
}

fn read_decimal(r: &mut Reader<'_>, member: Field) -> Result<LogicalType, FormatError> {
    let (mut scale, mut precision) = (None, None);
    r.structure_field(member, |r, f| {
        match f.id {
            1 => scale = Some(r.i32(f)?),
            2 => precision = Some(r.i32(f)?),
            _ => r.skip(f)?,
        }
        Ok(())
    })?;
    Ok(LogicalType::Decimal {
        scale: scale.ok_or(FormatError::missing("DecimalType", "scale"))?,
        precision: precision.ok_or(FormatError::missing("DecimalType", "precision"))?,
    })
}

fn read_time(r: &mut Reader<'_>, member: Field) -> Result<LogicalType, FormatError> {
    let (mut utc, mut unit, mut foreign) = (None, None, false);
    r.structure_field(member, |r, f| {
        match f.id {
            1 => utc = Some(r.bool(f)?),
            2 => r.structure_field(f, |r, u| {
                match u.id {
                    1 => unit = Some(TimeUnit::Millis),
                    2 => unit = Some(TimeUnit::Micros),
                    3 => unit = Some(TimeUnit::Nanos),
                    _ => foreign = true,
                }
                r.skip(u)
            })?,
            _ => r.skip(f)?,
        }
        Ok(())
    })?;
    if unit.is_none() && foreign {
        return Ok(LogicalType::Unknown(member.id));
    }
    let utc = utc.ok_or(FormatError::missing("TimestampType", "isAdjustedToUTC"))?;
    let unit = unit.ok_or(FormatError::missing("TimestampType", "unit"))?;
    Ok(match member.id {
        7 => LogicalType::Time { utc, unit },
        _ => LogicalType::Timestamp { utc, unit },
    })
}

fn read_int(r: &mut Reader<'_>, member: Field) -> Result<LogicalType, FormatError> {
    let (mut bits, mut signed) = (None, None);
    r.structure_field(member, |r, f| {
        match f.id {
            1 => bits = Some(r.i8(f)?),
            2 => signed = Some(r.bool(f)?),
            _ => r.skip(f)?,
        }
        Ok(())
    })?;
    Ok(LogicalType::Int {
        bits: bits.ok_or(FormatError::missing("IntType", "bitWidth"))?,
        signed: signed.ok_or(FormatError::missing("IntType", "isSigned"))?,
    })
}
