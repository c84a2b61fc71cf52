//! How a table is read never changes what is written; what went away is an error, never rows.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use engine::{
    CancelToken, Cause, Done, ExitClass, ExportRequest, MEMORY_BYTES_DEFAULT, NoProgress, Output,
    Progress, QueryRegistry, ReadMode, ScanProfile, ScanRequest,
};
use mmap_io::RealVfs;
use testkit::faulty::{Call, FaultyVfs, Operation};
use testkit::generate::Workload;
use testkit::{case, entries, temp_dir};

use crate::budget::{generated, least};
use crate::csv_lines::Shared;
use crate::export::{export_all, export_bytes};
use crate::support::Table;

const PROFILES: [ScanProfile; 3] = [
    ScanProfile::Cached,
    ScanProfile::Sequential,
    ScanProfile::SequentialEvict,
];
const MODES: [ReadMode; 3] = [ReadMode::Auto, ReadMode::Mapped, ReadMode::Positional];

fn scan_text(table: &Path, change: impl FnOnce(&mut ScanRequest)) -> Vec<u8> {
    let out = Shared::default();
    let mut request = ScanRequest::new(table, Output::Writer(Box::new(out.clone())));
    change(&mut request);
    engine::scan(request, &NoProgress, &CancelToken::new()).unwrap();
    out.take()
}

#[test]
fn profile_and_read_mode_never_change_a_byte() {
    for id in ["questdb/all_types", "questdb/column_tops", "questdb/splits"] {
        let table = Table::of(&case(id));
        let (_, file) = export_all(&table.path);
        let text = scan_text(&table.path, |_| {});
        for (profile, read_mode) in PROFILES.iter().flat_map(|p| MODES.map(|m| (*p, m))) {
            let (report, bytes) = export_bytes(&table.path, |r| {
                (r.profile, r.read_mode) = (profile, read_mode);
            })
            .unwrap();
            assert!(bytes == file, "{id} {profile} {read_mode}");
            let copied = read_mode == ReadMode::Positional;
            assert_eq!(report.peak_mapped_partitions == 0, copied);
            let printed = scan_text(&table.path, |r| {
                (r.profile, r.read_mode) = (profile, read_mode);
            });
            assert!(printed == text, "{id} {profile} {read_mode}");
            let (report, _) = export_bytes(&table.path, |r| {
                (r.profile, r.read_mode, r.stats) = (profile, read_mode, true);
            })
            .unwrap();
            assert_eq!(report.stats.unwrap().mappings_opened == 0, copied);
        }
    }
}

#[test]
fn stats_add_up() {
    let table = case("questdb/trades").table();
    let (report, _) = export_bytes(&table, |r| {
        (r.stats, r.row_group_rows) = (true, 50_000);
    })
    .unwrap();
    let stats = report.stats.as_ref().unwrap();
    assert_eq!(stats.per_column.len(), report.columns);
    let sum = |of: fn(&engine::ColumnStats) -> u64| stats.per_column.iter().map(of).sum::<u64>();
    assert_eq!(sum(|c| c.bytes_in), report.bytes_in);
    assert!(sum(|c| c.bytes_out) < report.bytes_out);
    assert_eq!(sum(|c| c.encoding.values().sum()), report.encoded_chunks);
    assert!(sum(|c| c.pages) >= report.encoded_chunks);
    assert!(stats.peak_mapped_bytes > 0 && stats.peak_mappings > 0);
    let json = serde_json::to_value(&report).unwrap();
    let first = &json["per_column"][0];
    for key in [
        "name",
        "type",
        "encoding",
        "codec",
        "bytes_in",
        "bytes_out",
        "pages",
        "nulls",
    ] {
        assert!(!first[key].is_null(), "{key}: {first}");
    }
    let (without, _) = export_bytes(&table, |_| {}).unwrap();
    let json = serde_json::to_value(&without).unwrap();
    assert!(json.get("per_column").is_none() && json.get("evicted_bytes").is_some());
}

#[test]
fn a_time_limit_ends_the_work_and_leaves_nothing() {
    let table = case("questdb/trades").table();
    let out = temp_dir();
    let mut request = ExportRequest::new(&table, Output::File(out.path().join("out.parquet")));
    request.timeout = Some(Duration::from_nanos(1));
    let error = engine::export(request, &NoProgress, &CancelToken::new()).unwrap_err();
    assert!(matches!(error.cause(), Cause::TimedOut { .. }));
    assert_eq!(error.exit_class(), ExitClass::Failed);
    assert!(entries(out.path()).unwrap().is_empty());
    let mut request = ScanRequest::new(&table, Output::Writer(Box::new(std::io::sink())));
    request.timeout = Some(Duration::from_nanos(1));
    let error = engine::scan(request, &NoProgress, &CancelToken::new()).unwrap_err();
    assert!(matches!(error.cause(), Cause::TimedOut { .. }));
}

