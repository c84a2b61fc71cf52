//! M1, M4, R7 and the crash that this project is about: what an export maps, what it leaves in the
//! page cache, and that it never changes a table.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use engine::{
    CancelToken, Codec, Done, ExportReport, ExportRequest, NoProgress, Output, Progress,
    ScanProfile,
};
use mmap_io::{Access, EVICT_WINDOW_BYTES, FileAdvice, Links, ReadMode, RealVfs, Vfs};
use testkit::case;
use testkit::generate::{Request, Workload, generate};
use testkit::parquet::{partition_dirs, store_as_parquet};

use crate::budget::generated;
use crate::export::{export_all, export_bytes};
use crate::leaves_nothing::held_below;
use crate::support::Table;

const PROFILES: [ScanProfile; 3] = [
    ScanProfile::Cached,
    ScanProfile::SequentialEvict,
    ScanProfile::Frugal,
];

#[test]
fn an_export_maps_the_partitions_in_flight_and_one_more_and_none_after() {
    let (scratch, table) = generated(Workload::Trades, 60_000, 12);
    for threads in [1, 2, 8] {
        let root = engine::open_root(&table).unwrap();
        let output = Output::Writer(Box::new(std::io::sink()));
        let mut request = ExportRequest::new(&table, output);
        // Half a partition, as at full size: a million rows of two.
        request.row_group_rows = 2_500;
        request.threads = NonZeroUsize::new(threads).unwrap();
        let never = CancelToken::new();
        let report = engine::export_in(&root, &RealVfs, request, &NoProgress, &never).unwrap();
        assert_eq!((report.partitions, report.row_groups), (12, 24));
        let peak = report.peak_mapped_partitions;
        assert!((1..=3).contains(&peak), "{threads} threads: {peak}");
        assert_eq!(root.stats().mapped_now(), 0);
        drop(root);
        assert_eq!(held_below(scratch.path()), (0, 0));
    }
}

/// Frames of a few rows, all of which wait for one row group over all partitions: these stay mapped
/// until it is encoded.
#[test]
fn a_row_group_that_lags_over_three_partitions_has_the_right_rows() {
    for id in ["questdb/by_day", "questdb/splits", "questdb/column_tops"] {
        let table = Table::of(&case(id));
        let (_, expected) = export_all(&table.path);
        for profile in PROFILES {
            for (frame_rows, threads) in [(1, 1), (5, 2), (7, 3)] {
                let (report, bytes) = export_bytes(&table.path, |r| {
                    r.profile = profile;
                    r.frame_rows = NonZeroUsize::new(frame_rows);
                    r.threads = NonZeroUsize::new(threads).unwrap();
                })
                .unwrap();
                assert!(report.peak_mapped_partitions >= 3 && report.row_groups == 1);
                assert!(bytes == expected, "{id} {profile}, frames of {frame_rows}");
            }
        }
    }
}

/// Every file below a directory: content and time of the last change.
fn state(dir: &Path) -> BTreeMap<PathBuf, (Vec<u8>, SystemTime)> {
    let mut found = BTreeMap::new();
    for name in testkit::entries(dir).unwrap() {
        let path = dir.join(name);
        let about = fs::symlink_metadata(&path).unwrap();
        let content = if about.is_file() {
            fs::read(&path).unwrap()
        } else {
            Vec::new()
        };
        found.insert(path, (content, about.modified().unwrap()));
    }
    found
}

#[test]
fn reading_never_changes_a_table() {
    for id in ["questdb/all_types", "questdb/splits"] {
        let table = Table::copy_of(&case(id));
        let before = state(&table.path);
        for profile in PROFILES {
            export_bytes(&table.path, |r| (r.profile, r.stats) = (profile, true)).unwrap();
            let output = Output::Writer(Box::new(std::io::sink()));
            let mut request = engine::ScanRequest::new(&table.path, output);
            request.profile = profile;
            engine::scan(request, &NoProgress, &CancelToken::new()).unwrap();
        }
        engine::show_partitions(&table.path).unwrap();
        assert!(state(&table.path) == before, "{id}");
    }
}

