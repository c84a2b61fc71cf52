//! The shape of the files that exports write: P3, P4, P8, P13, P20, and what the footer says.

use std::collections::{BTreeMap, BTreeSet};

use column_format::ColumnType;
use engine::{CancelToken, Cause, ExitClass, ExportRequest, NoProgress, Output};
use pq_encode::Encoding;
use pq_format::{
    ColumnChunk, ColumnIndex, Decompressor, FileMetaData, OffsetIndex, PageHeader, PageKind,
    Repetition, page_crc, read_footer,
};
use testkit::{case, native_cases};

use crate::arrow_cells::{Cell, read_bytes};
use crate::export::{export_all, export_bytes};
use crate::support::Table;

struct Page {
    offset: u64,
    len: u64,
    header: PageHeader,
    body: Vec<u8>,
}

/// Reads the pages of a chunk one after the other, from its first byte to its last.
fn pages(file: &[u8], chunk: &ColumnChunk) -> Vec<Page> {
    let range = chunk.meta.byte_range().unwrap();
    let mut pages = Vec::new();
    let mut offset = range.start;
    while offset < range.end {
        let at = usize::try_from(offset).unwrap();
        let (header, header_len) = PageHeader::read(&file[at..]).unwrap();
        let body_at = at + header_len;
        let body = &file[body_at..body_at + header.compressed_len as usize];
        let crc = header.crc.expect("P20: every page has a checksum");
        assert_eq!(
            crc,
            page_crc(&[body]),
            "P20: checksum of the page at {offset}"
        );
        let len = header_len as u64 + u64::from(header.compressed_len);
        let mut plain = Vec::new();
        let limit = header.uncompressed_len as usize;
        Decompressor::new()
            .decompress(chunk.meta.codec, body, limit, limit, &mut plain)
            .unwrap();
        pages.push(Page {
            offset,
            len,
            header,
            body: plain,
        });
        offset += len;
    }
    assert_eq!(offset, range.end, "P3: pages end where the chunk ends");
    pages
}

fn chunks(footer: &FileMetaData) -> impl Iterator<Item = (usize, &ColumnChunk)> {
    footer
        .row_groups
        .iter()
        .flat_map(|group| group.columns.iter().enumerate())
}

/// Exports with many small row groups and pages, so that there is something to get wrong.
fn small_groups(id: &str) -> Vec<u8> {
    export_bytes(&Table::of(&case(id)).path, |r| {
        r.row_group_rows = 700;
        r.writer.page_rows = 100;
    })
    .unwrap()
    .1
}

const CASES: [&str; 6] = [
    "questdb/all_types",
    "questdb/column_tops",
    "questdb/splits",
    "questdb/high_cardinality_symbol",
    "questdb/indexed_symbols",
    "questdb/zero_columns_added",
];

#[test]
fn pages_lie_where_footer_and_offset_index_say() {
    for id in CASES {
        let file = small_groups(id);
        let footer = read_footer(&file).unwrap();
        for (column, chunk) in chunks(&footer) {
            let pages = pages(&file, chunk);
            let (dictionaries, data): (Vec<&Page>, Vec<&Page>) = pages
                .iter()
                .partition(|p| matches!(p.header.kind, PageKind::Dictionary(_)));
            assert!(
                dictionaries.len() <= 1,
                "{id}, column {column}: one dictionary"
            );
            assert_eq!(
                chunk.meta.dictionary_page_offset,
                dictionaries.first().map(|page| page.offset),
                "{id}, column {column}"
            );
            if let Some(dictionary) = dictionaries.first() {
                assert_eq!(
                    dictionary.offset, pages[0].offset,
                    "{id}: the dictionary is first"
                );
            }
            assert_eq!(
                chunk.meta.data_page_offset, data[0].offset,
                "{id}, column {column}"
            );
            let range = chunk.offset_index.expect("an offset index");
            let at = usize::try_from(range.offset).unwrap();
            let index = OffsetIndex::read(&file[at..at + range.length as usize]).unwrap();
            let announced: Vec<(u64, u64)> = index
                .page_locations
                .iter()
                .map(|page| (page.offset, u64::from(page.compressed_page_size)))
                .collect();
            let found: Vec<(u64, u64)> = data.iter().map(|page| (page.offset, page.len)).collect();
            assert_eq!(announced, found, "{id}, column {column}");
            let range = chunk
                .column_index
                .expect("P18: indexes for all chunks or none");
            let at = usize::try_from(range.offset).unwrap();
            let index = ColumnIndex::read(&file[at..at + range.length as usize]).unwrap();
            assert_eq!(index.null_pages.len(), data.len(), "{id}, column {column}");
        }
    }
}

