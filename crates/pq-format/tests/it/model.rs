//! Metadata, both ways.
//!
//! Invariants: read ∘ write = identity for every structure with any optional fields; arrow-rs reads
//! the same from our bytes, parquet2 what its older format knows; equal values give equal bytes;
//! numbers that the format cannot hold are refused when written, negative ones when read.

use parquet::file::metadata::ParquetMetaDataReader;
use pq_format::{
    BoundaryOrder, ColumnIndex, DataPageHeader, DataPageHeaderV2, DictionaryPageHeader, Encoding,
    FileMetaData, FormatError, LogicalType, OffsetIndex, PageHeader, PageKind, PageLocation,
    PageType, PhysicalType, Repetition, RowGroup, Schema, SchemaNode, footer_end, footer_head,
    read_footer, read_metadata, write_footer,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::arbitrary::{self, count, small_count, statistics};
use crate::compare::same_file;
use crate::testdata::footer;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn footers_return_and_arrow_rs_reads_the_same(meta in arbitrary::file()) {
        meta.schema.check().unwrap();
        let bytes = write_footer(&meta).unwrap();
        prop_assert_eq!(&read_footer(&bytes).unwrap(), &meta);
        prop_assert_eq!(&write_footer(&meta.clone()).unwrap(), &bytes);
        let theirs = ParquetMetaDataReader::decode_metadata(footer(&bytes)).unwrap();
        same_file(&meta, &theirs);
    }

    #[test]
    fn a_footer_written_in_parts_is_the_footer(meta in arbitrary::file()) {
        let rest = FileMetaData { row_groups: Vec::new(), ..meta.clone() };
        let mut bytes = footer_head(&rest, meta.row_groups.len()).unwrap();
        for group in &meta.row_groups {
            let start = bytes.len();
            group.append_to(&mut bytes).unwrap();
            prop_assert_eq!(&RowGroup::from_bytes(&bytes[start..]).unwrap(), group);
        }
        bytes.extend(footer_end(&rest, bytes.len() as u64).unwrap());
        prop_assert_eq!(bytes, write_footer(&meta).unwrap());
    }

    #[test]
    fn parquet2_reads_what_its_format_knows(mut meta in arbitrary::file()) {
        for chunk in meta.row_groups.iter_mut().flat_map(|g| &mut g.columns) {
            chunk.file_path = None;
            // It refuses a codec that it was built without only when pages are read.
            chunk.meta.statistics = None;
        }
        let mut bytes = b"PAR1".to_vec();
        bytes.extend(write_footer(&meta).unwrap());
        let theirs = parquet2::read::read_metadata(&mut std::io::Cursor::new(&bytes)).unwrap();
        prop_assert_eq!(theirs.num_rows as u64, meta.num_rows);
        prop_assert_eq!(&theirs.created_by, &meta.created_by);
        let leaves = meta.schema.leaves();
        let columns = theirs.schema_descr.columns();
        prop_assert_eq!(columns.len(), leaves.len());
        for (theirs, ours) in columns.iter().zip(&leaves) {
            prop_assert_eq!(&theirs.path_in_schema, &ours.path);
            let levels = (theirs.descriptor.max_def_level, theirs.descriptor.max_rep_level);
            prop_assert_eq!(levels.0 as u16, ours.max_definition_level);
            prop_assert_eq!(levels.1 as u16, ours.max_repetition_level);
            let info = &theirs.descriptor.primitive_type.field_info;
            prop_assert_eq!(info.id, ours.node.field_id);
        }
        for (theirs, ours) in theirs.row_groups.iter().zip(&meta.row_groups) {
            prop_assert_eq!(theirs.num_rows() as u64, ours.num_rows);
            for (theirs, ours) in theirs.columns().iter().zip(&ours.columns) {
                let theirs = theirs.metadata();
                prop_assert_eq!(theirs.num_values as u64, ours.meta.num_values);
                prop_assert_eq!(theirs.codec.0, ours.meta.codec.code());
                prop_assert_eq!(theirs.data_page_offset as u64, ours.meta.data_page_offset);
                prop_assert_eq!(&theirs.path_in_schema[..], &ours.meta.path[..]);
            }
        }
    }

    #[test]
    fn page_headers_return(header in page_header(), behind in vec(any::<u8>(), 0..9)) {
        let mut bytes = b"before".to_vec();
        let len = header.write(&mut bytes).unwrap();
        prop_assert_eq!(bytes.len(), 6 + len);
        bytes.extend(behind);
        prop_assert_eq!(PageHeader::read(&bytes[6..]).unwrap(), (header, len));
    }

    #[test]
    fn column_indexes_return(index in column_index()) {
        let mut bytes = Vec::new();
        let len = index.write(&mut bytes).unwrap();
        prop_assert_eq!(len, bytes.len());
        prop_assert_eq!(ColumnIndex::read(&bytes).unwrap(), index);
    }

    #[test]
    fn offset_indexes_return(index in offset_index()) {
        let mut bytes = Vec::new();
        let len = index.write(&mut bytes).unwrap();
        prop_assert_eq!(len, bytes.len());
        prop_assert_eq!(OffsetIndex::read(&bytes).unwrap(), index);
    }
}

