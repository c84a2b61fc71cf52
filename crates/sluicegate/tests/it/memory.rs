//! P6, seen from outside: anonymous memory stays within the budget and a constant, whatever the
//! table, its width and the number of row groups.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use column_format::ColumnType;
use testkit::generate::{Request, Workload, generate, generate_large};
use testkit::temp_dir;

use crate::support::sluice;

/// What the process itself takes: code, allocator, arguments.
pub(crate) const CONSTANT: u64 = 8 << 20;

fn anon_bytes(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kib: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kib << 10)
}

/// Exports and returns the most anonymous memory that was seen: more than `floor`, or the export is
/// watched once more. Who looks may not be let run while there is something to see, and misses it; a
/// budget that is exceeded shows all the same, since every peak counts.
pub(crate) fn peak_of(
    floor: u64,
    (table, out): (&Path, &Path),
    memory: &str,
    group_rows: u64,
    more: &[&str],
) -> u64 {
    let mut peak = 0;
    for _ in 0..50 {
        peak = peak.max(peak_once((table, out), memory, group_rows, more));
        if peak > floor {
            return peak;
        }
    }
    panic!("{peak} at most, and not more than {floor}: {memory} {more:?}");
}

fn peak_once((table, out): (&Path, &Path), memory: &str, group_rows: u64, more: &[&str]) -> u64 {
    let mut child = sluice()
        .args([
            "export",
            "--force",
            "--quiet",
            "--no-sync",
            "--memory",
            memory,
        ])
        .args(["--row-group-rows", &group_rows.to_string(), "-o"])
        .args([out, table])
        .args(more)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(anon_bytes(&child).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(child.wait().unwrap().success(), "{memory} {more:?}");
    peak
}

#[test]
fn anonymous_memory_stays_within_the_budget_whatever_the_table() {
    for (workload, rows, partitions, group_rows) in [
        (Workload::Trades, 50_000, 5, 250),
        (Workload::Cpu, 20_000, 3, 250),
        (Workload::Wide, 1_500, 4, 50),
    ] {
        let scratch = temp_dir();
        let table = scratch.path().join("table");
        let request = Request::new(workload, rows, partitions, &table);
        generate(&mmap_io::RealVfs, &request).unwrap();
        let mut files = Vec::new();
        for budget_mib in [16_u64, 32, 64] {
            let out = scratch.path().join("out.parquet");
            let peak = peak_of(
                0,
                (&table, &out),
                &format!("{budget_mib}MiB"),
                group_rows,
                &[],
            );
            let limit = (budget_mib << 20) + CONSTANT;
            assert!(peak <= limit, "{workload}, {budget_mib} MiB: {peak}");
            files.push(fs::read(&out).unwrap());
        }
        assert!(
            files.windows(2).all(|pair| pair[0] == pair[1]),
            "{workload}"
        );
    }
}

/// Pages of 256 KiB, values of 10 MiB: what one takes beside its page is counted, and threads take turns.
#[test]
fn values_of_10_mib_stay_within_the_budget_or_are_refused_by_name() {
    let scratch = temp_dir();
    let table = scratch.path().join("table");
    let rows = 5;
    let columns = [ColumnType::Varchar, ColumnType::Binary].map(|column| (column, 10 << 20));
    generate_large(&mmap_io::RealVfs, (rows, 1), &columns, &table).unwrap();
    let out = scratch.path().join("out.parquet");
    let mut files = Vec::new();
    for threads in ["1", "2", "3", "8"] {
        let words = format!("export @ -o # --threads {threads} --memory 32MiB");
        let refused = crate::support::run_words(&words, &table, &out);
        crate::support::assert_refused(&refused, 2, &["the largest value", "needs at least"]);
        assert!(!out.exists());
        let least = refused.stderr.trim_end().rsplit("at least ").next();
        let least: engine::ByteSize = least.unwrap().replace(' ', "").parse().unwrap();
        assert!((32 << 20..96 << 20).contains(&least.0), "{}", least.0);
        // Room for one value, and for many at a time.
        for budget in [least.0, 256 << 20] {
            let more = ["--threads", threads];
            let peak = peak_of(10 << 20, (&table, &out), &budget.to_string(), 2, &more);
            assert!(
                peak <= budget + CONSTANT,
                "{threads} threads: {peak} of {budget}"
            );
            files.push(fs::read(&out).unwrap());
            fs::remove_file(&out).unwrap();
        }
    }
    assert_eq!(
        pq_format::read_footer(&files[0]).unwrap().row_groups.len(),
        3
    );
    assert!(files.windows(2).all(|pair| pair[0] == pair[1]));
}

/// Values of 6 MiB: smaller than the blocks that the process gives back at once.
#[test]
fn values_that_the_allocator_might_keep_stay_within_the_budget() {
    for column in [
        ColumnType::Varchar,
        ColumnType::Binary,
        ColumnType::Array { dims: 1 },
        ColumnType::String,
    ] {
        let scratch = temp_dir();
        let table = scratch.path().join("table");
        generate_large(&mmap_io::RealVfs, (6, 1), &[(column, 6 << 20); 4], &table).unwrap();
        let out = scratch.path().join("out.parquet");
        for (budget_mib, codec) in [(72_u64, "zstd:1"), (128, "zstd:1"), (144, "zstd:9")] {
            let more = ["--threads", "8", "--codec", codec];
            let peak = peak_of(
                24 << 20,
                (&table, &out),
                &format!("{budget_mib}MiB"),
                2,
                &more,
            );
            let limit = (budget_mib << 20) + CONSTANT;
            assert!(peak <= limit, "{column}, {codec}, {budget_mib} MiB: {peak}");
        }
    }
}

/// A table of which all partitions but the last are Parquet files with row groups of `group_rows`.
fn mixed_table(dir: &Path, workload: Workload, rows: u64, group_rows: u64) -> PathBuf {
    let table = dir.join("mixed");
    let request = Request::new(workload, rows, 3, &table);
    generate(&mmap_io::RealVfs, &request).unwrap();
    store_as_parquet(&table, group_rows, |at| at < 2);
    table
}

/// Makes Parquet files of some partitions of a table, never of the last, with row groups of `group_rows`.
fn store_as_parquet(table: &Path, group_rows: u64, which: impl Fn(usize) -> bool) {
    let dirs = testkit::parquet::partition_dirs(table).unwrap();
    let name = |dir: &PathBuf| dir.file_name().unwrap().to_str().unwrap().to_owned();
    let days: Vec<String> = dirs.iter().map(|dir| name(dir)[..10].to_owned()).collect();
    let out = table.with_file_name("part.parquet");
    for (at, pair) in days.windows(2).enumerate().filter(|(at, _)| which(*at)) {
        let words = [
            "--force",
            "--quiet",
            "--no-sync",
            "--codec",
            "lz4_raw",
            "--raw-arrays",
        ];
        let status = sluice()
            .arg("export")
            .args(words)
            .args(["--from", &pair[0], "--to", &pair[1]])
            .args(["--memory", "256MiB", "--page-bytes", "1MiB"])
            .args(["--row-group-rows", &group_rows.to_string(), "-o"])
            .args([out.as_path(), table])
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success());
        testkit::parquet::store_as_parquet(table, at, &fs::read(&out).unwrap()).unwrap();
    }
}

