//! Files that arrow-rs writes: type × encoding × codec × page version × nulls, decoded equal to
//! arrow-rs's own reader.
//!
//! Small pages and a small dictionary: chunks that begin with keys and go on without.

use std::sync::Arc;

use column_format::ColumnType;
use parquet::basic::{Compression, Encoding, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::{ByteArray, FixedLenByteArray};
use parquet::file::properties::{WriterProperties, WriterVersion};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnDescriptor, Type};
use pq_encode::{ColumnSpec, WriterOptions};

use crate::cells::{Slot, slots};
use crate::data::{Column, Nulls, Shape, all_types, column};
use crate::judge;
use crate::read::{decode, decoded_slots, facts};
use crate::write::{Input, file};

/// Encodings that arrow-rs writes for a leaf; `None` is its dictionary with fallback.
fn encodings(leaf: &ColumnDescriptor) -> Vec<Option<Encoding>> {
    use Encoding as E;
    let more: &[E] = match leaf.physical_type() {
        Physical::BOOLEAN => return vec![Some(E::PLAIN), Some(E::RLE)],
        Physical::INT32 | Physical::INT64 => &[E::DELTA_BINARY_PACKED, E::BYTE_STREAM_SPLIT],
        Physical::FLOAT | Physical::DOUBLE => &[E::BYTE_STREAM_SPLIT],
        Physical::BYTE_ARRAY => &[E::DELTA_LENGTH_BYTE_ARRAY, E::DELTA_BYTE_ARRAY],
        Physical::FIXED_LEN_BYTE_ARRAY => &[E::BYTE_STREAM_SPLIT, E::DELTA_BYTE_ARRAY],
        Physical::INT96 => unreachable!("no column is stored so"),
    };
    let all = [None, Some(E::PLAIN)].into_iter();
    all.chain(more.iter().copied().map(Some)).collect()
}

/// The schema that these columns have in our own files.
fn schema(columns: &[Column], required: bool) -> (Arc<Type>, Vec<Vec<Slot>>, bool) {
    let inputs: Vec<_> = columns
        .iter()
        .map(|c| {
            let mut spec = ColumnSpec::new(c.column_type.to_string(), c.column_type);
            spec.required = required;
            Input {
                spec,
                slices: vec![c.slice()],
                symbols: c.symbols.as_ref(),
            }
        })
        .collect();
    let ours = file(&inputs, &WriterOptions::default());
    let reader = SerializedFileReader::new(bytes::Bytes::from(ours)).unwrap();
    let schema = reader
        .metadata()
        .file_metadata()
        .schema_descr()
        .root_schema_ptr();
    let slots = columns
        .iter()
        .map(|c| slots(c.column_type, &[c.slice()], c.symbols.as_ref(), required));
    (schema, slots.collect(), required)
}

/// Writes the slots with arrow-rs; `nth` encoding of each leaf.
fn write(
    schema: &Arc<Type>,
    columns: &[Vec<Slot>],
    nth: usize,
    codec: Compression,
    version: WriterVersion,
) -> Vec<u8> {
    let descriptor = parquet::schema::types::SchemaDescriptor::new(Arc::clone(schema));
    let mut props = WriterProperties::builder()
        .set_writer_version(version)
        .set_compression(codec)
        .set_data_page_row_count_limit(170)
        .set_write_batch_size(64)
        .set_dictionary_page_size_limit(1500);
    for leaf in descriptor.columns() {
        let choices = encodings(leaf);
        let path = leaf.path().clone();
        props = match choices[nth % choices.len()] {
            None => props.set_column_dictionary_enabled(path, true),
            Some(encoding) => props
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, encoding),
        };
    }
    let mut out = Vec::new();
    let props = Arc::new(props.build());
    let mut writer = SerializedFileWriter::new(&mut out, Arc::clone(schema), props).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for slots in columns {
        let mut column = group.next_column().unwrap().unwrap();
        put(column.untyped(), slots);
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
    out
}

fn le<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap()
}

