//! An error at every call, in every way of reading: nothing is left, nothing stays open, and what is
//! written in spite of it is right. What the cache is told, and what a time limit does to threads.

use std::fs;
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use engine::{
    CancelToken, Cause, Done, ExportRequest, NoProgress, Output, Progress, ReadMode, ScanProfile,
    ScanRequest,
};
use testkit::faulty::{Call, FaultyVfs, Operation};
use testkit::generate::Workload;
use testkit::{case, entries, temp_dir};

use crate::budget::{generated, least};
use crate::failure::export_behind;
use crate::faulty_vfs::Fuse;
use crate::leaves_nothing::held_below;
use crate::support::Table;

/// Fails the first call of `work`, then the second, … until it needs fewer; `work` writes to the path
/// that it is given. Returns the calls that failed it.
fn fail_every_call(table: &Path, work: impl Fn(&Fuse, &Path) -> engine::Result<()>) -> Vec<Call> {
    let scratch = temp_dir();
    let path = scratch.path().join("out");
    let spared = Fuse::after(usize::MAX, ErrorKind::Other);
    work(&spared, &path).unwrap();
    drop(spared);
    let expected = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let mut failures = Vec::new();
    for calls in 1.. {
        let fuse = Fuse::after(calls, ErrorKind::Other);
        let done = work(&fuse, &path);
        let (blown, journal) = (fuse.blown(), Arc::clone(&fuse.journal));
        drop(fuse);
        match done {
            Ok(()) => {
                assert!(fs::read(&path).unwrap() == expected, "call {calls}");
                fs::remove_file(&path).unwrap();
            }
            Err(_) => failures.extend(journal.calls().into_iter().find(|call| call.failed)),
        }
        assert!(entries(scratch.path()).unwrap().is_empty(), "call {calls}");
        assert_eq!(held_below(table), (0, 0), "call {calls}");
        assert_eq!(held_below(scratch.path()), (0, 0), "call {calls}");
        if !blown {
            return failures;
        }
    }
    unreachable!()
}

fn failed(failures: &[Call], operation: Operation, path_end: &str) -> usize {
    let of = |call: &&Call| call.operation == operation && call.path.ends_with(path_end);
    failures.iter().filter(of).count()
}

#[test]
fn exports_fail_cleanly_from_parquet_partitions_positionally_and_with_stats() {
    let parquet = Table::copy_of(&case("questdb/parquet_o3/after3"));
    let native = Table::copy_of(&case("questdb/by_month"));
    for (table, read_mode, stats) in [
        (&parquet, ReadMode::Auto, true),
        (&parquet, ReadMode::Positional, false),
        (&native, ReadMode::Positional, true),
        (&native, ReadMode::Mapped, true),
    ] {
        let failures = fail_every_call(&table.path, |fuse, path| {
            let mut request = ExportRequest::new(&table.path, Output::File(path.to_path_buf()));
            (request.read_mode, request.stats) = (read_mode, stats);
            request.threads = NonZeroUsize::MIN;
            export_behind(fuse, request, &CancelToken::new()).map(drop)
        });
        assert!(failures.len() > 10, "{failures:?}");
        let mapped = failed(&failures, Operation::Map, "");
        assert_eq!(mapped > 0, read_mode != ReadMode::Positional, "{read_mode}");
        assert!(failed(&failures, Operation::ReadAt, "") > 0);
    }
}

#[test]
fn scans_to_a_file_fail_cleanly() {
    for id in ["questdb/by_month", "questdb/parquet_o3/after3"] {
        let table = Table::copy_of(&case(id));
        let failures = fail_every_call(&table.path, |fuse, path| {
            let output = Output::File(path.to_path_buf());
            let request = ScanRequest::new(&table.path, output);
            let root = engine::open_root_with(Arc::clone(&fuse.vfs), &table.path)?;
            let never = CancelToken::new();
            engine::scan_in(&root, &*fuse.vfs, request, &NoProgress, &never).map(drop)
        });
        assert!(failed(&failures, Operation::Map, "") > 0, "{failures:?}");
        assert!(failed(&failures, Operation::Rename, "out") == 1);
    }
}

#[test]
fn a_spill_file_that_fails_at_any_call_leaves_nothing() {
    let (_scratch, table) = generated(Workload::Trades, 2_000, 2);
    let small = |r: &mut ExportRequest| (r.row_group_rows, r.threads) = (500, NonZeroUsize::MIN);
    let memory = least(&table, small);
    let failures = fail_every_call(&table, |fuse, path| {
        let mut request = ExportRequest::new(&table, Output::File(path.to_path_buf()));
        small(&mut request);
        request.memory_bytes = memory;
        export_behind(fuse, request, &CancelToken::new())
            .map(|report| assert!(report.spilled_bytes > 0))
    });
    let of_spill = |operation| {
        let spill = |call: &&Call| call.operation == operation && call.path.contains("-spill-");
        failures.iter().filter(spill).count()
    };
    for operation in [Operation::CreateNew, Operation::WriteAt, Operation::ReadAt] {
        assert!(of_spill(operation) > 0, "{operation:?} of {failures:?}");
    }
}

/// Sleeps until the time is up, in the middle of the work.
struct Slow;

impl Progress for Slow {
    fn advance(&self, _: Done) {
        std::thread::sleep(Duration::from_millis(60));
    }
}

#[test]
fn a_time_limit_in_the_middle_ends_all_threads_and_leaves_nothing() {
    let (scratch, table) = generated(Workload::Trades, 30_000, 3);
    let out = temp_dir();
    for threads in [1, 4] {
        let mut request = ExportRequest::new(&table, Output::File(out.path().join("out")));
        request.row_group_rows = 1_000;
        request.threads = NonZeroUsize::new(threads).unwrap();
        request.timeout = Some(Duration::from_millis(300));
        let error = engine::export(request, &Slow, &CancelToken::new()).unwrap_err();
        assert!(
            matches!(error.cause(), Cause::TimedOut { .. }),
            "{}",
            error.to_line()
        );
        assert!(entries(out.path()).unwrap().is_empty());
        assert_eq!(held_below(scratch.path()), (0, 0));
    }
}

/// Output leaves the page cache under `evict` alone.
#[test]
fn written_pages_are_advised_out_under_the_evicting_profile_alone() {
    let (_scratch, table) = generated(Workload::Trades, 1_000, 2);
    for (profile, leaves) in [
        (ScanProfile::SequentialEvict, true),
        (ScanProfile::Cached, false),
    ] {
        let out = temp_dir();
        let (vfs, journal) = FaultyVfs::wrap(engine::real_vfs());
        let root = engine::open_root(&table).unwrap();
        let mut request = ExportRequest::new(&table, Output::File(out.path().join("out.parquet")));
        request.profile = profile;
        let never = CancelToken::new();
        engine::export_in(&root, &*vfs, request, &NoProgress, &never).unwrap();
        let advised = |call: &Call| {
            call.operation == Operation::AdviseFile && call.path.contains("out.parquet")
        };
        assert_eq!(journal.calls().iter().any(advised), leaves, "{profile}");
    }
}
