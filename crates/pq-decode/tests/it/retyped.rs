//! Columns whose type changed after their partition was written, and rows older than a column.

use column_format::{ColumnSlice, ColumnType, TimestampUnit, Value, value};
use pq_decode::{DecodedColumn, Decoder, Fault, Stored};
use pq_format::{Encoding, PhysicalType};

use crate::pages::{data, decode, dictionary, ints, leaf};

/// A page of INT32 in which every second row is there, the first one not.
fn every_second(values: &[i32]) -> Vec<u8> {
    let rows = values.len() * 2;
    let bits: Vec<u8> = vec![0b1010_1010; rows.div_ceil(8)];
    let runs = [&[(rows.div_ceil(8) << 1 | 1) as u8][..], &bits].concat();
    let mut body = [&(runs.len() as u32).to_le_bytes()[..], &runs].concat();
    body.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    data(rows as u32, Encoding::Plain, &body)
}

/// A page of `rows` rows, none of which is there.
fn nothing(rows: u8) -> Vec<u8> {
    data(rows.into(), Encoding::Plain, &[2, 0, 0, 0, rows << 1, 0])
}

fn shown(column: &DecodedColumn, wanted: ColumnType) -> Vec<String> {
    let slice = column.slice().unwrap();
    let row = |row| match (&slice, wanted.has_null()) {
        (ColumnSlice::Nulls { .. }, true) => "NULL".to_owned(),
        (ColumnSlice::Nulls { .. }, false) => "0".to_owned(),
        _ => match value(wanted, &slice, None, row).unwrap() {
            Value::Null => "NULL".to_owned(),
            Value::Boolean(v) => v.to_string(),
            Value::Byte(v) => v.to_string(),
            Value::Short(v) => v.to_string(),
            Value::Char(v) => v.to_string(),
            Value::Int(v) => v.to_string(),
            Value::Long(v) => v.to_string(),
            Value::Float(v) => v.to_string(),
            Value::Double(v) => v.to_string(),
            Value::Geohash(v, _) => v.to_string(),
            Value::String(text) => text.to_string_lossy(),
            Value::Varchar(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => panic!("{other:?}"),
        },
    };
    (0..slice.rows()).map(row).collect()
}

#[test]
fn a_null_of_a_type_that_has_none_is_zero_also_after_the_type_changed() {
    use ColumnType as T;
    let bytes = every_second(&[7, -8, 9, 10]);
    let zeros = ["0", "7", "0", "-8", "0", "9", "0", "10"];
    let cases: [(Stored, &[T]); 2] = [
        (
            Stored::Int(8),
            &[T::Byte, T::Short, T::Int, T::Long, T::Float, T::Double],
        ),
        (
            Stored::Int(16),
            &[T::Short, T::Int, T::Long, T::Float, T::Double],
        ),
    ];
    for (stored, types) in cases {
        let leaf = leaf(PhysicalType::Int32, stored, 1);
        for wanted in types {
            let found = decode(&leaf, 8, &bytes, *wanted).unwrap();
            assert_eq!(shown(&found, *wanted), zeros, "{stored} as {wanted}");
            let found = decode(&leaf, 5, &nothing(5), *wanted).unwrap();
            assert_eq!(shown(&found, *wanted), ["0"; 5], "{stored} as {wanted}");
        }
    }
    let char = leaf(PhysicalType::Int32, Stored::Uint(16), 1);
    let found = decode(&char, 4, &every_second(&[65, 66]), T::Char).unwrap();
    assert_eq!(shown(&found, T::Char), ["0", "65", "0", "66"]);
}

#[test]
fn a_null_boolean_is_false() {
    let leaf = leaf(PhysicalType::Boolean, Stored::Boolean, 1);
    let body = [2, 0, 0, 0, 3, 0b1010_1010, 0b0000_1011];
    let bytes = data(8, Encoding::Plain, &body);
    let found = decode(&leaf, 8, &bytes, ColumnType::Boolean).unwrap();
    let expected = [false, true, false, true, false, false, false, true];
    assert_eq!(
        shown(&found, ColumnType::Boolean),
        expected.map(|v| v.to_string())
    );
}

#[test]
fn a_null_of_a_type_that_has_one_stays_null() {
    use ColumnType as T;
    let int = leaf(PhysicalType::Int32, Stored::Int(32), 1);
    for wanted in [T::Int, T::Long, T::Double] {
        let found = decode(&int, 4, &every_second(&[1, 2]), wanted).unwrap();
        assert_eq!(shown(&found, wanted), ["NULL", "1", "NULL", "2"]);
        let found = decode(&int, 3, &nothing(3), wanted).unwrap();
        assert_eq!(shown(&found, wanted), ["NULL"; 3]);
    }
    // Stored as integers are geohashes too, and those have a null.
    let hash = T::Geohash { bits: 5 };
    let byte = leaf(PhysicalType::Int32, Stored::Int(8), 1);
    let found = decode(&byte, 4, &every_second(&[1, 2]), hash).unwrap();
    assert_eq!(shown(&found, hash), ["NULL", "1", "NULL", "2"]);
    let found = decode(&byte, 3, &nothing(3), hash).unwrap();
    assert_eq!(shown(&found, hash), ["NULL"; 3]);
}

#[test]
fn the_kinds_of_text_are_read_as_one_another() {
    let leaf = leaf(PhysicalType::ByteArray, Stored::Text, 1);
    let texts = ["known", "", "später, and longer than fits a row", "known"];
    let plain = |t: &&str| [&(t.len() as u32).to_le_bytes()[..], t.as_bytes()].concat();
    let levels = [2, 0, 0, 0, 3, 0b0001_1011];
    let values: Vec<u8> = texts.iter().flat_map(plain).collect();
    let pages = [
        data(5, Encoding::Plain, &[&levels[..], &values].concat()),
        [
            dictionary(4, &values),
            data(
                5,
                Encoding::RleDictionary,
                &[&levels[..], &[2, 3, 0b11_10_01_00]].concat(),
            ),
        ]
        .concat(),
    ];
    for bytes in pages {
        let expected = [texts[0], texts[1], "NULL", texts[2], texts[3]];
        for wanted in [ColumnType::Varchar, ColumnType::String] {
            let found = decode(&leaf, 5, &bytes, wanted).unwrap();
            assert_eq!(shown(&found, wanted), expected, "{wanted}");
        }
        let error = decode(&leaf, 5, &bytes, ColumnType::Symbol).unwrap_err();
        let text = String::new();
        assert_eq!(error.fault, Fault::UnknownSymbol { text });
        for wanted in [ColumnType::Binary, ColumnType::Array { dims: 1 }] {
            let error = decode(&leaf, 5, &bytes, wanted).unwrap_err();
            assert!(error.to_string().contains("stored as text"), "{error}");
        }
    }
    let known = data(
        3,
        Encoding::Plain,
        &[
            &[2, 0, 0, 0, 3, 0b101][..],
            &plain(&"known"),
            &plain(&"known"),
        ]
        .concat(),
    );
    let found = decode(&leaf, 3, &known, ColumnType::Symbol).unwrap();
    assert_eq!(ints(&found), [7, i32::MIN, 7]);
}

#[test]
fn int96_is_refused_by_name_as_whatever_it_is_wanted() {
    let leaf = leaf(PhysicalType::Int96, Stored::Other(PhysicalType::Int96), 0);
    let bytes = data(1, Encoding::Plain, &[0; 12]);
    let micros = ColumnType::Timestamp(TimestampUnit::Micros);
    for wanted in [
        micros,
        ColumnType::Long,
        ColumnType::Binary,
        ColumnType::Uuid,
    ] {
        let error = decode(&leaf, 1, &bytes, wanted).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("INT96") && text.contains(&wanted.to_string()),
            "{text}"
        );
        assert!(Decoder::check(&leaf, wanted).is_err());
    }
}
