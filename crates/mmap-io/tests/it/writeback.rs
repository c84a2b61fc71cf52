//! Writeback behind the writer: bounded dirty bytes, cache-neutral output, and no lost error.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

use mmap_io::{AtomicFile, IoError, Op, RealVfs, Vfs, Writeback};
use tempfile::TempDir;

use crate::support::{
    MemVfs, Spy, SpyVfs, can_evict, hardly, mostly, names, pattern, resident_pages, scratch,
};

const STEP: usize = 1000;

/// A file `out` in a directory of its own, and who sees what is done to it.
fn spied(writeback: Writeback) -> (TempDir, Arc<Spy>, AtomicFile) {
    let dir = scratch();
    let (spy, file) = spied_over(RealVfs::shared(), &dir.path().join("out"), writeback);
    (dir, spy, file)
}

fn spied_over(inner: Arc<dyn Vfs>, path: &Path, writeback: Writeback) -> (Arc<Spy>, AtomicFile) {
    let (vfs, spy) = SpyVfs::over(inner);
    let file = AtomicFile::create(vfs.as_ref(), path).unwrap();
    (spy, file.with_writeback(writeback))
}

#[test]
fn each_step_is_started_once_and_the_one_before_awaited() {
    let (dir, spy, mut file) = spied(Writeback {
        step_bytes: STEP as u64,
        lag_bytes: 0,
        drop_behind: true,
        apart: false,
    });
    spy.take();
    file.append(&[1; STEP - 1]).unwrap();
    assert_eq!(spy.take(), ["write 0+999"]);
    file.append(&[2; 1]).unwrap();
    // Nothing precedes the first step.
    assert_eq!(spy.take(), ["write 999+1", "writeback start 0..1000"]);
    file.append(&[3; 2 * STEP + 5]).unwrap();
    let two_steps = [
        "write 1000+2005",
        "writeback start 1000..2000",
        "writeback wait 0..1000",
        "fadvise DontNeed 0..1000",
        "writeback start 2000..3000",
        "writeback wait 1000..2000",
        "fadvise DontNeed 1000..2000",
    ];
    assert_eq!(spy.take(), two_steps);
    file.publish(true, false).unwrap();
    let end = [
        "sync",
        "fadvise DontNeed 0..3005",
        "rename out Refuse",
        "sync_dir",
    ];
    assert_eq!(spy.take(), end);
    assert_eq!(fs::read(dir.path().join("out")).unwrap().len(), 3005);
}

#[test]
fn a_disk_that_may_lag_is_awaited_no_sooner_and_pages_go_meanwhile() {
    let (_dir, spy, mut file) = spied(Writeback {
        step_bytes: STEP as u64,
        lag_bytes: 6 * STEP as u64,
        drop_behind: true,
        apart: false,
    });
    spy.take();
    file.append(&[1; 7 * STEP + 1]).unwrap();
    let steps = [
        "write 0+7001",
        "writeback start 0..1000",
        "writeback start 1000..2000",
        "writeback start 2000..3000",
        "writeback start 3000..4000",
        "writeback start 4000..5000",
        "fadvise DontNeed 0..1000",
        "writeback start 5000..6000",
        "fadvise DontNeed 1000..2000",
        "writeback start 6000..7000",
        "writeback wait 0..1000",
        "fadvise DontNeed 0..3000",
    ];
    assert_eq!(spy.take(), steps);
    // Nobody waits at the end either: what was started is told to go, the rest stays.
    file.publish(false, false).unwrap();
    let end = ["fadvise DontNeed 0..7000", "rename out Refuse"];
    assert_eq!(spy.take(), end);
}

#[test]
fn without_steps_the_kernel_decides() {
    let (vfs, spy) = SpyVfs::over(MemVfs::shared());
    let mut file = AtomicFile::create(vfs.as_ref(), Path::new("/out")).unwrap();
    file.append(&pattern(3_000_000)).unwrap();
    file.publish(true, false).unwrap();
    assert!(
        spy.take()
            .iter()
            .all(|call| !call.contains("writeback") && !call.contains("advise"))
    );
}

#[test]
fn a_file_system_without_writeback_is_asked_once() {
    let (spy, mut file) = spied_over(
        MemVfs::shared(),
        Path::new("/out"),
        Writeback {
            step_bytes: 10,
            lag_bytes: 10,
            drop_behind: false,
            apart: false,
        },
    );
    for _ in 0..5 {
        file.append(&[1; 100]).unwrap();
    }
    file.publish(true, false).unwrap();
    assert_eq!(
        spy.take()
            .iter()
            .filter(|call| call.contains("writeback"))
            .count(),
        1
    );
}

#[test]
fn an_error_of_writeback_is_an_error_of_the_file() {
    // The kernel reports it once: an fsync afterwards would succeed.
    for errno in [libc::EIO, libc::ENOSPC] {
        let (dir, spy, mut file) = spied(Writeback {
            step_bytes: 10,
            lag_bytes: 10,
            drop_behind: false,
            apart: false,
        });
        spy.fail_nth(2, errno);
        let failed = file.append(&[1; 10]).unwrap_err();
        assert_eq!(failed.op(), Op::Writeback);
        assert!(matches!(
            file.publish(true, false),
            Err(IoError::WriterFailed { .. })
        ));
        assert_eq!(names(dir.path()), [""; 0]);
    }
}

/// Steps that a thread takes, if the disk may be behind by enough of them.
fn apart() -> Writeback {
    Writeback {
        step_bytes: STEP as u64,
        lag_bytes: 8 * STEP as u64,
        drop_behind: true,
        apart: true,
    }
}

