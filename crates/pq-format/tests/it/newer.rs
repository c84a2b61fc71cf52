//! What is younger than this crate is passed over, not refused.
//!
//! arrow-rs 60 writes a union member for the order of floats that readers of 2022 refuse, together
//! with the whole file; a file of it is in `tests/data`.

use pq_format::{
    BloomFilterHeader, CodecId, ColumnIndex, ColumnOrder, ConvertedType, Encoding, FileMetaData,
    FormatError, KeyValue, LogicalType, OffsetIndex, PageHeader, PageKind, PageType, PhysicalType,
    Repetition, Schema, SchemaNode, read_footer, read_metadata, write_footer,
};

use crate::testdata::{footer, own};

/// One field of every type of the protocol with ids that nobody uses, to stand before a stop.
fn unknown_fields() -> Vec<u8> {
    let id = |kind: u8| [kind, 0xa2, 0x1f]; // long form, field 2001
    [
        &id(1)[..],
        &id(2),
        &id(3),
        &[0x7f],
        &id(4),
        &[0x80, 0x01],
        &id(5),
        &[0x03],
        &id(6),
        &[0xff; 9],
        &[0x01],
        &id(7),
        &[1, 2, 3, 4, 5, 6, 7, 8],
        &id(8),
        &[3, b'x', b'y', b'z'],
        &id(9), // a list of structures, one of which has a list of booleans
        &[0x2c, 0x19, 0x31, 1, 2, 1, 0x00, 0x00],
        &id(10), // a set of three numbers
        &[0x35, 2, 4, 6],
        &id(11), // a map from text to lists, and an empty one
        &[0x02, 0x89, 1, b'k', 0x15, 2, 1, b'l', 0x05],
        &id(11),
        &[0x00],
        &id(12), // a structure within a structure
        &[0x1c, 0x15, 0x02, 0x00, 0x00],
        &id(13),
        &[7; 16],
    ]
    .concat()
}

fn with_unknown_fields(bytes: &[u8]) -> Vec<u8> {
    let (stop, fields) = bytes.split_last().unwrap();
    assert_eq!(*stop, 0);
    [fields, &unknown_fields(), &[0]].concat()
}

fn meta(logical: Option<LogicalType>) -> FileMetaData {
    let physical = PhysicalType::FixedLenByteArray(16);
    let leaf = SchemaNode::leaf("c", Repetition::Optional, physical, logical).with_field_id(3);
    FileMetaData {
        version: 2,
        schema: Schema::new(vec![leaf]),
        key_value_metadata: vec![KeyValue {
            key: "k".into(),
            value: None,
        }],
        column_orders: vec![ColumnOrder::TypeDefined],
        ..Default::default()
    }
}

#[test]
fn unknown_fields_are_passed_over() {
    let meta = meta(Some(LogicalType::Uuid));
    let bytes = write_footer(&meta).unwrap();
    assert_eq!(
        read_metadata(&with_unknown_fields(footer(&bytes))).unwrap(),
        meta
    );

    let kind = PageKind::Other(PageType::Index);
    let header = PageHeader {
        uncompressed_len: 5,
        compressed_len: 4,
        crc: Some(3),
        kind,
    };
    let mut bytes = Vec::new();
    header.write(&mut bytes).unwrap();
    let bytes = with_unknown_fields(&bytes);
    assert_eq!(PageHeader::read(&bytes).unwrap(), (header, bytes.len()));

    let mut bytes = Vec::new();
    OffsetIndex::default().write(&mut bytes).unwrap();
    let bytes = with_unknown_fields(&bytes);
    assert_eq!(OffsetIndex::read(&bytes).unwrap(), OffsetIndex::default());

    let mut bytes = Vec::new();
    BloomFilterHeader { num_bytes: 64 }
        .write(&mut bytes)
        .unwrap();
    let bytes = with_unknown_fields(&bytes);
    let header = (BloomFilterHeader { num_bytes: 64 }, bytes.len());
    assert_eq!(BloomFilterHeader::read(&bytes).unwrap(), header);
}

#[test]
fn unknown_orders_are_kept_as_such() {
    for order in [ColumnOrder::Ieee754TotalOrder, ColumnOrder::Unknown(7)] {
        let mut meta = meta(None);
        meta.column_orders = vec![order];
        assert_eq!(read_footer(&write_footer(&meta).unwrap()).unwrap(), meta);
    }
}

