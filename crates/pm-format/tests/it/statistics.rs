//! Statistics of native values.
//!
//! Invariants:
//! * native to statistic to native is the identity, for every fixed-width type;
//! * statistics compare as the values do: SHORT -74 is below 0, not 65,462 (lesson #7067).

use column_format::{ColumnType, TimestampUnit};
use pm_format::{count_from_parquet, native_from_stat, stat_from_native, stat_from_parquet};
use proptest::prelude::*;

fn fixed_types() -> Vec<ColumnType> {
    let mut types = vec![
        ColumnType::Boolean,
        ColumnType::Byte,
        ColumnType::Short,
        ColumnType::Char,
        ColumnType::Int,
        ColumnType::Long,
        ColumnType::Date,
        ColumnType::Timestamp(TimestampUnit::Micros),
        ColumnType::Timestamp(TimestampUnit::Nanos),
        ColumnType::Float,
        ColumnType::Double,
        ColumnType::Long256,
        ColumnType::Uuid,
        ColumnType::Long128,
        ColumnType::Ipv4,
    ];
    types.extend([1, 7, 8, 15, 16, 31, 32, 60].map(|bits| ColumnType::Geohash { bits }));
    types.extend([2, 4, 9, 18, 38, 76].map(|precision| ColumnType::Decimal {
        precision,
        scale: 1,
    }));
    types
}

proptest! {
    #[test]
    fn native_values_survive(bytes in prop::collection::vec(any::<u8>(), 32)) {
        for column_type in fixed_types() {
            let width = column_type.fixed_width().expect("fixed");
            let native = &bytes[..width];
            let stat = stat_from_native(column_type, native).expect("fixed");
            let back = native_from_stat(column_type, &stat);
            prop_assert_eq!(back.as_deref(), Some(native), "{}", column_type);
        }
    }

    #[test]
    fn narrow_integers_keep_their_sign(byte in any::<i8>(), short in any::<i16>(), char in any::<u16>()) {
        let four = |bytes: Option<Vec<u8>>| i32::from_le_bytes(bytes.expect("fixed").try_into().expect("4 bytes"));
        prop_assert_eq!(four(stat_from_native(ColumnType::Byte, &byte.to_le_bytes())), i32::from(byte));
        prop_assert_eq!(four(stat_from_native(ColumnType::Short, &short.to_le_bytes())), i32::from(short));
        prop_assert_eq!(four(stat_from_native(ColumnType::Char, &char.to_le_bytes())), i32::from(char));
    }

    #[test]
    fn wide_decimals_are_big_endian(high in any::<i64>(), low in any::<u64>()) {
        let native = [high.to_le_bytes(), low.to_le_bytes()].concat();
        let value = (i128::from(high) << 64) | i128::from(low);
        let stat = stat_from_native(ColumnType::Decimal { precision: 38, scale: 0 }, &native);
        prop_assert_eq!(stat, Some(value.to_be_bytes().to_vec()));
    }
}

#[test]
fn a_uuid_is_stored_as_it_is_printed() {
    let native: Vec<u8> = (0..16).collect();
    let printed: Vec<u8> = (0..16).rev().collect();
    assert_eq!(stat_from_native(ColumnType::Uuid, &native), Some(printed));
}

#[test]
fn narrow_statistics_of_the_first_weeks_are_not_taken() {
    assert_eq!(native_from_stat(ColumnType::Short, &[0xB6, 0xFF]), None);
    assert_eq!(
        native_from_stat(ColumnType::Short, &65_462i32.to_le_bytes()),
        None
    );
    assert_eq!(
        native_from_stat(ColumnType::Short, &(-74i32).to_le_bytes()),
        Some(vec![0xB6, 0xFF])
    );
}

#[test]
fn presence_and_exactness_follow_parquet() {
    assert_eq!(stat_from_parquet(None, None), None);
    assert_eq!(stat_from_parquet(Some(&[]), Some(true)), None);
    assert_eq!(stat_from_parquet(Some(&[7; 65_536]), None), None);
    assert!(stat_from_parquet(Some(b"a"), None).expect("kept").exact);
    assert!(
        !stat_from_parquet(Some(b"a"), Some(false))
            .expect("kept")
            .exact
    );
    assert_eq!(count_from_parquet(Some(-1)), None);
    assert_eq!(count_from_parquet(Some(3)), Some(3));
}