/// Cancels through the registry what is listed there.
struct Registrar {
    registry: QueryRegistry,
    seen: AtomicBool,
}

impl Progress for Registrar {
    fn advance(&self, done: Done) {
        let running = self.registry.running();
        assert_eq!(running.len(), 1);
        assert!(running[0].name.starts_with("export "), "{running:?}");
        assert!(running[0].rows <= 200_900 && done.rows > 0);
        self.seen.store(true, Ordering::Relaxed);
        assert!(self.registry.cancel(running[0].id));
    }
}

#[test]
fn a_running_export_is_listed_and_can_be_cancelled_there() {
    let progress = Registrar {
        registry: QueryRegistry::new(),
        seen: AtomicBool::new(false),
    };
    let table = case("questdb/trades").table();
    let mut request = ExportRequest::new(&table, Output::Writer(Box::new(std::io::sink())));
    request.registry = progress.registry.clone();
    let error = engine::export(request, &progress, &CancelToken::new()).unwrap_err();
    assert!(matches!(error.cause(), Cause::Cancelled));
    assert!(progress.seen.into_inner() && progress.registry.running().is_empty());
}

fn cut(file: &Path, len: u64) {
    let file = OpenOptions::new().write(true).open(file).unwrap();
    file.set_len(len).unwrap();
}

/// Cuts a column file once the first chunk is written; may put it back before the next attempt.
struct Cutter {
    file: PathBuf,
    name: String,
    content: Vec<u8>,
    restores: bool,
    cut: AtomicBool,
    restarts: AtomicU32,
}

impl Cutter {
    fn of(file: PathBuf, restores: bool) -> Self {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        Self {
            name,
            content: fs::read(&file).unwrap(),
            file,
            restores,
            cut: AtomicBool::new(false),
            restarts: AtomicU32::new(0),
        }
    }
}

impl Progress for Cutter {
    fn advance(&self, _: Done) {
        if !self.cut.swap(true, Ordering::Relaxed) {
            cut(&self.file, 0);
        }
    }

    fn restart(&self, _: u32, reason: &str) {
        assert!(reason.contains(&self.name), "{reason}");
        self.restarts.fetch_add(1, Ordering::Relaxed);
        if self.restores {
            fs::write(&self.file, &self.content).unwrap();
        }
    }
}

/// Exports a table of which `file` is cut meanwhile, and whole again for a second attempt or not: the
/// bytes are the same, or the file is named and nothing is left.
///
/// This test binary installs the guard, as the product's binary does: without it the process would
/// be dead.
fn cut_under_an_export(id: &str, file: &str, profile: ScanProfile) {
    engine::install_sigbus_guard().unwrap();
    for restores in [true, false] {
        let table = Table::copy_of(&case(id));
        let (_, expected) = export_all(&table.path);
        let out = temp_dir();
        let path = out.path().join("out.parquet");
        let mut request = ExportRequest::new(&table.path, Output::File(path.clone()));
        request.profile = profile;
        // More threads may have read the file before it is cut.
        request.threads = NonZeroUsize::MIN;
        let cutter = Cutter::of(table.path.join(file), restores);
        let done = engine::export(request, &cutter, &CancelToken::new());
        assert_eq!(cutter.restarts.into_inner(), 1, "{done:?}");
        if restores {
            done.unwrap();
            assert!(fs::read(&path).unwrap() == expected);
            continue;
        }
        let line = done.unwrap_err().to_line();
        assert!(line.contains(file), "{line}");
        assert!(entries(out.path()).unwrap().is_empty());
    }
}

#[test]
fn a_file_cut_under_an_export_is_read_again_and_then_named() {
    for profile in PROFILES {
        cut_under_an_export("questdb/trades", "2024-03-05/amount.d", profile);
    }
}

/// The bytes of a Parquet partition are looked at when a chunk is decoded, before any page of it.
#[test]
fn a_parquet_partition_cut_under_an_export_is_read_again_and_then_named() {
    let profile = ScanProfile::SequentialEvict; // The default.
    let file = "2024-01-02.8/data.parquet";
    cut_under_an_export("questdb/parquet_partitions", file, profile);
}

