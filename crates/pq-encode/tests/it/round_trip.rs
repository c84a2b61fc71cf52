//! Every type × null pattern × shape × legal encoding × page version × codec, read by arrow-rs.

use pq_encode::{Codec, ColumnSpec, Encoding, PageVersion, WriterOptions};

use crate::cells::slots;
use crate::data::{Nulls, Shape, all_types, column};
use crate::write::{Input, file};
use crate::{judge, judge2};

fn options(version: PageVersion, codec: Codec) -> WriterOptions {
    // Small pages: several of each kind in every chunk.
    WriterOptions {
        page_version: version,
        codec,
        page_bytes: 4096,
        page_rows: 500,
        ..Default::default()
    }
}

/// Columns of every type with one null pattern, each in every legal encoding.
fn check(nulls: Nulls, shape: Shape, options: &WriterOptions) {
    let columns: Vec<_> = all_types()
        .into_iter()
        .map(|column_type| column(column_type, 1300, nulls, shape, 7))
        .collect();
    let mut inputs = Vec::new();
    for column in &columns {
        let chosen = std::iter::once(None);
        let named = Encoding::all_legal_for(column.column_type).map(Some);
        for encoding in chosen.chain(named) {
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
    let metadata = judge::metadata(&bytes);
    for (i, input) in inputs.iter().enumerate() {
        let what = format!("{} {nulls:?} {shape:?} {options:?}", input.spec.name);
        let spec = &input.spec;
        let expected = slots(
            spec.column_type,
            &input.slices,
            input.symbols,
            spec.required,
        );
        assert!(judge::read(&bytes, i) == expected, "{what}");
        let chunk = metadata.row_group(0).column(i);
        assert_eq!(
            chunk.num_values(),
            i64::try_from(expected.len()).unwrap(),
            "{what}"
        );
        if let Some(encoding) = spec.encoding {
            let wanted = match encoding {
                Encoding::Dictionary => parquet::basic::Encoding::RLE_DICTIONARY,
                Encoding::Plain => parquet::basic::Encoding::PLAIN,
                Encoding::Delta => parquet::basic::Encoding::DELTA_BINARY_PACKED,
                Encoding::DeltaLength => parquet::basic::Encoding::DELTA_LENGTH_BYTE_ARRAY,
                Encoding::ByteStreamSplit => parquet::basic::Encoding::BYTE_STREAM_SPLIT,
                Encoding::Rle => parquet::basic::Encoding::RLE,
            };
            assert!(chunk.encodings().any(|e| e == wanted), "{what}");
        }
        if options.codec == Codec::None {
            judge2::check(&bytes, i, &expected, &what);
        }
    }
}

#[test]
fn every_type_null_pattern_and_encoding_in_both_page_versions_uncompressed() {
    for version in [PageVersion::V1, PageVersion::V2] {
        for nulls in Nulls::ALL {
            check(nulls, Shape::Wild, &options(version, Codec::None));
        }
    }
}

#[test]
fn few_and_rising_values_in_both_page_versions() {
    for shape in [Shape::Few, Shape::Rising] {
        for nulls in [Nulls::None, Nulls::Random] {
            check(nulls, shape, &options(PageVersion::V1, Codec::None));
            check(nulls, shape, &options(PageVersion::V2, Codec::Zstd(3)));
        }
    }
}

#[test]
fn every_codec_in_both_page_versions() {
    let codecs = [
        Codec::Snappy,
        Codec::Lz4Raw,
        Codec::Zstd(1),
        Codec::Zstd(9),
        Codec::Gzip(6),
        Codec::Brotli(3),
    ];
    for codec in codecs {
        for version in [PageVersion::V1, PageVersion::V2] {
            // Few values: nothing is stored for want of gain.
            check(Nulls::Runs, Shape::Few, &options(version, codec));
        }
    }
}

#[test]
fn whole_pages_of_the_default_size() {
    for column_type in all_types() {
        let column = column(column_type, 45_000, Nulls::Random, Shape::Wild, 3);
        let spec = ColumnSpec::new("c", column_type);
        let required = spec.required;
        let input = Input {
            spec,
            slices: vec![column.slice()],
            symbols: column.symbols.as_ref(),
        };
        let expected = slots(column_type, &input.slices, input.symbols, required);
        let bytes = file(&[input], &WriterOptions::default());
        assert!(judge::read(&bytes, 0) == expected, "{column_type}");
    }
}

#[test]
fn raw_arrays_are_the_stored_bytes() {
    use column_format::{ColumnSlice, ColumnType};
    let column = column(
        ColumnType::Array { dims: 3 },
        900,
        Nulls::Random,
        Shape::Wild,
        5,
    );
    let spec = ColumnSpec::new("c", column.column_type);
    let input = Input {
        spec,
        slices: vec![column.slice()],
        symbols: None,
    };
    let options = WriterOptions {
        raw_arrays: true,
        ..options(PageVersion::V1, Codec::Zstd(1))
    };
    let bytes = file(&[input], &options);
    let ColumnSlice::Array(array) = column.slice() else {
        panic!("an array")
    };
    let found = judge::read(&bytes, 0);
    assert_eq!(found.len(), 900);
    for (row, slot) in found.iter().enumerate() {
        assert_eq!(slot.value.as_deref(), array.raw(row).unwrap(), "row {row}");
    }
}
