//! Nothing is left behind, and what was there stays, whatever fails.

use std::fs;
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use engine::{
    CancelToken, Cause, Done, EngineError, ExitClass, ExportReport, ExportRequest, NoProgress,
    Output, Progress, ScanRequest, Totals,
};
use testkit::{case, entries, temp_dir};

use crate::export::export_all;
use crate::faulty_vfs::Fuse;
use crate::support::Table;

const EIO: ErrorKind = ErrorKind::Other;

fn to_file(table: &Path, path: &Path, force: bool) -> ExportRequest {
    let mut request = ExportRequest::new(table, Output::File(path.to_path_buf()));
    request.force = force;
    request
}

/// Exports with table and output behind a fuse.
pub(crate) fn export_behind(
    fuse: &Fuse,
    request: ExportRequest,
    cancel: &CancelToken,
) -> engine::Result<ExportReport> {
    let root = engine::open_root_with(Arc::clone(&fuse.vfs), &request.table)?;
    engine::export_in(&root, &*fuse.vfs, request, &NoProgress, cancel)
}

/// Fails the first call, then the second, … until an export needs fewer calls than that.
#[test]
fn a_failure_of_any_call_leaves_nothing_or_the_complete_file() {
    let table = case("questdb/by_month").table();
    let before = entries(&table).unwrap();
    let (_, expected) = export_all(&table);
    let mut errors = 0;
    for calls in 1.. {
        let out = temp_dir();
        let path = out.path().join("out.parquet");
        let fuse = Fuse::after(calls, EIO);
        match export_behind(&fuse, to_file(&table, &path, false), &CancelToken::new()) {
            Err(error) => {
                errors += 1;
                assert_eq!(error.exit_class(), ExitClass::Failed);
                assert!(!error.to_line().contains('\n'));
                let left = entries(out.path()).unwrap();
                assert!(
                    left.is_empty(),
                    "call {calls}: {left:?} after {}",
                    error.to_line()
                );
            }
            // Advice is no promise: an export survives its failure.
            Ok(_) => {
                assert_eq!(
                    entries(out.path()).unwrap(),
                    ["out.parquet"],
                    "call {calls}"
                );
                assert!(fs::read(&path).unwrap() == expected, "call {calls}");
            }
        }
        if !fuse.blown() {
            assert!(errors > 30, "{errors} of {calls} calls");
            assert_eq!(entries(&table).unwrap(), before);
            return;
        }
    }
}

#[test]
fn an_existing_output_is_kept_until_the_new_one_is_complete() {
    let table = case("questdb/by_month").table();
    let (_, expected) = export_all(&table);
    for calls in 1.. {
        let out = temp_dir();
        let path = out.path().join("out.parquet");
        fs::write(&path, b"old").unwrap();
        let fuse = Fuse::after(calls, EIO);
        let done = export_behind(&fuse, to_file(&table, &path, true), &CancelToken::new());
        assert_eq!(
            entries(out.path()).unwrap(),
            ["out.parquet"],
            "call {calls}"
        );
        let content = fs::read(&path).unwrap();
        match done {
            Ok(_) => assert!(content == expected, "call {calls}"),
            // The one failure after the rename is that the directory could not be synced.
            Err(error) => {
                let synced = error.to_line().contains("sync directory");
                assert!(
                    content == b"old" || (synced && content == expected),
                    "call {calls}"
                );
            }
        }
        if !fuse.blown() {
            return;
        }
    }
}

#[test]
fn an_existing_output_is_not_replaced_unless_asked() {
    let table = case("questdb/by_day").table();
    let out = temp_dir();
    let path = out.path().join("out.parquet");
    fs::write(&path, b"old").unwrap();
    let done = engine::export(
        to_file(&table, &path, false),
        &NoProgress,
        &CancelToken::new(),
    );
    let error = done.unwrap_err();
    assert!(matches!(error.cause(), Cause::OutputExists { .. }));
    assert!(error.to_line().contains("--force"), "{}", error.to_line());
    assert_eq!(fs::read(&path).unwrap(), b"old");
    engine::export(
        to_file(&table, &path, true),
        &NoProgress,
        &CancelToken::new(),
    )
    .unwrap();
    assert!(fs::read(&path).unwrap().starts_with(b"PAR1"));
    assert_eq!(entries(out.path()).unwrap(), ["out.parquet"]);
}

