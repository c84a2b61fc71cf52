//! Byte samples of columns.md, in both directions.

use column_format::{
    ArrayWriter, BinaryWriter, ColumnSlice, ColumnType, Decimal, Layout, StringWriter,
    TimestampUnit, Utf16, Value, VarcharWriter, value,
};

use crate::support::{hex, view, write};

/// Writes `expected`, compares with `bytes`, and reads the bytes back.
fn both_ways(column_type: ColumnType, expected: Value<'_>, bytes: &str) {
    let bytes = hex(bytes);
    let files = write(column_type, &[expected]);
    assert_eq!(files, (Vec::new(), bytes), "{column_type}");
    let slice = view(column_type, &files, 1);
    assert_eq!(
        value(column_type, &slice, None, 0).expect("a sound row"),
        expected,
        "{column_type}"
    );
}

/// columns.md §2, "Byte samples": each value, then its NULL.
#[test]
fn fixed_samples_of_the_notes() {
    let decimal = |precision, scale| ColumnType::Decimal { precision, scale };
    let min = "0000000000000080";

    both_ways(
        decimal(4, 2),
        Value::Decimal(Decimal::new(-1234, 2)),
        "2efb",
    );
    both_ways(decimal(4, 2), Value::Null, "0080");

    let wide = Decimal::new(12_345_678_901_234_567_890_123_456_780_123_456_789, 10);
    both_ways(
        decimal(38, 10),
        Value::Decimal(wide),
        "133302f0f6b04909 154567cc4e9049c4",
    );
    both_ways(
        decimal(38, 10),
        Value::Null,
        &format!("{min} 0000000000000000"),
    );

    let uuid = Value::Uuid(0x1111_1111_2222_3333_4444_5555_5555_5555);
    both_ways(ColumnType::Uuid, uuid, "5555555555554444 3333222211111111");
    both_ways(ColumnType::Uuid, Value::Null, &min.repeat(2));

    let descending: [u8; 32] = std::array::from_fn(|i| 32 - u8::try_from(i).unwrap());
    let text = "201f1e1d1c1b1a19181716151413121110 0f0e0d0c0b0a090807060504030201";
    both_ways(ColumnType::Long256, Value::Long256(&descending), text);
    both_ways(ColumnType::Long256, Value::Null, &min.repeat(4));

    let geohash = ColumnType::Geohash { bits: 20 };
    both_ways(
        geohash,
        Value::Geohash(0b1111_0000_1111_0000_1111, 20),
        "0f0f0f00",
    );
    both_ways(geohash, Value::Null, "ffffffff");

    let nanos = ColumnType::Timestamp(TimestampUnit::Nanos);
    let new_year = Value::Timestamp(1_609_459_200_000_000_001, TimestampUnit::Nanos);
    both_ways(nanos, new_year, "01007c789df25516");
    both_ways(nanos, Value::Null, min);

    both_ways(ColumnType::Float, Value::Float(1.5), "0000c03f");
    both_ways(ColumnType::Float, Value::Null, "0000c07f");

    both_ways(ColumnType::Ipv4, Value::Ipv4(0x0102_0304), "04030201");
    both_ways(ColumnType::Ipv4, Value::Null, "00000000");
}

#[test]
fn only_one_is_true() {
    let bytes = [0, 1, 2, 0xff];
    let slice = ColumnSlice::new(Layout::Fixed(1), &[], &bytes, 4).unwrap();
    let read = [0, 1, 2, 3].map(|row| value(ColumnType::Boolean, &slice, None, row).unwrap());
    assert_eq!(read, [false, true, false, false].map(Value::Boolean));
}

