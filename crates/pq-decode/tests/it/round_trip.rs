//! Every type × null pattern × shape × legal encoding × page version × codec that `pq-encode`
//! writes comes back as it was.

use column_format::ColumnSlice;
use pq_encode::{Codec, ColumnSpec, Encoding, PageVersion, WriterOptions};

use crate::cells::slots;
use crate::data::{Nulls, Shape, all_types, column};
use crate::read::{decode, decoded_slots, facts};
use crate::write::{Input, file};

const CODECS: [Codec; 6] = [
    Codec::None,
    Codec::Snappy,
    Codec::Lz4Raw,
    Codec::Zstd(1),
    Codec::Gzip(1),
    Codec::Brotli(1),
];

fn check(nulls: Nulls, shape: Shape, options: &WriterOptions) {
    let columns: Vec<_> = all_types()
        .into_iter()
        .map(|column_type| column(column_type, 700, nulls, shape, 11))
        .collect();
    let mut inputs = Vec::new();
    for column in &columns {
        let raw = options.raw_arrays && column.column_type.layout().has_aux();
        let named = Encoding::all_legal_for(column.column_type).filter(|_| !raw);
        let named = named.map(Some);
        for encoding in std::iter::once(None).chain(named) {
            let name = format!("{} {encoding:?}", column.column_type);
            let mut spec = ColumnSpec::new(name, column.column_type);
            spec.encoding = encoding;
            inputs.push(Input {
                spec,
                slices: vec![column.slice()],
                symbols: column.symbols.as_ref(),
            });
        }
    }
    let bytes = file(&inputs, options);
    let facts = facts(&bytes);
    for (i, input) in inputs.iter().enumerate() {
        let what = format!("{} {nulls:?} {shape:?} {options:?}", input.spec.name);
        let (wanted, dict, required) = (input.spec.column_type, input.symbols, input.spec.required);
        let decoded = decode(&bytes, &facts, i, wanted, dict);
        let found = decoded_slots(wanted, &decoded, dict, required);
        let expected = slots(wanted, &input.slices, dict, required);
        assert!(found == expected, "{what}");
    }
}

#[test]
fn every_type_null_pattern_shape_and_encoding_comes_back() {
    let mut codecs = CODECS.into_iter().cycle();
    for page_version in [PageVersion::V1, PageVersion::V2] {
        for nulls in Nulls::ALL {
            for shape in [Shape::Wild, Shape::Few, Shape::Rising] {
                let options = WriterOptions {
                    page_version,
                    codec: codecs.next().unwrap(),
                    page_bytes: 4096,
                    page_rows: 270,
                    ..WriterOptions::default()
                };
                check(nulls, shape, &options);
            }
        }
    }
}

#[test]
fn raw_arrays_come_back() {
    for codec in CODECS {
        let options = WriterOptions {
            codec,
            raw_arrays: true,
            ..WriterOptions::default()
        };
        check(Nulls::Random, Shape::Wild, &options);
    }
}

#[test]
fn a_column_without_values_takes_no_memory_and_is_all_null() {
    let column = column(
        column_format::ColumnType::Long,
        1000,
        Nulls::All,
        Shape::Few,
        3,
    );
    let input = Input {
        spec: ColumnSpec::new("n", column.column_type),
        slices: vec![column.slice()],
        symbols: None,
    };
    let bytes = file(&[input], &WriterOptions::default());
    let decoded = decode(&bytes, &facts(&bytes), 0, column.column_type, None);
    assert!(matches!(
        decoded[0].slice().unwrap(),
        ColumnSlice::Nulls { rows: 1000 }
    ));
    assert_eq!(decoded[0].heap_bytes(), 0);
}