#[test]
fn a_full_disk_is_named() {
    let table = case("questdb/by_day").table();
    let full = (1..).find_map(|calls| {
        let out = temp_dir();
        let fuse = Fuse::after(calls, ErrorKind::StorageFull);
        // Advice may fail without consequence.
        let request = to_file(&table, &out.path().join("o"), false);
        let error = export_behind(&fuse, request, &CancelToken::new()).err()?;
        error
            .to_line()
            .contains("cannot write")
            .then(|| error.to_line())
    });
    assert!(full.as_ref().unwrap().contains("no space left"), "{full:?}");
}

#[test]
fn a_directory_or_device_is_no_output() {
    let table = case("questdb/by_day").table();
    let out = temp_dir();
    for path in [out.path(), Path::new("/dev/null")] {
        let done = engine::export(
            to_file(&table, path, true),
            &NoProgress,
            &CancelToken::new(),
        );
        let line = done.unwrap_err().to_line();
        assert!(line.contains("not a regular file"), "{line}");
    }
    assert!(out.path().is_dir());
    let missing = out.path().join("no/such/directory/out.parquet");
    let done = engine::export(
        to_file(&table, &missing, false),
        &NoProgress,
        &CancelToken::new(),
    );
    assert!(done.unwrap_err().to_line().contains("not found"));
}

/// Cancels at the n-th call of `advance`.
struct CancelAt<'a> {
    token: &'a CancelToken,
    left: AtomicU32,
}

impl Progress for CancelAt<'_> {
    fn advance(&self, _: Done) {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.token.cancel();
        }
    }
}

#[test]
fn a_cancel_at_any_chunk_leaves_nothing() {
    let table = case("questdb/splits").table();
    let places = [1, 2, 5, 9, 17];
    for (at, threads) in places
        .map(|at| (at, 1))
        .into_iter()
        .chain(places.map(|at| (at, 4)))
    {
        let out = temp_dir();
        let token = CancelToken::new();
        let progress = CancelAt {
            token: &token,
            left: AtomicU32::new(at),
        };
        let mut request = to_file(&table, &out.path().join("out.parquet"), false);
        request.row_group_rows = 2_000;
        request.threads = NonZeroUsize::new(threads).unwrap();
        let error = engine::export(request, &progress, &token).unwrap_err();
        assert!(
            matches!(error.cause(), Cause::Cancelled),
            "{}",
            error.to_line()
        );
        assert_eq!(error.exit_class().code(), 130);
        assert!(entries(out.path()).unwrap().is_empty());
    }
    let token = CancelToken::new();
    token.cancel();
    let request = ScanRequest::new(&table, Output::Writer(Box::new(std::io::sink())));
    let error = engine::scan(request, &NoProgress, &token).unwrap_err();
    assert_eq!(error.exit_class(), ExitClass::Interrupted);
}

/// Counts what it is told.
#[derive(Default)]
struct Heard {
    begun: AtomicU32,
    restarts: AtomicU32,
}

impl Progress for Heard {
    fn begin(&self, totals: Totals) {
        assert!(totals.rows > 0);
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    fn restart(&self, attempt: u32, reason: &str) {
        assert_eq!(attempt, self.restarts.fetch_add(1, Ordering::Relaxed) + 2);
        assert!(!reason.is_empty());
    }
}

/// Commits to a copy of a table, as a writer does that replaced a partition: the transaction and
/// the data version move on.
fn commit(table: &Path) {
    let mut txn = txn::Txn::parse(&fs::read(table.join("_txn")).unwrap()).unwrap();
    txn.version += 1;
    txn.txn += 1;
    txn.data_version += 1;
    fs::write(table.join("_txn"), txn.to_file().unwrap()).unwrap();
}

/// Commits at every `begin` until it has done so often enough.
struct Writer<'a> {
    table: &'a Path,
    left: AtomicU32,
    heard: Heard,
}

