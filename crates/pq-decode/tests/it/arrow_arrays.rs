//! Columns as Arrow arrays: equal to what arrow-rs's reader makes of the same file.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::{cast, concat};
use arrow::datatypes::{DataType, Int64Type};
use column_format::{ColumnType, SymbolDict};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pq_decode::{DecodedColumn, Decoder, Limits, ToArrowError, arrow_dictionary, arrow_type};
use pq_encode::{ColumnSpec, PageVersion, WriterOptions};

use crate::data::{Nulls, Shape, all_types, column};
use crate::read::{bytes, decode, facts};
use crate::stored::{files, natural, with_plain_ordinals};
use crate::write::{Input, file};

/// The columns of a file as arrow-rs reads them.
fn judged(file: &[u8]) -> Vec<ArrayRef> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::copy_from_slice(file));
    let reader = reader.unwrap().with_batch_size(1 << 20).build().unwrap();
    let batches: Vec<_> = reader.map(Result::unwrap).collect();
    let column = |i: usize| {
        let arrays: Vec<&dyn Array> = batches.iter().map(|b| b.column(i).as_ref()).collect();
        concat(&arrays).unwrap()
    };
    (0..batches[0].num_columns()).map(column).collect()
}

/// The same column by us.
fn ours(columns: Vec<DecodedColumn>, wanted: ColumnType, dict: Option<&SymbolDict>) -> ArrayRef {
    let texts = dict.map(|dict| arrow_dictionary(dict).unwrap());
    let arrays = columns.into_iter().map(|c| {
        let array = c.into_arrow(wanted, texts.as_ref()).unwrap();
        assert_eq!(array.data_type(), &arrow_type(wanted));
        match wanted {
            ColumnType::Symbol => cast(&array, &DataType::Utf8).unwrap(),
            _ => array,
        }
    });
    let arrays: Vec<_> = arrays.collect();
    let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
    concat(&arrays).unwrap()
}

#[test]
fn every_type_is_the_array_that_arrow_rs_reads() {
    for (seed, nulls) in (0..).zip(Nulls::ALL) {
        for (page_version, shape) in [
            (PageVersion::V1, Shape::Few),
            (PageVersion::V2, Shape::Wild),
        ] {
            let columns = all_types()
                .into_iter()
                .map(|t| column(t, 500, nulls, shape, seed));
            let columns: Vec<_> = columns.collect();
            let inputs = columns.iter().map(|c| Input {
                spec: ColumnSpec::new(c.column_type.to_string(), c.column_type),
                slices: vec![c.slice()],
                symbols: c.symbols.as_ref(),
            });
            let options = WriterOptions {
                page_version,
                page_rows: 130,
                ..WriterOptions::default()
            };
            let file = file(&inputs.collect::<Vec<_>>(), &options);
            let facts = facts(&file);
            let expected = judged(&file);
            for (leaf, column) in columns.iter().enumerate() {
                let (wanted, dict) = (column.column_type, column.symbols.as_ref());
                let decoded = decode(&file, &facts, leaf, wanted, dict);
                let found = ours(decoded, wanted, dict);
                assert_eq!(&found, &expected[leaf], "{wanted} {nulls:?}");
            }
        }
    }
}

#[test]
fn columns_of_questdb_are_the_arrays_that_arrow_rs_reads() {
    let mut compared = 0;
    for path in files() {
        let file = std::fs::read(&path).unwrap();
        let facts = facts(&file);
        if facts.rows() == 0 {
            continue;
        }
        let expected = judged(&with_plain_ordinals(&file));
        for (leaf, expected) in expected.iter().enumerate() {
            let mut wanted = natural(facts.leaves[leaf].stored).unwrap();
            // How values are stored does not tell how many digits they may have.
            if let (ColumnType::Decimal { precision, .. }, DataType::Decimal128(found, _)) =
                (&mut wanted, expected.data_type())
            {
                *precision = *found;
            }
            // A null of a type without one is 0 here.
            if !wanted.has_null() && expected.null_count() > 0 {
                continue;
            }
            let found = ours(decode(&file, &facts, leaf, wanted, None), wanted, None);
            assert_eq!(&found, expected, "{path:?} {}", facts.leaves[leaf].name);
            compared += 1;
        }
    }
    assert!(compared > 800, "{compared}");
}

