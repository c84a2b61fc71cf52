//! A whole file put together from the parts of this crate, read by arrow-rs and parquet2.
//!
//! Invariants: arrow-rs, which verifies page CRCs, finds every value; page index and bloom filters
//! are found and right; for every codec, in page versions 1 and 2.

use bytes::Bytes;
use parquet::column::reader::{ColumnReader, get_typed_column_reader};
use parquet::data_type::{ByteArrayType, Int64Type};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaDataReader};
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use pq_format::{
    BloomFilter, BoundaryOrder, Codec, ColumnChunk, ColumnIndex, ColumnMetaData, ColumnOrder,
    Compressor, DataPageHeader, DataPageHeaderV2, DictionaryPageHeader, Encoding, FileMetaData,
    IndexRange, LogicalType, MAGIC, OffsetIndex, PageEncodingStats, PageHeader, PageKind,
    PageLocation, PageType, PhysicalType, Repetition, RowGroup, Schema, SchemaNode, SizeStatistics,
    SortingColumn, Statistics, TimeUnit, bit_width, encode_hybrid, encode_levels_v1,
    encode_levels_v2, page_crc, write_footer,
};

use crate::compare::{same_column_index, same_file, same_offset_index};

const ROWS: usize = 1_000;
const PAGE_ROWS: usize = 300;
const WORDS: [&str; 3] = ["alpha", "beta", "γάμμα"];

fn word(row: usize) -> Option<&'static str> {
    (!row.is_multiple_of(5)).then(|| WORDS[row * row % 3])
}

struct Writer {
    file: Vec<u8>,
    compressor: Compressor,
    version_2: bool,
}

struct Page<'a> {
    first_row: usize,
    rows: usize,
    nulls: u32,
    levels: &'a [u8],
    values: &'a [u8],
    encoding: Encoding,
}

impl Writer {
    fn crc_and_append(&mut self, kind: PageKind, uncompressed: usize, parts: &[&[u8]]) -> u32 {
        let compressed: usize = parts.iter().map(|p| p.len()).sum();
        let header = PageHeader {
            uncompressed_len: uncompressed as u32,
            compressed_len: compressed as u32,
            crc: Some(page_crc(parts)),
            kind,
        };
        let len = header.write(&mut self.file).unwrap();
        parts.iter().for_each(|p| self.file.extend_from_slice(p));
        (len + compressed) as u32
    }

    fn dictionary(&mut self, values: &[u8], count: u32) {
        let mut body = Vec::new();
        self.compressor.compress(values, &mut body).unwrap();
        let encoding = Encoding::Plain;
        let header = DictionaryPageHeader {
            num_values: count,
            encoding,
            is_sorted: Some(false),
        };
        self.crc_and_append(PageKind::Dictionary(header), values.len(), &[&body]);
    }

    fn data(&mut self, page: &Page<'_>, max_level: u32) -> PageLocation {
        let offset = self.file.len() as u64;
        let mut body = Vec::new();
        let size = if self.version_2 {
            let mut levels = Vec::new();
            let levels_len = encode_levels_v2(page.levels, max_level, &mut levels);
            self.compressor.compress(page.values, &mut body).unwrap();
            let header = DataPageHeaderV2 {
                num_values: page.rows as u32,
                num_nulls: page.nulls,
                num_rows: page.rows as u32,
                encoding: page.encoding,
                definition_levels_len: levels_len as u32,
                repetition_levels_len: 0,
                is_compressed: true,
                statistics: None,
            };
            let uncompressed = levels_len + page.values.len();
            self.crc_and_append(PageKind::DataV2(header), uncompressed, &[&levels, &body])
        } else {
            let mut plain = Vec::new();
            encode_levels_v1(page.levels, max_level, &mut plain);
            plain.extend_from_slice(page.values);
            self.compressor.compress(&plain, &mut body).unwrap();
            let header = DataPageHeader::new(page.rows as u32, page.encoding);
            self.crc_and_append(PageKind::Data(header), plain.len(), &[&body])
        };
        PageLocation {
            offset,
            compressed_page_size: size,
            first_row_index: page.first_row as u64,
        }
    }

