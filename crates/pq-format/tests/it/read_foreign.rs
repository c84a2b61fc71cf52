//! Files of other writers: arrow-rs, QuestDB, pyarrow and DuckDB.
//!
//! Invariants: metadata, page index, bloom filters, page headers, decompressed pages and levels are
//! those that arrow-rs finds in the same file.

use std::sync::Arc;

use bytes::Bytes;
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};
use parquet::column::page::Page;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FixedLenByteArray};
use parquet::data_type::{FixedLenByteArrayType, Int64Type};
use parquet::file::metadata::{
    KeyValue, PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader, SortingColumn,
};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use pq_format::{
    BloomFilter, ColumnChunk, ColumnIndex, Decompressor, FileMetaData, IndexRange, Leaf,
    OffsetIndex, PageHeader, PageKind, decode_levels_v1, decode_levels_v2, read_footer,
};

use crate::compare::{same_column_index, same_file, same_offset_index};
use crate::testdata;

/// A page as we read it: file offset, header, body as arrow-rs shows it.
struct OurPage {
    offset: u64,
    header: PageHeader,
    body: Vec<u8>,
}

fn slice(file: &[u8], offset: u64, len: u64) -> &[u8] {
    let at = usize::try_from(offset).unwrap();
    &file[at..at + usize::try_from(len).unwrap()]
}

/// All pages of a chunk, by nothing but the chunk's byte range.
fn pages(file: &[u8], chunk: &ColumnChunk) -> Vec<OurPage> {
    let range = chunk.meta.byte_range().unwrap();
    let bytes = slice(file, range.start, range.end - range.start);
    let mut decompressor = Decompressor::new();
    let (mut at, mut out) = (0, Vec::new());
    while at < bytes.len() {
        let (header, len) = PageHeader::read(&bytes[at..]).unwrap();
        let body = &bytes[at + len..at + len + header.compressed_len as usize];
        if let Some(crc) = header.crc {
            assert_eq!(pq_format::page_crc(&[body]), crc);
        }
        let (levels, values, codec) = match &header.kind {
            PageKind::DataV2(h) => {
                let levels = (h.definition_levels_len + h.repetition_levels_len) as usize;
                let (levels, values) = body.split_at(levels);
                let stored = pq_format::CodecId::Uncompressed;
                // Empty values are stored, whatever the flag says (pyarrow does).
                let plain = !h.is_compressed || values.is_empty();
                (
                    levels,
                    values,
                    if plain { stored } else { chunk.meta.codec },
                )
            }
            _ => (&[][..], body, chunk.meta.codec),
        };
        let mut whole = levels.to_vec();
        let uncompressed = header.uncompressed_len as usize - levels.len();
        decompressor
            .decompress(codec, values, uncompressed, 1 << 26, &mut whole)
            .unwrap();
        let offset = range.start + at as u64;
        at += len + header.compressed_len as usize;
        out.push(OurPage {
            offset,
            header,
            body: whole,
        });
    }
    out
}

fn same_page(ours: &OurPage, theirs: &Page) {
    assert_eq!(ours.body, theirs.buffer()[..]);
    match (&ours.header.kind, theirs) {
        (
            PageKind::Data(h),
            Page::DataPage {
                num_values,
                encoding,
                def_level_encoding,
                ..
            },
        ) => {
            assert_eq!(h.num_values, *num_values);
            assert_eq!(h.encoding.code(), *encoding as i32);
            assert_eq!(
                h.definition_level_encoding.code(),
                *def_level_encoding as i32
            );
        }
        (
            PageKind::DataV2(h),
            Page::DataPageV2 {
                num_values,
                num_nulls,
                num_rows,
                encoding,
                ..
            },
        ) => {
            let ours = (h.num_values, h.num_nulls, h.num_rows, h.encoding.code());
            assert_eq!(ours, (*num_values, *num_nulls, *num_rows, *encoding as i32));
        }
        (
            PageKind::Dictionary(h),
            Page::DictionaryPage {
                num_values,
                encoding,
                ..
            },
        ) => {
            assert_eq!(
                (h.num_values, h.encoding.code()),
                (*num_values, *encoding as i32)
            );
        }
        (ours, theirs) => panic!("{ours:?} is not {:?}", theirs.page_type()),
    }
}

