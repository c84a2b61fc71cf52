//! Text and bytes that come value by value.

use std::sync::Arc;

use column_format::{BinaryWriter, ColumnSlice, ColumnType, Layout, VarcharWriter};
use pq_encode::{
    ChunkSummary, ColumnSpec, EncodeError, MemoryStores, PushEncoder, SpooledChunk, WriterOptions,
};

fn encoder(column_type: ColumnType) -> PushEncoder {
    let options = WriterOptions {
        page_bytes: 16 << 10,
        ..Default::default()
    };
    let spec = ColumnSpec::new("c", column_type);
    PushEncoder::new(&spec, &options, Arc::new(MemoryStores)).unwrap()
}

fn bytes_of(chunk: SpooledChunk) -> (Vec<u8>, ChunkSummary) {
    let (mut spool, summary) = chunk.into_parts();
    let mut bytes = Vec::new();
    spool.drain(&mut bytes).unwrap();
    (bytes, summary)
}

/// Nulls, values of every length up to a portion's, and beyond a portion and a page.
fn values() -> Vec<Option<Vec<u8>>> {
    let len = |row: usize| match row % 97 {
        0 => 20_000,
        1 => 4096 - 16,
        2 => 4097 - 16,
        _ => row * 31 % 700,
    };
    let value = |row: usize| {
        let letter = b'a' + u8::try_from(row % 23).unwrap();
        (row % 7 != 3).then(|| vec![letter; len(row)])
    };
    (0..3000).map(value).collect()
}

#[test]
fn value_by_value_the_chunk_is_that_of_the_layout() {
    let values = values();
    let (mut binary, mut varchar) = (BinaryWriter::new(), VarcharWriter::new());
    for value in &values {
        binary.push(value.as_deref()).unwrap();
        varchar.push(value.as_deref()).unwrap();
    }
    let rows = values.len();
    let stored = [
        (ColumnType::Binary, Layout::Binary, binary.take()),
        (ColumnType::Varchar, Layout::Varchar, varchar.take()),
    ];
    for (column_type, layout, (aux, data)) in stored {
        let mut whole = encoder(column_type);
        let slice = ColumnSlice::new(layout, &aux, &data, rows).unwrap();
        whole.write(&slice, None).unwrap();
        let whole = bytes_of(whole.finish(None).unwrap());
        assert_eq!(whole.1.rows, 3000);
        let mut parts = encoder(column_type);
        for batch in values.chunks(777) {
            let batch = batch.iter().map(Option::as_deref);
            parts.write_values(batch).unwrap();
        }
        parts.write_values([]).unwrap();
        assert_eq!(parts.rows(), 3000);
        let parts = bytes_of(parts.finish(None).unwrap());
        assert!(parts.0 == whole.0, "{column_type}");
        assert_eq!(parts.1.statistics.null_count, whole.1.statistics.null_count);
    }
}

#[test]
fn columns_of_other_types_take_no_values() {
    for column_type in [ColumnType::String, ColumnType::Symbol, ColumnType::Int] {
        let refused = encoder(column_type).write_values([Some(&b"x"[..])]);
        let Err(EncodeError::WrongLayout { expected, .. }) = refused else {
            panic!("{column_type}: {refused:?}");
        };
        assert_eq!(expected, column_type.to_string());
    }
}

#[test]
fn a_text_that_is_too_long_is_an_error_and_the_encoder_is_good_for_another_chunk() {
    let mut encoder = encoder(ColumnType::Varchar);
    let long = vec![0; 1 << 28];
    let refused = encoder.write_values([Some(&b"x"[..]), Some(&long)]);
    let Err(EncodeError::TooLarge { limit, found, .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((limit, found), ((1 << 28) - 1, 1 << 28));
    encoder.write_values([Some(&b"y"[..]), None]).unwrap();
    let (_, summary) = bytes_of(encoder.finish(None).unwrap());
    assert_eq!((summary.rows, summary.statistics.null_count), (2, Some(1)));
}
