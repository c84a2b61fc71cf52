//! How a table is read: flags that never change a byte of the result, and what they tell.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use serde_json::Value;
use testkit::{case, copy_dir, entries, temp_dir};

use crate::support::{assert_refused, run_words, sluice};

#[test]
fn profile_and_read_mode_give_the_same_file_and_rows() {
    let table = case("questdb/by_day").table();
    let scratch = temp_dir();
    let out = scratch.path().join("out.parquet");
    assert_eq!(run_words("export @ -o #", &table, &out).code, 0);
    let expected = fs::read(&out).unwrap();
    let rows = run_words("scan @", &table, &out).stdout;
    for profile in ["cached", "sequential", "evict"] {
        for mode in ["auto", "mapped", "positional"] {
            let flags = format!("@ --profile {profile} --read-mode {mode} --timeout 1h");
            let ran = run_words(&format!("export {flags} -o # --force"), &table, &out);
            assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
            assert!(fs::read(&out).unwrap() == expected, "{flags}");
            let ran = run_words(&format!("scan {flags}"), &table, &out);
            assert!(ran.code == 0 && ran.stdout == rows, "{flags}");
        }
    }
}

#[test]
fn stats_are_told_to_people_and_to_scripts() {
    let table = case("questdb/trades").table();
    let scratch = temp_dir();
    let out = scratch.path().join("out.parquet");
    let ran = run_words("export @ -o # --stats", &table, &out);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    for part in [
        "mappings",
        "page cache before",
        "delta_binary_packed",
        "zstd:1",
    ] {
        assert!(ran.text().contains(part), "no {part:?} in {}", ran.text());
    }
    let ran = run_words("export @ -o # --force --stats --json", &table, &out);
    let report: Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(report["per_column"].as_array().unwrap().len(), 8);
    assert_eq!(report["spilled_bytes"], 0);
    assert_eq!(report["passthrough_chunks"], 0);
    assert!(report["peak_mapped_partitions"].as_u64().unwrap() <= 17);
    assert!(report["peak_anon_bytes"].as_u64().unwrap() > 0);
}

#[test]
fn a_report_tells_the_codec_of_what_was_copied_from_that_of_what_was_encoded() {
    let table = case("questdb/parquet_partitions").table();
    let scratch = temp_dir();
    let out = scratch.path().join("out.parquet");
    let ran = run_words("export @ -o # --keep-codec --codec gzip:3", &table, &out);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    for part in [
        "copied with the codec that they have",
        "encoded with gzip:3",
    ] {
        assert!(ran.text().contains(part), "no {part:?} in {}", ran.text());
    }
    let words = "export @ -o # --force --json --keep-codec --codec gzip:3";
    let ran = run_words(words, &table, &out);
    let report: Value = serde_json::from_str(ran.text()).unwrap();
    assert!(report["passthrough_chunks"].as_u64().unwrap() > 0);
    assert!(report["encoded_chunks"].as_u64().unwrap() > 0);
}

#[test]
fn a_time_limit_is_kept_and_leaves_nothing() {
    let table = case("questdb/trades").table();
    let scratch = temp_dir();
    let out = scratch.path().join("out.parquet");
    let ran = run_words("export @ -o # --timeout 1ns", &table, &out);
    assert_refused(&ran, 1, &["time limit of 1ns"]);
    assert!(entries(scratch.path()).unwrap().is_empty());
    let ran = run_words("scan @ --timeout 1ns", &table, &out);
    assert_refused(&ran, 1, &["time limit of 1ns"]);
}

#[test]
fn what_is_no_profile_mode_or_time_limit_is_wrong_usage() {
    let table = case("questdb/by_day").table();
    let out = temp_dir().path().join("out.parquet");
    for (flags, part) in [
        ("--profile fast", "fast"),
        ("--read-mode paged", "paged"),
        ("--timeout soon", "90s"),
        ("--timeout 0s", "length of time"),
    ] {
        let ran = run_words(&format!("export @ -o # {flags}"), &table, &out);
        assert_refused(&ran, 2, &[part]);
        let ran = run_words(&format!("scan @ {flags}"), &table, &out);
        assert_refused(&ran, 2, &[part]);
    }
}

/// The first partition is mapped and half printed when one of its files is cut: without the guard
/// that the binary installs, the next row would be the end of the process.
#[test]
fn a_file_cut_under_a_scan_is_an_error_that_names_it() {
    let scratch = temp_dir();
    let table = scratch.path().join("table");
    copy_dir(&case("questdb/trades").table(), &table).unwrap();
    let mut child = sluice()
        .arg("scan")
        .arg(&table)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    // Less than a pipe and a piece hold: the scan waits inside of a write.
    let mut printed = vec![0; 100];
    stdout.read_exact(&mut printed).unwrap();
    let file = table.join("2024-03-01/amount.d");
    fs::OpenOptions::new()
        .write(true)
        .open(file)
        .unwrap()
        .set_len(0)
        .unwrap();
    stdout.read_to_end(&mut printed).unwrap();
    let done = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("2024-03-01/amount.d"), "{stderr}");
    let expected = case("questdb/trades").answer_csv().unwrap().unwrap();
    assert!(expected.starts_with(&printed) && printed.len() < expected.len());
}
