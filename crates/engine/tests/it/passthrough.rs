//! Export of Parquet partitions by passthrough: what is copied, and what the file says about it.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::Path;

use engine::{CancelToken, ExportReport, ExportRequest, NoProgress, Output};
use pq_format::{ColumnChunk, FileMetaData, OffsetIndex, read_footer};
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
        // As the source claims; of what it says nothing, nothing is claimed.
        let claims = footer
            .row_groups
            .iter()
            .filter(|g| !g.sorting_columns.is_empty());
        assert!(claims.count() > 0, "{id}: sorting columns");
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
    let other: [(&str, Change); 5] = [
        ("codec", |r| r.writer.codec = "none".parse().unwrap()),
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

fn version_2(request: &mut ExportRequest) {
    request.writer.page_version = engine::PageVersion::V2;
}

/// Replaces text in the footer of every Parquet partition by text of the same length.
fn replace_in_footers(table: &Path, from: &str, to: &str) {
    assert_eq!(from.len(), to.len());
    let mut replaced = 0;
    for entry in fs::read_dir(table).unwrap() {
        let file = entry.unwrap().path().join("data.parquet");
        let Ok(mut bytes) = fs::read(&file) else {
            continue;
        };
        let at = bytes
            .windows(from.len())
            .rposition(|w| w == from.as_bytes());
        let at = at.unwrap_or_else(|| panic!("{} has no {from}", file.display()));
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        fs::write(&file, bytes).unwrap();
        replaced += 1;
    }
    assert!(replaced > 0);
}

#[test]
fn a_chunk_that_is_stored_is_not_taken_for_one_of_another_codec() {
    let table = case("questdb/parquet_codecs/uncompressed").table();
    let rows = read_footer(&parquet_files(&table)[0]).unwrap().row_groups[0].num_rows;
    for (codec, copied) in [("zstd", false), ("none", true)] {
        let (report, _) = export_bytes(&table, |r| {
            r.writer.codec = codec.parse().unwrap();
            r.writer.crc = false;
            r.row_group_rows = rows;
            r.stats = true;
        })
        .unwrap();
        let why = reasons(&report);
        assert_eq!(report.passthrough_chunks > 0, copied, "{codec}: {why:?}");
        assert_eq!(why.contains_key("codec"), !copied, "{codec}: {why:?}");
    }
}

/// What such files take for null, and whether their bounds have the order of their type, is unknown.
#[test]
fn files_that_name_no_types_or_no_order_are_encoded_again() {
    let case = case("questdb/parquet_codecs/snappy");
    let expected = read_file(&case.answer_parquet());
    for (from, to, reason) in [
        (r#"{"version""#, r#"{"Version""#, None),
        ("questdb", "questdx", Some("type")),
        ("QuestDB version", "Another version", Some("statistics")),
    ] {
        let table = Table::copy_of(&case);
        replace_in_footers(&table.path, from, to);
        let (report, bytes) = keep(&table.path, version_2);
        assert_equal_columns(case.id, &read_bytes(bytes), &expected);
        let why = reasons(&report);
        match reason {
            None => assert!(report.passthrough_chunks > 0, "{why:?}"),
            Some(reason) => {
                assert_eq!(report.passthrough_chunks, 0, "{why:?}");
                assert!(why.contains_key(reason), "{why:?}");
            }
        }
    }
}

/// Offsets in the page index that are not those of the pages: the chunks are encoded again.
#[test]
fn a_page_index_that_lies_is_not_carried_over() {
    let case = case("questdb/parquet_codecs/snappy");
    let expected = read_file(&case.answer_parquet());
    let table = Table::copy_of(&case);
    let mut chunks = 0;
    for entry in fs::read_dir(&table.path).unwrap() {
        let file = entry.unwrap().path().join("data.parquet");
        let Ok(mut bytes) = fs::read(&file) else {
            continue;
        };
        for group in read_footer(&bytes).unwrap().row_groups {
            for chunk in group.columns {
                let Some(place) = chunk.offset_index else {
                    continue;
                };
                let at = usize::try_from(place.offset).unwrap();
                let range = at..at + place.length as usize;
                let mut index = OffsetIndex::read(&bytes[range.clone()]).unwrap();
                // Less by two, so that its bytes are as many.
                index.page_locations[0].offset -= 2;
                let mut out = Vec::new();
                index.write(&mut out).unwrap();
                assert_eq!(out.len(), range.len());
                bytes[range].copy_from_slice(&out);
                chunks += 1;
            }
        }
        fs::write(&file, bytes).unwrap();
    }
    assert!(chunks > 10, "{chunks}");
    let (report, bytes) = keep(&table.path, version_2);
    let why = reasons(&report);
    assert_eq!(why.get("page_index"), Some(&chunks), "{why:?}");
    assert_equal_columns(case.id, &read_bytes(bytes), &expected);
}

#[test]
fn copies_are_the_same_whatever_threads_read_mode_and_memory() {
    for id in ["questdb/parquet_o3/after3", "questdb-94/parquet_partitions"] {
        let table = Table::of(&case(id));
        let (report, expected) = keep(&table.path, |_| {});
        assert!(report.passthrough_chunks > 0, "{id}");
        for threads in [1, 2, 3, 8] {
            for mode in ["mapped", "positional"] {
                let (_, bytes) = keep(&table.path, |r| {
                    r.threads = std::num::NonZeroUsize::new(threads).unwrap();
                    r.read_mode = mode.parse().unwrap();
                    r.memory_bytes = (32 + threads as u64) << 20;
                });
                assert!(bytes == expected, "{id}: {threads} threads, {mode}");
            }
        }
    }
}

#[test]
fn a_file_gets_what_a_stream_gets() {
    for id in [
        "questdb/parquet_o3/after3",
        "questdb-94/parquet_partitions",
        "questdb/parquet_codecs/lz4_raw",
    ] {
        let table = Table::of(&case(id));
        let (_, expected) = keep(&table.path, |_| {});
        let out = testkit::temp_dir();
        for (threads, profile) in [(1, "evict"), (2, "evict"), (2, "cached")] {
            let path = out.path().join(format!("{threads}{profile}"));
            let mut request = ExportRequest::new(&table.path, Output::File(path.clone()));
            request.keep_codec = true;
            request.threads = std::num::NonZeroUsize::new(threads).unwrap();
            request.profile = profile.parse().unwrap();
            let report = engine::export(request, &NoProgress, &CancelToken::new()).unwrap();
            assert!(report.passthrough_chunks > 0, "{id}");
            assert!(
                fs::read(path).unwrap() == expected,
                "{id}: {threads}, {profile}"
            );
        }
    }
}

#[test]
fn a_copy_is_the_same_whether_the_sidecar_is_there_or_not() {
    let mut sidecars = 0;
    for case in parquet_cases() {
        let copy = Table::copy_of(&case);
        let (with, expected) = keep(&copy.path, |_| {});
        let mut gone = 0;
        for dir in testkit::parquet::partition_dirs(&copy.path).unwrap() {
            gone += usize::from(fs::remove_file(dir.join("_pm")).is_ok());
        }
        if gone > 0 {
            let (without, found) = keep(&copy.path, |_| {});
            assert!(found == expected, "{}", case.id);
            assert_eq!(reasons(&without), reasons(&with), "{}", case.id);
        }
        sidecars += gone;
    }
    assert!(sidecars > 50, "{sidecars}");
}
