//! P3, P4, P5, P20: the pages of a chunk, scanned in order from its first byte.

use column_format::{ColumnSlice, ColumnType, Layout};
use pq_encode::{
    Codec, ColumnSpec, Encoding, PIECE_BYTES_MAX, PageSink, PageVersion, SinkError, WriterOptions,
};
use pq_format::{Decompressor, PageHeader, PageKind, page_crc};

use crate::counting::Counting;
use crate::data::{Nulls, Shape, all_types, column, symbols};
use crate::judge;
use crate::write::{Input, chunk, file, groups};

/// A page found by scanning.
pub(crate) struct Scanned {
    pub(crate) offset: usize,
    pub(crate) header_len: usize,
    pub(crate) header: PageHeader,
    pub(crate) body: Vec<u8>,
}

impl Scanned {
    pub(crate) fn is_dictionary(&self) -> bool {
        matches!(self.header.kind, PageKind::Dictionary(_))
    }

    pub(crate) fn rows(&self) -> Option<u32> {
        match &self.header.kind {
            PageKind::DataV2(header) => Some(header.num_rows),
            _ => None,
        }
    }
}

/// Scans `bytes` from the start to the end, which must be the end of a page.
pub(crate) fn scan(bytes: &[u8]) -> Vec<Scanned> {
    let mut pages = Vec::new();
    let mut offset = 0;
    while offset < bytes.len() {
        let (header, header_len) = PageHeader::read(&bytes[offset..]).unwrap();
        let len = usize::try_from(header.compressed_len).unwrap();
        let body = bytes[offset + header_len..offset + header_len + len].to_vec();
        pages.push(Scanned {
            offset,
            header_len,
            header,
            body,
        });
        offset += header_len + len;
    }
    assert_eq!(offset, bytes.len());
    pages
}

fn small(version: PageVersion) -> WriterOptions {
    WriterOptions {
        page_version: version,
        page_bytes: 4096,
        page_rows: 300,
        ..Default::default()
    }
}

#[test]
fn a_scan_from_the_chunk_start_finds_the_offsets_of_footer_and_offset_index() {
    for version in [PageVersion::V1, PageVersion::V2] {
        let columns: Vec<_> = all_types()
            .into_iter()
            .map(|column_type| column(column_type, 1000, Nulls::Random, Shape::Few, 4))
            .collect();
        let input = |i: usize, rows| Input {
            spec: ColumnSpec::new(format!("c{i}"), columns[i].column_type),
            slices: vec![columns[i].slice().slice(rows)],
            symbols: columns[i].symbols.as_ref(),
        };
        let first: Vec<_> = (0..columns.len()).map(|i| input(i, 0..600)).collect();
        let second: Vec<_> = (0..columns.len()).map(|i| input(i, 600..1000)).collect();
        let bytes = groups(&[&first, &second], &small(version));
        let metadata = judge::metadata(&bytes);
        let index = metadata.offset_index().unwrap();
        let mut end = 4;
        for (group, index) in metadata.row_groups().iter().zip(index) {
            for (i, offsets) in index.iter().enumerate() {
                let chunk = group.column(i);
                let (start, len) = chunk.byte_range();
                let start = usize::try_from(start).unwrap();
                assert_eq!(start, end, "chunks stand one behind the other");
                end = start + usize::try_from(len).unwrap();
                let pages = scan(&bytes[start..end]);
                let what = columns[i].column_type;

                let dictionaries = pages.iter().filter(|page| page.is_dictionary()).count();
                let announced = chunk.dictionary_page_offset();
                assert_eq!(dictionaries, usize::from(announced.is_some()), "{what}");
                if let Some(offset) = announced {
                    assert!(
                        pages[0].is_dictionary(),
                        "{what}: the dictionary comes first"
                    );
                    assert_eq!(offset, i64::try_from(start).unwrap(), "{what}");
                }
                let data = &pages[dictionaries..];
                let first = i64::try_from(start + data[0].offset).unwrap();
                assert_eq!(chunk.data_page_offset(), first, "{what}");
                assert_eq!(offsets.page_locations().len(), data.len(), "{what}");
                let mut rows = 0;
                for (location, page) in offsets.page_locations().iter().zip(data) {
                    let offset = usize::try_from(location.offset).unwrap();
                    assert_eq!(offset, start + page.offset, "{what}");
                    let len = usize::try_from(location.compressed_page_size).unwrap();
                    assert_eq!(len, page.header_len + page.body.len(), "{what}");
                    // Version 1 does not say how many rows a page has.
                    if let Some(count) = page.rows() {
                        assert_eq!(location.first_row_index, rows, "{what}");
                        rows += i64::from(count);
                    }
                }
                let raw: usize = pages
                    .iter()
                    .map(|p| p.header_len + usize::try_from(p.header.uncompressed_len).unwrap())
                    .sum();
                assert_eq!(
                    chunk.uncompressed_size(),
                    i64::try_from(raw).unwrap(),
                    "{what}"
                );
            }
        }
    }
}