/// The keys of a data page (V1) of a flat dictionary column, each bit-packed run checked.
fn keys(page: &Page, max_definition_level: u8) -> Vec<u32> {
    let mut body = &page.body[..];
    let PageKind::Data(header) = &page.header.kind else {
        panic!("a V1 page")
    };
    let mut values = header.num_values as usize;
    if max_definition_level > 0 {
        let (len, rest) = body.split_at(4);
        let len = u32::from_le_bytes(len.try_into().unwrap()) as usize;
        let (levels, rest) = rest.split_at(len);
        let levels = runs(levels, 1, values);
        values = levels.iter().filter(|&&level| level == 1).count();
        body = rest;
    }
    let Some((&width, rest)) = body.split_first() else {
        assert_eq!(values, 0);
        return Vec::new();
    };
    runs(rest, u32::from(width), values)
}

/// An independent reader of the RLE/bit-packed hybrid: a bit-packed run holds groups of 8 values,
/// and all of their bytes are there (P3).
fn runs(mut bytes: &[u8], width: u32, count: usize) -> Vec<u32> {
    let mut values = Vec::new();
    while values.len() < count {
        let mut header = 0_u64;
        for shift in (0..).step_by(7) {
            let (&byte, rest) = bytes.split_first().expect("a run's header");
            bytes = rest;
            header |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                break;
            }
        }
        if header & 1 == 1 {
            let groups = usize::try_from(header >> 1).unwrap();
            let (packed, rest) = bytes.split_at(groups * width as usize);
            bytes = rest;
            let bit = |at: usize| u32::from(packed[at / 8] >> (at % 8) & 1);
            for value in 0..groups * 8 {
                let first = value * width as usize;
                values.push((0..width as usize).map(|b| bit(first + b) << b).sum());
            }
        } else {
            let (value, rest) = bytes.split_at(width.div_ceil(8) as usize);
            bytes = rest;
            let mut word = [0; 4];
            word[..value.len()].copy_from_slice(value);
            let run = usize::try_from(header >> 1).unwrap();
            values.extend(std::iter::repeat_n(u32::from_le_bytes(word), run));
        }
    }
    assert!(bytes.is_empty(), "nothing follows the last run");
    values.truncate(count);
    values
}

/// Bytes of a value in a dictionary page, of which `page` bytes hold `count` values.
fn plain_bytes(cell: &Cell, page: usize, count: usize) -> usize {
    match cell {
        Cell::Text(text) => 4 + text.len(),
        Cell::Bytes(bytes) if page != bytes.len() * count => 4 + bytes.len(),
        _ => page / count,
    }
}

