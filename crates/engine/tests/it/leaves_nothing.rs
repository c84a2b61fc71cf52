//! P10, M5, R5: whatever stops an export, wherever it is, descriptors, mappings and files are as
//! they were, and the next try works.

use std::fs;
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::path::Path;

use engine::{CancelToken, Cause, Codec, ExportRequest, NoProgress, Output, ScanRequest};
use mmap_io::RealVfs;
use testkit::generate::{Request, Workload, generate};
use testkit::{case, entries, temp_dir};

use crate::failure::export_behind;
use crate::faulty_vfs::Fuse;
use crate::support::Table;

/// Descriptors and mappings of this process of files below `dir`.
pub(crate) fn held_below(dir: &Path) -> (usize, usize) {
    let fds = fs::read_dir("/proc/self/fd").unwrap();
    let targets = fds.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
    let fds = targets.filter(|target| target.starts_with(dir)).count();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let below = |line: &&str| line.contains(dir.to_str().unwrap());
    (fds, maps.lines().filter(below).count())
}

/// Small pages that are written one by one: so a call of the file system is a page, a frame, or a
/// step of opening or publishing.
fn page_by_page(table: &Path, out: &Path, threads: usize) -> ExportRequest {
    let mut request = ExportRequest::new(table, Output::File(out.join("out.parquet")));
    request.writer.codec = Codec::None;
    request.writer.page_bytes = 66_000;
    request.row_group_rows = 9_000;
    request.threads = NonZeroUsize::new(threads).unwrap();
    request.sync = false;
    request
}

#[test]
fn a_cancel_at_any_page_leaves_no_file_mapping_or_descriptor() {
    let scratch = temp_dir();
    let table = scratch.path().join("trades");
    generate(&RealVfs, &Request::new(Workload::Trades, 15_000, 3, &table)).unwrap();
    for threads in [1, 3] {
        let mut cancelled = 0;
        for calls in 1.. {
            let out = scratch.path().join("out");
            fs::create_dir(&out).unwrap();
            let token = CancelToken::new();
            let fuse = Fuse::cancelling(calls, token.clone());
            let done = export_behind(&fuse, page_by_page(&table, &out, threads), &token);
            let blown = fuse.blown();
            drop(fuse);
            match done {
                Ok(_) => assert_eq!(entries(&out).unwrap(), ["out.parquet"]),
                Err(error) => {
                    cancelled += 1;
                    assert!(
                        matches!(error.cause(), Cause::Cancelled),
                        "{}",
                        error.to_line()
                    );
                    assert!(entries(&out).unwrap().is_empty(), "call {calls}");
                }
            }
            assert_eq!(held_below(scratch.path()), (0, 0), "call {calls}");
            fs::remove_dir_all(&out).unwrap();
            if !blown {
                break;
            }
        }
        assert!(cancelled > 40, "{cancelled}");
    }
}

#[test]
fn an_error_of_any_call_leaves_nothing_open_and_the_next_try_works() {
    let table = Table::copy_of(&case("questdb/splits"));
    let scratch = temp_dir();
    let request = |calls: usize| {
        let path = scratch.path().join("out.parquet");
        let mut request = ExportRequest::new(&table.path, Output::File(path));
        request.row_group_rows = 900;
        // Errors may come on any thread.
        request.threads = NonZeroUsize::new(1 + calls % 3).unwrap();
        request.force = true;
        request
    };
    let never = CancelToken::new();
    let spared = Fuse::after(usize::MAX, ErrorKind::Other);
    export_behind(&spared, request(0), &never).unwrap();
    let expected = fs::read(scratch.path().join("out.parquet")).unwrap();
    for calls in 1.. {
        let fuse = Fuse::after(calls, ErrorKind::Other);
        let done = export_behind(&fuse, request(calls), &never);
        drop(done);
        let blown = fuse.blown();
        drop(fuse);
        assert_eq!(held_below(&table.path), (0, 0), "call {calls}");
        assert_eq!(held_below(scratch.path()), (0, 0), "call {calls}");
        assert_eq!(
            entries(scratch.path()).unwrap(),
            ["out.parquet"],
            "call {calls}"
        );
        if calls % 10 == 0 {
            engine::export(request(0), &NoProgress, &never).unwrap();
        }
        assert!(fs::read(scratch.path().join("out.parquet")).unwrap() == expected);
        if !blown {
            return;
        }
    }
}

#[test]
fn a_thousand_cycles_to_files_leave_nothing_of_a_table_with_parquet_partitions() {
    let table = Table::copy_of(&case("questdb/parquet_o3/after3"));
    let scratch = temp_dir();
    let root = engine::open_root(&table.path).unwrap();
    let held = held_below(&table.path);
    for cycle in 0..1_000 {
        let path = scratch.path().join("out");
        let never = CancelToken::new();
        if cycle % 10 == 0 {
            let mut request = ExportRequest::new(&table.path, Output::File(path.clone()));
            request.sync = false;
            engine::export_in(&root, &RealVfs, request, &NoProgress, &never).unwrap();
        } else {
            let mut request = ScanRequest::new(&table.path, Output::File(path.clone()));
            (request.limit, request.sync) = (Some(30), false);
            engine::scan_in(&root, &RealVfs, request, &NoProgress, &never).unwrap();
        }
        fs::remove_file(&path).unwrap();
    }
    assert_eq!(held_below(&table.path), held);
    assert_eq!(held_below(scratch.path()), (0, 0));
    assert!(entries(scratch.path()).unwrap().is_empty());
    assert_eq!(root.stats().mapped_now(), 0);
}

#[test]
fn a_thousand_cycles_leave_no_descriptor_and_no_mapping() {
    let table = Table::copy_of(&case("questdb/by_day"));
    let root = engine::open_root(&table.path).unwrap();
    let held = held_below(&table.path);
    assert_eq!(held, (1, 0), "the directory itself");
    for cycle in 0..1_000 {
        let output = Output::Writer(Box::new(std::io::sink()));
        let never = CancelToken::new();
        if cycle % 10 == 0 {
            let request = ExportRequest::new(&table.path, output);
            engine::export_in(&root, &RealVfs, request, &NoProgress, &never).unwrap();
        } else {
            let mut request = ScanRequest::new(&table.path, output);
            request.limit = Some(30);
            engine::scan_in(&root, &RealVfs, request, &NoProgress, &never).unwrap();
        }
        if cycle % 100 == 0 {
            assert_eq!(held_below(&table.path), held, "cycle {cycle}");
        }
    }
    assert_eq!(held_below(&table.path), held);
    assert_eq!(root.stats().mapped_now(), 0);
    assert_eq!(root.stats().mapped_bytes_now(), 0);
}