#[test]
fn every_page_has_the_crc_of_its_bytes_unless_told_otherwise() {
    for version in [PageVersion::V1, PageVersion::V2] {
        for codec in [Codec::None, Codec::Zstd(1)] {
            for crc in [true, false] {
                let options = WriterOptions {
                    crc,
                    codec,
                    ..small(version)
                };
                for column_type in all_types() {
                    let column = column(column_type, 900, Nulls::Random, Shape::Few, 4);
                    let spec = ColumnSpec::new("c", column_type);
                    let slices = vec![column.slice()];
                    let input = Input {
                        spec,
                        slices,
                        symbols: column.symbols.as_ref(),
                    };
                    for page in scan(&chunk(&input, &options).0) {
                        let expected = crc.then(|| page_crc(&[&page.body]));
                        assert_eq!(page.header.crc, expected, "{column_type}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_page_is_at_most_its_target_unless_one_row_is_larger() {
    let target = 4096;
    for column_type in all_types() {
        for encoding in Encoding::all_legal_for(column_type) {
            let column = column(column_type, 9000, Nulls::Random, Shape::Wild, 8);
            let options = WriterOptions {
                page_bytes: target,
                page_rows: 1_000_000,
                page_version: PageVersion::V2,
                codec: Codec::None,
                ..Default::default()
            };
            let spec = ColumnSpec::new("c", column_type).with_encoding(encoding);
            let slices = vec![column.slice()];
            let input = Input {
                spec,
                slices,
                symbols: column.symbols.as_ref(),
            };
            let pages = scan(&chunk(&input, &options).0);
            let data: Vec<_> = pages.iter().filter(|page| !page.is_dictionary()).collect();
            for page in &data {
                let PageKind::DataV2(header) = &page.header.kind else {
                    panic!("version 2")
                };
                let levels = header.definition_levels_len + header.repetition_levels_len;
                let values = page.body.len() - usize::try_from(levels).unwrap();
                assert!(values <= target, "{column_type} {encoding}: {values}");
            }
            // And a page is not closed long before: all but the last are at least half full.
            for page in data.iter().rev().skip(1) {
                let len = page.body.len();
                assert!(len * 2 >= target, "{column_type} {encoding}: {len}");
            }
        }
    }
}

#[test]
fn one_huge_value_makes_one_huge_page_and_pieces_stay_below_a_mebibyte() {
    struct Pieces(Vec<usize>);
    impl PageSink for Pieces {
        fn page(&mut self, bytes: &[u8]) -> Result<(), SinkError> {
            self.0.push(bytes.len());
            Ok(())
        }
    }
    let mut writer = column_format::BinaryWriter::new();
    for len in [10, 5_000_000, 20, 30] {
        writer.push(Some(&vec![7; len])).unwrap();
    }
    let (aux, data) = writer.take();
    let slice = ColumnSlice::new(Layout::Binary, &aux, &data, 4).unwrap();
    let spec = ColumnSpec::new("c", ColumnType::Binary);
    let options = WriterOptions {
        codec: Codec::None,
        ..Default::default()
    };
    let mut encoder = pq_encode::ChunkEncoder::new(&spec, &options).unwrap();
    let mut pieces = Pieces(vec![]);
    let summary = encoder.encode(&[slice], None, &mut pieces).unwrap();
    assert_eq!(
        summary
            .pages
            .iter()
            .map(|page| page.rows)
            .collect::<Vec<_>>(),
        [1, 1, 2]
    );
    assert!(
        pieces.0.iter().all(|len| *len <= PIECE_BYTES_MAX),
        "{:?}",
        pieces.0
    );
    assert!(pieces.0.len() >= 3 + 4);
}

#[test]
fn rows_bound_a_page_where_bytes_do_not() {
    let column = column(ColumnType::Int, 45_001, Nulls::None, Shape::Rising, 1);
    let spec = ColumnSpec::new("c", ColumnType::Int);
    let input = Input {
        spec,
        slices: vec![column.slice()],
        symbols: None,
    };
    let (_, summary) = chunk(&input, &WriterOptions::default());
    let rows: Vec<u32> = summary.pages.iter().map(|page| page.rows).collect();
    assert_eq!(rows, [20_000, 20_000, 5001]);
}

#[test]
fn a_dictionary_holds_exactly_the_entries_used() {
    // One symbol with a high key among many that the rows do not use.
    let texts: Vec<Vec<u16>> = (0..50_000)
        .map(|i| format!("symbol number {i}").encode_utf16().collect())
        .collect();
    let texts: Vec<&[u16]> = texts.iter().map(Vec::as_slice).collect();
    let dictionary = symbols(&texts);
    let keys = [49_999_i32, 3, 49_999, 700];
    let data: Vec<u8> = keys
        .iter()
        .cycle()
        .take(4000)
        .flat_map(|key| key.to_le_bytes())
        .collect();
    let slice = ColumnSlice::new(Layout::Fixed(4), &[], &data, 4000).unwrap();
    let spec = ColumnSpec::new("c", ColumnType::Symbol);
    let input = Input {
        spec,
        slices: vec![slice],
        symbols: Some(&dictionary),
    };
    let options = WriterOptions {
        codec: Codec::None,
        ..Default::default()
    };
    let (bytes, summary) = chunk(&input, &options);
    let pages = scan(&bytes);
    let used = [
        "symbol number 3",
        "symbol number 700",
        "symbol number 49999",
    ];
    let mut expected = Vec::new();
    for text in used {
        expected.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
        expected.extend(text.as_bytes());
    }
    assert!(pages[0].is_dictionary());
    assert_eq!(pages[0].body, expected);
    assert_eq!(summary.dictionary_entries, Some(3));
    assert_eq!(summary.statistics.distinct_count, Some(3));
}

#[test]
fn a_dictionary_that_does_not_pay_is_given_up_unless_asked_for_by_name() {
    let unique = column(ColumnType::Symbol, 3000, Nulls::None, Shape::Wild, 1);
    let options = WriterOptions::default();
    let spec = ColumnSpec::new("c", ColumnType::Symbol);
    let input = |spec| Input {
        spec,
        slices: vec![unique.slice()],
        symbols: unique.symbols.as_ref(),
    };
    let (bytes, summary) = chunk(&input(spec.clone()), &options);
    assert_eq!(summary.encoding, Encoding::DeltaLength);
    assert!(!scan(&bytes).iter().any(Scanned::is_dictionary));

    let (_, summary) = chunk(
        &input(spec.clone().with_encoding(Encoding::Dictionary)),
        &options,
    );
    assert_eq!(summary.encoding, Encoding::Dictionary);

    // By its bytes, too.
    let few = column(ColumnType::Symbol, 3000, Nulls::None, Shape::Few, 1);
    let input = Input {
        spec,
        slices: vec![few.slice()],
        symbols: few.symbols.as_ref(),
    };
    assert_eq!(chunk(&input, &options).1.encoding, Encoding::Dictionary);
    let cramped = WriterOptions {
        dictionary_bytes: 40,
        ..options
    };
    assert_eq!(chunk(&input, &cramped).1.encoding, Encoding::DeltaLength);
}

#[test]
fn a_chunk_that_its_codec_does_not_shrink_is_stored_unless_asked_for_by_name() {
    let noise = column(ColumnType::Uuid, 5000, Nulls::None, Shape::Wild, 1);
    let spec = ColumnSpec::new("c", ColumnType::Uuid);
    let options = WriterOptions::default();
    let input = |spec| Input {
        spec,
        slices: vec![noise.slice()],
        symbols: None,
    };
    let (bytes, summary) = chunk(&input(spec.clone()), &options);
    assert_eq!(summary.codec, Codec::None);
    assert!(
        scan(&bytes)
            .iter()
            .all(|p| p.header.compressed_len == p.header.uncompressed_len)
    );
    let named = spec.with_codec(Codec::Zstd(2));
    let (bytes, summary) = chunk(&input(named), &options);
    assert_eq!(summary.codec, Codec::Zstd(2));
    let mut decompressor = Decompressor::new();
    for page in scan(&bytes) {
        let mut out = Vec::new();
        let len = usize::try_from(page.header.uncompressed_len).unwrap();
        decompressor
            .decompress(
                pq_format::CodecId::Zstd,
                &page.body,
                len,
                usize::MAX,
                &mut out,
            )
            .unwrap();
        assert_eq!(out.len(), len);
    }
}

#[test]
fn a_reader_that_selects_rows_skips_the_pages_of_pulled_and_pushed_files() {
    use parquet::arrow::arrow_reader::{
        ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
    };
    let column = column(ColumnType::Long, 100_000, Nulls::None, Shape::Wild, 1);
    let spec = ColumnSpec::new("c", ColumnType::Long);
    let writer = WriterOptions {
        page_rows: 5000,
        ..Default::default()
    };
    let input = Input {
        spec: spec.clone(),
        slices: vec![column.slice()],
        symbols: None,
    };
    for bytes in [
        file(&[input], &writer),
        crate::push::file(&spec, &column, &writer, 1_000_000, pq_encode::MemoryStores),
    ] {
        let bytes = bytes::Bytes::from(bytes);
        let size = bytes.len();
        let source = Counting::new(bytes);
        let policy = parquet::file::metadata::PageIndexPolicy::Required;
        let options = ArrowReaderOptions::new().with_page_index_policy(policy);
        let counted = source.clone();
        let builder =
            ParquetRecordBatchReaderBuilder::try_new_with_options(source, options).unwrap();
        let before = counted.read();
        let selection = RowSelection::from(vec![RowSelector::skip(70_000), RowSelector::select(5)]);
        let batch = builder
            .with_row_selection(selection)
            .build()
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        let read = counted.read() - before;
        assert!(
            read > 0 && read * 10 < size,
            "{read} of {size} bytes for five rows"
        );
        let found =
            arrow::array::AsArray::as_primitive::<arrow::datatypes::Int64Type>(batch.column(0));
        let expected: Vec<i64> = column.data[70_000 * 8..70_005 * 8]
            .chunks(8)
            .map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap()))
            .collect();
        assert_eq!(found.values().to_vec(), expected);
    }
}