fn encoding() -> impl Strategy<Value = Encoding> {
    (0..12i32).prop_map(Encoding::from_code)
}

fn page_header() -> impl Strategy<Value = PageHeader> {
    let stats = || option::of(statistics(PhysicalType::ByteArray));
    let data = (small_count(), encoding(), encoding(), encoding(), stats());
    let data = data.prop_map(|(num_values, encoding, def, rep, statistics)| {
        PageKind::Data(DataPageHeader {
            num_values,
            encoding,
            definition_level_encoding: def,
            repetition_level_encoding: rep,
            statistics,
        })
    });
    let counts = [
        small_count(),
        small_count(),
        small_count(),
        small_count(),
        small_count(),
    ];
    let data_v2 = (counts, encoding(), any::<bool>(), stats());
    let data_v2 = data_v2.prop_map(|(c, encoding, is_compressed, statistics)| {
        PageKind::DataV2(DataPageHeaderV2 {
            num_values: c[0],
            num_nulls: c[1],
            num_rows: c[2],
            encoding,
            definition_levels_len: c[3],
            repetition_levels_len: c[4],
            is_compressed,
            statistics,
        })
    });
    let dictionary = (small_count(), encoding(), option::of(any::<bool>()));
    let dictionary = dictionary.prop_map(|(num_values, encoding, is_sorted)| {
        PageKind::Dictionary(DictionaryPageHeader {
            num_values,
            encoding,
            is_sorted,
        })
    });
    let other = prop_oneof![Just(PageType::Index), Just(PageType::Unknown(4))];
    let kind = prop_oneof![data, data_v2, dictionary, other.prop_map(PageKind::Other)];
    (small_count(), small_count(), option::of(any::<u32>()), kind).prop_map(
        |(uncompressed_len, compressed_len, crc, kind)| PageHeader {
            uncompressed_len,
            compressed_len,
            crc,
            kind,
        },
    )
}

fn column_index() -> impl Strategy<Value = ColumnIndex> {
    (0..20usize).prop_flat_map(|n| {
        let bound = || vec(vec(any::<u8>(), 0..20), n);
        let counts = || prop_oneof![Just(Vec::new()), vec(count(), n)];
        let levels = || prop_oneof![Just(Vec::new()), vec(count(), 3 * n)];
        (
            (vec(any::<bool>(), n), bound(), bound(), 0..4i32),
            (counts(), levels(), levels(), counts()),
        )
            .prop_map(|(a, b)| ColumnIndex {
                null_pages: a.0,
                min_values: a.1,
                max_values: a.2,
                boundary_order: BoundaryOrder::from_code(a.3),
                null_counts: b.0,
                repetition_level_histograms: b.1,
                definition_level_histograms: b.2,
                nan_counts: b.3,
            })
    })
}