#[test]
fn a_dictionary_holds_the_entries_that_its_chunk_uses_and_no_other() {
    let mut dictionaries = 0;
    for id in CASES {
        let file = small_groups(id);
        let footer = read_footer(&file).unwrap();
        let columns = read_bytes(file.clone());
        let mut first_row = 0;
        for group in &footer.row_groups {
            let rows = usize::try_from(group.num_rows).unwrap();
            for (chunk, column) in group.columns.iter().zip(&columns) {
                let pages = pages(&file, chunk);
                let PageKind::Dictionary(header) = &pages[0].header.kind else {
                    continue;
                };
                dictionaries += 1;
                let cells = &column.cells[first_row..first_row + rows];
                let used: BTreeSet<&Cell> = cells.iter().filter(|c| **c != Cell::Null).collect();
                let what = format!("{id}: {} from row {first_row}", column.name);
                let count = header.num_values as usize;
                assert_eq!(count, used.len(), "{what}");
                let page_bytes = pages[0].body.len();
                let used_bytes: usize = used
                    .iter()
                    .map(|cell| plain_bytes(cell, page_bytes, count))
                    .sum();
                assert!(page_bytes * 10 <= used_bytes * 11, "P4: {what}");
                assert!(
                    used.len() * 2 <= rows,
                    "P4: a dictionary that does not pay: {what}"
                );
                let level = u8::from(footer.schema.fields.iter().any(|node| {
                    node.name == column.name && node.repetition == Repetition::Optional
                }));
                let referenced: BTreeSet<u32> = pages[1..]
                    .iter()
                    .flat_map(|page| keys(page, level))
                    .collect();
                let all: BTreeSet<u32> = (0..header.num_values).collect();
                assert_eq!(referenced, all, "P4: no entry is unreferenced: {what}");
            }
            first_row += rows;
        }
    }
    assert!(dictionaries > 20, "{dictionaries}");
}

/// 25,000 symbols over 50,000 rows: where almost every row has its own, a dictionary would be
/// larger than the texts.
#[test]
fn a_dictionary_that_does_not_pay_is_given_up() {
    let table = case("questdb/high_cardinality_symbol").table();
    let (_, file) = export_bytes(&table, |r| {
        (r.columns, r.row_group_rows) = (Some(vec!["s".into()]), 1_000);
    })
    .unwrap();
    let footer = read_footer(&file).unwrap();
    let column = &read_bytes(file.clone())[0];
    let mut given_up = 0;
    for (group, cells) in footer.row_groups.iter().zip(column.cells.chunks(1_000)) {
        let distinct: BTreeSet<&Cell> = cells.iter().filter(|c| **c != Cell::Null).collect();
        if distinct.len() * 2 > cells.len() {
            assert_eq!(group.columns[0].meta.dictionary_page_offset, None);
            given_up += 1;
        }
    }
    assert!(given_up > 10, "{given_up}");
}

#[test]
fn tables_without_rows_give_a_file_with_the_full_schema() {
    let mut seen = 0;
    for case in native_cases().iter().filter(|case| case.rows == 0) {
        let (report, file) = export_all(&case.table());
        let footer = read_footer(&file).unwrap();
        assert_eq!(
            (footer.num_rows, footer.row_groups.len()),
            (0, 0),
            "{}",
            case.id
        );
        let columns = csv::Reader::from_path(case.columns_csv())
            .unwrap()
            .into_records()
            .count();
        assert_eq!(footer.schema.leaves().len(), columns, "{}", case.id);
        assert_eq!(report.columns, columns, "{}", case.id);
        assert_eq!(footer.column_orders.len(), columns, "{}", case.id);
        seen += 1;
    }
    assert_eq!(seen, 5);
}

#[test]
fn only_types_without_null_and_the_designated_timestamp_are_required() {
    for id in ["questdb/all_types", "questdb/column_tops", "questdb/nanos"] {
        let case = case(id);
        let shown = engine::show_columns(case.table()).unwrap();
        let footer = read_footer(&export_all(&case.table()).1).unwrap();
        for (info, node) in shown.facts.iter().zip(&footer.schema.fields) {
            assert_eq!(info.column, node.name);
            let no_null = ["BOOLEAN", "BYTE", "SHORT", "CHAR"];
            let required = info.designated || no_null.contains(&info.column_type.as_str());
            let expected = if required {
                Repetition::Required
            } else {
                Repetition::Optional
            };
            assert_eq!(node.repetition, expected, "{id}: {}", info.column);
        }
    }
}