    fn chunk(
        &self,
        start: usize,
        leaf: (PhysicalType, &str),
        encoding: Encoding,
    ) -> ColumnMetaData {
        ColumnMetaData {
            physical: leaf.0.kind(),
            encodings: [Encoding::Plain, Encoding::Rle, encoding].into(),
            path: [leaf.1.to_owned()].into(),
            codec: self.compressor.codec().id(),
            num_values: ROWS as u64,
            total_uncompressed_size: (self.file.len() - start) as u64,
            total_compressed_size: (self.file.len() - start) as u64,
            key_value_metadata: Vec::new(),
            data_page_offset: start as u64,
            index_page_offset: None,
            dictionary_page_offset: None,
            statistics: None,
            encoding_stats: Vec::new(),
            bloom_filter_offset: None,
            bloom_filter_length: None,
            size_statistics: None,
        }
    }
}

fn page_rows() -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..ROWS)
        .step_by(PAGE_ROWS)
        .map(|first| first..ROWS.min(first + PAGE_ROWS))
}

fn timestamps(w: &mut Writer) -> (ColumnMetaData, OffsetIndex, ColumnIndex) {
    let start = w.file.len();
    let mut offsets = OffsetIndex::default();
    let mut index = empty_index(BoundaryOrder::Ascending);
    for rows in page_rows() {
        let values: Vec<u8> = rows
            .clone()
            .flat_map(|r| (r as i64 * 10).to_le_bytes())
            .collect();
        index.null_pages.push(false);
        index.min_values.push(values[..8].to_vec());
        index.max_values.push(values[values.len() - 8..].to_vec());
        index.null_counts.push(0);
        let page = Page {
            first_row: rows.start,
            rows: rows.len(),
            nulls: 0,
            levels: &[],
            values: &values,
            encoding: Encoding::Plain,
        };
        offsets.page_locations.push(w.data(&page, 0));
    }
    let mut meta = w.chunk(start, (PhysicalType::Int64, "ts"), Encoding::Plain);
    meta.statistics = Some(Statistics {
        null_count: Some(0),
        distinct_count: Some(ROWS as u64),
        min_value: Some(0i64.to_le_bytes().to_vec()),
        max_value: Some((ROWS as i64 * 10 - 10).to_le_bytes().to_vec()),
        is_min_exact: Some(true),
        is_max_exact: Some(true),
        ..Default::default()
    });
    (meta, offsets, index)
}

/// Dictionary page, then the pages of keys.
fn words(w: &mut Writer) -> (ColumnMetaData, OffsetIndex, ColumnIndex) {
    let start = w.file.len();
    let mut dictionary = Vec::new();
    for word in WORDS {
        dictionary.extend_from_slice(&(word.len() as u32).to_le_bytes());
        dictionary.extend_from_slice(word.as_bytes());
    }
    w.dictionary(&dictionary, 3);
    let first_data = w.file.len() as u64;
    let mut offsets = OffsetIndex::default();
    let mut index = empty_index(BoundaryOrder::Ascending);
    for rows in page_rows() {
        let levels: Vec<u8> = rows.clone().map(|r| u8::from(word(r).is_some())).collect();
        let key = |w: &str| WORDS.iter().position(|x| *x == w).unwrap() as u32;
        let keys: Vec<u32> = rows.clone().filter_map(word).map(key).collect();
        let width = bit_width(2);
        let mut values = vec![width];
        encode_hybrid(&keys, width, &mut values);
        let nulls = levels.iter().filter(|&&l| l == 0).count() as u32;
        index.null_pages.push(false);
        index.min_values.push(b"alpha".to_vec());
        index.max_values.push("γάμμα".into());
        index.null_counts.push(nulls.into());
        index
            .definition_level_histograms
            .extend([nulls.into(), keys.len() as u64]);
        let bytes = rows.clone().filter_map(word).map(|w| w.len() as u64).sum();
        offsets.unencoded_byte_array_data_bytes.push(bytes);
        let page = Page {
            first_row: rows.start,
            rows: rows.len(),
            nulls,
            levels: &levels,
            values: &values,
            encoding: Encoding::RleDictionary,
        };
        offsets.page_locations.push(w.data(&page, 1));
    }
    let mut meta = w.chunk(
        start,
        (PhysicalType::ByteArray, "word"),
        Encoding::RleDictionary,
    );
    meta.dictionary_page_offset = Some(start as u64);
    meta.data_page_offset = first_data;
    describe_words(w, &mut meta, &offsets);
    (meta, offsets, index)
}

