//! A bad offset or length is an error that names file, row, offset, expected and found; a value
//! that does not fit is refused before anything is written.

use column_format::{
    ArrayWriter, ColumnSlice, ColumnType, ColumnWriter, Decimal, Expected, FileKind, FixedWriter,
    Layout, LayoutError, SymbolDict, SymbolWriter, Value, VarcharWriter, WriteError, null, value,
};

use crate::support::hex;

pub(crate) fn corrupt(
    file: FileKind,
    row: u64,
    offset: u64,
    expected: Expected,
    found: i64,
) -> LayoutError {
    LayoutError::Corrupt {
        file,
        row: Some(row),
        offset,
        expected,
        found,
    }
}

#[test]
fn a_data_file_that_is_too_short_is_named() {
    let error = ColumnSlice::new(Layout::Fixed(8), &[], &[0; 15], 2).unwrap_err();
    let expected = LayoutError::Truncated {
        file: FileKind::Data,
        row: Some(1),
        offset: 15,
        expected: 16,
        found: 15,
    };
    assert_eq!(error, expected);
    assert_eq!(error.to_string(), ".d file, row 1: needs 16 bytes, has 15");
}

#[test]
fn rows_whose_bytes_overflow_are_an_error() {
    for ty in crate::support::all_types() {
        assert!(
            ColumnSlice::new(ty.layout(), &[0; 64], &[0; 64], usize::MAX).is_err(),
            "{ty}"
        );
        let too_many = ty.layout().data_len(u64::MAX, &[0; 16]);
        assert!(too_many.is_err() || ty.fixed_width() == Some(1), "{ty}");
    }
    assert_eq!(Layout::String.aux_len(u64::MAX), None);
    assert_eq!(Layout::Varchar.aux_len(u64::MAX), None);
    assert_eq!(Layout::Fixed(8).data_len_fixed(u64::MAX), None);
}

#[test]
fn a_negative_data_length_is_an_error() {
    let aux = [0_i64, -1].map(i64::to_le_bytes).concat();
    let error = ColumnSlice::new(Layout::String, &aux, &[0; 8], 1).unwrap_err();
    let expected = Expected::Between(0, (1 << 40) - 1);
    assert_eq!(error, corrupt(FileKind::Aux, 1, 8, expected, -1));
}