#[test]
fn the_footer_says_who_wrote_it_and_from_what() {
    let case = case("questdb/all_types");
    let (report, file) = export_all(&case.table());
    let footer = read_footer(&file).unwrap();
    let created_by = footer.created_by.clone().unwrap();
    assert!(
        created_by.starts_with("sluicegate version "),
        "{created_by}"
    );
    let ours: serde_json::Value =
        serde_json::from_str(footer.key_value("sluicegate").unwrap()).unwrap();
    assert_eq!(ours["table"], "all_types");
    assert_eq!(ours["rows"], 141);
    assert_eq!(ours["snapshot_txn"], report.snapshot_txn);
    assert_eq!(ours["options"]["codec"], "zstd:1");
    assert_eq!(ours["options"]["row_group_rows"], 1_000_000);
    assert!(ours["selected"]["columns"].is_null() && ours["selected"]["from"].is_null());
    let forbidden = ["threads", "memory", "profile", "partitions", "frame_rows"];
    for key in forbidden {
        assert!(
            ours.get(key).is_none() && ours["options"].get(key).is_none(),
            "P2: {key}"
        );
    }
    let theirs: serde_json::Value =
        serde_json::from_str(footer.key_value("questdb").unwrap()).unwrap();
    assert_eq!(theirs["version"], 1);
    let schema = theirs["schema"].as_array().unwrap();
    assert_eq!(schema.len(), report.columns);
    assert_eq!(
        schema[0],
        serde_json::json!({"column_type": 1, "column_top": 0, "id": 0})
    );
    // The designated timestamp carries its bit.
    assert_eq!(schema[30]["column_type"], 131_080);
    assert_eq!(schema[8]["column_type"], 262_152);
}

#[test]
fn an_option_that_does_not_exist_is_refused_by_name() {
    let table = case("questdb/by_day").table();
    let refused = |change: fn(&mut ExportRequest)| {
        let mut request = ExportRequest::new(&table, Output::Writer(Box::new(std::io::sink())));
        change(&mut request);
        let error = engine::export(request, &NoProgress, &CancelToken::new()).unwrap_err();
        assert_eq!(error.exit_class(), ExitClass::Usage, "{}", error.to_line());
        error.to_line()
    };
    let line = refused(|r| r.row_group_rows = 0);
    assert!(line.contains("--row-group-rows"), "{line}");
    let line = refused(|r| r.writer.codec = engine::Codec::Zstd(23));
    assert!(line.contains("zstd") && line.contains("22"), "{line}");
    let line = refused(|r| r.writer.page_bytes = 1);
    assert!(line.contains("page-bytes"), "{line}");
    let line = refused(|r| r.columns = Some(vec!["A".into(), "a".into()]));
    assert!(line.contains("\"a\"") && line.contains("twice"), "{line}");
    let line = refused(|r| r.columns = Some(Vec::new()));
    assert!(line.contains("--columns"), "{line}");
    let line = refused(|r| r.columns = Some(vec!["tz".into()]));
    assert!(line.contains("did you mean \"ts\"?"), "{line}");
}

/// The encodings of the footer are those of the pages, and none is replaced in silence.
#[test]
fn every_chunk_names_the_encoding_of_its_pages() {
    let case = case("questdb/all_types");
    let (_, file) = export_all(&case.table());
    let footer = read_footer(&file).unwrap();
    let mut by_column = BTreeMap::new();
    for (column, chunk) in chunks(&footer) {
        for page in pages(&file, chunk) {
            if let PageKind::Data(header) = &page.header.kind {
                assert!(
                    chunk.meta.encodings.contains(&header.encoding),
                    "column {column}"
                );
                by_column.insert(column, header.encoding);
            }
        }
    }
    assert_eq!(by_column[&12], pq_format::Encoding::RleDictionary, "SYMBOL");
    assert_eq!(
        by_column[&30],
        pq_format::Encoding::DeltaBinaryPacked,
        "designated"
    );
    assert!(Encoding::Dictionary.legal_for(ColumnType::Symbol));
}

#[test]
fn a_closed_pipe_is_told_apart_from_other_failures() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let table = case("questdb/trades").table();
    let request = ExportRequest::new(&table, Output::Writer(Box::new(Closed)));
    let error = engine::export(request, &NoProgress, &CancelToken::new()).unwrap_err();
    assert!(error.is_closed_pipe() && matches!(error.cause(), Cause::Stream(_)));
}
