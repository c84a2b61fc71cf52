//! Ctrl-C: exit code 130, nothing left.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use testkit::{case, copy_dir, entries, temp_dir};

use crate::support::sluice;

fn interrupt(pid: u32) {
    let done = Command::new("kill")
        .args(["-INT", &pid.to_string()])
        .status()
        .unwrap();
    assert!(done.success());
}

/// The pipe is not read on, so the scan waits inside of a write when the signal comes; of the bytes
/// that it may write next, some are its last. They are taken slowly: however late the signal arrives
/// where somebody looks, there is more to write then.
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
    let (mut rest, mut piece) = (0, [0; 4096]);
    loop {
        let len = stdout.read(&mut piece).unwrap();
        if len == 0 {
            break;
        }
        rest += len;
        thread::sleep(Duration::from_millis(2));
    }
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(130));
    assert_eq!(
        String::from_utf8(done.stderr).unwrap(),
        "sluice: error: interrupted\n"
    );
    assert!(rest < case("questdb/trades").answer_csv().unwrap().unwrap().len() - 1);
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
    // At least five; more where the signal is slow and the export is not.
    for round in 0..100 {
        if round >= 5 && interrupted > 0 {
            break;
        }
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

/// Waits for a process that has no reason to go on for long, and ends it if it does all the same.
/// Looks are counted and not time, which passes as well where nobody is let run.
fn ended(mut child: Child) -> ExitStatus {
    for _ in 0..12_000 {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    panic!("it is stuck");
}

/// An export that is stuck in the middle: it says on stderr what it found, and nobody reads that.
fn stuck_export(out: &Path, more: &[&str]) -> (Child, UnixStream) {
    let (reader, mut writer) = UnixStream::pair().unwrap();
    // Full before there is a child: not a byte of it goes in.
    writer.set_nonblocking(true).unwrap();
    for piece in [&[b'.'; 4096][..], b"."] {
        while writer.write(piece).is_ok() {}
    }
    writer.set_nonblocking(false).unwrap();
    let child = sluice()
        .args(["export", "-v", "-o"])
        .arg(out.join("out.parquet"))
        .args(more)
        .arg(case("questdb/trades").table())
        .stdout(Stdio::null())
        .stderr(OwnedFd::from(writer))
        .spawn()
        .unwrap();
    (child, reader)
}

#[test]
fn an_interrupted_export_ends_where_it_is_stuck_and_leaves_nothing() {
    let scratch = temp_dir();
    let (mut child, reader) = stuck_export(scratch.path(), &[]);
    // From when on there is something to leave.
    while entries(scratch.path()).unwrap().is_empty() {
        assert!(child.try_wait().unwrap().is_none());
        thread::sleep(Duration::from_millis(5));
    }
    interrupt(child.id());
    assert_eq!(ended(child).code(), Some(130));
    assert!(entries(scratch.path()).unwrap().is_empty());
    drop(reader);
}

#[test]
fn a_time_limit_ends_what_is_stuck_and_leaves_nothing() {
    let scratch = temp_dir();
    let (child, reader) = stuck_export(scratch.path(), &["--timeout", "1s"]);
    assert_eq!(ended(child).code(), Some(1));
    assert!(entries(scratch.path()).unwrap().is_empty());
    drop(reader);
}

/// Interrupted once the first of many sidecars is there: the others are whole or missing.
#[test]
fn interrupted_sidecars_are_whole_or_missing() {
    let scratch = temp_dir();
    let root = scratch.path();
    let table = case("questdb/parquet_o3/after3").table();
    for number in 0..60 {
        copy_dir(&table, &root.join(format!("t{number}"))).unwrap();
    }
    // Where the signal is slow and the work is not, all are there: then once more.
    let mut rounds = 0;
    while !is_interrupted_between_sidecars(root) {
        rounds += 1;
        assert!(rounds < 100, "it always ends before");
        assert_eq!(named(root, "_pm").len(), 120);
        for sidecar in named(root, "_pm") {
            fs::remove_file(root.join(sidecar)).unwrap();
        }
    }
    assert_eq!(named(root, ".tmp").len(), 0);
    // What is there is right, and the rest is made by asking again.
    let done = sluice()
        .args(["pm", "generate"])
        .arg(root)
        .output()
        .unwrap();
    assert!(done.status.success());
    let text = String::from_utf8(done.stdout).unwrap();
    assert!(text.contains("kept"), "{text}");
    assert_eq!(named(root, "_pm").len(), 120);
}

fn named(root: &Path, end: &str) -> Vec<String> {
    let names = entries(root).unwrap().into_iter();
    names.filter(|name| name.ends_with(end)).collect()
}

/// Makes sidecars and interrupts that when the first is there; whether some were still to come.
fn is_interrupted_between_sidecars(root: &Path) -> bool {
    let mut child = sluice()
        .args(["pm", "generate"])
        .arg(root)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while named(root, "_pm").is_empty() {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(
                status.success() && !named(root, "_pm").is_empty(),
                "{status}"
            );
        }
        thread::sleep(Duration::from_millis(1));
    }
    interrupt(child.id());
    let mut said = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    let code = ended(child).code();
    if code == Some(0) {
        return false;
    }
    assert_eq!(code, Some(130));
    assert_eq!(said, "sluice: error: interrupted\n");
    // The signal may have met the last of them.
    named(root, "_pm").len() < 120
}

/// `sluice scan --timeout 1s t | sleep 999`
#[test]
fn a_time_limit_ends_a_scan_that_nobody_reads() {
    let mut child = sluice()
        .args(["scan", "--timeout", "1s"])
        .arg(case("questdb/trades").table())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    assert_eq!(ended(child).code(), Some(1));
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(said, "sluice: error: stopped after the time limit of 1s\n");
    drop(stdout);
}
