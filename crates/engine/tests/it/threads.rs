//! Threads encode in any order and the file is the same; whatever fails on one of them ends all.
//!
//! Invariants: bytes depend neither on the number of threads nor on the budget; pages that do not
//! fit into it wait in a file; an error or a cancel in any of them is the export's, and it ends.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use engine::{
    CancelToken, Cause, Codec, Done, ExportReport, ExportRequest, NoProgress, Output, Progress,
};
use testkit::{case, entries, temp_dir};

use crate::budget::least;
use crate::export::export_bytes;
use crate::support::Table;

fn threads(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

#[test]
fn threads_and_budgets_change_no_byte() {
    let ids = [
        "questdb/trades",
        "questdb/all_types",
        "questdb/splits",
        "questdb/column_tops",
        "questdb/no_timestamp",
        "questdb/nanos",
    ];
    for id in ids {
        let table = Table::of(&case(id));
        for rows in [1_000_000, 777] {
            let with = |count: usize, memory_bytes: u64| {
                let change = |r: &mut ExportRequest| {
                    r.row_group_rows = rows;
                    r.threads = threads(count);
                    r.memory_bytes = memory_bytes;
                };
                let (report, bytes) = export_bytes(&table.path, change).unwrap();
                (report.threads, bytes)
            };
            let (one, alone) = with(1, 64 << 20);
            assert_eq!(one, 1, "{id}");
            let least = least(&table.path, |r| r.row_group_rows = rows);
            for count in [2, 3, 8] {
                for memory in [least, least + (6 << 20), 64 << 20] {
                    let (started, bytes) = with(count, memory);
                    assert!(alone == bytes, "{id}: {count} threads");
                    // The least memory is that of one thread; with enough of it several encode.
                    let expected = match memory {
                        _ if memory == least => 1..=1,
                        _ if memory == 64 << 20 => 2..=count,
                        _ => 1..=count,
                    };
                    assert!(expected.contains(&started), "{id}: {started} of {count}");
                }
            }
        }
    }
}

/// Takes everything; does something at its n-th write, with whoever writes held up.
struct Writer<F> {
    taken: Arc<Mutex<Vec<u8>>>,
    writes: usize,
    at: usize,
    then: F,
}

impl<F: FnMut() -> io::Result<()>> Write for Writer<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes += 1;
        if self.writes == self.at {
            (self.then)()?;
        }
        self.taken.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn in_many_groups(request: &mut ExportRequest) {
    // Two of them are more than what is kept in memory at the least budget.
    request.row_group_rows = 90_000;
    for column in ["sym", "price", "amount", "id", "note", "timestamp"] {
        let plain = format!("{column}=plain");
        request.overrides.add_encoding(&plain).unwrap();
    }
    request.threads = threads(4);
    request.writer.codec = Codec::None;
}

/// Exports `trades` in many row groups, and `then` happens at write `at`.
fn export_and(
    at: usize,
    cancel: &CancelToken,
    memory_bytes: u64,
    then: impl FnMut() -> io::Result<()> + Send + 'static,
) -> (engine::Result<ExportReport>, Vec<u8>) {
    let taken = Arc::new(Mutex::new(Vec::new()));
    let writer = Writer {
        taken: Arc::clone(&taken),
        writes: 0,
        at,
        then,
    };
    let output = Output::Writer(Box::new(writer));
    let mut request = ExportRequest::new(case("questdb/trades").table(), output);
    in_many_groups(&mut request);
    request.memory_bytes = memory_bytes;
    let done = engine::export(request, &NoProgress, cancel);
    let bytes = std::mem::take(&mut *taken.lock().unwrap());
    (done, bytes)
}

/// Holds up whoever wrote the first chunk until pages of others were spilled: the spill file has no
/// name, but a descriptor in the directory of the output.
struct UntilSpilled {
    dir: PathBuf,
    waited: AtomicBool,
}

impl Progress for UntilSpilled {
    fn advance(&self, _: Done) {
        // Looks are counted and not time, which passes as well where nobody is let run.
        let mut looks = 0;
        while !self.waited.load(Ordering::Relaxed) {
            looks += 1;
            assert!(looks < 12_000, "nothing was spilled");
            let fds = std::fs::read_dir("/proc/self/fd").unwrap();
            let mut targets = fds.filter_map(|fd| std::fs::read_link(fd.ok()?.path()).ok());
            let below = |target: &PathBuf| {
                target.starts_with(&self.dir) && target.to_string_lossy().contains("-spill-")
            };
            self.waited
                .store(targets.any(|t| below(&t)), Ordering::Relaxed);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

#[test]
fn pages_ahead_of_a_slow_chunk_wait_in_a_file_and_come_back_in_order() {
    let never = CancelToken::new();
    let (_, expected) = export_and(0, &never, 64 << 20, || Ok(()));
    let table = case("questdb/trades").table();
    let out = temp_dir();
    let path = out.path().join("out.parquet");
    let mut request = ExportRequest::new(&table, Output::File(path.clone()));
    in_many_groups(&mut request);
    // Enough for two threads, and for less than what one of them encodes ahead.
    request.memory_bytes = least(&table, in_many_groups) + (9 << 20);
    let slow = UntilSpilled {
        dir: out.path().to_path_buf(),
        waited: AtomicBool::new(false),
    };
    let report = engine::export(request, &slow, &never).unwrap();
    assert!(report.spilled_bytes > 0);
    assert!(std::fs::read(&path).unwrap() == expected);
    assert_eq!(entries(out.path()).unwrap(), ["out.parquet"]);
}

#[test]
fn an_output_that_fails_at_any_write_ends_all_threads() {
    let never = CancelToken::new();
    let mut writes = 0;
    for at in 1.. {
        let full = || Err(io::Error::from(io::ErrorKind::StorageFull));
        let (done, _) = export_and(at, &never, 64 << 20, full);
        match done {
            Ok(_) => break,
            Err(error) => {
                let line = error.to_line();
                assert!(line.contains("no storage space"), "{line}");
                writes += 1;
            }
        }
    }
    assert!(writes > 5, "{writes}");
}

#[test]
fn a_cancel_while_threads_encode_is_a_cancel() {
    for at in [1, 2, 4] {
        let token = CancelToken::new();
        let cancel = token.clone();
        let (done, _) = export_and(at, &token, 64 << 20, move || {
            cancel.cancel();
            Ok(())
        });
        let error = done.unwrap_err();
        assert!(
            matches!(error.cause(), Cause::Cancelled),
            "{}",
            error.to_line()
        );
    }
}