/// Everything about the column that is optional.
fn describe_words(w: &mut Writer, meta: &mut ColumnMetaData, offsets: &OffsetIndex) {
    let page_type = if w.version_2 {
        PageType::DataV2
    } else {
        PageType::Data
    };
    let stats = |page_type, encoding, count| PageEncodingStats {
        page_type,
        encoding,
        count,
    };
    meta.encoding_stats = vec![
        stats(PageType::Dictionary, Encoding::Plain, 1),
        stats(
            page_type,
            Encoding::RleDictionary,
            offsets.page_locations.len() as u32,
        ),
    ];
    meta.statistics = Some(Statistics {
        null_count: Some(200),
        distinct_count: Some(3),
        min_value: Some(b"alp".to_vec()),
        max_value: Some("δ".into()),
        is_min_exact: Some(false),
        is_max_exact: Some(false),
        ..Default::default()
    });
    meta.size_statistics = Some(SizeStatistics {
        unencoded_byte_array_data_bytes: Some(offsets.unencoded_byte_array_data_bytes.iter().sum()),
        repetition_level_histogram: Vec::new(),
        definition_level_histogram: vec![200, 800],
    });
    let mut filter = BloomFilter::new(3, 0.01).unwrap();
    WORDS.iter().for_each(|w| filter.insert(w.as_bytes()));
    meta.bloom_filter_offset = Some(w.file.len() as u64);
    meta.bloom_filter_length = Some(filter.write(&mut w.file).unwrap() as u32);
}

fn empty_index(boundary_order: BoundaryOrder) -> ColumnIndex {
    ColumnIndex {
        null_pages: Vec::new(),
        min_values: Vec::new(),
        max_values: Vec::new(),
        boundary_order,
        null_counts: Vec::new(),
        repetition_level_histograms: Vec::new(),
        definition_level_histograms: Vec::new(),
        nan_counts: Vec::new(),
    }
}

struct Built {
    file: Vec<u8>,
    meta: FileMetaData,
    offsets: Vec<OffsetIndex>,
    indexes: Vec<ColumnIndex>,
}

fn build(codec: Codec, version_2: bool) -> Built {
    let compressor = Compressor::new(codec).unwrap();
    let mut w = Writer {
        file: MAGIC.to_vec(),
        compressor,
        version_2,
    };
    let parts = [timestamps(&mut w), words(&mut w)];
    let (mut columns, mut offsets, mut indexes) = (Vec::new(), Vec::new(), Vec::new());
    for (meta, offset_index, column_index) in parts {
        let mut chunk = ColumnChunk::new(meta);
        let offset = w.file.len() as u64;
        let length = column_index.write(&mut w.file).unwrap() as u32;
        chunk.column_index = Some(IndexRange { offset, length });
        let offset = w.file.len() as u64;
        let length = offset_index.write(&mut w.file).unwrap() as u32;
        chunk.offset_index = Some(IndexRange { offset, length });
        columns.push(chunk);
        offsets.push(offset_index);
        indexes.push(column_index);
    }
    let timestamp = LogicalType::Timestamp {
        utc: true,
        unit: TimeUnit::Micros,
    };
    let schema = Schema::new(vec![
        SchemaNode::leaf(
            "ts",
            Repetition::Required,
            PhysicalType::Int64,
            Some(timestamp),
        )
        .with_field_id(0),
        SchemaNode::leaf(
            "word",
            Repetition::Optional,
            PhysicalType::ByteArray,
            Some(LogicalType::String),
        )
        .with_field_id(5),
    ]);
    schema.check().unwrap();
    let group = RowGroup {
        total_byte_size: columns.iter().map(|c| c.meta.total_uncompressed_size).sum(),
        num_rows: ROWS as u64,
        sorting_columns: vec![SortingColumn {
            column_idx: 0,
            descending: false,
            nulls_first: false,
        }],
        file_offset: Some(4),
        total_compressed_size: Some(columns.iter().map(|c| c.meta.total_compressed_size).sum()),
        ordinal: Some(0),
        columns,
    };
    let meta = FileMetaData {
        version: 2,
        schema,
        num_rows: ROWS as u64,
        row_groups: vec![group],
        key_value_metadata: Vec::new(),
        created_by: Some("sluicegate version 0.1.0 (build test)".into()),
        column_orders: vec![ColumnOrder::TypeDefined; 2],
    };
    w.file.extend(write_footer(&meta).unwrap());
    Built {
        file: w.file,
        meta,
        offsets,
        indexes,
    }
}