/// Takes every page of a table out of the page cache.
fn make_cold(table: &Path) {
    for name in testkit::entries(table).unwrap() {
        let path = table.join(name);
        if path.is_dir() {
            continue;
        }
        let dir = RealVfs.open_dir(path.parent().unwrap()).unwrap();
        let name = path.file_name().unwrap();
        let len = dir.stat(name, Links::NoFollow).unwrap().len;
        let file = dir.open_file(name, Access::ReadWrite).unwrap();
        file.sync().unwrap();
        if len > 0 {
            file.advise(0..len, FileAdvice::DontNeed).unwrap();
        }
    }
}

fn export_with(table: &Path, profile: ScanProfile) -> (ExportReport, u64, u64) {
    let (report, _) = export_bytes(table, |r| {
        (r.profile, r.stats, r.row_group_rows) = (profile, true, 50_000);
        r.writer.codec = Codec::None;
    })
    .unwrap();
    let stats = report.stats.clone().unwrap();
    let (before, after) = (stats.resident_before_bytes, stats.resident_after_bytes);
    (report, before.unwrap(), after.unwrap())
}

/// On the disk that the build is on: a temporary directory may be memory, which is never cold.
#[test]
fn a_cold_table_is_cold_and_a_warm_one_warm_after_an_export() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let table = scratch.path().join("trades");
    let made = generate(
        &RealVfs,
        &Request::new(Workload::Trades, 480_000, 6, &table),
    )
    .unwrap();
    assert!(made.bytes > 2 * EVICT_WINDOW_BYTES);

    let mut after_most = 0;
    for profile in [ScanProfile::SequentialEvict, ScanProfile::Frugal] {
        make_cold(&table);
        let (report, before, after) = export_with(&table, profile);
        assert!(before < made.bytes / 10, "the table is not cold: {before}");
        assert!(
            after <= before + EVICT_WINDOW_BYTES,
            "{profile}: {before} -> {after}"
        );
        // What leaves twice was read twice.
        let evicted = report.evicted_bytes;
        assert!(evicted > made.bytes / 2, "{profile}: {evicted}");
        assert!(
            evicted < made.bytes + EVICT_WINDOW_BYTES,
            "{profile}: {evicted}"
        );
        after_most = after_most.max(after);
    }

    // The control: a reader that does not evict leaves what it read.
    make_cold(&table);
    let (report, _, left) = export_with(&table, ScanProfile::Sequential);
    assert_eq!(report.evicted_bytes, 0);
    assert!(left > after_most, "{after_most} {left}");

    // Warm is whatever is in memory right before: the system may take some of it at any time.
    state(&table);
    let (report, before, after) = export_with(&table, ScanProfile::SequentialEvict);
    assert!(before > made.bytes / 2, "{before}");
    assert!(after > before / 10 * 8, "{before} -> {after}");
    assert!(
        report.evicted_bytes < made.bytes / 2,
        "{}",
        report.evicted_bytes
    );
}