fn put(writer: &mut ColumnWriter<'_>, slots: &[Slot]) {
    let definitions: Vec<i16> = slots.iter().map(|s| s.definition).collect();
    let repetitions: Vec<i16> = slots.iter().map(|s| s.repetition).collect();
    let plain = || slots.iter().filter_map(|s| s.value.as_deref());
    macro_rules! batch {
        ($writer:expr, $of:expr) => {{
            let values: Vec<_> = plain().map($of).collect();
            let levels = (Some(&definitions[..]), Some(&repetitions[..]));
            let _: usize = $writer.write_batch(&values, levels.0, levels.1).unwrap();
        }};
    }
    match writer {
        ColumnWriter::BoolColumnWriter(w) => batch!(w, |v: &[u8]| v == [1]),
        ColumnWriter::Int32ColumnWriter(w) => batch!(w, |v| i32::from_le_bytes(le(v))),
        ColumnWriter::Int64ColumnWriter(w) => batch!(w, |v| i64::from_le_bytes(le(v))),
        ColumnWriter::FloatColumnWriter(w) => batch!(w, |v| f32::from_le_bytes(le(v))),
        ColumnWriter::DoubleColumnWriter(w) => batch!(w, |v| f64::from_le_bytes(le(v))),
        ColumnWriter::ByteArrayColumnWriter(w) => batch!(w, |v: &[u8]| ByteArray::from(v.to_vec())),
        ColumnWriter::FixedLenByteArrayColumnWriter(w) => {
            batch!(w, |v: &[u8]| FixedLenByteArray::from(v.to_vec()));
        }
        ColumnWriter::Int96ColumnWriter(_) => unreachable!("no column is stored so"),
    }
}

/// A null of a type that has none is false or 0.
fn as_decoded(wanted: ColumnType, slot: Slot) -> Slot {
    match slot.value {
        None if !wanted.has_null() => {
            let len = if wanted == ColumnType::Boolean { 1 } else { 4 };
            Slot {
                definition: 1,
                value: Some(vec![0; len]),
                ..slot
            }
        }
        _ => slot,
    }
}

fn check(columns: &[Column], required: bool, codec: Compression, version: WriterVersion) {
    let (schema, slots, required) = schema(columns, required);
    for nth in 0..4 {
        let file = write(&schema, &slots, nth, codec, version);
        let facts = facts(&file);
        for (i, column) in columns.iter().enumerate() {
            let what = format!("{}, {nth}, {codec:?}, {version:?}", column.column_type);
            let (wanted, dict) = (column.column_type, column.symbols.as_ref());
            let decoded = decode(&file, &facts, i, wanted, dict);
            let found = decoded_slots(wanted, &decoded, dict, required);
            let judged = judge_slots(&file, i);
            let expected: Vec<_> = judged.into_iter().map(|s| as_decoded(wanted, s)).collect();
            assert!(found == expected, "{what}");
        }
    }
}

fn judge_slots(file: &[u8], leaf: usize) -> Vec<Slot> {
    judge::read(file, leaf)
}

fn codecs() -> Vec<Compression> {
    vec![
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::LZ4_RAW,
        Compression::ZSTD(parquet::basic::ZstdLevel::default()),
        Compression::GZIP(parquet::basic::GzipLevel::default()),
        Compression::BROTLI(parquet::basic::BrotliLevel::default()),
    ]
}

#[test]
fn every_type_and_encoding_of_arrow_rs_is_read_as_arrow_rs_reads_it() {
    let mut seed = 0;
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        for (codec, nulls) in codecs().into_iter().zip(Nulls::ALL) {
            for shape in [Shape::Wild, Shape::Few, Shape::Rising] {
                seed += 1;
                let columns: Vec<_> = all_types()
                    .into_iter()
                    .map(|t| column(t, 450, nulls, shape, seed))
                    .collect();
                check(&columns, false, codec, version);
            }
        }
    }
}

#[test]
fn every_codec_with_nulls_in_both_page_versions() {
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        for codec in codecs() {
            let columns: Vec<_> = all_types()
                .into_iter()
                .map(|t| column(t, 300, Nulls::Random, Shape::Few, 5))
                .collect();
            check(&columns, false, codec, version);
        }
    }
}

#[test]
fn required_columns_have_no_levels() {
    let columns: Vec<_> = all_types()
        .into_iter()
        .map(|t| column(t, 300, Nulls::None, Shape::Wild, 6))
        .collect();
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        check(&columns, true, Compression::SNAPPY, version);
    }
}
