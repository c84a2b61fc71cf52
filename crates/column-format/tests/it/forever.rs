//! Numbers that are on disks: restated here, so that changing one takes two edits.

use column_format::{
    AUX_ARRAY_ENTRY_LEN, AUX_OFFSET_LEN, AUX_VARCHAR_ENTRY_LEN, ColumnType, FileKind,
    INDEX_BLOCK_CAPACITY_DEFAULT, INDEX_BLOCK_CAPACITY_MAX, INDEX_HEADER_LEN, INDEX_KEY_ENTRY_LEN,
    INDEX_SIGNATURE, SYMBOL_CAPACITY_DEFAULT, SYMBOL_HEADER_LEN, SYMBOL_INDEX_BLOCK_CAPACITY,
    TimestampUnit, VARCHAR_INLINE_MAX, VARCHAR_LEN_MAX, null,
};

use crate::support::all_types;

/// meta.md §7: code, width in `.d` (0 = varies), SQL name.
const TYPES: [(i32, usize, &str); 32] = [
    (1, 1, "BOOLEAN"),
    (2, 1, "BYTE"),
    (3, 2, "SHORT"),
    (4, 2, "CHAR"),
    (5, 4, "INT"),
    (6, 8, "LONG"),
    (7, 8, "DATE"),
    (8, 8, "TIMESTAMP"),
    (262_152, 8, "TIMESTAMP_NS"),
    (9, 4, "FLOAT"),
    (10, 8, "DOUBLE"),
    (11, 0, "STRING"),
    (12, 4, "SYMBOL"),
    (13, 32, "LONG256"),
    (66_830, 1, "GEOHASH(1c)"),
    (68_111, 2, "GEOHASH(2c)"),
    (70_672, 4, "GEOHASH(4c)"),
    (70_928, 4, "GEOHASH(21b)"),
    (78_353, 8, "GEOHASH(10c)"),
    (18, 0, "BINARY"),
    (19, 16, "UUID"),
    (24, 16, "LONG128"),
    (25, 4, "IPv4"),
    (26, 0, "VARCHAR"),
    (2_587, 0, "DOUBLE[]"),
    (18_971, 0, "DOUBLE[][]"),
    (262_684, 1, "DECIMAL(2,1)"),
    (525_341, 2, "DECIMAL(4,2)"),
    (788_766, 4, "DECIMAL(9,3)"),
    (1_577_503, 8, "DECIMAL(18,6)"),
    (2_631_200, 16, "DECIMAL(38,10)"),
    (5_262_369, 32, "DECIMAL(76,20)"),
];

#[test]
fn type_codes_widths_and_names_never_change() {
    for (code, width, name) in TYPES {
        let ty = ColumnType::from_code(code).unwrap();
        assert_eq!(ty.code(), code, "{name}");
        assert_eq!(ty.to_string(), name);
        assert_eq!(ty.fixed_width().unwrap_or(0), width, "{name}");
    }
}

#[test]
fn every_type_is_restored_from_its_code() {
    for ty in all_types() {
        assert_eq!(ColumnType::from_code(ty.code()), Ok(ty));
    }
    for bits in 1..=60 {
        let ty = ColumnType::Geohash { bits };
        assert_eq!(ColumnType::from_code(ty.code()), Ok(ty));
    }
    for precision in 1..=76 {
        for scale in 0..=precision {
            let ty = ColumnType::Decimal { precision, scale };
            assert_eq!(ColumnType::from_code(ty.code()), Ok(ty));
        }
    }
    for dims in 1..=32 {
        let ty = ColumnType::Array { dims };
        assert_eq!(ColumnType::from_code(ty.code()), Ok(ty));
    }
}

#[test]
fn codes_that_are_never_stored_are_refused() {
    let tags = [0, 20, 21, 22, 23, 34, 35, 36, 37, 38, 39, 40, 41, 42, 255];
    let strange = [
        -5,                     // deleted: the caller negates
        5 | 1 << 8,             // INT with parameters
        8 | 1 << 19,            // a timestamp flag that nobody named
        14 | 8 << 8 | 1 << 16,  // 8 bits do not fit one byte
        14 | 5 << 8,            // without the flag of every geohash
        17 | 61 << 8 | 1 << 16, // 61 bits
        27 | 9 << 8,            // array of FLOAT
        28,                     // decimal without precision
        28 | 3 << 8,            // precision of a wider tag
        33 | 77 << 8,           // too precise
        29 | 4 << 8 | 5 << 18,  // scale above precision
        29 | 4 << 8 | 1 << 26,  // a bit that nobody named
        i32::MAX,
        i32::MIN,
    ];
    for code in tags.into_iter().chain(strange) {
        assert_eq!(ColumnType::from_code(code).map_err(|e| e.code), Err(code));
    }
}

#[test]
fn timestamp_flags_of_memory_are_masked() {
    let micros = ColumnType::Timestamp(TimestampUnit::Micros);
    assert_eq!(ColumnType::from_code(8 | 1 << 17), Ok(micros));
    let nanos = ColumnType::Timestamp(TimestampUnit::Nanos);
    assert_eq!(
        ColumnType::from_code(262_152 | 1 << 17 | 1 << 20),
        Ok(nanos)
    );
    let array = ColumnType::Array { dims: 2 };
    assert_eq!(ColumnType::from_code(18_971 | 1 << 19), Ok(array));
}

