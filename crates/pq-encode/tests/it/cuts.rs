//! P2 for chunks: the cuts of the same rows into slices leave no trace in the bytes.

use column_format::{ColumnSlice, ColumnType};
use pq_encode::{Codec, ColumnSpec, Encoding, PageVersion, WriterOptions};

use crate::data::{Column, Nulls, Rng, Shape, all_types, column};
use crate::write::{Input, chunk};

/// Cuts a column into slices of the lengths that `len` gives.
fn cut<'a>(column: &'a Column, mut len: impl FnMut() -> usize) -> Vec<ColumnSlice<'a>> {
    let mut slices = Vec::new();
    let mut at = 0;
    while at < column.rows {
        let end = (at + len()).min(column.rows);
        slices.push(column.slice().slice(at..end));
        at = end;
    }
    slices
}

fn check(column: &Column, options: &WriterOptions, seed: u64) {
    for encoding in [None]
        .into_iter()
        .chain(Encoding::all_legal_for(column.column_type).map(Some))
    {
        let mut spec = ColumnSpec::new("c", column.column_type);
        spec.encoding = encoding;
        let symbols = column.symbols.as_ref();
        let input = |slices| Input {
            spec: spec.clone(),
            slices,
            symbols,
        };
        let whole = chunk(&input(vec![column.slice()]), options);
        let mut rng = Rng::new(seed);
        for (name, slices) in [
            ("one row", cut(column, || 1)),
            ("1000 rows", cut(column, || 1000)),
            ("random", cut(column, || rng.below(700))),
        ] {
            let parts = chunk(&input(slices), options);
            assert_eq!(
                parts.1, whole.1,
                "{} {encoding:?} {name} {options:?}",
                column.column_type
            );
            assert!(
                parts.0 == whole.0,
                "{} {encoding:?} {name}",
                column.column_type
            );
        }
    }
}

#[test]
fn slices_of_one_thousand_random_and_all_rows_give_the_same_chunk() {
    // Page targets that are met in the middle of slices, in every encoding.
    for (page_bytes, page_rows, codec) in [(1024, 20_000, Codec::Zstd(1)), (5000, 333, Codec::None)]
    {
        let options = WriterOptions {
            page_bytes,
            page_rows,
            codec,
            ..Default::default()
        };
        for column_type in all_types() {
            for (nulls, shape) in [(Nulls::Random, Shape::Wild), (Nulls::Runs, Shape::Few)] {
                check(&column(column_type, 6000, nulls, shape, 11), &options, 5);
            }
        }
    }
}

#[test]
fn a_target_of_many_rows_is_met_at_the_same_row_whatever_the_cuts() {
    let options = WriterOptions {
        page_bytes: 2048,
        page_rows: 1_000_000,
        page_version: PageVersion::V2,
        ..Default::default()
    };
    for column_type in [
        ColumnType::Boolean,
        ColumnType::Long,
        ColumnType::Symbol,
        ColumnType::Int,
    ] {
        for shape in [Shape::Few, Shape::Rising] {
            check(
                &column(column_type, 30_000, Nulls::None, shape, 2),
                &options,
                9,
            );
        }
    }
}

#[test]
fn virtual_nulls_are_the_nulls_that_they_stand_for() {
    for column_type in all_types() {
        let head = column(column_type, 700, Nulls::All, Shape::Few, 1);
        let tail = column(column_type, 800, Nulls::Random, Shape::Few, 2);
        let mut spec = ColumnSpec::new("c", column_type);
        spec.field_id = Some(3);
        let options = WriterOptions {
            page_rows: 500,
            ..Default::default()
        };
        let chunk_of = |slices| {
            chunk(
                &Input {
                    spec: spec.clone(),
                    slices,
                    symbols: tail.symbols.as_ref(),
                },
                &options,
            )
        };
        let virtually = chunk_of(vec![ColumnSlice::Nulls { rows: 700 }, tail.slice()]);
        if column_type.has_null() {
            assert_eq!(
                virtually,
                chunk_of(vec![head.slice(), tail.slice()]),
                "{column_type}"
            );
        } else {
            let zeros = vec![0; 700 * column_type.fixed_width().unwrap()];
            let zeros = ColumnSlice::new(column_type.layout(), &[], &zeros, 700).unwrap();
            assert_eq!(
                virtually,
                chunk_of(vec![zeros, tail.slice()]),
                "{column_type}"
            );
        }
    }
}

/// Chunks of so many rows that only a sample of them is tried.
#[test]
fn choices_from_a_sample_know_neither_cuts_nor_column_tops() {
    let options = WriterOptions::default();
    for column_type in [
        ColumnType::Symbol,
        ColumnType::Varchar,
        ColumnType::String,
        ColumnType::Binary,
        ColumnType::Long,
        ColumnType::Double,
        ColumnType::Uuid,
        ColumnType::Array { dims: 1 },
    ] {
        for (nulls, shape) in [(Nulls::Random, Shape::Few), (Nulls::None, Shape::Wild)] {
            let head = column(column_type, 9000, Nulls::All, shape, 1);
            let tail = column(column_type, 16_000, nulls, shape, 2);
            let chunk_of = |slices| {
                let input = Input {
                    spec: ColumnSpec::new("c", column_type),
                    slices,
                    symbols: tail.symbols.as_ref(),
                };
                chunk(&input, &options)
            };
            let stored = chunk_of(vec![head.slice(), tail.slice()]);
            let mut rng = Rng::new(7);
            let mut parts = vec![ColumnSlice::Nulls { rows: 4100 }];
            parts.push(ColumnSlice::Nulls { rows: 4900 });
            parts.extend(cut(&tail, || 1 + rng.below(3000)));
            assert!(stored == chunk_of(parts), "{column_type} {shape:?}");
        }
    }
}

#[test]
fn an_encoder_has_no_memory_of_earlier_chunks() {
    for column_type in all_types() {
        let first = column(column_type, 3000, Nulls::Random, Shape::Wild, 1);
        let second = column(column_type, 2000, Nulls::None, Shape::Few, 2);
        let options = WriterOptions::default();
        let spec = ColumnSpec::new("c", column_type);
        let mut encoder = pq_encode::ChunkEncoder::new(&spec, &options).unwrap();
        let mut encode = |column: &Column| {
            let mut out = Vec::new();
            let summary = encoder
                .encode(&[column.slice()], column.symbols.as_ref(), &mut out)
                .unwrap();
            (out, summary)
        };
        encode(&first);
        let reused = encode(&second);
        let input = Input {
            spec,
            slices: vec![second.slice()],
            symbols: second.symbols.as_ref(),
        };
        assert!(reused == chunk(&input, &options), "{column_type}");
    }
}