impl Progress for Writer<'_> {
    fn begin(&self, totals: Totals) {
        self.heard.begin(totals);
        if self.left.load(Ordering::Relaxed) > 0 {
            self.left.fetch_sub(1, Ordering::Relaxed);
            commit(self.table);
        }
    }

    fn restart(&self, attempt: u32, reason: &str) {
        self.heard.restart(attempt, reason);
    }
}

#[test]
fn a_file_starts_over_when_the_table_changes_and_a_stream_fails() {
    let table = Table::copy_of(&case("questdb/by_day"));
    let writer = |left| Writer {
        table: &table.path,
        left: AtomicU32::new(left),
        heard: Heard::default(),
    };
    let out = temp_dir();
    let path = out.path().join("out.parquet");

    let twice = writer(2);
    let report = engine::export(
        to_file(&table.path, &path, false),
        &twice,
        &CancelToken::new(),
    )
    .unwrap();
    assert_eq!(report.rows, 80);
    assert_eq!(twice.heard.begun.into_inner(), 3);
    assert_eq!(twice.heard.restarts.into_inner(), 2);

    let always = writer(u32::MAX);
    let error = engine::export(
        to_file(&table.path, &path, true),
        &always,
        &CancelToken::new(),
    )
    .unwrap_err();
    assert!(
        matches!(error.cause(), Cause::Unstable { .. }),
        "{}",
        error.to_line()
    );
    assert_eq!(entries(out.path()).unwrap(), ["out.parquet"]);

    let bytes = crate::csv_lines::Shared::default();
    let request = ExportRequest::new(&table.path, Output::Writer(Box::new(bytes.clone())));
    let error = engine::export(request, &writer(1), &CancelToken::new()).unwrap_err();
    assert!(
        matches!(error.cause(), Cause::Read(_)),
        "{}",
        error.to_line()
    );
    assert!(
        !bytes.take().ends_with(b"PAR1"),
        "what a failed stream leaves is no file"
    );
}

fn scan_error(table: &Path) -> EngineError {
    let request = ScanRequest::new(table, Output::Writer(Box::new(std::io::sink())));
    engine::scan(request, &NoProgress, &CancelToken::new()).unwrap_err()
}

#[test]
fn a_missing_column_file_is_named() {
    let table = Table::copy_of(&case("questdb/by_day"));
    fs::remove_file(table.path.join("2024-02-29/v.i")).unwrap();
    let line = scan_error(&table.path).to_line();
    assert!(
        line.contains("2024-02-29/v.i") && line.contains("missing"),
        "{line}"
    );
}

#[test]
fn damage_inside_of_a_column_names_column_and_partition() {
    let table = Table::copy_of(&case("questdb/by_none"));
    let keys = table.path.join("default/s.d");
    let mut bytes = fs::read(&keys).unwrap();
    bytes[..4].copy_from_slice(&77_i32.to_le_bytes());
    fs::write(&keys, bytes).unwrap();
    let out = temp_dir();
    let done = engine::export(
        to_file(&table.path, &out.path().join("out.parquet"), false),
        &NoProgress,
        &CancelToken::new(),
    );
    for error in [done.unwrap_err(), scan_error(&table.path)] {
        assert_eq!(error.column(), Some("s"));
        assert_eq!(error.partition(), Some("default"));
        assert!(error.to_line().contains("77"), "{}", error.to_line());
    }
    assert!(entries(out.path()).unwrap().is_empty());
}

#[test]
fn what_is_no_table_says_so() {
    let out = temp_dir();
    let line = scan_error(out.path()).to_line();
    assert!(line.contains("is not a table"), "{line}");
    let line = scan_error(&out.path().join("nowhere")).to_line();
    assert!(line.contains("not found"), "{line}");
    let table = Table::copy_of(&case("questdb/by_day"));
    let txn = fs::read(table.path.join("_txn")).unwrap();
    for len in [0, 1, 63, 64, 100] {
        fs::write(table.path.join("_txn"), &txn[..len]).unwrap();
        let line = scan_error(&table.path).to_line();
        assert!(line.contains("_txn"), "{len}: {line}");
    }
}