/// A scan decodes a Parquet partition before it prints a row of it.
#[test]
fn a_parquet_partition_cut_under_a_scan_is_read_again() {
    engine::install_sigbus_guard().unwrap();
    let table = Table::copy_of(&case("questdb/parquet_partitions"));
    let expected = scan_text(&table.path, |_| {});
    let out = temp_dir();
    let data = "2024-01-02.8/data.parquet";
    let cutter = Cutter::of(table.path.join(data), true);
    cutter.cut.store(true, Ordering::Relaxed);
    let (vfs, journal) = FaultyVfs::wrap(engine::real_vfs());
    let root = engine::open_root_with(Arc::clone(&vfs), &table.path).unwrap();
    let scan = |path: &Path, progress: &dyn Progress| {
        let mut request = ScanRequest::new(&table.path, Output::File(path.to_owned()));
        request.profile = ScanProfile::Sequential;
        engine::scan_in(&root, &*vfs, request, progress, &CancelToken::new()).unwrap();
    };
    // Its footer is the last thing that is read otherwise than through the mapping.
    let start = journal.len();
    scan(&out.path().join("first.csv"), &NoProgress);
    let calls = journal.calls().split_off(start);
    let reads = |c: &Call| c.operation == Operation::ReadAt && c.path.ends_with(data);
    let footer = calls.iter().rposition(reads).unwrap();
    let file = cutter.file.clone();
    journal.before_call(footer + 1, move || cut(&file, 0));
    let path = out.path().join("out.csv");
    scan(&path, &cutter);
    assert_eq!(cutter.restarts.into_inner(), 1);
    assert!(fs::read(&path).unwrap() == expected);
}

#[test]
fn a_file_cut_under_a_stream_ends_it_without_a_footer() {
    engine::install_sigbus_guard().unwrap();
    let table = Table::copy_of(&case("questdb/trades"));
    let out = Shared::default();
    let mut request = ExportRequest::new(&table.path, Output::Writer(Box::new(out.clone())));
    request.threads = NonZeroUsize::MIN;
    let cutter = Cutter::of(table.path.join("2024-03-05/amount.d"), false);
    let error = engine::export(request, &cutter, &CancelToken::new()).unwrap_err();
    assert!(
        matches!(error.cause(), Cause::Vanished(_)),
        "{}",
        error.to_line()
    );
    assert!(error.to_line().contains("amount.d"));
    assert!(!out.take().ends_with(b"PAR1"));
}

/// Cuts a file when so many bytes were taken.
struct CuttingWriter {
    out: Shared,
    file: PathBuf,
    left: usize,
}

impl Write for CuttingWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.left > 0 && bytes.len() >= self.left {
            cut(&self.file, 0);
        }
        self.left = self.left.saturating_sub(bytes.len());
        self.out.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn rows_that_were_printed_before_a_file_was_cut_are_right() {
    engine::install_sigbus_guard().unwrap();
    let table = Table::copy_of(&case("questdb/trades"));
    let expected = scan_text(&table.path, |_| {});
    let out = Shared::default();
    let writer = CuttingWriter {
        out: out.clone(),
        file: table.path.join("2024-03-05/amount.d"),
        left: 100_000,
    };
    let request = ScanRequest::new(&table.path, Output::Writer(Box::new(writer)));
    let error = engine::scan(request, &NoProgress, &CancelToken::new()).unwrap_err();
    assert!(error.to_line().contains("amount.d"), "{}", error.to_line());
    let printed = out.take();
    assert!(printed.len() >= 100_000 && expected.starts_with(&printed));
}

/// A row group of the default size takes more than the default budget: what is copied is a column.
#[test]
fn large_row_groups_are_read_positionally_at_default_memory() {
    engine::install_sigbus_guard().unwrap();
    let (_scratch, table) = generated(Workload::Trades, 1_100_000, 2);
    let out = temp_dir();
    let export = |name: &str, read_mode, progress: &dyn Progress| {
        let path = out.path().join(name);
        let mut request = ExportRequest::new(&table, Output::File(path.clone()));
        (request.read_mode, request.sync) = (read_mode, false);
        let report = engine::export(request, progress, &CancelToken::new()).unwrap();
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        (report, bytes)
    };
    let (report, expected) = export("mapped", ReadMode::Mapped, &NoProgress);
    assert!(report.bytes_in > MEMORY_BYTES_DEFAULT && report.row_groups == 2);
    let (_, copied) = export("copied", ReadMode::Positional, &NoProgress);
    assert!(copied == expected);
    let partition = entries(&table)
        .unwrap()
        .into_iter()
        .find(|e| e.starts_with("20"))
        .unwrap();
    let partition = partition.trim_end_matches('/');
    let cutter = Cutter::of(table.join(partition).join("amount.d"), true);
    let (_, again) = export("again", ReadMode::Auto, &cutter);
    assert_eq!(cutter.restarts.into_inner(), 1);
    assert!(again == expected);
}