fn offset_index() -> impl Strategy<Value = OffsetIndex> {
    (0..20usize).prop_flat_map(|n| {
        let location =
            (count(), small_count(), count()).prop_map(|(offset, size, row)| PageLocation {
                offset,
                compressed_page_size: size,
                first_row_index: row,
            });
        (
            vec(location, n),
            prop_oneof![Just(Vec::new()), vec(count(), n)],
        )
            .prop_map(|(p, s)| OffsetIndex {
                page_locations: p,
                unencoded_byte_array_data_bytes: s,
            })
    })
}

fn leaf(physical: PhysicalType, logical: Option<LogicalType>) -> SchemaNode {
    SchemaNode::leaf("c", Repetition::Optional, physical, logical)
}

#[test]
fn numbers_beyond_the_format_are_refused() {
    let limit = i64::MAX.unsigned_abs();
    let meta = FileMetaData {
        num_rows: limit + 1,
        ..Default::default()
    };
    let (what, found) = ("FileMetaData.num_rows", limit + 1);
    assert_eq!(
        write_footer(&meta),
        Err(FormatError::Limit { what, limit, found })
    );
    let header = PageHeader {
        uncompressed_len: 1 << 31,
        compressed_len: 0,
        crc: None,
        kind: PageKind::Other(PageType::Index),
    };
    let error = header.write(&mut Vec::new()).unwrap_err();
    let (what, limit) = ("PageHeader.uncompressed_page_size", (1 << 31) - 1);
    assert_eq!(
        error,
        FormatError::Limit {
            what,
            limit,
            found: 1 << 31
        }
    );
}

#[test]
fn lists_of_different_lengths_are_refused_both_ways() {
    let mut index = ColumnIndex {
        null_pages: vec![false, true],
        min_values: vec![vec![1]],
        max_values: vec![vec![2], vec![]],
        boundary_order: BoundaryOrder::Ascending,
        null_counts: Vec::new(),
        repetition_level_histograms: Vec::new(),
        definition_level_histograms: Vec::new(),
        nan_counts: Vec::new(),
    };
    assert!(matches!(
        index.write(&mut Vec::new()),
        Err(FormatError::Corrupt { .. })
    ));
    index.min_values.push(Vec::new());
    index.definition_level_histograms = vec![1, 2, 3];
    assert!(matches!(
        index.write(&mut Vec::new()),
        Err(FormatError::Corrupt { .. })
    ));
    index.definition_level_histograms.clear();
    let mut bytes = Vec::new();
    index.write(&mut bytes).unwrap();
    // One null page less: the list header says one element, and one is taken out.
    assert_eq!(bytes[..4], [0x19, 0x21, 2, 1]);
    bytes.splice(1..3, [0x11]);
    assert!(matches!(
        ColumnIndex::read(&bytes),
        Err(FormatError::Corrupt { .. })
    ));
}

#[test]
fn chunks_that_do_not_match_the_schema_are_refused() {
    let schema = Schema::new(vec![leaf(PhysicalType::Int64, None)]);
    let meta = FileMetaData {
        schema,
        row_groups: vec![RowGroup::default()],
        ..Default::default()
    };
    let bytes = write_footer(&meta).unwrap();
    assert_eq!(
        read_footer(&bytes),
        Err(FormatError::SchemaMismatch {
            what: "row group 0".into(),
            expected: "1 chunks".into(),
            found: "0".into()
        })
    );
}