/// Nulls by the definition levels of a column that is not nested.
fn nulls(pages: &[OurPage]) -> u64 {
    let mut levels: Vec<u8> = Vec::new();
    for page in pages {
        match &page.header.kind {
            PageKind::Data(h) => {
                decode_levels_v1(&page.body, 1, h.num_values as usize, &mut levels).unwrap();
            }
            PageKind::DataV2(h) => {
                let levels_of_page = &page.body[..h.definition_levels_len as usize];
                decode_levels_v2(levels_of_page, 1, h.num_values as usize, &mut levels).unwrap();
            }
            PageKind::Dictionary(_) | PageKind::Other(_) => {}
        }
    }
    levels.iter().filter(|&&l| l == 0).count() as u64
}

fn check_chunk(file: &[u8], chunk: &ColumnChunk, leaf: &Leaf<'_>) -> Vec<OurPage> {
    let pages = pages(file, chunk);
    if leaf.max_definition_level == 1 && leaf.max_repetition_level == 0 {
        let counted = nulls(&pages);
        let declared = chunk.meta.statistics.as_ref().and_then(|s| s.null_count);
        assert!(
            declared.is_none_or(|n| n == counted),
            "{declared:?} nulls, found {counted}"
        );
    }
    pages
}

fn index_bytes(file: &[u8], range: IndexRange) -> &[u8] {
    slice(file, range.offset, range.length.into())
}

/// Everything in the file, page by page.
fn same_contents(file: &[u8], ours: &FileMetaData, theirs: &ParquetMetaData) -> usize {
    let reader = SerializedFileReader::new(Bytes::copy_from_slice(file)).unwrap();
    let leaves = ours.schema.leaves();
    let mut count = 0;
    for (g, group) in ours.row_groups.iter().enumerate() {
        let their_group = reader.get_row_group(g).unwrap();
        for (c, (chunk, leaf)) in group.columns.iter().zip(&leaves).enumerate() {
            let pages = check_chunk(file, chunk, leaf);
            let mut their_pages = their_group.get_column_page_reader(c).unwrap();
            for page in &pages {
                same_page(page, &their_pages.get_next_page().unwrap().expect("a page"));
            }
            assert!(their_pages.get_next_page().unwrap().is_none());
            count += pages.len();
            if let (Some(range), Some(theirs)) = (chunk.offset_index, theirs.offset_index()) {
                let index = OffsetIndex::read(index_bytes(file, range)).unwrap();
                same_offset_index(&index, &theirs[g][c]);
                let is_data = |p: &&OurPage| !matches!(p.header.kind, PageKind::Dictionary(_));
                let offsets: Vec<_> = pages.iter().filter(is_data).map(|p| p.offset).collect();
                let located: Vec<_> = index.page_locations.iter().map(|p| p.offset).collect();
                assert_eq!(located, offsets);
            }
            if let (Some(range), Some(theirs)) = (chunk.column_index, theirs.column_index()) {
                let index = ColumnIndex::read(index_bytes(file, range)).unwrap();
                same_column_index(&index, &theirs[g][c]);
            }
        }
    }
    count
}

fn their_metadata(file: &[u8]) -> parquet::errors::Result<ParquetMetaData> {
    ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Optional)
        .parse_and_finish(&Bytes::copy_from_slice(file))
}