#[test]
fn decimals_print_with_their_scale() {
    let text = |unscaled, scale| Decimal::new(unscaled, scale).to_string();
    assert_eq!(text(-1234, 2), "-12.34");
    assert_eq!(text(5, 3), "0.005");
    assert_eq!(text(-5, 0), "-5");
    assert_eq!(text(0, 2), "0.00");
    assert_eq!(text(i128::MIN, 0), i128::MIN.to_string());
    let mut greatest = [0xff; 32];
    greatest[31] = 0x7f;
    let greatest = Decimal::from_le_bytes(greatest, 76).to_string();
    let two_to_the_255_less_1 =
        "5.7896044618658097711785492504343953926634992332820282019728792003956564819967";
    assert_eq!(greatest, two_to_the_255_less_1);
}

/// columns.md §3.
#[test]
fn string_sample_of_the_notes() {
    let fifty = "x".repeat(50);
    let mut w = StringWriter::new();
    for text in [None, Some(""), Some("abc"), Some(&fifty), None] {
        w.push(text).unwrap();
    }
    let (aux, data) = w.take();
    let offsets = [0_i64, 4, 8, 18, 122, 126].map(i64::to_le_bytes).concat();
    assert_eq!(aux, offsets);
    let units = hex(&"7800".repeat(50));
    let expected = [
        &hex("ffffffff 00000000 03000000 6100 6200 6300 32000000")[..],
        &units,
    ];
    assert_eq!(data, [&expected.concat()[..], &hex("ffffffff")].concat());
}

#[test]
fn utf16_becomes_utf8() {
    for text in [
        "",
        "plain",
        "é",
        "naïve caf\u{e9}",
        "\u{7f}\u{80}",
        "日本語",
        "a😀b",
    ] {
        let mut units = Vec::new();
        Utf16::encode_into(text, &mut units);
        let mut utf8 = Vec::new();
        assert!(!Utf16::new(&units).push_utf8_lossy(&mut utf8));
        assert_eq!(utf8, text.as_bytes());
        assert_eq!(Utf16::new(&units), text);
    }
    let mut utf8 = b"x".to_vec();
    assert!(Utf16::new(&[0x61, 0, 0x00, 0xd8]).push_utf8_lossy(&mut utf8));
    assert_eq!(utf8, "xa\u{fffd}".as_bytes());
}

/// columns.md §4.
#[test]
fn binary_sample_of_the_notes() {
    let fifty = [7; 50];
    let mut w = BinaryWriter::new();
    for bytes in [None, Some(&b""[..]), Some(b"abc"), Some(&fifty), None] {
        w.push(bytes).unwrap();
    }
    let (aux, data) = w.take();
    assert_eq!(
        aux,
        [0_i64, 8, 16, 27, 85, 93].map(i64::to_le_bytes).concat()
    );
    let head = hex("ffffffffffffffff 0000000000000000 0300000000000000 616263 3200000000000000");
    assert_eq!(data, [&head[..], &fifty, &[0xff; 8]].concat());
}

/// columns.md §5.
#[test]
fn varchar_samples_of_the_notes() {
    let lorem = "Lorem ipsum dolor sit amet, consectetur adipiscing";
    assert_eq!(lorem.len(), 50);
    let mut w = VarcharWriter::new();
    for text in [None, Some(""), Some("abc"), Some(lorem), Some(lorem)] {
        w.push(text.map(str::as_bytes)).unwrap();
    }
    let (aux, data) = w.take();
    let expected = [
        "04000000 00000000 00000000 00000000",
        "03000000 00000000 00000000 00000000",
        "33 616263 00000000 00000000 00000000",
        "22030000 4c6f72656d20 000000000000",
        "22030000 4c6f72656d20 320000000000",
    ];
    assert_eq!(aux, hex(&expected.concat()));
    assert_eq!(data, lorem.repeat(2).as_bytes());

    let mut w = VarcharWriter::new();
    w.push(Some(b"a longer value")).unwrap();
    w.push(Some(b"")).unwrap();
    let expected = "e2000000 61206c6f6e67 000000000000 03000000 000000000000 0e0000000000";
    assert_eq!(w.aux(), hex(expected));
}

