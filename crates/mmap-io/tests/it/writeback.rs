//! Writeback behind the writer: bounded dirty bytes, cache-neutral output, and no lost error.

use std::fs;
use std::path::Path;

use mmap_io::{AtomicFile, IoError, Op, RealVfs, Writeback};

use crate::support::{
    MemVfs, SpyVfs, can_evict, hardly, mostly, names, pattern, resident_pages, scratch,
};

const STEP: usize = 1000;

#[test]
fn each_step_is_started_once_and_the_one_before_awaited() {
    let dir = scratch();
    let (vfs, spy) = SpyVfs::over(RealVfs::shared());
    let writeback = Writeback {
        step_bytes: STEP as u64,
        lag_bytes: 0,
        drop_behind: true,
    };
    let mut file = AtomicFile::create(vfs.as_ref(), &dir.path().join("out"))
        .unwrap()
        .with_writeback(writeback);
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
    let dir = scratch();
    let (vfs, spy) = SpyVfs::over(RealVfs::shared());
    let mut file = AtomicFile::create(vfs.as_ref(), &dir.path().join("out"))
        .unwrap()
        .with_writeback(Writeback {
            step_bytes: STEP as u64,
            lag_bytes: 6 * STEP as u64,
            drop_behind: true,
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
    let (vfs, spy) = SpyVfs::over(MemVfs::shared());
    let mut file = AtomicFile::create(vfs.as_ref(), Path::new("/out"))
        .unwrap()
        .with_writeback(Writeback {
            step_bytes: 10,
            lag_bytes: 10,
            drop_behind: false,
        });
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
        let dir = scratch();
        let (vfs, spy) = SpyVfs::over(RealVfs::shared());
        let mut file = AtomicFile::create(vfs.as_ref(), &dir.path().join("out"))
            .unwrap()
            .with_writeback(Writeback {
                step_bytes: 10,
                lag_bytes: 10,
                drop_behind: false,
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

#[test]
fn an_output_that_is_dropped_behind_leaves_no_page() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    let content = pattern(20 * 1024 * 1024 + 5);
    let path = dir.path().join("out");
    for drop_behind in [false, true] {
        let mut file = AtomicFile::create(&RealVfs, &path)
            .unwrap()
            .with_writeback(Writeback::behind(drop_behind));
        for piece in content.chunks(1024 * 1024) {
            file.append(piece).unwrap();
        }
        file.publish(true, true).unwrap();
        let resident = resident_pages(&path, content.len() as u64);
        let count = resident.iter().filter(|page| **page == 1).count() as u64;
        let is_right = if drop_behind { hardly } else { mostly };
        assert!(
            is_right(count, resident.len() as u64),
            "{drop_behind}: {count} pages"
        );
    }
    assert!(fs::read(&path).unwrap() == content);
}