#[test]
fn values_of_a_fixed_width_move_without_a_copy() {
    let rows = column(ColumnType::Long, 400, Nulls::Random, Shape::Wild, 1);
    let input = Input {
        spec: ColumnSpec::new("n", ColumnType::Long),
        slices: vec![rows.slice()],
        symbols: None,
    };
    let file = file(&[input], &WriterOptions::default());
    let facts = facts(&file);
    let (group, bytes) = (&facts.groups[0], bytes(&file, &facts, 0, 0));
    let mut decoder = Decoder::new(Limits::default());
    let wanted = ColumnType::Long;
    let decoded = decoder
        .decode(&facts.leaves[0], &group.chunks[0], 400, bytes, wanted, None)
        .unwrap();
    let column_format::ColumnSlice::Fixed(slice) = decoded.slice().unwrap() else {
        panic!("LONG has a fixed width");
    };
    let at = slice.bytes().as_ptr();
    let array = decoded.into_arrow(wanted, None).unwrap();
    let values = array.as_primitive::<Int64Type>().values();
    assert_eq!(values.inner().as_ptr(), at);
}

#[test]
fn another_type_and_a_missing_dictionary_are_errors() {
    let rows = column(ColumnType::Symbol, 50, Nulls::None, Shape::Few, 1);
    let input = Input {
        spec: ColumnSpec::new("s", ColumnType::Symbol),
        slices: vec![rows.slice()],
        symbols: rows.symbols.as_ref(),
    };
    let file = file(&[input], &WriterOptions::default());
    let facts = facts(&file);
    let dict = rows.symbols.as_ref();
    let decoded = || decode(&file, &facts, 0, ColumnType::Symbol, dict).remove(0);
    let error = decoded().into_arrow(ColumnType::Symbol, None).unwrap_err();
    assert_eq!(error, ToArrowError::NoDictionary);
    let column_type = ColumnType::Long;
    let error = decoded().into_arrow(column_type, None).unwrap_err();
    assert_eq!(error, ToArrowError::Type { column_type });
    let short = arrow_dictionary(&SymbolDict::empty()).unwrap();
    let error = decoded()
        .into_arrow(ColumnType::Symbol, Some(&short))
        .unwrap_err();
    assert!(matches!(error, ToArrowError::Arrow(_)), "{error}");
}

#[test]
fn lists_without_elements_are_bounded_for_the_whole_column() {
    let outcome = |len: u32, rows: usize| {
        let array: Vec<u8> = [len, 0].iter().flat_map(|n| n.to_le_bytes()).collect();
        let mut values = column_format::BinaryWriter::new();
        for _ in 0..rows {
            values.push(Some(&array)).unwrap();
        }
        let (aux, data) = values.take();
        let layout = ColumnType::Binary.layout();
        let slice = column_format::ColumnSlice::new(layout, &aux, &data, rows).unwrap();
        let input = Input {
            spec: ColumnSpec::new("a", ColumnType::Binary),
            slices: vec![slice],
            symbols: None,
        };
        let file = file(&[input], &WriterOptions::default());
        let wanted = ColumnType::Array { dims: 2 };
        let decoded = decode(&file, &facts(&file), 0, wanted, None).remove(0);
        decoded.into_arrow(wanted, None).map(|array| array.len())
    };
    assert_eq!(outcome(16, 20_000), Ok(20_000));
    assert_eq!(outcome(40_000, 1), Ok(1));
    let error = outcome(40_000, 2).unwrap_err();
    assert!(matches!(error, ToArrowError::TooLarge { .. }), "{error}");
}