/// columns.md §6.
#[test]
fn array_samples_of_the_notes() {
    let mut w = ArrayWriter::new(1);
    w.push_null();
    w.push(&[0], &[]).unwrap();
    w.push(&[2], &[1.0, 2.0]).unwrap();
    let (aux, data) = w.take();
    let entries = [
        "0000000000000000 0000000000000000",
        "0000000000000000 0800000000000000",
        "0800000000000000 1800000000000000",
    ];
    assert_eq!(aux, hex(&entries.concat()));
    let values = "00000000 00000000 02000000 00000000 000000000000f03f 0000000000000040";
    assert_eq!(data, hex(values));

    let mut w = ArrayWriter::new(2);
    let elements = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    w.push(&[2, 3], &elements).unwrap();
    let files = w.take();
    assert_eq!(files.0, hex("0000000000000000 3800000000000000"));
    let doubles = elements.map(f64::to_le_bytes).concat();
    assert_eq!(files.1, [&hex("02000000 03000000")[..], &doubles].concat());

    let slice = view(ColumnType::Array { dims: 2 }, &files, 1);
    let ColumnSlice::Array(rows) = slice else {
        unreachable!()
    };
    let array = rows.get(0).unwrap().unwrap();
    assert_eq!(array.shape().collect::<Vec<_>>(), [2, 3]);
    assert_eq!(array.values().collect::<Vec<_>>(), elements);
}

/// columns.md §1.3: values are found by their own offset and length.
#[test]
fn holes_between_values_are_skipped() {
    let aux = [6_i64, 20, 40].map(i64::to_le_bytes).concat();
    let mut data = vec![0xee; 40];
    data[6..12].copy_from_slice(&hex("01000000 6100"));
    data[20..28].copy_from_slice(&hex("02000000 6200 6300"));
    let slice = ColumnSlice::new(Layout::String, &aux, &data, 2).unwrap();
    let ColumnSlice::String(rows) = slice else {
        unreachable!()
    };
    assert_eq!(rows.get(0).unwrap().unwrap(), "a");
    assert_eq!(rows.get(1).unwrap().unwrap(), "bc");
}

/// columns.md §6: padding follows the offset in the file.
#[test]
fn array_padding_follows_the_file_offset() {
    let aux = hex("0400000000000000 0c00000000000000");
    let data = hex("eeeeeeee 01000000 000000000000f03f");
    let slice = ColumnSlice::new(Layout::Array { dims: 1 }, &aux, &data, 1).unwrap();
    let ColumnSlice::Array(rows) = slice else {
        unreachable!()
    };
    let array = rows.get(0).unwrap().unwrap();
    assert_eq!(array.values().collect::<Vec<_>>(), [1.0]);
    assert_eq!(rows.raw(0).unwrap(), Some(&data[4..]));
}

/// columns.md §1.5.
#[test]
fn rows_above_a_column_top_are_null_or_zero() {
    let top = ColumnSlice::Nulls { rows: 1 };
    let read = |ty| value(ty, &top, None, 0).unwrap();
    assert_eq!(read(ColumnType::Boolean), Value::Boolean(false));
    assert_eq!(read(ColumnType::Byte), Value::Byte(0));
    assert_eq!(read(ColumnType::Short), Value::Short(0));
    assert_eq!(read(ColumnType::Char), Value::Char(0));
    for ty in [
        ColumnType::Int,
        ColumnType::Ipv4,
        ColumnType::Symbol,
        ColumnType::Varchar,
    ] {
        assert_eq!(read(ty), Value::Null);
    }
}

#[test]
fn no_rows_need_no_bytes() {
    for ty in crate::support::all_types() {
        let layout = ty.layout();
        assert_eq!(layout.aux_len(0), Some(0));
        assert_eq!(layout.data_len(0, &[]), Ok(0));
        let slice = ColumnSlice::new(layout, &[], &[], 0).unwrap();
        assert_eq!((slice.rows(), slice.native_bytes()), (0, 0));
        assert_eq!(slice.slice(0..5).rows(), 0);
        assert!(value(ty, &slice, None, 0).is_err());
    }
}
