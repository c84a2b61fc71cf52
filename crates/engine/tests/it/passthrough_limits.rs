//! Passthrough under everything that may not show in it, and with everything that may go wrong.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use engine::{CancelToken, Cause, ExitClass, ExportRequest, Output};
use mmap_io::RealVfs;
use pq_format::read_footer;
use tempfile::TempDir;
use testkit::generate::{Request, Workload, generate};
use testkit::parquet::store_as_parquet;
use testkit::{Case, case, entries, temp_dir};

use crate::arrow_cells::{read_bytes, read_file};
use crate::export::{assert_equal_columns, export_bytes};
use crate::failure::export_behind;
use crate::faulty_vfs::Fuse;
use crate::leaves_nothing::held_below;
use crate::support::Table;

fn keep(r: &mut ExportRequest) {
    r.keep_codec = true;
    r.stats = true;
}

#[test]
fn threads_frames_and_memory_change_no_byte_of_a_copy() {
    for id in [
        "questdb/parquet_partitions",
        "questdb-94/parquet_o3/after1",
        "questdb/parquet_schema_change/after2",
    ] {
        let table = Table::of(&case(id));
        let with = |threads: usize, frame_rows: usize, memory_bytes: u64| {
            let (report, bytes) = export_bytes(&table.path, |r| {
                keep(r);
                r.threads = NonZeroUsize::new(threads).unwrap();
                r.frame_rows = NonZeroUsize::new(frame_rows);
                r.memory_bytes = memory_bytes;
            })
            .unwrap();
            assert!(report.passthrough_chunks > 0);
            bytes
        };
        let alone = with(1, 0, 64 << 20);
        for (threads, frame_rows, memory) in [
            (3, 0, 64 << 20),
            (1, 7, 64 << 20),
            (2, 50, 24 << 20),
            (8, 33, 1 << 30),
        ] {
            let other = with(threads, frame_rows, memory);
            assert!(
                other == alone,
                "{id}: {threads} threads, frames of {frame_rows}"
            );
        }
    }
}

#[test]
fn a_row_group_that_is_cut_by_time_is_encoded_and_the_others_are_copied() {
    let case = case("questdb/parquet_partitions");
    let answer = read_file(&case.answer_parquet());
    let ts = answer.iter().find(|c| c.name == "ts").unwrap();
    // A partition has 288 rows, five minutes apart, in row groups of 100.
    let (from, to) = (150, 288 + 260);
    let (report, bytes) = export_bytes(&case.table(), |r| {
        keep(r);
        r.range.from = Some("2024-01-01T12:30:00Z".parse().unwrap());
        r.range.to = Some("2024-01-02T21:40:00Z".parse().unwrap());
    })
    .unwrap();
    let found = read_bytes(bytes);
    for (found, answer) in found.iter().zip(&answer) {
        assert_eq!(found.cells[..], answer.cells[from..to], "{}", found.name);
    }
    assert_eq!(report.rows, to as u64 - from as u64);
    assert_eq!(ts.cells.len() as u64, case.rows);
    let reasons = &report.stats.as_ref().unwrap().reencoded_chunks;
    // Of six row groups two are cut and one is not selected.
    assert_eq!(reasons["range"], 2 * answer.len() as u64);
    assert!(
        report.passthrough_chunks > 60,
        "{}",
        report.passthrough_chunks
    );
}

#[test]
fn options_are_honoured_or_say_why_a_chunk_was_encoded() {
    type Change = fn(&mut ExportRequest);
    let changes: [(&str, Change); 6] = [
        ("page_version", |r| {
            r.writer.page_version = engine::PageVersion::V2;
        }),
        ("row_group", |r| r.row_group_rows = 10),
        ("page_size", |r| r.writer.page_rows = 10),
        ("bloom", |r| r.add_bloom("ts").unwrap()),
        ("encoding", |r| {
            r.overrides.add_encoding("ts=plain").unwrap();
        }),
        ("codec", |r| r.overrides.add_codec("ts=gzip:9").unwrap()),
    ];
    let case = case("questdb/parquet_codecs/lz4_raw");
    let expected = read_file(&case.answer_parquet());
    let (plain, _) = export_bytes(&case.table(), keep).unwrap();
    for (reason, change) in changes {
        let (report, bytes) = export_bytes(&case.table(), |r| {
            keep(r);
            change(r);
        })
        .unwrap();
        let reasons = &report.stats.as_ref().unwrap().reencoded_chunks;
        assert!(reasons.contains_key(reason), "{reason}: {reasons:?}");
        assert!(
            report.passthrough_chunks < plain.passthrough_chunks,
            "{reason}"
        );
        assert_equal_columns(reason, &read_bytes(bytes), &expected);
    }
    let error = export_bytes(&case.table(), |r| {
        keep(r);
        r.overrides.add_encoding("nobody=plain").unwrap();
    })
    .unwrap_err();
    assert_eq!(error.exit_class(), ExitClass::Usage);
    assert!(error.to_line().contains("nobody"), "{}", error.to_line());
}

