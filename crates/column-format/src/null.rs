//! NULL sentinels of the fixed-width types (columns.md §2).
//!
//! Bulk code compares whole chunks with these constants; [`is_null`] is the same rule for one
//! value. FLOAT and DOUBLE have no single sentinel: every NaN is NULL (infinities too in SQL, but
//! they are kept as values here and in exports).

use crate::ColumnType;

/// INT.
pub const INT: i32 = i32::MIN;
/// LONG.
pub const LONG: i64 = i64::MIN;
/// DATE.
pub const DATE: i64 = i64::MIN;
/// TIMESTAMP and TIMESTAMP_NS.
pub const TIMESTAMP: i64 = i64::MIN;
/// SYMBOL: key of a NULL row.
pub const SYMBOL: i32 = i32::MIN;
/// FLOAT: the NaN that QuestDB writes.
pub const FLOAT_BITS: u32 = 0x7fc0_0000;
/// DOUBLE: the NaN that QuestDB writes.
pub const DOUBLE_BITS: u64 = 0x7ff8_0000_0000_0000;
/// IPv4.
pub const IPV4: u32 = 0;
/// GEOHASH of up to 7 bits.
pub const GEOBYTE: i8 = -1;
/// GEOHASH of 8 to 15 bits.
pub const GEOSHORT: i16 = -1;
/// GEOHASH of 16 to 31 bits.
pub const GEOINT: i32 = -1;
/// GEOHASH of 32 to 60 bits.
pub const GEOLONG: i64 = -1;
/// Each of the words of UUID (2), LONG128 (2) and LONG256 (4).
pub const LONG_WORD: u64 = 0x8000_0000_0000_0000;
/// UUID and LONG128, as stored.
pub const LONG128: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x80];
/// LONG256, as stored.
pub const LONG256: [u8; 32] = [
    0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x80, //
    0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0x80,
];
/// DECIMAL of 8 bits.
pub const DECIMAL8: i8 = i8::MIN;
/// DECIMAL of 16 bits.
pub const DECIMAL16: i16 = i16::MIN;
/// DECIMAL of 32 bits.
pub const DECIMAL32: i32 = i32::MIN;
/// DECIMAL of 64 bits.
pub const DECIMAL64: i64 = i64::MIN;
/// DECIMAL of 128 bits, as stored: the high word comes first.
pub const DECIMAL128: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0];
/// DECIMAL of 256 bits, as stored: the highest word comes first.
pub const DECIMAL256: [u8; 32] = [
    0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, //
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

/// The bytes that a writer stores for NULL in a fixed-width column, or for false / 0 in a column
/// whose type has no null; `None` for types of variable size.
#[must_use]
pub const fn bytes(column_type: ColumnType) -> Option<&'static [u8]> {
    const MIN8: &[u8] = &[0x80];
    const MIN16: &[u8] = &[0, 0x80];
    const MIN32: &[u8] = &[0, 0, 0, 0x80];
    const MIN64: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 0x80];
    const FLOAT: [u8; 4] = FLOAT_BITS.to_le_bytes();
    const DOUBLE: [u8; 8] = DOUBLE_BITS.to_le_bytes();
    let Some(width) = column_type.fixed_width() else {
        return None;
    };
    Some(match column_type {
        ColumnType::Boolean | ColumnType::Byte => &[0],
        ColumnType::Short | ColumnType::Char => &[0, 0],
        ColumnType::Ipv4 => &[0, 0, 0, 0],
        ColumnType::Float => &FLOAT,
        ColumnType::Double => &DOUBLE,
        ColumnType::Geohash { .. } => match width {
            1 => &[0xff],
            2 => &[0xff; 2],
            4 => &[0xff; 4],
            _ => &[0xff; 8],
        },
        ColumnType::Decimal { .. } if width == 16 => &DECIMAL128,
        ColumnType::Decimal { .. } if width == 32 => &DECIMAL256,
        _ => match width {
            1 => MIN8,
            2 => MIN16,
            4 => MIN32,
            8 => MIN64,
            16 => &LONG128,
            _ => &LONG256,
        },
    })
}

/// Whether `value`, the stored bytes of one row of a fixed-width column, is NULL. False for types
/// without a null and for bytes of another width.
#[must_use]
pub fn is_null(column_type: ColumnType, value: &[u8]) -> bool {
    match column_type {
        ColumnType::Float => value
            .as_array()
            .is_some_and(|b| f32::from_le_bytes(*b).is_nan()),
        ColumnType::Double => value
            .as_array()
            .is_some_and(|b| f64::from_le_bytes(*b).is_nan()),
        _ => column_type.has_null() && bytes(column_type) == Some(value),
    }
}
