//! What each command prints, and where.

use std::fs;
use std::io::Read;
use std::process::Stdio;

use serde_json::Value;
use testkit::{case, copy_dir, entries, temp_dir};

use crate::support::{run_words, sluice};

#[test]
fn export_writes_a_file_and_reports_on_stdout() {
    let table = case("questdb/trades").table();
    let scratch = temp_dir();
    let out = scratch.path().join("trades.parquet");
    let ran = run_words("export @ -o #", &table, &out);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(
        ran.text()
            .contains("200,900 rows, 8 columns, from 17 partitions to 1 row group")
    );
    assert_eq!(entries(scratch.path()).unwrap(), ["trades.parquet"]);
    let file = fs::read(&out).unwrap();
    assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"));
}

#[test]
fn json_is_one_object_and_nothing_else() {
    let table = case("questdb/trades").table();
    let scratch = temp_dir();
    let out = scratch.path().join("trades.parquet");
    let ran = run_words(
        "export @ -o # --json --codec lz4_raw --row-group-rows 100000",
        &table,
        &out,
    );
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert_eq!(ran.text().lines().count(), 1);
    let report: Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(report["table"], "trades");
    assert_eq!(report["output"], out.to_str().unwrap());
    assert_eq!(report["rows"], 200_900);
    assert_eq!(report["partitions"], 17);
    assert_eq!(report["row_groups"], 3);
    assert_eq!(report["columns"], 8);
    assert_eq!(report["encoded_chunks"], 24);
    assert_eq!(report["bytes_out"], fs::metadata(&out).unwrap().len());
}

#[test]
fn quiet_says_nothing_and_verbose_says_what_happens() {
    let table = case("questdb/by_day").table();
    let scratch = temp_dir();
    let out = scratch.path().join("out.parquet");
    let ran = run_words("export @ -o # --quiet --no-sync", &table, &out);
    assert_eq!((ran.code, ran.text(), ran.stderr.as_str()), (0, "", ""));
    let ran = run_words("export @ -o # --force -v", &table, &out);
    assert_eq!(ran.code, 0);
    assert!(
        ran.stderr.contains("80 rows in 5 partitions"),
        "{}",
        ran.stderr
    );
}

#[test]
fn export_to_stdout_is_the_file() {
    let table = case("questdb/by_day").table();
    let scratch = temp_dir();
    let out = scratch.path().join("out.parquet");
    assert_eq!(run_words("export @ -o #", &table, &out).code, 0);
    let ran = run_words("export @ -o -", &table, &out);
    assert_eq!(ran.code, 0);
    assert!(ran.stdout == fs::read(&out).unwrap());
    assert!(
        ran.stderr.contains("80 rows"),
        "the report goes to stderr: {}",
        ran.stderr
    );
    assert_eq!(run_words("export @ -o - -q", &table, &out).stderr, "");
}

#[test]
fn equal_exports_are_equal_files() {
    let table = case("questdb/trades").table();
    let (first, second) = (run_words("export @ -o -", &table, &table), {
        run_words("export @ -o -", &table, &table)
    });
    assert!(first.stdout == second.stdout);
}

#[test]
fn scan_prints_what_questdb_prints() {
    let case = case("questdb/by_week");
    let ran = run_words("scan @", &case.table(), &case.table());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout == case.answer_csv().unwrap().unwrap());
}

#[test]
fn scan_takes_columns_ranges_limits_and_formats() {
    let table = case("questdb/by_day").table();
    let ran = run_words(
        "scan @ --columns ts --limit 2 --reverse --format json",
        &table,
        &table,
    );
    let rows: Vec<Value> = ran
        .text()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 2);
    assert!(rows[0]["ts"].as_str() > rows[1]["ts"].as_str());
    let ran = run_words("scan @ --from 2024-02-29 --to 2024-03-01", &table, &table);
    let mut lines = ran.text().lines();
    lines.next();
    assert!(
        lines.all(|line| line.contains("\"2024-02-29T")),
        "{}",
        ran.text()
    );
    let scratch = temp_dir();
    let out = scratch.path().join("rows.csv");
    let whole = run_words("scan @", &table, &out);
    let ran = run_words("scan @ -o #", &table, &out);
    assert_eq!((ran.code, ran.stdout.len()), (0, 0));
    assert!(fs::read(&out).unwrap() == whole.stdout);
}

