//! Ctrl-C: exit code 130, nothing left.

use std::io::Read;
use std::process::{Command, Stdio};

use testkit::{case, entries, temp_dir};

use crate::support::sluice;

fn interrupt(pid: u32) {
    let done = Command::new("kill")
        .args(["-INT", &pid.to_string()])
        .status()
        .unwrap();
    assert!(done.success());
}

/// The pipe is not read on, so the scan waits inside of a write when the signal comes; the next
/// bytes that it may write are its last.
#[test]
fn an_interrupted_scan_exits_with_130() {
    let table = case("questdb/trades").table();
    let mut child = sluice()
        .arg("scan")
        .arg(&table)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut first = [0; 1];
    stdout.read_exact(&mut first).unwrap();
    interrupt(child.id());
    let mut rest = Vec::new();
    stdout.read_to_end(&mut rest).unwrap();
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(130));
    assert_eq!(
        String::from_utf8(done.stderr).unwrap(),
        "sluice: error: interrupted\n"
    );
    assert!(rest.len() < case("questdb/trades").answer_csv().unwrap().unwrap().len() - 1);
}

/// Nobody ever reads on: the scan is stuck in a write.
#[test]
fn an_interrupted_scan_does_not_wait_for_a_reader() {
    let mut child = sluice()
        .arg("scan")
        .arg(case("questdb/trades").table())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 1]).unwrap();
    interrupt(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    drop(stdout);
}

/// Interrupted between its start and its end, wherever that is: either the export was faster, or
/// nothing is there.
#[test]
fn an_interrupted_export_leaves_nothing_or_everything() {
    let table = case("questdb/trades").table();
    let mut interrupted = 0;
    for _ in 0..5 {
        let scratch = temp_dir();
        let out = scratch.path().join("out.parquet");
        let mut child = sluice()
            .args(["export", "-v", "--codec", "zstd:19", "-o"])
            .args([out.as_path(), table.as_path()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // `-v` says when the snapshot is open: from then on it is at work.
        let mut stderr = child.stderr.take().unwrap();
        let mut first = [0; 1];
        stderr.read_exact(&mut first).unwrap();
        interrupt(child.id());
        match child.wait().unwrap().code() {
            Some(130) => {
                interrupted += 1;
                assert!(entries(scratch.path()).unwrap().is_empty());
            }
            Some(0) => assert_eq!(entries(scratch.path()).unwrap(), ["out.parquet"]),
            other => panic!("{other:?}"),
        }
    }
    assert!(interrupted > 0);
}