/// Puts another union member where UUID (14) stands.
fn with_logical_member(member: &[u8]) -> Vec<u8> {
    let bytes = write_footer(&meta(Some(LogicalType::Uuid))).unwrap();
    let thrift = footer(&bytes);
    let uuid = [0xec, 0x00, 0x00];
    let at = thrift.windows(3).position(|w| w == uuid).unwrap();
    let mut changed = thrift.to_vec();
    changed.splice(at..at + 3, [member, &[0x00]].concat());
    changed
}

#[test]
fn unknown_logical_types_are_kept_as_such_and_not_written() {
    // GEOMETRY (17) with a text; a timestamp (8) of a unit (9) that does not exist yet.
    let geometry = [&[0x0c, 34, 0x18, 3][..], b"abc", &[0x00]].concat();
    let timestamp = [0x8c, 0x11, 0x1c, 0x9c, 0x00, 0x00, 0x00].to_vec();
    for (member, id) in [(geometry, 17), (timestamp, 8)] {
        let found = read_metadata(&with_logical_member(&member)).unwrap();
        assert_eq!(found, meta(Some(LogicalType::Unknown(id))));
        let again = read_footer(&write_footer(&found).unwrap()).unwrap();
        assert_eq!(again, meta(None));
    }
}

#[test]
fn unknown_numbers_are_kept_as_such() {
    let mut meta = meta(None);
    meta.schema.fields[0].converted = Some(ConvertedType::Unknown(40));
    assert_eq!(read_footer(&write_footer(&meta).unwrap()).unwrap(), meta);
    assert_eq!(CodecId::from_code(12), CodecId::Unknown(12));
    assert_eq!(Encoding::from_code(1), Encoding::Unknown(1));
}

/// What gives a column its shape cannot be guessed.
#[test]
fn unknown_physical_types_and_repetitions_are_refused() {
    let bytes = write_footer(&meta(None)).unwrap();
    let thrift = footer(&bytes);
    // type FIXED_LEN_BYTE_ARRAY (7), length 16, repetition OPTIONAL (1)
    let element = [0x15, 0x0e, 0x15, 0x20, 0x15, 0x02];
    let at = thrift.windows(6).position(|w| w == element).unwrap();
    for (offset, what) in [
        (1, "SchemaElement.type"),
        (5, "SchemaElement.repetition_type"),
    ] {
        let mut changed = thrift.to_vec();
        changed[at + offset] = 0x20;
        match read_metadata(&changed) {
            Err(FormatError::Unsupported { what: w, .. }) => assert_eq!(w, what),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_file_of_arrow_rs_60_with_floats_is_read() {
    let file = own("arrow-rs-60-floats.parquet");
    let meta = read_footer(&file).unwrap();
    assert!(
        meta.created_by
            .as_deref()
            .unwrap()
            .starts_with("parquet-rs version 60.")
    );
    let orders = [
        ColumnOrder::Ieee754TotalOrder,
        ColumnOrder::Ieee754TotalOrder,
        ColumnOrder::TypeDefined,
    ];
    assert_eq!(meta.column_orders, orders);
    let stats = meta.row_groups[0].columns[0]
        .meta
        .statistics
        .as_ref()
        .unwrap();
    assert_eq!(stats.nan_count, Some(1));
    assert_eq!(stats.min_value, Some((-1.5f64).to_le_bytes().to_vec()));
    assert_eq!(stats.max_value, Some(2.5f64.to_le_bytes().to_vec()));
    let range = meta.row_groups[0].columns[0].column_index.unwrap();
    let at = usize::try_from(range.offset).unwrap();
    let index = ColumnIndex::read(&file[at..at + range.length as usize]).unwrap();
    assert_eq!(index.nan_counts, [1]);
    // The reader of 2022 refuses it: this is why the protocol is ours.
    assert!(parquet2::read::read_metadata(&mut std::io::Cursor::new(&file)).is_err());
}

#[test]
fn list_headers_and_booleans_of_old_writers_are_read() {
    // An empty list may have any element type; booleans in lists were once 0 and 1.
    let empty = [0x19, 0x00, 0x19, 0x00, 0x19, 0x00, 0x15, 0x00, 0x00];
    assert!(ColumnIndex::read(&empty).unwrap().null_pages.is_empty());
    let old = [
        0x19, 0x22, 0, 1, 0x19, 0x28, 0, 0, 0x19, 0x28, 0, 0, 0x15, 0x00, 0x00,
    ];
    assert_eq!(ColumnIndex::read(&old).unwrap().null_pages, [false, true]);
}