#[test]
fn show_lists_under_questdbs_names() {
    let case = case("questdb/wal_pending/suspended");
    let scratch = temp_dir();
    copy_dir(&case.table(), &scratch.path().join(&case.directory)).unwrap();
    let ran = run_words(
        "show tables @ --format json",
        scratch.path(),
        scratch.path(),
    );
    let table: Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(table["table_name"], "wal_pending");
    assert_eq!(table["wal_pending_txn_count"], 4);

    let ran = run_words("show columns @ --format csv", &case.table(), scratch.path());
    assert!(
        ran.text().starts_with("\"column\",\"type\",\"indexed\","),
        "{}",
        ran.text()
    );
    assert!(
        ran.stderr
            .contains("4 transactions of the write-ahead log wait"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.code, 0);

    let ran = run_words("show partitions @", &case.table(), scratch.path());
    let mut lines = ran.text().lines();
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("index  partitionBy  name"),
        "{}",
        ran.text()
    );
    assert_eq!(lines.count(), 3);
}

#[test]
fn a_damaged_table_in_a_root_is_reported_after_the_others() {
    let scratch = temp_dir();
    for id in ["questdb/by_day", "questdb/by_week"] {
        let case = case(id);
        copy_dir(&case.table(), &scratch.path().join(&case.directory)).unwrap();
    }
    fs::write(scratch.path().join("by_day~6/_txn"), b"").unwrap();
    let ran = run_words("show tables @", scratch.path(), scratch.path());
    assert_eq!(ran.code, 1);
    assert!(ran.text().contains("by_week"));
    assert!(
        ran.stderr.contains("by_day~6") && ran.stderr.lines().count() == 1,
        "{}",
        ran.stderr
    );
}

/// A reader that has seen enough is no error: nothing on stderr.
#[test]
fn a_closed_pipe_is_silent() {
    let table = case("questdb/trades").table();
    for (args, code) in [(&["scan"][..], 0), (&["export", "-o", "-"], 1)] {
        let mut child = sluice()
            .args(args)
            .arg(&table)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 4];
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut first).unwrap();
        drop(stdout);
        let done = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8(done.stderr).unwrap(), "", "{args:?}");
        assert_eq!(done.status.code(), Some(code), "{args:?}");
    }
}

/// Also where there is nothing to tell: a zero is an answer.
#[test]
fn stats_always_print_what_was_held_spilled_and_evicted() {
    let scratch = temp_dir();
    let table = case("questdb/by_day").table();
    let out = scratch.path().join("out.parquet");
    let plain = run_words("export --profile cached -o # @", &table, &out);
    assert_eq!(plain.code, 0, "{}", plain.stderr);
    assert!(!plain.text().contains("anonymous memory"));
    let stats = run_words(
        "export --force --stats --profile cached -o # @",
        &table,
        &out,
    );
    assert_eq!(stats.code, 0, "{}", stats.stderr);
    for part in [
        "0 B taken out of the page cache again",
        "anonymous memory",
        "mapped at once",
        "0 B of pages waited in a temporary file",
    ] {
        assert!(
            stats.text().contains(part),
            "no {part:?} in {}",
            stats.text()
        );
    }
}

#[test]
fn pages_hold_as_many_rows_as_was_asked_for() {
    let scratch = temp_dir();
    let table = case("questdb/by_day").table();
    let out = scratch.path().join("out.parquet");
    let pages = |rows: &str| {
        let words = format!("export --force --json --stats --page-rows {rows} -o # @");
        let run = run_words(&words, &table, &out);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let report: Value = serde_json::from_str(run.text()).unwrap();
        let columns = report["per_column"].as_array().unwrap();
        let rows = report["rows"].as_u64().unwrap();
        let pages = columns.iter().map(|column| column["pages"].as_u64());
        (rows, pages.map(Option::unwrap).collect::<Vec<_>>())
    };
    let (rows, few) = pages("1000000");
    assert!(rows > 10 && few.iter().all(|pages| *pages == 1), "{few:?}");
    let (_, many) = pages("7");
    let expected = rows.div_ceil(7);
    assert!(
        many.iter().all(|pages| *pages == expected),
        "{many:?} of {rows} rows"
    );
}