#[test]
fn a_data_length_beyond_the_limit_is_an_error() {
    let aux = [0_i64, 1 << 40].map(i64::to_le_bytes).concat();
    let error = ColumnSlice::new(Layout::Binary, &aux, &[0; 8], 1).unwrap_err();
    assert!(
        matches!(
            error,
            LayoutError::Limit {
                file: FileKind::Aux,
                offset: 8,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_string_offset_outside_of_the_data_is_named() {
    let aux = [0_i64, 9, 12].map(i64::to_le_bytes).concat();
    let slice = ColumnSlice::new(Layout::String, &aux, &[0xff; 12], 2).unwrap();
    let ColumnSlice::String(rows) = slice else {
        unreachable!()
    };
    assert_eq!(rows.get(0), Ok(None));
    let expected = corrupt(FileKind::Aux, 1, 8, Expected::Between(0, 8), 9);
    assert_eq!(rows.get(1), Err(expected.clone()));
    assert_eq!(
        rows.slice(1..2).get(0),
        Err(expected.clone()),
        "a slice names rows of the file"
    );
    assert_eq!(rows.slice(1..2).iter().next(), Some(Err(expected)));
    let text = rows.get(1).unwrap_err().to_string();
    assert_eq!(text, ".i file, row 1, byte 8: expected 0 to 8, found 9");
}

#[test]
fn a_string_length_outside_of_the_data_is_named() {
    let aux = [0_i64, 4, 12].map(i64::to_le_bytes).concat();
    let data = hex("ffffffff 03000000 6100 6200");
    let slice = ColumnSlice::new(Layout::String, &aux, &data, 2).unwrap();
    let error = value(ColumnType::String, &slice, None, 1).unwrap_err();
    assert_eq!(
        error,
        corrupt(FileKind::Data, 1, 4, Expected::Between(-1, 2), 3)
    );
    assert_eq!(
        (error.file(), error.row(), error.offset()),
        (Some(FileKind::Data), Some(1), Some(4))
    );

    let data = hex("feffffff");
    let aux = [0_i64, 4].map(i64::to_le_bytes).concat();
    let slice = ColumnSlice::new(Layout::String, &aux, &data, 1).unwrap();
    let error = value(ColumnType::String, &slice, None, 0).unwrap_err();
    assert_eq!(
        error,
        corrupt(FileKind::Data, 0, 0, Expected::Between(-1, 0), -2)
    );
}

#[test]
fn a_binary_length_outside_of_the_data_is_named() {
    for len in [-2, 3, i64::MAX, i64::MIN] {
        let aux = [0_i64, 10].map(i64::to_le_bytes).concat();
        let data = [&len.to_le_bytes()[..], &[0; 2]].concat();
        let slice = ColumnSlice::new(Layout::Binary, &aux, &data, 1).unwrap();
        let error = value(ColumnType::Binary, &slice, None, 0).unwrap_err();
        assert_eq!(
            error,
            corrupt(FileKind::Data, 0, 0, Expected::Between(-1, 2), len)
        );
    }
}

#[test]
fn a_varchar_entry_that_no_writer_stores_is_named() {
    let read = |entries: &str, data: &[u8], row| {
        let aux = hex(entries);
        let slice = ColumnSlice::new(Layout::Varchar, &aux, data, aux.len() / 16)?;
        value(ColumnType::Varchar, &slice, None, row).map(|_| ())
    };
    let null = "04000000 000000000000 0f0000000000";
    let inlined_ten = "a1000000 000000000000 000000000000";
    assert_eq!(
        read(&[inlined_ten, null].concat(), &[0; 15], 0),
        Err(corrupt(FileKind::Aux, 0, 0, Expected::Between(0, 9), 10)),
    );
    let zero_header = "00000000 000000000000 000000000000";
    assert_eq!(
        read(&[null, zero_header, null].concat(), &[0; 15], 1),
        Err(corrupt(
            FileKind::Aux,
            1,
            16,
            Expected::Between(10, (1 << 28) - 1),
            0
        )),
    );
    let nine_not_inlined = "92000000 000000000000 000000000000";
    assert_eq!(
        read(&[nine_not_inlined, null].concat(), &[0; 15], 0),
        Err(corrupt(
            FileKind::Aux,
            0,
            0,
            Expected::Between(10, (1 << 28) - 1),
            9
        )),
    );
    let beyond = "c2000000 000000000000 040000000000";
    assert_eq!(
        read(&[beyond, null].concat(), &[0; 15], 0),
        Err(corrupt(FileKind::Aux, 0, 10, Expected::AtMost(3), 4)),
    );
    let far = "c2000000 000000000000 ffffffffffff";
    assert!(matches!(
        read(far, &[0; 15], 0),
        Err(LayoutError::Limit {
            file: FileKind::Aux,
            row: Some(0),
            ..
        })
    ));
}

#[test]
fn an_array_whose_size_is_not_that_of_its_shape_is_named() {
    let read = |entry: &str, data: &str| {
        let (aux, data) = (hex(entry), hex(data));
        let slice = ColumnSlice::new(Layout::Array { dims: 1 }, &aux, &data, 1)?;
        value(ColumnType::Array { dims: 1 }, &slice, None, 0).map(|_| ())
    };
    let eight = "0000000000000000 0800000000000000";
    assert_eq!(read(eight, "00000000 00000000"), Ok(()));
    assert_eq!(
        read(eight, "01000000 00000000"),
        Err(corrupt(FileKind::Aux, 0, 8, Expected::Exactly(16), 8)),
    );
    assert_eq!(
        read(eight, "ffffffff 00000000"),
        Err(corrupt(
            FileKind::Data,
            0,
            0,
            Expected::Between(0, (1 << 28) - 1),
            -1
        )),
    );
    let sixteen = "0000000000000000 1000000000000000";
    assert_eq!(
        read(sixteen, "00000000 00000000 0000000000000000"),
        Err(corrupt(FileKind::Aux, 0, 8, Expected::Exactly(8), 16)),
    );
    let two = "0000000000000000 0200000000000000";
    assert_eq!(
        read(two, "0000"),
        Err(corrupt(FileKind::Aux, 0, 8, Expected::Exactly(4), 2))
    );
    let short = "0000000000000000 0900000000000000";
    let error = read(short, "00000000 00000000").unwrap_err();
    assert!(
        matches!(
            error,
            LayoutError::Truncated {
                file: FileKind::Data,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn a_shape_whose_product_overflows_is_an_error() {
    let dims = 32;
    let shape = 0x0fff_ffff_u32.to_le_bytes().repeat(dims);
    let aux = [0_u64, 128].map(u64::to_le_bytes).concat();
    let layout = Layout::Array { dims: 32 };
    let slice = ColumnSlice::new(layout, &aux, &shape, 1).unwrap();
    let error = value(ColumnType::Array { dims: 32 }, &slice, None, 0).unwrap_err();
    assert_eq!(
        error,
        corrupt(FileKind::Aux, 0, 8, Expected::Exactly(i64::MAX), 128)
    );
}

/// columns.md §6: bits 48 to 63 of an entry are reserved.
#[test]
fn reserved_bits_of_array_entries_are_masked() {
    let mut w = ArrayWriter::new(1);
    w.push(&[1], &[2.5]).unwrap();
    let (mut aux, data) = w.take();
    aux[6] = 0xff;
    aux[7] = 0x7f;
    let slice = ColumnSlice::new(Layout::Array { dims: 1 }, &aux, &data, 1).unwrap();
    let ColumnSlice::Array(rows) = slice else {
        unreachable!()
    };
    assert_eq!(
        rows.get(0).unwrap().unwrap().values().collect::<Vec<_>>(),
        [2.5]
    );
}

#[test]
fn a_symbol_key_outside_of_the_dictionary_is_named() {
    let mut w = SymbolWriter::new(2, true).unwrap();
    w.add("only").unwrap();
    let files = w.finish();
    let dict = SymbolDict::new(&files.offsets.into(), &files.chars.into(), 1).unwrap();
    let keys = [0, 1, -1, i32::MIN].map(i32::to_le_bytes).concat();
    let slice = ColumnSlice::new(Layout::Fixed(4), &[], &keys, 4).unwrap();
    let read = |slice: &ColumnSlice<'_>, row| {
        value(ColumnType::Symbol, slice, Some(&dict), row).map(|v| v.is_null())
    };
    assert_eq!(read(&slice, 0), Ok(false));
    assert_eq!(read(&slice, 3), Ok(true));
    let one = corrupt(FileKind::Data, 1, 4, Expected::Between(0, 0), 1);
    assert_eq!(read(&slice, 1), Err(one.clone()));
    assert_eq!(read(&slice.slice(1..3), 0), Err(one));
    assert_eq!(
        read(&slice, 2),
        Err(corrupt(FileKind::Data, 2, 8, Expected::Between(0, 0), -1))
    );
    assert!(matches!(
        value(ColumnType::Symbol, &slice, None, 0),
        Err(LayoutError::Mismatch { .. })
    ));
}

#[test]
fn a_type_and_a_slice_that_do_not_belong_together_are_refused() {
    let slice = ColumnSlice::new(Layout::Fixed(4), &[], &[0; 4], 1).unwrap();
    for ty in [
        ColumnType::Long,
        ColumnType::Varchar,
        ColumnType::Array { dims: 1 },
    ] {
        let error = value(ty, &slice, None, 0).unwrap_err();
        assert!(matches!(error, LayoutError::Mismatch { .. }), "{error}");
        assert_eq!(
            (error.file(), error.row(), error.offset()),
            (None, None, None)
        );
    }
    let error = value(ColumnType::Int, &slice, None, 1).unwrap_err();
    assert_eq!(
        error,
        LayoutError::NoSuchRow {
            expected: 1,
            found: 1
        }
    );
}

#[test]
fn values_that_do_not_fit_are_refused_and_not_written() {
    let decimal = |precision, scale| ColumnType::Decimal { precision, scale };
    let refused = [
        (ColumnType::Int, Value::Long(1)),
        (ColumnType::Varchar, Value::Binary(b"x")),
        (ColumnType::Geohash { bits: 5 }, Value::Geohash(1 << 5, 5)),
        (ColumnType::Geohash { bits: 5 }, Value::Geohash(1, 6)),
        (decimal(4, 2), Value::Decimal(Decimal::new(1, 3))),
        (decimal(4, 2), Value::Decimal(Decimal::new(40_000, 2))),
        (
            decimal(4, 2),
            Value::Decimal(Decimal::new(i128::from(null::DECIMAL16), 2)),
        ),
        (decimal(38, 0), Value::Decimal(Decimal::new(i128::MIN, 0))),
    ];
    for (ty, v) in refused {
        let mut w = ColumnWriter::new(ty);
        let error = w.push(&v).unwrap_err();
        assert!(
            matches!(error, WriteError::WrongType { .. }),
            "{ty} {error}"
        );
        assert_eq!((w.rows(), w.data().len()), (0, 0), "{ty}");
    }
    let mut w = FixedWriter::new(ColumnType::Int).unwrap();
    assert!(w.push(&[0; 3]).is_err());
    assert!(w.extend([[0; 8]]).is_err());
    assert!(w.extend_from_bytes(&[0; 6]).is_err());
    assert_eq!((w.rows(), w.data().len()), (0, 0));
    assert!(FixedWriter::new(ColumnType::String).is_none());

    let mut w = ArrayWriter::new(2);
    assert!(w.push(&[1], &[1.0]).is_err());
    assert!(w.push(&[1, 2], &[1.0]).is_err());
    assert!(w.push(&[1 << 28, 0], &[]).is_err());
    assert_eq!(w.rows(), 0);
    assert_eq!((w.aux().len(), w.data().len()), (0, 0));
}

#[test]
fn a_varchar_of_two_to_the_28_bytes_is_refused() {
    let long = vec![0; 1 << 28];
    let mut w = VarcharWriter::new();
    assert!(matches!(
        w.push(Some(&long)),
        Err(WriteError::TooLong { .. })
    ));
    assert_eq!((w.rows(), w.aux().len(), w.data().len()), (0, 0, 0));
    assert!(w.push(Some(&long[..100])).is_ok());
}