fn codecs() -> [Codec; 6] {
    [
        Codec::None,
        Codec::Snappy,
        Codec::Lz4Raw,
        Codec::Zstd(3),
        Codec::Gzip(6),
        Codec::Brotli(1),
    ]
}

#[test]
fn arrow_rs_finds_every_value_and_every_checksum() {
    for codec in codecs() {
        for version_2 in [false, true] {
            let built = build(codec, version_2);
            let reader = SerializedFileReader::new(Bytes::from(built.file)).unwrap();
            let group = reader.get_row_group(0).unwrap();

            let reader = get_typed_column_reader::<Int64Type>(group.get_column_reader(0).unwrap());
            let mut values = Vec::new();
            { reader }
                .read_records(ROWS + 1, None, None, &mut values)
                .unwrap();
            assert_eq!(values, (0..ROWS as i64).map(|i| i * 10).collect::<Vec<_>>());

            let reader: ColumnReader = group.get_column_reader(1).unwrap();
            let mut reader = get_typed_column_reader::<ByteArrayType>(reader);
            let (mut values, mut levels) = (Vec::new(), Vec::new());
            reader
                .read_records(ROWS + 1, Some(&mut levels), None, &mut values)
                .unwrap();
            let mut values = values.iter();
            assert_eq!(levels.len(), ROWS);
            for (row, level) in levels.iter().enumerate() {
                let value = (*level == 1).then(|| values.next().unwrap().as_utf8().unwrap());
                assert_eq!(value, word(row), "{codec}, row {row}");
            }
        }
    }
}

#[test]
fn arrow_rs_notices_a_flipped_bit_by_our_checksum() {
    let mut built = build(Codec::None, false);
    let last_value_of_first_page = built.offsets[0].page_locations[1].offset as usize - 1;
    built.file[last_value_of_first_page] ^= 1;
    let reader = SerializedFileReader::new(Bytes::from(built.file)).unwrap();
    let mut pages = reader
        .get_row_group(0)
        .unwrap()
        .get_column_page_reader(0)
        .unwrap();
    let error = pages.get_next_page().unwrap_err();
    assert!(error.to_string().contains("CRC"), "{error}");
}

#[test]
fn arrow_rs_finds_our_page_index_and_bloom_filter() {
    let built = build(Codec::ZSTD, true);
    let file = Bytes::from(built.file);
    let theirs = ParquetMetaDataReader::new()
        .with_page_index_policy(PageIndexPolicy::Required)
        .parse_and_finish(&file)
        .unwrap();
    same_file(&built.meta, &theirs);
    for c in 0..2 {
        same_offset_index(&built.offsets[c], &theirs.offset_index().unwrap()[0][c]);
        same_column_index(&built.indexes[c], &theirs.column_index().unwrap()[0][c]);
    }
    let filter =
        parquet::bloom_filter::Sbbf::read_from_column_chunk(theirs.row_group(0).column(1), &file);
    let filter = filter.unwrap().unwrap();
    assert!(WORDS.iter().all(|w| filter.check(*w)));
    let false_positives = (0..1_000)
        .filter(|i| filter.check(format!("no {i}").as_str()))
        .count();
    assert!(false_positives < 50, "{false_positives} false positives");
}

#[test]
fn parquet2_reads_our_pages() {
    let built = build(Codec::None, false);
    let mut cursor = std::io::Cursor::new(&built.file);
    let meta = parquet2::read::read_metadata(&mut cursor).unwrap();
    for (c, column) in meta.row_groups[0].columns().iter().enumerate() {
        let pages =
            parquet2::read::get_page_iterator(column, &mut cursor, None, Vec::new(), 1 << 20);
        let kinds: Vec<_> = pages
            .unwrap()
            .map(|page| match page.unwrap() {
                parquet2::page::CompressedPage::Data(p) => p.num_values(),
                parquet2::page::CompressedPage::Dict(_) => 0,
            })
            .collect();
        let expected: &[usize] = if c == 0 {
            &[300, 300, 300, 100]
        } else {
            &[0, 300, 300, 300, 100]
        };
        assert_eq!(kinds, expected);
    }
}