/// Files that arrow-rs 59 cannot open: row groups that QuestDB rewrote have no ordinal where others
/// have one; an encoding that does not exist; statistics of the wrong width.
const ARROW_RS_REFUSES: [&str; 6] = [
    "questdb/parquet_o3/after4/table/parquet_o3~6/2024-01-01.7/data.parquet",
    "questdb-94/parquet_format_table/after2/table/parquet_format_table~7/2024-01-03.3/data.parquet",
    "questdb-94/parquet_format_table/after3/table/parquet_format_table~7/2024-01-01.5/data.parquet",
    "questdb-94/parquet_o3/after4/table/parquet_o3~7/2024-01-01.6/data.parquet",
    "pm/from-parquet/unknown-encoding.parquet",
    "pm/from-parquet/wrong-width.parquet",
];

/// Numbers of values that are negative there are 0 here.
const DIFFERS: &str = "pm/from-parquet/negative-values.parquet";

#[test]
fn real_files_say_to_us_what_they_say_to_arrow_rs() {
    let (mut pages, mut refused) = (0, 0);
    for (path, file) in testdata::files() {
        let ours = read_footer(&file).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        // Some files of `pm` are a footer without pages.
        let has_pages = !path.components().any(|c| c.as_os_str() == "pm");
        match their_metadata(&file) {
            Ok(theirs) if !path.ends_with(DIFFERS) => {
                eprintln!("{}", path.display());
                same_file(&ours, &theirs);
                if has_pages {
                    pages += same_contents(&file, &ours, &theirs);
                }
            }
            Ok(_) => {}
            Err(e) => {
                assert!(
                    ARROW_RS_REFUSES.iter().any(|r| path.ends_with(r)),
                    "{path:?}: {e}"
                );
                refused += 1;
                for group in ours.row_groups.iter().filter(|_| has_pages) {
                    for (chunk, leaf) in group.columns.iter().zip(&ours.schema.leaves()) {
                        assert!(!check_chunk(&file, chunk, leaf).is_empty());
                    }
                }
            }
        }
    }
    assert!(pages > 1_000, "{pages} pages");
    assert_eq!(refused, ARROW_RS_REFUSES.len());
}

const SCHEMA: &str = "message schema {
    required int64 ts (TIMESTAMP(MICROS, true)) = 7;
    optional double price;
    optional binary text (STRING);
    required fixed_len_byte_array(16) id (UUID);
    optional group list (LIST) { repeated group list { optional int64 element; } }
}";

fn properties(version: WriterVersion, compression: Compression) -> WriterProperties {
    WriterProperties::builder()
        .set_writer_version(version)
        .set_compression(compression)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_write_page_header_statistics(true)
        .set_data_page_row_count_limit(150)
        .set_write_batch_size(50)
        .set_bloom_filter_enabled(true)
        .set_bloom_filter_fpp(0.01)
        .set_sorting_columns(Some(vec![SortingColumn {
            column_idx: 0,
            descending: false,
            nulls_first: false,
        }]))
        .set_key_value_metadata(Some(vec![KeyValue::new("key".into(), "value".to_owned())]))
        .build()
}

fn uuid(i: u64) -> [u8; 16] {
    (u128::from(i) * 0x9e37_79b9_7f4a_7c15).to_be_bytes()
}