#[test]
fn schemas_that_readers_refuse_are_refused_by_name() {
    use LogicalType as L;
    use PhysicalType as P;
    let uuid = leaf(P::FixedLenByteArray(15), Some(L::Uuid));
    let nested = SchemaNode::group("g", Repetition::Optional, None, vec![uuid.clone()]);
    let cases = [
        (uuid, "c"),
        (nested, "g.c"),
        (leaf(P::Int64, Some(L::String)), "c"),
        (
            leaf(
                P::Int32,
                Some(L::Int {
                    bits: 64,
                    signed: true,
                }),
            ),
            "c",
        ),
        (
            leaf(
                P::Int32,
                Some(L::Int {
                    bits: 7,
                    signed: true,
                }),
            ),
            "c",
        ),
        (leaf(P::FixedLenByteArray(4), Some(L::Float16)), "c"),
        (leaf(P::FixedLenByteArray(0), None), "c"),
        (
            leaf(
                P::Int32,
                Some(L::Decimal {
                    scale: 3,
                    precision: 2,
                }),
            ),
            "c",
        ),
        (leaf(P::ByteArray, Some(L::List)), "c"),
        (
            SchemaNode::group("g", Repetition::Optional, None, Vec::new()),
            "g",
        ),
        (
            SchemaNode::leaf("", Repetition::Optional, P::Int32, None),
            "",
        ),
        (
            SchemaNode::group(
                "g",
                Repetition::Required,
                Some(L::String),
                vec![leaf(P::Int32, None)],
            ),
            "g",
        ),
    ];
    for (node, expected) in cases {
        match Schema::new(vec![node.clone()]).check() {
            Err(FormatError::Schema { column, .. }) => assert_eq!(column, expected),
            other => panic!("{node:?}: {other:?}"),
        }
    }
    let fine = leaf(P::FixedLenByteArray(2), Some(L::Float16));
    Schema::new(vec![fine]).check().unwrap();
}

/// An array of 32 dimensions, the most that QuestDB has.
#[test]
fn deep_schemas_return_and_deeper_ones_are_refused() {
    let nest = |depth: usize| {
        let mut node = leaf(PhysicalType::Double, None);
        for _ in 0..depth {
            node = SchemaNode::group("list", Repetition::Repeated, None, vec![node]);
            node = SchemaNode::group(
                "g",
                Repetition::Optional,
                Some(LogicalType::List),
                vec![node],
            );
        }
        FileMetaData {
            schema: Schema::new(vec![node]),
            ..Default::default()
        }
    };
    let meta = nest(32);
    meta.schema.check().unwrap();
    assert_eq!(meta.schema.leaves()[0].max_definition_level, 65);
    assert_eq!(read_footer(&write_footer(&meta).unwrap()).unwrap(), meta);
    let meta = nest(60);
    assert!(matches!(
        meta.schema.check(),
        Err(FormatError::Schema { .. })
    ));
    let error = read_footer(&write_footer(&meta).unwrap()).unwrap_err();
    let what = "FileMetaData.schema";
    assert_eq!(
        error,
        FormatError::Limit {
            what,
            limit: 100,
            found: 101
        }
    );
}

#[test]
fn a_slice_without_the_whole_footer_says_how_much_is_missing() {
    let schema = Schema::new(vec![leaf(PhysicalType::Int64, None)]);
    let meta = FileMetaData {
        schema,
        ..Default::default()
    };
    let bytes = write_footer(&meta).unwrap();
    for cut in 0..bytes.len() {
        let part = &bytes[cut..];
        match read_footer(part) {
            Ok(found) => assert_eq!((cut, &found), (0, &meta)),
            Err(FormatError::Truncated { needed, .. }) => {
                let whole = if part.len() < 8 { 8 } else { bytes.len() };
                assert_eq!(needed, whole - part.len(), "cut {cut}");
            }
            Err(e) => panic!("cut {cut}: {e}"),
        }
    }
    let mut encrypted = bytes.clone();
    let n = encrypted.len();
    encrypted[n - 1] = b'E';
    assert!(matches!(
        read_footer(&encrypted),
        Err(FormatError::Unsupported { .. })
    ));
    encrypted[n - 1] = b'X';
    assert!(matches!(
        read_footer(&encrypted),
        Err(FormatError::Corrupt { .. })
    ));
    assert!(matches!(
        read_metadata(&[]),
        Err(FormatError::Truncated { .. })
    ));
}
