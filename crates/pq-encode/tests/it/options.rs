//! P13: what cannot be is refused by name, and everything else is honoured.

use column_format::ColumnType;
use pq_encode::{
    ChunkEncoder, Codec, ColumnSpec, Encoding, FileAssembler, FileProperties, OptionError,
    WriterOptions,
};

use crate::data::{Nulls, Shape, all_types, column};
use crate::write::{Input, chunk};

#[test]
fn every_illegal_pair_of_type_and_encoding_is_refused_by_name() {
    let options = WriterOptions::default();
    for column_type in all_types() {
        for encoding in Encoding::ALL {
            let spec = ColumnSpec::new("the_column", column_type).with_encoding(encoding);
            let made = ChunkEncoder::new(&spec, &options);
            if encoding.legal_for(column_type) {
                assert!(made.is_ok(), "{column_type} {encoding}");
                continue;
            }
            let error = made.unwrap_err();
            assert!(matches!(error, OptionError::IllegalEncoding { .. }));
            let text = error.to_string();
            for part in [
                "the_column",
                &column_type.to_string(),
                encoding.name(),
                "plain",
            ] {
                assert!(text.contains(part), "{text}: no {part}");
            }
        }
    }
}

#[test]
fn the_table_of_legal_pairs_is_the_one_of_the_design() {
    use ColumnType as T;
    let legal = |column_type| {
        Encoding::all_legal_for(column_type)
            .map(Encoding::alias)
            .collect::<Vec<_>>()
            .join(" ")
    };
    for (column_type, expected) in [
        (T::Boolean, "plain rle"),
        (T::Byte, "plain dictionary delta"),
        (T::Char, "plain dictionary delta"),
        (T::Ipv4, "plain dictionary delta"),
        (T::Date, "plain dictionary delta"),
        (T::Geohash { bits: 60 }, "plain dictionary delta"),
        (T::Double, "plain dictionary bss"),
        (T::Uuid, "plain dictionary bss"),
        (
            T::Decimal {
                precision: 4,
                scale: 1,
            },
            "plain dictionary bss",
        ),
        (T::Symbol, "plain dictionary delta_length"),
        (T::Varchar, "plain dictionary delta_length"),
        (T::Binary, "plain dictionary delta_length"),
        (T::Array { dims: 2 }, "plain bss"),
    ] {
        assert_eq!(legal(column_type), expected, "{column_type}");
    }
}

#[test]
fn raw_arrays_can_be_plain_only() {
    let spec = ColumnSpec::new("a", ColumnType::Array { dims: 1 })
        .with_encoding(Encoding::ByteStreamSplit);
    let options = WriterOptions {
        raw_arrays: true,
        ..Default::default()
    };
    assert!(ChunkEncoder::new(&spec, &WriterOptions::default()).is_ok());
    assert!(ChunkEncoder::new(&spec, &options).is_err());
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    let good = WriterOptions::default;
    for (options, name) in [
        (
            WriterOptions {
                page_bytes: 0,
                ..good()
            },
            "page-bytes",
        ),
        (
            WriterOptions {
                page_bytes: usize::MAX,
                ..good()
            },
            "page-bytes",
        ),
        (
            WriterOptions {
                page_rows: 0,
                ..good()
            },
            "page-rows",
        ),
        (
            WriterOptions {
                min_gain_percent: 101,
                ..good()
            },
            "min-gain-percent",
        ),
        (
            WriterOptions {
                codec: Codec::Zstd(23),
                ..good()
            },
            "zstd",
        ),
    ] {
        let spec = ColumnSpec::new("c", ColumnType::Int);
        let error = ChunkEncoder::new(&spec, &options).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
        let made = FileAssembler::new(Vec::new(), &[spec], &options, FileProperties::default());
        assert!(made.unwrap_err().to_string().contains(name));
    }
    let spec = ColumnSpec::new("c", ColumnType::Int).with_codec(Codec::Gzip(10));
    assert!(
        ChunkEncoder::new(&spec, &good())
            .unwrap_err()
            .to_string()
            .contains("gzip")
    );
}

#[test]
fn names_of_columns_must_tell_them_apart() {
    let options = WriterOptions::default();
    for names in [&["a", "b", "a"][..], &["a", ""]] {
        let specs: Vec<_> = names
            .iter()
            .map(|name| ColumnSpec::new(*name, ColumnType::Int))
            .collect();
        let made = FileAssembler::new(Vec::new(), &specs, &options, FileProperties::default());
        let error = made.unwrap_err().to_string();
        assert!(
            error.contains(&format!("`{}`", names.last().unwrap())),
            "{error}"
        );
    }
}

#[test]
fn an_encoding_asked_for_by_name_is_the_one_written() {
    for column_type in all_types() {
        for encoding in Encoding::all_legal_for(column_type) {
            for shape in [Shape::Wild, Shape::Few] {
                let column = column(column_type, 2000, Nulls::Random, shape, 1);
                let spec = ColumnSpec::new("c", column_type).with_encoding(encoding);
                let slices = vec![column.slice()];
                let input = Input {
                    spec,
                    slices,
                    symbols: column.symbols.as_ref(),
                };
                let (_, summary) = chunk(&input, &WriterOptions::default());
                assert_eq!(summary.encoding, encoding, "{column_type}");
            }
        }
    }
}