#[test]
fn a_thread_takes_the_same_steps_and_allows_for_those_that_it_is_behind() {
    let (dir, spy, mut file) = spied(apart());
    spy.take();
    file.append(&[1; STEP - 1]).unwrap();
    assert_eq!(spy.take(), ["write 0+999"]);
    file.append(&[1; 7 * STEP + 2]).unwrap();
    // The thread has taken all steps before the file gets its name.
    file.publish(false, false).unwrap();
    let steps = [
        "write 999+7002",
        "writeback start 0..1000",
        "writeback start 1000..2000",
        "writeback start 2000..3000",
        "writeback start 3000..4000",
        "writeback start 4000..5000",
        "fadvise DontNeed 0..1000",
        "writeback start 5000..6000",
        // Eight steps, but three of them may be written before the thread knows.
        "writeback wait 0..1000",
        "fadvise DontNeed 0..2000",
        "writeback start 6000..7000",
        "writeback wait 1000..2000",
        "fadvise DontNeed 1000..3000",
        "writeback start 7000..8000",
        "writeback wait 2000..3000",
        "fadvise DontNeed 2000..4000",
        "fadvise DontNeed 0..8000",
        "rename out Refuse",
    ];
    assert_eq!(spy.take(), steps);
    assert_eq!(fs::read(dir.path().join("out")).unwrap().len(), 8001);
}

#[test]
fn few_steps_are_not_worth_a_thread() {
    let (_dir, spy, mut file) = spied(Writeback {
        lag_bytes: 7 * STEP as u64,
        ..apart()
    });
    spy.take();
    file.append(&[1; 8 * STEP]).unwrap();
    file.publish(false, false).unwrap();
    let steps = [
        "write 0+8000",
        "writeback start 0..1000",
        "writeback start 1000..2000",
        "writeback start 2000..3000",
        "writeback start 3000..4000",
        "writeback start 4000..5000",
        "fadvise DontNeed 0..1000",
        "writeback start 5000..6000",
        "fadvise DontNeed 1000..2000",
        "writeback start 6000..7000",
        "fadvise DontNeed 2000..3000",
        "writeback start 7000..8000",
        // A thread, which has to allow for three steps more, would have waited before.
        "writeback wait 0..1000",
        "fadvise DontNeed 0..4000",
        "fadvise DontNeed 0..8000",
        "rename out Refuse",
    ];
    assert_eq!(spy.take(), steps);
}

#[test]
fn an_error_of_the_thread_is_an_error_of_the_file() {
    for errno in [libc::EIO, libc::ENOSPC] {
        // One step that fails is heard of at the end. Of ten, the thread is missed before the last:
        // three are as many as it can be behind.
        for (step_count, is_missed) in [(1, false), (10, true)] {
            let (dir, spy, mut file) = spied(apart());
            // One write, then the first step.
            spy.fail_nth(2, errno);
            let failed = file.append(&vec![1; step_count * STEP]).err();
            assert_eq!(failed.is_some(), is_missed);
            let last = file.publish(true, false).unwrap_err();
            assert_eq!(failed.as_ref().unwrap_or(&last).op(), Op::Writeback);
            assert_eq!(is_missed, matches!(last, IoError::WriterFailed { .. }));
            assert_eq!(names(dir.path()), [""; 0]);
        }
    }
}

#[test]
fn a_thread_on_a_file_system_without_writeback_asks_once() {
    let (spy, mut file) = spied_over(MemVfs::shared(), Path::new("/out"), apart());
    for _ in 0..10 {
        file.append(&[1; STEP]).unwrap();
    }
    file.publish(true, false).unwrap();
    let calls = spy.take();
    let asked = calls.iter().filter(|call| call.contains("writeback"));
    assert_eq!(asked.count(), 1, "{calls:?}");
}

#[test]
fn a_file_that_is_given_up_takes_its_thread_along() {
    let (dir, spy, mut file) = spied(apart());
    spy.take();
    spy.shut_gate(true);
    file.append(&[1; 3 * STEP]).unwrap();
    // One step is under way, two wait.
    spy.await_held_up();
    let has_ended = AtomicBool::new(false);
    let waited = thread::scope(|scope| {
        scope.spawn(|| {
            drop(file);
            has_ended.store(true, SeqCst);
        });
        // The name goes when the thread has been told, before it is waited for.
        while !names(dir.path()).is_empty() {
            thread::yield_now();
        }
        let waited = (0..1000).all(|_| {
            thread::yield_now();
            !has_ended.load(SeqCst)
        });
        spy.shut_gate(false);
        waited
    });
    assert!(waited, "somebody is still at work");
    let calls = ["write 0+3000", "writeback start 0..1000"];
    assert_eq!(spy.take(), calls);
}

#[test]
fn an_output_that_is_dropped_behind_leaves_no_page() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    let content = pattern(20 * 1024 * 1024 + 5);
    let path = dir.path().join("out");
    for (drop_behind, apart) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut file = AtomicFile::create(&RealVfs, &path)
            .unwrap()
            .with_writeback(Writeback {
                apart,
                ..Writeback::behind(drop_behind)
            });
        for piece in content.chunks(1024 * 1024) {
            file.append(piece).unwrap();
        }
        file.publish(true, true).unwrap();
        let resident = resident_pages(&path, content.len() as u64);
        let count = resident.iter().filter(|page| **page == 1).count() as u64;
        let is_right = if drop_behind { hardly } else { mostly };
        assert!(
            is_right(count, resident.len() as u64),
            "{drop_behind}, {apart}: {count} pages"
        );
    }
    assert!(fs::read(&path).unwrap() == content);
}
