//! Export of Parquet partitions by passthrough: what is copied, and what the file says about it.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use engine::{ExportReport, ExportRequest};
use pq_format::{ColumnChunk, FileMetaData, read_footer};
use testkit::{Case, Stored, case, cases};

use crate::arrow_cells::{read_bytes, read_file};
use crate::bounds::check_bounds;
use crate::export::{assert_equal_columns, export_bytes};
use crate::support::Table;

/// Exports with `--keep-codec` and statistics.
fn keep(table: &Path, change: impl FnOnce(&mut ExportRequest)) -> (ExportReport, Vec<u8>) {
    export_bytes(table, |r| {
        r.keep_codec = true;
        r.stats = true;
        change(r);
    })
    .unwrap_or_else(|e| panic!("{}: {}", table.display(), e.to_line()))
}

fn parquet_cases() -> Vec<Case> {
    let all = cases().into_iter();
    all.filter(|case| case.stored == Stored::Parquet).collect()
}

fn reasons(report: &ExportReport) -> &BTreeMap<String, u64> {
    &report.stats.as_ref().unwrap().reencoded_chunks
}

#[test]
fn every_table_exports_the_same_rows_when_its_codec_is_kept() {
    let (mut copied, mut pages) = (0, 0);
    for case in parquet_cases() {
        let table = Table::of(&case);
        let (report, bytes) = keep(&table.path, |_| {});
        let expected = read_file(&case.answer_parquet());
        assert_equal_columns(case.id, &read_bytes(bytes.clone()), &expected);
        assert_eq!(report.rows, case.rows, "{}", case.id);
        assert_eq!(report.bytes_out, bytes.len() as u64, "{}", case.id);
        let chunks = (report.row_groups * report.columns) as u64;
        let both = report.passthrough_chunks + report.encoded_chunks;
        assert_eq!(both, chunks, "{}", case.id);
        copied += report.passthrough_chunks;
        pages += check_bounds(case.id, &bytes);
    }
    assert!(
        copied > 1_000 && pages > 2_000,
        "{copied} chunks, {pages} pages"
    );
}

/// The same chunk in two files: where its pages are in each.
fn chunk_bytes<'f>(file: &'f [u8], chunk: &ColumnChunk) -> &'f [u8] {
    let range = chunk.meta.byte_range().unwrap();
    let at = |n: u64| usize::try_from(n).unwrap();
    &file[at(range.start)..at(range.end)]
}

/// `data.parquet` of every partition of a table, oldest first. The committed bytes are all of it.
fn parquet_files(table: &Path) -> Vec<Vec<u8>> {
    let mut dirs: Vec<_> = fs::read_dir(table)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    dirs.sort();
    let files = dirs.iter().map(|dir| dir.join("data.parquet"));
    files.filter_map(|file| fs::read(file).ok()).collect()
}

#[test]
fn copied_chunks_are_those_of_the_source_byte_for_byte() {
    for id in [
        "questdb/parquet_partitions",
        "questdb-94/parquet_partitions",
    ] {
        let table = case(id).table();
        let (report, bytes) = keep(&table, |_| {});
        let sources = parquet_files(&table);
        let mut stored: HashSet<&[u8]> = HashSet::new();
        for file in &sources {
            for group in read_footer(file).unwrap().row_groups {
                stored.extend(group.columns.iter().map(|c| chunk_bytes(file, c)));
            }
        }
        let footer: FileMetaData = read_footer(&bytes).unwrap();
        let chunks = footer.row_groups.iter().flat_map(|g| &g.columns);
        let copied = chunks
            .filter(|c| stored.contains(chunk_bytes(&bytes, c)))
            .count() as u64;
        // An encoder may happen to make the same bytes, of booleans for instance; never fewer.
        assert!(
            copied >= report.passthrough_chunks,
            "{id}: {copied} of {}",
            report.passthrough_chunks
        );
        assert!(report.passthrough_chunks > 200, "{id}");
        assert_eq!(
            reasons(&report)["arrays"],
            27,
            "{id}: two columns of arrays, one late"
        );
        for (ordinal, group) in footer.row_groups.iter().enumerate() {
            assert_eq!(
                group.ordinal.map(usize::try_from),
                Some(Ok(ordinal)),
                "{id}"
            );
        }
    }
}

#[test]
fn nothing_is_copied_that_was_not_asked_for() {
    for case in parquet_cases() {
        let table = Table::of(&case);
        let (report, _) = export_bytes(&table.path, |r| r.stats = true).unwrap();
        assert_eq!(report.passthrough_chunks, 0, "{}", case.id);
        assert!(
            report.encoded_chunks > 0 && !reasons(&report).is_empty(),
            "{}",
            case.id
        );
    }
}

#[test]
fn chunks_are_copied_unasked_where_they_look_as_asked_for() {
    let table = case("questdb/parquet_codecs/lz4_raw").table();
    let source = read_footer(&parquet_files(&table)[0]).unwrap();
    let rows = source.row_groups[0].num_rows;
    let matching = |r: &mut ExportRequest| {
        r.writer.codec = "lz4_raw".parse().unwrap();
        r.writer.crc = false;
        r.row_group_rows = rows;
        r.stats = true;
    };
    let (report, bytes) = export_bytes(&table, matching).unwrap();
    assert!(report.passthrough_chunks > 0, "{:?}", reasons(&report));
    check_bounds("lz4_raw", &bytes);
    type Change = fn(&mut ExportRequest);
    let other: [(&str, Change); 4] = [
        ("codec", |r| r.writer.codec = "zstd".parse().unwrap()),
        ("checksum", |r| r.writer.crc = true),
        ("page_version", |r| {
            r.writer.page_version = engine::PageVersion::V2;
        }),
        ("row_group", |r| r.row_group_rows = 10),
    ];
    for (reason, change) in other {
        let (report, _) = export_bytes(&table, |r| {
            matching(r);
            change(r);
        })
        .unwrap();
        assert_eq!(report.passthrough_chunks, 0, "{reason}");
        assert!(
            reasons(&report).contains_key(reason),
            "{reason}: {:?}",
            reasons(&report)
        );
    }
}

#[test]
fn version_2_pages_are_copied_when_they_are_asked_for() {
    for id in [
        "questdb/parquet_codecs/zstd",
        "questdb-94/parquet_codecs/snappy",
    ] {
        let case = case(id);
        let (report, bytes) = keep(&case.table(), |r| {
            r.writer.page_version = engine::PageVersion::V2;
        });
        assert_eq!(
            report.passthrough_chunks,
            20,
            "{id}: {:?}",
            reasons(&report)
        );
        check_bounds(id, &bytes);
        assert_equal_columns(id, &read_bytes(bytes), &read_file(&case.answer_parquet()));
    }
}