/// Partitions of many row groups: their footers alone are more than may stay.
#[test]
fn parquet_partitions_are_as_cold_after_an_export_as_before() {
    const FEW: u64 = 64 << 10;
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let table = scratch.path().join("trades");
    generate(
        &RealVfs,
        &Request::new(Workload::Trades, 120_000, 6, &table),
    )
    .unwrap();
    let dirs = partition_dirs(&table).unwrap();
    let day = |dir: &PathBuf| dir.file_name().unwrap().to_str().unwrap()[..10].to_owned();
    let days: Vec<String> = dirs.iter().map(day).collect();
    let mut footers = 0;
    for (at, pair) in days.windows(2).enumerate() {
        let (_, file) = export_bytes(&table, |r| {
            r.range.from = Some(pair[0].parse().unwrap());
            r.range.to = Some(pair[1].parse().unwrap());
            r.row_group_rows = 400;
        })
        .unwrap();
        footers +=
            u64::from(pq_format::footer_len(file[file.len() - 8..].try_into().unwrap()).unwrap());
        store_as_parquet(&table, at, &file).unwrap();
    }
    assert!(footers > 2 * FEW, "{footers}");
    let middle = format!("{}T12:00:00Z", days[2]);
    for mode in [ReadMode::Mapped, ReadMode::Positional] {
        for (keep_codec, from) in [(true, None), (false, None), (true, Some(&middle))] {
            make_cold(&table);
            let (report, _) = export_bytes(&table, |r| {
                (r.profile, r.stats, r.read_mode) = (ScanProfile::SequentialEvict, true, mode);
                r.keep_codec = keep_codec;
                r.range.from = from.map(|from| from.parse().unwrap());
            })
            .unwrap();
            let stats = report.stats.unwrap();
            let before = stats.resident_before_bytes.unwrap();
            let after = stats.resident_after_bytes.unwrap();
            assert!(
                after <= before + FEW,
                "{mode} {keep_codec} {from:?}: {before} -> {after}"
            );
            let copies = report.passthrough_chunks > report.encoded_chunks;
            assert_eq!(copies, keep_codec);
            assert!(report.evicted_bytes > 1 << 20, "{}", report.evicted_bytes);
        }
    }
}

#[test]
fn sidecars_are_as_cold_after_an_export_as_before() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let table = scratch.path().join("table");
    testkit::copy_dir(&case("questdb-94/parquet_codecs/zstd").table(), &table).unwrap();
    let resident = || {
        let root = engine::open_root(&table).unwrap();
        let names = testkit::entries(&table).unwrap().into_iter();
        let sidecars = names.filter(|name| name.ends_with("/_pm"));
        let resident = sidecars.map(|name| {
            let file = root.file(&name).unwrap();
            file.residency(file.len().unwrap()).unwrap().resident_count
        });
        resident.collect::<Vec<_>>()
    };
    make_cold(&table);
    let cold = resident();
    export_bytes(&table, |r| r.profile = ScanProfile::SequentialEvict).unwrap();
    assert_eq!(resident(), cold);
    // The control: a reader that does not evict leaves what it read.
    export_bytes(&table, |r| r.profile = ScanProfile::Cached).unwrap();
    assert!(cold.len() >= 2 && resident() > cold, "{cold:?}");
}

/// The most bytes of a table that are in the page cache, looked at whenever an export advances.
struct Resident<'a> {
    table: &'a Path,
    most: AtomicU64,
}

impl Progress for Resident<'_> {
    fn advance(&self, _done: Done) {
        let mut bytes = 0;
        let root = engine::open_root(self.table).unwrap();
        for name in testkit::entries(self.table).unwrap() {
            if name.ends_with(".d") || name.ends_with(".i") {
                let file = root.file(&name).unwrap();
                let residency = file.residency(file.len().unwrap()).unwrap();
                bytes += residency.resident_bytes();
            }
        }
        self.most.fetch_max(bytes, Ordering::Relaxed);
    }
}

/// A row group of 17 MB, of which each of its files has up to 4: what is in memory must not depend on
/// that, nor on what the device reads ahead.
#[test]
fn a_frugal_export_never_holds_much_of_the_table() {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let table = scratch.path().join("trades");
    let request = Request::new(Workload::Trades, 480_000, 2, &table);
    let made = generate(&RealVfs, &request).unwrap();
    let most = |profile| {
        make_cold(&table);
        let output = Output::Writer(Box::new(std::io::sink()));
        let mut request = ExportRequest::new(&table, output);
        request.profile = profile;
        (request.row_group_rows, request.threads) = (240_000, NonZeroUsize::MIN);
        let resident = Resident {
            table: &table,
            most: AtomicU64::new(0),
        };
        engine::export(request, &resident, &CancelToken::new()).unwrap();
        resident.most.into_inner()
    };
    // The tail of a window a file, and what the planner looked at.
    let files = 8 * EVICT_WINDOW_BYTES;
    let frugal = most(ScanProfile::Frugal);
    assert!(frugal <= files, "{frugal} of {}", made.bytes);
    assert!(most(ScanProfile::Sequential) > made.bytes / 2);
}