#[test]
fn null_sentinels_never_change() {
    let nulls: [(i32, &[u8]); 20] = [
        (1, &[0]),
        (2, &[0]),
        (3, &[0, 0]),
        (4, &[0, 0]),
        (5, &[0, 0, 0, 0x80]),
        (6, &[0, 0, 0, 0, 0, 0, 0, 0x80]),
        (7, &[0, 0, 0, 0, 0, 0, 0, 0x80]),
        (8, &[0, 0, 0, 0, 0, 0, 0, 0x80]),
        (9, &[0, 0, 0xc0, 0x7f]),
        (10, &[0, 0, 0, 0, 0, 0, 0xf8, 0x7f]),
        (12, &[0, 0, 0, 0x80]),
        (25, &[0, 0, 0, 0]),
        (66_830, &[0xff]),
        (68_111, &[0xff; 2]),
        (70_672, &[0xff; 4]),
        (78_353, &[0xff; 8]),
        (262_684, &[0x80]),
        (525_341, &[0, 0x80]),
        (788_766, &[0, 0, 0, 0x80]),
        (1_577_503, &[0, 0, 0, 0, 0, 0, 0, 0x80]),
    ];
    for (code, bytes) in nulls {
        let ty = ColumnType::from_code(code).unwrap();
        assert_eq!(null::bytes(ty), Some(bytes), "{ty}");
        assert_eq!(null::is_null(ty, bytes), ty.has_null(), "{ty}");
    }
    let min = [0, 0, 0, 0, 0, 0, 0, 0x80];
    let zero = [0; 8];
    assert_eq!(null::LONG128, [min, min].concat()[..]);
    assert_eq!(null::LONG256, [min, min, min, min].concat()[..]);
    assert_eq!(null::DECIMAL128, [min, zero].concat()[..]);
    assert_eq!(null::DECIMAL256, [min, zero, zero, zero].concat()[..]);
    assert_eq!(null::bytes(ColumnType::Uuid), Some(&null::LONG128[..]));
    assert_eq!(null::bytes(ColumnType::Long128), Some(&null::LONG128[..]));
    assert_eq!(null::bytes(ColumnType::Long256), Some(&null::LONG256[..]));
    let wide = |precision| ColumnType::Decimal {
        precision,
        scale: 0,
    };
    assert_eq!(null::bytes(wide(38)), Some(&null::DECIMAL128[..]));
    assert_eq!(null::bytes(wide(39)), Some(&null::DECIMAL256[..]));
    assert_eq!(null::bytes(ColumnType::Varchar), None);
    let words = (
        null::INT,
        null::LONG,
        null::DATE,
        null::TIMESTAMP,
        null::SYMBOL,
        null::IPV4,
    );
    assert_eq!(words, (i32::MIN, i64::MIN, i64::MIN, i64::MIN, i32::MIN, 0));
    let geo = (null::GEOBYTE, null::GEOSHORT, null::GEOINT, null::GEOLONG);
    assert_eq!(geo, (-1, -1, -1, -1));
    let decimal = (
        null::DECIMAL8,
        null::DECIMAL16,
        null::DECIMAL32,
        null::DECIMAL64,
    );
    assert_eq!(decimal, (i8::MIN, i16::MIN, i32::MIN, i64::MIN));
}

#[test]
fn every_nan_is_null_and_no_infinity_is() {
    for nan in [0x7fc0_0000_u32, 0x7f80_0001, 0xffc0_0000, 0xffff_ffff] {
        assert!(null::is_null(ColumnType::Float, &nan.to_le_bytes()));
    }
    for nan in [0x7ff8_0000_0000_0000_u64, 0x7ff0_0000_0000_0001, u64::MAX] {
        assert!(null::is_null(ColumnType::Double, &nan.to_le_bytes()));
    }
    assert!(!null::is_null(
        ColumnType::Float,
        &f32::INFINITY.to_le_bytes()
    ));
    assert!(!null::is_null(
        ColumnType::Double,
        &f64::NEG_INFINITY.to_le_bytes()
    ));
}

#[test]
fn lengths_and_signatures_never_change() {
    assert_eq!(
        (AUX_OFFSET_LEN, AUX_VARCHAR_ENTRY_LEN, AUX_ARRAY_ENTRY_LEN),
        (8, 16, 16)
    );
    assert_eq!((VARCHAR_INLINE_MAX, VARCHAR_LEN_MAX), (9, 268_435_455));
    assert_eq!((SYMBOL_HEADER_LEN, SYMBOL_CAPACITY_DEFAULT), (64, 256));
    assert_eq!(
        (INDEX_HEADER_LEN, INDEX_KEY_ENTRY_LEN, INDEX_SIGNATURE),
        (64, 32, 0xfa)
    );
    assert_eq!(SYMBOL_INDEX_BLOCK_CAPACITY, 2);
    assert_eq!(
        (INDEX_BLOCK_CAPACITY_DEFAULT, INDEX_BLOCK_CAPACITY_MAX),
        (256, 8_388_608)
    );
    let kinds = [
        FileKind::Data,
        FileKind::Aux,
        FileKind::Offsets,
        FileKind::Chars,
        FileKind::Keys,
        FileKind::Values,
    ];
    assert_eq!(
        kinds.map(FileKind::extension),
        ["d", "i", "o", "c", "k", "v"]
    );
}
