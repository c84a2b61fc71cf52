//! P8 and P19: nothing, only nulls, one value: in every type and encoding.

use column_format::{ColumnSlice, SymbolDict};
use pq_encode::{Codec, ColumnSpec, Encoding, PageVersion, WriterOptions};

use crate::cells::slots;
use crate::data::{Nulls, Shape, all_types, column};
use crate::write::{Input, file, groups};
use crate::{judge, judge2};

#[test]
fn zero_rows_give_a_valid_file_with_the_full_schema() {
    let inputs: Vec<_> = all_types()
        .into_iter()
        .enumerate()
        .map(|(i, column_type)| Input {
            spec: ColumnSpec::new(format!("c{i}"), column_type)
                .with_field_id(i32::try_from(i).unwrap()),
            slices: vec![],
            symbols: None,
        })
        .collect();
    let bytes = groups(&[&inputs], &WriterOptions::default());
    let metadata = judge::metadata(&bytes);
    assert_eq!(metadata.num_row_groups(), 0);
    assert_eq!(metadata.file_metadata().num_rows(), 0);
    let schema = metadata.file_metadata().schema();
    assert_eq!(schema.name(), "schema");
    for (i, field) in schema.get_fields().iter().enumerate() {
        assert_eq!(field.name(), format!("c{i}"));
        assert_eq!(field.get_basic_info().id(), i32::try_from(i).unwrap());
    }
}

#[test]
fn a_chunk_of_zero_rows_has_no_page() {
    for column_type in all_types() {
        let spec = ColumnSpec::new("c", column_type);
        let dictionary = SymbolDict::empty();
        let slices = [ColumnSlice::Nulls { rows: 0 }];
        let mut out = Vec::new();
        let mut encoder = pq_encode::ChunkEncoder::new(&spec, &WriterOptions::default()).unwrap();
        let summary = encoder
            .encode(&slices, Some(&dictionary), &mut out)
            .unwrap();
        assert_eq!(
            (summary.rows, summary.pages.len(), out.len()),
            (0, 0, 0),
            "{column_type}"
        );
    }
}

/// Files of one column, in every encoding, page version and some codecs.
fn each(slices: &dyn Fn(column_format::ColumnType) -> crate::data::Column) {
    for column_type in all_types() {
        let column = slices(column_type);
        for encoding in [None]
            .into_iter()
            .chain(Encoding::all_legal_for(column_type).map(Some))
        {
            for version in [PageVersion::V1, PageVersion::V2] {
                for codec in [Codec::None, Codec::Snappy, Codec::Zstd(1), Codec::Lz4Raw] {
                    let mut spec = ColumnSpec::new("c", column_type).with_codec(codec);
                    spec.encoding = encoding;
                    let required = spec.required;
                    let symbols = column.symbols.as_ref();
                    let input = Input {
                        spec,
                        slices: vec![column.slice()],
                        symbols,
                    };
                    let expected = slots(column_type, &input.slices, symbols, required);
                    let options = WriterOptions {
                        page_version: version,
                        ..Default::default()
                    };
                    let bytes = file(&[input], &options);
                    let what = format!("{column_type} {encoding:?} {version:?} {codec}");
                    assert!(judge::read(&bytes, 0) == expected, "{what}");
                    if codec == Codec::None {
                        judge2::check(&bytes, 0, &expected, &what);
                    }
                }
            }
        }
    }
}

#[test]
fn only_nulls_round_trip_in_every_encoding() {
    for rows in [1, 7, 8, 1000] {
        each(&|column_type| column(column_type, rows, Nulls::All, Shape::Few, 1));
    }
}

#[test]
fn one_value_round_trips_in_every_encoding() {
    each(&|column_type| column(column_type, 1, Nulls::None, Shape::Wild, 1));
    each(&|column_type| column(column_type, 2, Nulls::Alternate, Shape::Wild, 1));
}

#[test]
fn a_page_of_nulls_between_pages_of_values_round_trips() {
    let options = WriterOptions {
        page_rows: 100,
        ..Default::default()
    };
    for column_type in all_types() {
        let [head, middle, tail] = [
            (Nulls::None, 100, 1),
            (Nulls::All, 100, 2),
            (Nulls::Random, 150, 3),
        ]
        .map(|(nulls, rows, seed)| column(column_type, rows, nulls, Shape::Few, seed));
        if column_type == column_format::ColumnType::Symbol {
            continue;
        }
        for encoding in Encoding::all_legal_for(column_type) {
            let spec = ColumnSpec::new("c", column_type).with_encoding(encoding);
            let required = spec.required;
            let slices = vec![head.slice(), middle.slice(), tail.slice()];
            let input = Input {
                spec,
                slices,
                symbols: None,
            };
            let expected = slots(column_type, &input.slices, None, required);
            assert!(
                judge::read(&file(&[input], &options), 0) == expected,
                "{column_type} {encoding}"
            );
        }
    }
}

#[test]
fn a_column_that_exists_in_no_partition_is_a_few_bytes_of_nulls() {
    for column_type in all_types() {
        let spec = ColumnSpec::new("c", column_type);
        let required = spec.required;
        let dictionary = SymbolDict::empty();
        let slices = vec![
            ColumnSlice::Nulls { rows: 250_000 },
            ColumnSlice::Nulls { rows: 3 },
        ];
        let input = Input {
            spec,
            slices,
            symbols: Some(&dictionary),
        };
        let expected = slots(column_type, &input.slices, None, required);
        let bytes = file(&[input], &WriterOptions::default());
        assert!(judge::read(&bytes, 0) == expected, "{column_type}");
        assert!(bytes.len() < 10_000, "{column_type}: {} bytes", bytes.len());
    }
}

#[test]
fn extremes_of_integers_round_trip_as_deltas() {
    use column_format::{ColumnType, Layout};
    let long: Vec<u8> = [i64::MAX, i64::MIN + 1, 0, i64::MAX, -1, i64::MIN + 1]
        .iter()
        .cycle()
        .take(1000)
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let int: Vec<u8> = [i32::MAX, i32::MIN + 1, 0, i32::MAX, -1]
        .iter()
        .cycle()
        .take(1000)
        .flat_map(|v| v.to_le_bytes())
        .collect();
    for (column_type, data, width) in [(ColumnType::Long, long, 8), (ColumnType::Int, int, 4)] {
        let slice = ColumnSlice::new(Layout::Fixed(width), &[], &data, 1000).unwrap();
        let spec = ColumnSpec::new("c", column_type).with_encoding(Encoding::Delta);
        let input = Input {
            spec,
            slices: vec![slice],
            symbols: None,
        };
        let expected = slots(column_type, &input.slices, None, false);
        let bytes = file(&[input], &WriterOptions::default());
        assert!(judge::read(&bytes, 0) == expected, "{column_type}");
    }
}