/// A file of two row groups of 400 rows each, every seventh value null.
fn arrow_rs_file(properties: WriterProperties) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).unwrap();
    for g in 0..2u64 {
        let rows = g * 400..(g + 1) * 400;
        let def: Vec<i16> = rows.clone().map(|i| i16::from(i % 7 != 0)).collect();
        let some = || rows.clone().filter(|i| i % 7 != 0);
        let mut group = writer.next_row_group().unwrap();
        macro_rules! column {
            ($ty:ty, $values:expr, $def:expr, $rep:expr) => {
                let mut column = group.next_column().unwrap().unwrap();
                let values: Vec<_> = $values;
                column
                    .typed::<$ty>()
                    .write_batch(&values, $def, $rep)
                    .unwrap();
                column.close().unwrap();
            };
        }
        column!(
            Int64Type,
            rows.clone().map(|i| 1_000_000 + i as i64).collect(),
            None,
            None
        );
        column!(
            DoubleType,
            some().map(|i| i as f64 / 3.0).collect(),
            Some(&def),
            None
        );
        let text = |i: u64| ByteArray::from(format!("text {}", i % 50).into_bytes());
        column!(ByteArrayType, some().map(text).collect(), Some(&def), None);
        let id = |i: u64| FixedLenByteArray::from(uuid(i).to_vec());
        column!(
            FixedLenByteArrayType,
            rows.clone().map(id).collect(),
            None,
            None
        );
        // Lists: null, empty, one null element, three elements, in turn.
        let turn = [
            (&[0i16][..], &[0i16][..]),
            (&[1], &[0]),
            (&[2], &[0]),
            (&[3, 3, 3], &[0, 1, 1]),
        ];
        let (mut def, mut rep, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for i in rows.clone() {
            let (d, r) = turn[usize::try_from(i % 4).unwrap()];
            def.extend_from_slice(d);
            rep.extend_from_slice(r);
            values.extend(d.iter().filter(|&&d| d == 3).map(|_| i as i64));
        }
        column!(Int64Type, values, Some(&def), Some(&rep));
        group.close().unwrap();
    }
    writer.into_inner().unwrap()
}

#[test]
fn arrow_rs_files_of_every_codec_and_page_version_are_read() {
    let codecs = [
        Compression::UNCOMPRESSED,
        Compression::SNAPPY,
        Compression::LZ4_RAW,
        Compression::GZIP(GzipLevel::default()),
        Compression::BROTLI(BrotliLevel::default()),
        Compression::ZSTD(ZstdLevel::default()),
    ];
    for version in [WriterVersion::PARQUET_1_0, WriterVersion::PARQUET_2_0] {
        for codec in codecs {
            let file = arrow_rs_file(properties(version, codec));
            let ours = read_footer(&file).unwrap();
            let theirs = their_metadata(&file).unwrap();
            same_file(&ours, &theirs);
            let pages = same_contents(&file, &ours, &theirs);
            assert!(pages > 30, "{codec}: {pages} pages");
            assert_eq!(ours.row_groups[1].sorting_columns.len(), 1);
            assert_eq!(ours.key_value("key"), Some("value"));
        }
    }
}

#[test]
fn bloom_filters_of_arrow_rs_are_read() {
    let file = arrow_rs_file(properties(WriterVersion::PARQUET_1_0, Compression::SNAPPY));
    let meta = read_footer(&file).unwrap();
    for (g, group) in meta.row_groups.iter().enumerate() {
        let filter = |column: usize| {
            let meta = &group.columns[column].meta;
            let len = u64::from(meta.bloom_filter_length.unwrap());
            BloomFilter::read(slice(&file, meta.bloom_filter_offset.unwrap(), len)).unwrap()
        };
        let rows = g as u64 * 400..(g as u64 + 1) * 400;
        let (ts, text, id) = (filter(0), filter(2), filter(3));
        for i in rows.clone() {
            assert!(ts.contains(&(1_000_000 + i).to_le_bytes()) && id.contains(&uuid(i)));
        }
        assert!((0..50).all(|i| text.contains(format!("text {i}").as_bytes())));
        let absent = (5_000..6_000u64).filter(|&i| id.contains(&uuid(i))).count();
        assert!(absent < 50, "{absent} false positives");
    }
}

#[test]
fn chunks_without_a_path_are_read() {
    let properties = WriterProperties::builder()
        .set_write_path_in_schema(false)
        .build();
    let file = arrow_rs_file(properties);
    let meta = read_footer(&file).unwrap();
    assert!(
        meta.row_groups
            .iter()
            .flat_map(|g| &g.columns)
            .all(|c| c.meta.path.is_empty())
    );
    same_file(&meta, &their_metadata(&file).unwrap());
}
