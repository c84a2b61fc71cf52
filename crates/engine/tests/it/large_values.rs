//! Values that have to wait for memory, and for which pages make room: whatever stops an export meanwhile,
//! nothing is left.

use std::fs;
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use column_format::ColumnType;
use engine::{CancelToken, Cause, Codec, ExportRequest, Output};
use mmap_io::RealVfs;
use tempfile::TempDir;
use testkit::faulty::Operation;
use testkit::generate::generate_large;
use testkit::parquet::partition_dirs;
use testkit::{entries, temp_dir};

use crate::export::export_bytes;
use crate::failure::export_behind;
use crate::faulty_vfs::Fuse;
use crate::leaves_nothing::held_below;

/// Two columns of values of a page's size each, and two of far larger ones.
fn table() -> (TempDir, PathBuf) {
    let scratch = temp_dir();
    let table = scratch.path().join("large");
    let columns = [
        (ColumnType::Varchar, 700 << 10),
        (ColumnType::Binary, 60 << 10),
        (ColumnType::Array { dims: 1 }, 60 << 10),
        (ColumnType::Binary, 600 << 10),
    ];
    generate_large(&RealVfs, (4, 2), &columns, &table).unwrap();
    (scratch, table)
}

/// Three threads, row groups of two rows, and memory for one large value at a time.
fn tight(request: &mut ExportRequest) {
    request.writer.codec = Codec::None;
    request.writer.page_bytes = 64 << 10;
    request.writer.dictionary_bytes = 4 << 10;
    request.row_group_rows = 2;
    request.threads = NonZeroUsize::new(3).unwrap();
    request.sync = false;
}

/// The least memory with which all threads start and the largest value fits.
fn memory(table: &Path) -> u64 {
    let mut memory = 1;
    loop {
        let done = export_bytes(table, |r| {
            tight(r);
            r.memory_bytes = memory;
        });
        match done {
            Ok(_) => return memory,
            Err(error) => match error.cause() {
                Cause::Budget { least_bytes, .. } => memory = *least_bytes,
                other => panic!("{other}"),
            },
        }
    }
}

fn to(table: &Path, out: &Path, memory: u64) -> ExportRequest {
    let mut request = ExportRequest::new(table, Output::File(out.join("out.parquet")));
    tight(&mut request);
    request.memory_bytes = memory;
    request
}

#[test]
fn a_disk_that_is_full_at_any_call_leaves_nothing() {
    let (scratch, table) = table();
    let (memory, out) = (memory(&table), temp_dir());
    let never = CancelToken::new();
    let (mut of_spill, mut failures) = (0, 0);
    for calls in 1.. {
        let fuse = Fuse::after(calls, ErrorKind::StorageFull);
        let done = export_behind(&fuse, to(&table, out.path(), memory), &never);
        let (blown, journal) = (fuse.blown(), Arc::clone(&fuse.journal));
        drop(fuse);
        match done {
            Ok(_) => fs::remove_file(out.path().join("out.parquet")).unwrap(),
            Err(error) => {
                failures += 1;
                let calls = journal.calls();
                let failed = calls.iter().find(|call| call.failed).unwrap();
                if failed.operation == Operation::WriteAt && failed.path.contains("-spill-") {
                    of_spill += 1;
                    let line = error.to_line();
                    assert!(line.contains("spilling a page of"), "{line}");
                }
            }
        }
        assert!(entries(out.path()).unwrap().is_empty(), "call {calls}");
        for dir in [scratch.path(), out.path()] {
            assert_eq!(held_below(dir), (0, 0), "call {calls}");
        }
        if !blown {
            break;
        }
    }
    assert!(of_spill > 0 && failures > of_spill, "{of_spill} {failures}");
}

#[test]
fn a_cancel_at_any_call_leaves_nothing() {
    let (scratch, table) = table();
    let (memory, out) = (memory(&table), temp_dir());
    let mut cancelled = 0;
    for calls in 1.. {
        let token = CancelToken::new();
        let fuse = Fuse::cancelling(calls, token.clone());
        let done = export_behind(&fuse, to(&table, out.path(), memory), &token);
        let blown = fuse.blown();
        drop(fuse);
        match done {
            Ok(_) => fs::remove_file(out.path().join("out.parquet")).unwrap(),
            Err(error) => {
                cancelled += 1;
                let line = error.to_line();
                assert!(matches!(error.cause(), Cause::Cancelled), "{line}");
            }
        }
        assert!(entries(out.path()).unwrap().is_empty(), "call {calls}");
        for dir in [scratch.path(), out.path()] {
            assert_eq!(held_below(dir), (0, 0), "call {calls}");
        }
        if !blown {
            break;
        }
    }
    assert!(cancelled > 20, "{cancelled}");
}

/// The least budget for one value of 2 MiB, as the refusal names it.
fn least_for(column: ColumnType, change: impl FnOnce(&Path)) -> u64 {
    let scratch = temp_dir();
    let table = scratch.path().join("large");
    generate_large(&RealVfs, (1, 1), &[(column, 2 << 20)], &table).unwrap();
    change(&partition_dirs(&table).unwrap()[0]);
    let least = memory(&table);
    let done = export_bytes(&table, |r| {
        tight(r);
        r.memory_bytes = least;
    });
    done.unwrap();
    least
}

/// What counts is what becomes of a text: of ideographs in UTF-16 half as much again, of bytes that are not
/// UTF-8 three times as much.
#[test]
fn text_that_grows_counts_as_what_it_becomes() {
    let as_it_is = least_for(ColumnType::Varchar, |_| {});
    // Four times that, of 7 parts of 8.
    let more = |mib: u64| as_it_is + (mib << 20) * 4 * 8 / 7;
    let near = |least: u64, expected: u64| least.abs_diff(expected) < 256 << 10;
    let ideographs = least_for(ColumnType::String, |_| {});
    assert!(near(ideographs, more(1)), "{as_it_is} {ideographs}");
    let invalid = least_for(ColumnType::Varchar, |partition| {
        fs::write(partition.join("c0.d"), vec![0xff; 2 << 20]).unwrap();
    });
    assert!(near(invalid, more(4)), "{as_it_is} {invalid}");
}