#[test]
fn page_sizes_that_are_the_default_ones_hold_if_they_were_asked_for() {
    let scratch = temp_dir();
    let table = scratch.path().join("trades");
    generate(&RealVfs, &Request::new(Workload::Trades, 60_000, 1, &table)).unwrap();
    // One page a column: its rows, or its bytes, are more than the defaults allow.
    let (_, large) = export_bytes(&table, |r| {
        (r.writer.page_bytes, r.writer.page_rows) = (4 << 20, 1 << 20);
    })
    .unwrap();
    store_as_parquet(&table, 0, &large).unwrap();
    let asked = |holds: bool| {
        let (report, _) = export_bytes(&table, |r| {
            keep(r);
            r.page_sizes_hold = holds;
        })
        .unwrap();
        let reasons = report.stats.unwrap().reencoded_chunks;
        (report.passthrough_chunks, reasons.get("page_size").copied())
    };
    assert_eq!(asked(false), (7, None));
    assert_eq!(asked(true), (0, Some(7)));
}

#[test]
fn arrays_are_copied_as_bytes_where_bytes_are_asked_for() {
    let table = case("questdb/parquet_partitions").table();
    let raw = |r: &mut ExportRequest| r.writer.raw_arrays = true;
    let (_, encoded) = export_bytes(&table, raw).unwrap();
    let (report, copied) = export_bytes(&table, |r| {
        keep(r);
        raw(r);
    })
    .unwrap();
    let reasons = &report.stats.as_ref().unwrap().reencoded_chunks;
    assert!(!reasons.contains_key("arrays"), "{reasons:?}");
    assert_equal_columns("raw arrays", &read_bytes(copied), &read_bytes(encoded));
}

#[test]
fn columns_in_another_order_are_copied() {
    let case = case("questdb-94/parquet_partitions");
    let names = ["late_s", "ts", "v", "db"];
    let (report, bytes) = export_bytes(&case.table(), |r| {
        keep(r);
        r.columns = Some(names.map(str::to_owned).to_vec());
    })
    .unwrap();
    assert!(report.passthrough_chunks >= 3 * 3 * 3);
    let answer = read_file(&case.answer_parquet());
    let cells = |name: &str| {
        answer
            .iter()
            .find(|c| c.name == name)
            .unwrap()
            .cells
            .clone()
    };
    for (found, name) in read_bytes(bytes).iter().zip(names) {
        assert_eq!((found.name.as_str(), &found.cells), (name, &cells(name)));
    }
}

/// A table of ours with one Parquet partition of ours, and that partition's file.
fn ours() -> (TempDir, PathBuf, Vec<u8>) {
    let scratch = temp_dir();
    let table = scratch.path().join("trades");
    generate(&RealVfs, &Request::new(Workload::Trades, 3_000, 2, &table)).unwrap();
    let days = testkit::parquet::partition_dirs(&table).unwrap();
    let day = days[1].file_name().unwrap().to_str().unwrap()[..10].to_owned();
    let (_, file) = export_bytes(&table, |r| {
        r.range.to = Some(day.parse().unwrap());
        r.row_group_rows = 500;
    })
    .unwrap();
    store_as_parquet(&table, 0, &file).unwrap();
    (scratch, table, file)
}

