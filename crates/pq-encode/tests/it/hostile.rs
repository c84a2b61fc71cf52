//! P11: column bytes that nobody wrote give typed errors, never a panic.

use bytes::Bytes;
use column_format::{ColumnSlice, ColumnType, Layout, SymbolDict};
use pq_encode::{
    ChunkEncoder, ColumnSpec, EncodeError, Encoding, PageSink, SinkError, WriterOptions,
};
use proptest::prelude::*;

use crate::data::{Nulls, Shape, all_types, column, symbols};

fn encode(
    spec: &ColumnSpec,
    slices: &[ColumnSlice<'_>],
    symbols: Option<&SymbolDict>,
) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::new();
    let mut encoder = ChunkEncoder::new(spec, &WriterOptions::default()).unwrap();
    encoder.encode(slices, symbols, &mut out).map(|_| out)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Invariant: any bytes in place of a column's are encoded or refused.
    #[test]
    fn bytes_that_nobody_wrote_are_encoded_or_refused(
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        in_aux in any::<bool>(),
        seed in any::<u64>(),
    ) {
        for column_type in all_types() {
            let mut column = column(column_type, 120, Nulls::Random, Shape::Wild, seed);
            let bytes = if in_aux && !column.aux.is_empty() { &mut column.aux } else { &mut column.data };
            if bytes.is_empty() {
                continue;
            }
            for (index, value) in &flips {
                let at = index.index(bytes.len());
                bytes[at] = *value;
            }
            let layout = column_type.layout();
            let Ok(slice) = ColumnSlice::new(layout, &column.aux, &column.data, 120) else { continue };
            for encoding in [None].into_iter().chain(Encoding::all_legal_for(column_type).map(Some)) {
                let mut spec = ColumnSpec::new("c", column_type);
                spec.encoding = encoding;
                if let Err(error) = encode(&spec, &[slice], column.symbols.as_ref()) {
                    let typed = matches!(
                        error,
                        EncodeError::Layout { slice: 0, row: 0..120, .. }
                            | EncodeError::SymbolKey { slice: 0, row: 0..120, .. }
                    );
                    prop_assert!(typed, "{column_type}: {error}");
                }
            }
        }
    }
}

#[test]
fn a_bad_symbol_key_is_named_with_its_row() {
    let dictionary = symbols(&[&[97], &[98]]);
    let good = [0_i32, 1, i32::MIN].map(i32::to_le_bytes).concat();
    for bad in [2, -1, i32::MAX] {
        let data = [1, bad, 0].map(i32::to_le_bytes).concat();
        let slices = [&good, &data].map(|d| ColumnSlice::new(Layout::Fixed(4), &[], d, 3).unwrap());
        for encoding in [Encoding::Dictionary, Encoding::DeltaLength, Encoding::Plain] {
            let spec = ColumnSpec::new("c", ColumnType::Symbol).with_encoding(encoding);
            let error = encode(&spec, &slices, Some(&dictionary)).unwrap_err();
            let named = matches!(
                error,
                EncodeError::SymbolKey { slice: 1, row: 4, found, count: 2 } if found == bad
            );
            assert!(named, "{encoding}: {error}");
        }
    }
}

#[test]
fn a_symbol_column_without_its_dictionary_is_refused() {
    let data = 0_i32.to_le_bytes();
    let slice = ColumnSlice::new(Layout::Fixed(4), &[], &data, 1).unwrap();
    let spec = ColumnSpec::new("c", ColumnType::Symbol);
    assert!(matches!(
        encode(&spec, &[slice], None),
        Err(EncodeError::NoDictionary)
    ));
}

#[test]
fn a_slice_of_another_layout_is_named() {
    let data = [0; 64];
    for column_type in all_types() {
        let width = if column_type.fixed_width() == Some(8) {
            4
        } else {
            8
        };
        let wrong = ColumnSlice::new(Layout::Fixed(width), &[], &data, 2).unwrap();
        let nulls = ColumnSlice::Nulls { rows: 5 };
        let spec = ColumnSpec::new("c", column_type);
        let dictionary = symbols(&[&[97]]);
        let error = encode(&spec, &[nulls, wrong], Some(&dictionary)).unwrap_err();
        assert!(
            matches!(error, EncodeError::WrongLayout { slice: 1, .. }),
            "{column_type}: {error}"
        );
    }
}

#[test]
fn a_null_where_none_may_be_is_named_with_its_row() {
    let mut writer = column_format::VarcharWriter::new();
    for value in [Some("a"), Some("a value of more than nine bytes"), None] {
        writer.push(value.map(str::as_bytes)).unwrap();
    }
    let (aux, data) = writer.take();
    let slice = ColumnSlice::new(Layout::Varchar, &aux, &data, 3).unwrap();
    let mut spec = ColumnSpec::new("c", ColumnType::Varchar);
    spec.required = true;
    let error = encode(&spec, &[slice.slice(0..2), slice], None).unwrap_err();
    assert!(
        matches!(error, EncodeError::NullInRequired { slice: 1, row: 4 }),
        "{error}"
    );
}

#[test]
fn a_sink_that_fails_stops_the_chunk_and_its_cause_comes_back() {
    struct Full;
    impl PageSink for Full {
        fn page(&mut self, _: &[u8]) -> Result<(), SinkError> {
            Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into())
        }
    }
    let column = column(ColumnType::Long, 10, Nulls::None, Shape::Wild, 1);
    let spec = ColumnSpec::new("c", ColumnType::Long);
    let mut encoder = ChunkEncoder::new(&spec, &WriterOptions::default()).unwrap();
    let error = encoder
        .encode(&[column.slice()], None, &mut Full)
        .unwrap_err();
    let EncodeError::Sink(error) = error else {
        panic!("{error}")
    };
    let cause = error.cause().downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(cause.kind(), std::io::ErrorKind::StorageFull);
    // And the encoder is as good as new.
    assert!(
        encoder
            .encode(&[column.slice()], None, &mut Vec::new())
            .is_ok()
    );
}

#[test]
fn a_dictionary_whose_entries_are_missing_is_an_error() {
    // Keys are checked against the dictionary given, not the one that was meant.
    let small = symbols(&[&[97]]);
    let data = [0_i32, 0, 1].map(i32::to_le_bytes).concat();
    let slice = ColumnSlice::new(Layout::Fixed(4), &[], &data, 3).unwrap();
    let spec = ColumnSpec::new("c", ColumnType::Symbol);
    let error = encode(&spec, &[slice], Some(&small)).unwrap_err();
    assert!(matches!(
        error,
        EncodeError::SymbolKey {
            row: 2,
            found: 1,
            count: 1,
            ..
        }
    ));
    let torn = SymbolDict::new(&Bytes::new(), &Bytes::new(), 1);
    assert!(torn.is_err());
}
