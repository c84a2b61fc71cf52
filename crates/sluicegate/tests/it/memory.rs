//! P6, seen from outside: anonymous memory stays within the budget and a constant, whatever the
//! table, its width and the number of row groups.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use testkit::generate::{Request, Workload, generate};
use testkit::temp_dir;

use crate::support::sluice;

/// What the process itself takes: code, allocator, arguments.
const CONSTANT: u64 = 8 << 20;

fn anon_bytes(child: &Child) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kib: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kib << 10)
}

/// Exports and returns the most anonymous memory that was seen.
fn peak_of(table: &Path, out: &Path, memory: &str, group_rows: u64) -> u64 {
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
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = peak.max(anon_bytes(&child).unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(child.wait().unwrap().success());
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
            let peak = peak_of(&table, &out, &format!("{budget_mib}MiB"), group_rows);
            let limit = (budget_mib << 20) + CONSTANT;
            assert!(
                peak > 0 && peak <= limit,
                "{workload}, {budget_mib} MiB: {peak}"
            );
            files.push(fs::read(&out).unwrap());
        }
        assert!(
            files.windows(2).all(|pair| pair[0] == pair[1]),
            "{workload}"
        );
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
