//! Bloom filters: written where they are wanted, sized by what was counted, read by arrow-rs.

use std::sync::Arc;

use bytes::Bytes;
use column_format::ColumnType;
use parquet::bloom_filter::Sbbf;
use parquet::file::properties::ReaderProperties;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::{ReadOptionsBuilder, SerializedFileReader};
use pq_encode::{
    BloomRate, ChunkEncoder, ColumnSpec, Encoding, MemoryStores, OptionError, WriterOptions,
};
use pq_format::BloomFilter;

use crate::cells::slots;
use crate::data::{Column, Nulls, Shape, all_types, column};
use crate::push;
use crate::write::{Input, groups};

/// The filters of the first column, one a row group, as arrow-rs reads them.
fn filters(file: &[u8]) -> Vec<Option<Sbbf>> {
    let properties = ReaderProperties::builder()
        .set_read_bloom_filter(true)
        .build();
    let options = ReadOptionsBuilder::new()
        .with_reader_properties(properties)
        .build();
    let file = Bytes::copy_from_slice(file);
    let reader = SerializedFileReader::new_with_options(file, options).unwrap();
    (0..reader.num_row_groups())
        .map(|group| {
            let group = reader.get_row_group(group).unwrap();
            group.get_column_bloom_filter(0).cloned()
        })
        .collect()
}

fn pulled(spec: &ColumnSpec, column: &Column, options: &WriterOptions) -> Vec<u8> {
    let half = column.rows / 2;
    let input = |rows| Input {
        spec: spec.clone(),
        slices: vec![column.slice().slice(rows)],
        symbols: column.symbols.as_ref(),
    };
    groups(&[&[input(0..half)], &[input(half..column.rows)]], options)
}

fn pushed(spec: &ColumnSpec, column: &Column, options: &WriterOptions) -> Vec<u8> {
    let half = u64::try_from(column.rows / 2).unwrap();
    push::file(spec, column, options, half, MemoryStores)
}

fn has_bloom(column_type: ColumnType) -> bool {
    !matches!(column_type, ColumnType::Boolean | ColumnType::Array { .. })
}

#[test]
fn every_value_is_found_in_every_encoding_and_the_size_follows_the_distinct_values() {
    for column_type in all_types().into_iter().filter(|t| has_bloom(*t)) {
        for shape in [Shape::Wild, Shape::Few] {
            let column = column(column_type, 3000, Nulls::Random, shape, 7);
            let required = !column_type.has_null();
            let symbols = column.symbols.as_ref();
            let expected = slots(column_type, &[column.slice()], symbols, required);
            for encoding in [None]
                .into_iter()
                .chain(Encoding::all_legal_for(column_type).map(Some))
            {
                let mut spec = ColumnSpec::new("c", column_type).with_bloom(BloomRate::DEFAULT);
                spec.encoding = encoding;
                let options = WriterOptions {
                    page_bytes: 2048,
                    ..Default::default()
                };
                for (mode, file) in [
                    ("pull", pulled(&spec, &column, &options)),
                    ("push", pushed(&spec, &column, &options)),
                ] {
                    let what = format!("{column_type} {shape:?} {encoding:?} {mode}");
                    check(&file, &expected, &what);
                }
            }
        }
    }
}

fn check(file: &[u8], expected: &[crate::cells::Slot], what: &str) {
    let filters = filters(file);
    let footer = pq_format::read_footer(file).unwrap();
    let halves = expected.split_at(expected.len() / 2);
    for ((filter, rows), group) in filters
        .iter()
        .zip([halves.0, halves.1])
        .zip(&footer.row_groups)
    {
        let filter = filter.as_ref().unwrap();
        let mut values: Vec<_> = rows.iter().filter_map(|slot| slot.value.clone()).collect();
        for value in &values {
            assert!(
                filter.check(value.as_slice()),
                "{what}: {value:?} is missing"
            );
        }
        values.sort();
        values.dedup();
        // Counting misses as many as the filter is wrong, and zeros count twice.
        let distinct = u64::try_from(values.len()).unwrap();
        let sizes = [distinct * 97 / 100, distinct + 1].map(|n| {
            let bytes = BloomFilter::bytes_for(n, 0.01).unwrap();
            u32::try_from(bytes).unwrap()
        });
        let len = group.columns[0].meta.bloom_filter_length.unwrap();
        assert!(
            sizes.iter().any(|size| (*size..size + 32).contains(&len)),
            "{what}: {len}"
        );
    }
}

#[test]
fn values_that_are_absent_are_rarely_found() {
    let column = column(ColumnType::Uuid, 20_000, Nulls::None, Shape::Wild, 7);
    for rate in ["0.1", "0.01", "0.001"] {
        let rate: BloomRate = rate.parse().unwrap();
        let spec = ColumnSpec::new("c", ColumnType::Uuid).with_bloom(rate);
        let filters = filters(&pulled(&spec, &column, &WriterOptions::default()));
        let filter = filters[0].as_ref().unwrap();
        let found = (0..50_000_u128)
            .filter(|i| filter.check(i.to_be_bytes().as_slice()))
            .count();
        let most = f64::from(50_000) * rate.get() * 1.3 + 10.0;
        assert!(
            f64::from(u32::try_from(found).unwrap()) <= most,
            "{rate}: {found}"
        );
    }
}

#[test]
fn auto_means_uuids_and_text_without_a_dictionary() {
    let options = WriterOptions {
        bloom_auto: Some(BloomRate::DEFAULT),
        ..Default::default()
    };
    for (column_type, shape, expected) in [
        (ColumnType::Uuid, Shape::Few, true),
        (ColumnType::Uuid, Shape::Wild, true),
        (ColumnType::Varchar, Shape::Wild, true),
        (ColumnType::Varchar, Shape::Few, false),
        (ColumnType::Symbol, Shape::Few, false),
        (ColumnType::Long, Shape::Wild, false),
        (ColumnType::Boolean, Shape::Few, false),
        (ColumnType::Array { dims: 1 }, Shape::Wild, false),
    ] {
        let column = column(column_type, 9000, Nulls::Random, shape, 7);
        let spec = ColumnSpec::new("c", column_type);
        for file in [
            pulled(&spec, &column, &options),
            pushed(&spec, &column, &options),
        ] {
            for filter in filters(&file) {
                assert_eq!(filter.is_some(), expected, "{column_type} {shape:?}");
            }
        }
    }
}

#[test]
fn a_type_without_filters_is_refused_by_name() {
    for column_type in all_types() {
        let spec = ColumnSpec::new("the_column", column_type).with_bloom(BloomRate::DEFAULT);
        let made = ChunkEncoder::new(&spec, &WriterOptions::default());
        let pushed =
            pq_encode::PushEncoder::new(&spec, &WriterOptions::default(), Arc::new(MemoryStores));
        assert_eq!(made.is_ok(), has_bloom(column_type));
        assert_eq!(pushed.is_ok(), has_bloom(column_type));
        if let Err(error) = made {
            assert!(matches!(error, OptionError::NoBloom { .. }));
            let text = error.to_string();
            assert!(
                text.contains("the_column") && text.contains("BOOLEAN"),
                "{text}"
            );
        }
    }
}