#[test]
fn a_page_that_its_checksum_denies_is_never_copied() {
    let (_scratch, table, file) = ours();
    let data = testkit::parquet::partition_dirs(&table).unwrap()[0].join("data.parquet");
    let (report, honest) = export_bytes(&table, keep).unwrap();
    assert!(
        report.passthrough_chunks >= 3 * 7,
        "{}",
        report.passthrough_chunks
    );
    let footer = read_footer(&file).unwrap();
    for group in &footer.row_groups {
        for chunk in &group.columns {
            let range = chunk.meta.byte_range().unwrap();
            let mut spoilt = file.clone();
            spoilt[usize::try_from(range.end).unwrap() - 1] ^= 0x10;
            fs::write(&data, spoilt).unwrap();
            let error = export_bytes(&table, keep).unwrap_err();
            let line = error.to_line();
            assert!(
                line.contains("checksum") && line.contains("data.parquet"),
                "{line}"
            );
        }
    }
    fs::write(&data, &file).unwrap();
    assert!(export_bytes(&table, keep).unwrap().1 == honest);
}

/// Exports a copy of a case after `spoil`; an error, or the right rows.
fn error_or_right(case: &Case, table: &Path) -> bool {
    match export_bytes(table, keep) {
        Err(error) => {
            assert_eq!(error.exit_class(), ExitClass::Failed, "{}", error.to_line());
            true
        }
        Ok((_, bytes)) => {
            let expected = read_file(&case.answer_parquet());
            assert_equal_columns(case.id, &read_bytes(bytes), &expected);
            false
        }
    }
}

#[test]
fn damaged_headers_and_indexes_are_errors_or_harmless() {
    let case = case("questdb/parquet_codecs/lz4_raw");
    let copy = Table::copy_of(&case);
    let dirs = testkit::parquet::partition_dirs(&copy.path).unwrap();
    let data = dirs
        .iter()
        .map(|d| d.join("data.parquet"))
        .find(|f| f.is_file())
        .unwrap();
    let file = fs::read(&data).unwrap();
    let footer = read_footer(&file).unwrap();
    let group = &footer.row_groups[0];
    let mut places: Vec<usize> = Vec::new();
    for chunk in &group.columns {
        let start = usize::try_from(chunk.meta.byte_range().unwrap().start).unwrap();
        // Headers without bounds are short; what follows them is a body without a checksum.
        places.extend(start..start + 8);
        for index in [chunk.offset_index.unwrap(), chunk.column_index.unwrap()] {
            let start = usize::try_from(index.offset).unwrap();
            places.extend((start..start + 4).chain([start + index.length as usize / 2]));
        }
    }
    let mut errors = 0;
    for at in places {
        let mut spoilt = file.clone();
        spoilt[at] ^= 1 << (at % 8);
        fs::write(&data, spoilt).unwrap();
        errors += usize::from(error_or_right(&case, &copy.path));
    }
    assert!(errors > 20, "{errors}");
}

#[test]
fn a_failure_or_cancel_while_chunks_are_copied_leaves_nothing() {
    let table = Table::copy_of(&case("questdb-94/parquet_codecs/gzip"));
    let (_, expected) = export_bytes(&table.path, keep).unwrap();
    let request = |out: &Path| {
        let mut request = ExportRequest::new(&table.path, Output::File(out.join("out.parquet")));
        keep(&mut request);
        request.stats = false;
        request.threads = NonZeroUsize::new(2).unwrap();
        request
    };
    let (mut failed, mut cancelled) = (0, 0);
    for cancels in [false, true] {
        for calls in (1..).step_by(5) {
            let out = temp_dir();
            let token = CancelToken::new();
            let fuse = match cancels {
                true => Fuse::cancelling(calls, token.clone()),
                false => Fuse::after(calls, std::io::ErrorKind::Other),
            };
            let done = export_behind(&fuse, request(out.path()), &token);
            match done {
                Ok(_) => {
                    assert!(fs::read(out.path().join("out.parquet")).unwrap() == expected);
                }
                Err(error) => {
                    let stopped = matches!(error.cause(), Cause::Cancelled);
                    cancelled += usize::from(stopped);
                    failed += usize::from(!stopped);
                    assert!(entries(out.path()).unwrap().is_empty(), "call {calls}");
                }
            }
            assert_eq!(held_below(&table.path), (0, 0), "call {calls}");
            if !fuse.blown() {
                break;
            }
        }
    }
    assert!(failed > 5 && cancelled > 5, "{failed} {cancelled}");
}