#[test]
fn who_asks_for_mappings_gets_no_copies() {
    engine::install_sigbus_guard().unwrap();
    let table = Table::copy_of(&case("questdb/trades"));
    let out = temp_dir();
    let mut request = ExportRequest::new(&table.path, Output::File(out.path().join("o")));
    (request.threads, request.read_mode) = (NonZeroUsize::MIN, ReadMode::Mapped);
    let cutter = Cutter::of(table.path.join("2024-03-05/amount.d"), true);
    let error = engine::export(request, &cutter, &CancelToken::new()).unwrap_err();
    assert!(
        matches!(error.cause(), Cause::Vanished(_)),
        "{}",
        error.to_line()
    );
    assert_eq!(cutter.restarts.into_inner(), 0);
    assert!(entries(out.path()).unwrap().is_empty());
}

/// Copies that do not fit into the budget: what happened to the file is said, and why that was all.
#[test]
fn a_second_attempt_that_is_refused_says_why() {
    engine::install_sigbus_guard().unwrap();
    let table = Table::copy_of(&case("questdb/trades"));
    let out = temp_dir();
    let mapped = least(&table.path, |r| r.threads = NonZeroUsize::MIN);
    let mut request = ExportRequest::new(&table.path, Output::File(out.path().join("o")));
    (request.threads, request.memory_bytes) = (NonZeroUsize::MIN, mapped);
    let cutter = Cutter::of(table.path.join("2024-03-05/amount.d"), true);
    let error = engine::export(request, &cutter, &CancelToken::new()).unwrap_err();
    let line = error.to_line();
    assert!(
        line.contains("amount.d") && line.contains("needs at least"),
        "{line}"
    );
    assert_eq!(error.exit_class(), ExitClass::Failed);
}

#[test]
fn peaks_are_those_of_one_export() {
    let large = case("questdb/trades").table();
    let root = engine::open_root(&large).unwrap();
    let export = |columns: Option<Vec<String>>| {
        let output = Output::Writer(Box::new(std::io::sink()));
        let mut request = ExportRequest::new(&large, output);
        (request.stats, request.columns) = (true, columns);
        let never = CancelToken::new();
        engine::export_in(&root, &RealVfs, request, &NoProgress, &never)
            .unwrap()
            .stats
            .unwrap()
    };
    let all = export(None);
    let one = export(Some(vec!["amount".to_owned()]));
    assert!(one.peak_mappings < all.peak_mappings && one.peak_mappings > 0);
    assert!(one.peak_mapped_bytes < all.peak_mapped_bytes && one.peak_mapped_bytes > 0);
}

/// Looks at the registry whenever it is told something.
struct Listed {
    registry: QueryRegistry,
    cutter: Cutter,
}

impl Progress for Listed {
    fn advance(&self, done: Done) {
        let info = &self.registry.running()[0];
        // What is listed is what is done: never what is planned, or what an earlier attempt did.
        assert_eq!((info.rows, info.bytes), (done.rows, done.bytes_in));
        self.cutter.advance(done);
    }

    fn restart(&self, attempt: u32, reason: &str) {
        self.cutter.restart(attempt, reason);
    }
}

#[test]
fn the_registry_lists_rows_that_are_done_once() {
    engine::install_sigbus_guard().unwrap();
    let table = Table::copy_of(&case("questdb/trades"));
    let out = temp_dir();
    let progress = Listed {
        registry: QueryRegistry::new(),
        cutter: Cutter::of(table.path.join("2024-03-05/amount.d"), true),
    };
    let mut request = ExportRequest::new(&table.path, Output::File(out.path().join("o")));
    request.registry = progress.registry.clone();
    (request.threads, request.row_group_rows) = (NonZeroUsize::MIN, 60_000);
    let report = engine::export(request, &progress, &CancelToken::new()).unwrap();
    assert_eq!(progress.cutter.restarts.into_inner(), 1);
    assert_eq!(report.rows, 200_900);
}