/// Values of 10 MiB of native rows, beside columns that are decoded: both are of the same bytes.
#[test]
fn large_values_beside_decoded_columns_stay_within_the_budget() {
    let scratch = temp_dir();
    let table = scratch.path().join("table");
    let columns = [(ColumnType::Array { dims: 1 }, 10 << 20); 4];
    generate_large(&mmap_io::RealVfs, (8, 4), &columns, &table).unwrap();
    store_as_parquet(&table, 2, |at| at % 2 == 0);
    let out = scratch.path().join("out.parquet");
    let mut files = Vec::new();
    let more = ["--threads", "8", "--codec", "lz4_raw"];
    // Decoding a column, then its values as well.
    let mut least = 16 << 20;
    for what in ["decoding a column", "the largest value"] {
        let words = "export @ -o # --threads 8 --codec lz4_raw --row-group-rows 2 --memory";
        let ran = crate::support::run_words(&format!("{words} {least}"), &table, &out);
        crate::support::assert_refused(&ran, 2, &[what, "needs at least"]);
        assert!(!out.exists());
        let named = ran.stderr.trim_end().rsplit("at least ").next().unwrap();
        let named: engine::ByteSize = named.replace(' ', "").parse().unwrap();
        least = named.0;
    }
    for budget in [least, 180 << 20] {
        let peak = peak_of(60 << 20, (&table, &out), &budget.to_string(), 2, &more);
        let limit = budget + CONSTANT;
        assert!(peak <= limit, "{peak} of {budget}");
        files.push(fs::read(&out).unwrap());
    }
    assert!(files.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn decoded_partitions_count_against_the_budget() {
    for (workload, rows, group_rows) in [
        (Workload::Trades, 600_000, 100_000),
        (Workload::Wide, 6_000, 1_000),
    ] {
        let scratch = temp_dir();
        let table = mixed_table(scratch.path(), workload, rows, group_rows);
        let out = scratch.path().join("out.parquet");
        for more in [&[][..], &["--keep-codec", "--raw-arrays"]] {
            let peak = peak_of(0, (&table, &out), "64MiB", 1_000_000, more);
            let limit = (64 << 20) + CONSTANT;
            assert!(peak <= limit, "{workload}, {more:?}: {peak}");
        }
        // Refusals name the least for what was planned so far: the last one leaves no room for
        // anything but the largest column.
        let mut least = "14MiB".to_owned();
        let mut refused = 0;
        loop {
            let words = format!("export @ -o # --force --quiet --no-sync --memory {least}");
            let ran = crate::support::run_words(&words, &table, &out);
            if ran.code == 0 {
                break;
            }
            refused += 1;
            assert!(refused < 10, "{workload}: {}", ran.stderr);
            crate::support::assert_refused(&ran, 2, &["decoding a column", "needs at least"]);
            let named = ran.stderr.trim_end().rsplit("at least ").next().unwrap();
            least = named.replace(' ', "");
        }
        assert!(refused > 0, "{workload}");
        let peak = peak_of(0, (&table, &out), &least, 1_000_000, &[]);
        let mib: f64 = least.trim_end_matches("MiB").parse().unwrap();
        let limit = mib * f64::from(1 << 20);
        let constant = f64::from(u32::try_from(CONSTANT).unwrap());
        let peak = f64::from(u32::try_from(peak).unwrap());
        assert!(peak <= limit + constant, "{workload}: {peak} of {least}");
    }
}

#[test]
fn a_budget_that_cannot_do_is_wrong_usage_and_names_one_that_can() {
    let table = testkit::case("questdb/by_day").table();
    let scratch = temp_dir();
    let out = scratch.path().join("out.parquet");
    let ran = crate::support::run_words("export @ -o # --memory 100KiB", &table, &out);
    crate::support::assert_refused(&ran, 2, &["--memory 100 KiB", "needs at least"]);
    let least = ran.stderr.trim_end().rsplit("at least ").next().unwrap();
    let words = format!("export @ -o # --memory {}", least.replace(' ', ""));
    assert_eq!(crate::support::run_words(&words, &table, &out).code, 0);
    let ran = crate::support::run_words("export @ -o # --memory much", &table, &out);
    crate::support::assert_refused(&ran, 2, &["--memory", "64MiB"]);
}

/// Footers of hundreds of row groups, which are held as long as their partitions are open.
#[test]
fn footers_of_parquet_partitions_count_against_the_budget() {
    let scratch = temp_dir();
    let table = mixed_table(scratch.path(), Workload::Trades, 30_000, 20);
    let out = scratch.path().join("out.parquet");
    let dirs = testkit::parquet::partition_dirs(&table).unwrap();
    let files = dirs
        .iter()
        .filter_map(|dir| fs::read(dir.join("data.parquet")).ok());
    let footers: Vec<u64> = files
        .map(|file| u32::from_le_bytes(file[file.len() - 8..][..4].try_into().unwrap()).into())
        .collect();
    assert!(footers.len() == 2 && footers[0] > 256 << 10, "{footers:?}");
    let refused =
        crate::support::run_words("export @ -o # --keep-codec --memory 1MiB", &table, &out);
    assert_eq!(refused.code, 2, "{}", refused.stderr);
    let named = refused
        .stderr
        .trim_end()
        .rsplit("at least ")
        .next()
        .unwrap();
    let least: engine::ByteSize = named.replace(' ', "").parse().unwrap();
    let least = least.0;
    let of_footers = footers.iter().sum::<u64>() * 10;
    assert!(least > of_footers, "{least}: {footers:?}");
    // Besides, what is decoded of the rows that are not copied.
    let budget = least + (4 << 20);
    let memory = budget.to_string();
    // Half of what the footers are counted for, at least.
    let floor = of_footers / 2;
    let peak = peak_of(floor, (&table, &out), &memory, 1_000_000, &["--keep-codec"]);
    assert!(peak <= budget + CONSTANT, "{peak} of {budget}: {footers:?}");
}
