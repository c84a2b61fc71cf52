//! `AtomicFile`: whole under its name, or nothing.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use mmap_io::{AtomicFile, IoError, Op, RealVfs};

use crate::support::{MemVfs, SpyVfs, names, pattern, root_over, scratch};

#[test]
fn a_published_file_is_whole_and_alone() {
    let dir = scratch();
    let target = dir.path().join("out.parquet");
    let mut file = AtomicFile::create(&RealVfs, &target).unwrap();
    let content = pattern(3 * 1024 * 1024 + 17);
    file.append(&content[..10]).unwrap();
    file.append(&[]).unwrap();
    file.append(&content[10..]).unwrap();
    assert!(!target.exists() && !file.target_exists().unwrap());
    assert_eq!(file.len(), content.len() as u64);
    let published = file.publish(true, false).unwrap();
    assert_eq!(
        (published.path, published.len),
        (target.clone(), content.len() as u64)
    );
    assert_eq!(fs::read(&target).unwrap(), content);
    assert_eq!(names(dir.path()), ["out.parquet"]);
}

#[test]
fn a_dropped_file_leaves_nothing() {
    let dir = scratch();
    let mut file = AtomicFile::create(&RealVfs, &dir.path().join("out")).unwrap();
    file.append(b"half").unwrap();
    assert_eq!(names(dir.path()).len(), 1);
    drop(file);
    assert_eq!(names(dir.path()).len(), 0);
}

#[test]
fn an_existing_target_is_refused_and_left_alone() {
    let dir = scratch();
    let target = dir.path().join("out");
    fs::write(&target, b"old").unwrap();
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    for name in ["out", "dangling", "sub"] {
        let mut file = AtomicFile::create(&RealVfs, &dir.path().join(name)).unwrap();
        file.append(b"new").unwrap();
        assert!(file.target_exists().unwrap(), "{name}");
        let refused = file.publish(true, false).unwrap_err();
        assert!(
            matches!(refused, IoError::AlreadyExists { op: Op::Rename, .. }),
            "{refused:?}"
        );
        assert_eq!(refused.path(), dir.path().join(name));
    }
    assert_eq!(fs::read(&target).unwrap(), b"old");
    assert_eq!(names(dir.path()), ["dangling", "out", "sub"]);
}

#[test]
fn a_target_that_appears_meanwhile_is_refused() {
    let dir = scratch();
    let target = dir.path().join("out");
    let file = AtomicFile::create(&RealVfs, &target).unwrap();
    assert!(!file.target_exists().unwrap());
    fs::write(&target, b"somebody else's").unwrap();
    assert!(matches!(
        file.publish(true, false),
        Err(IoError::AlreadyExists { .. })
    ));
    assert_eq!(fs::read(&target).unwrap(), b"somebody else's");
}

#[test]
fn replacing_replaces_a_file_and_a_link_but_no_directory() {
    let dir = scratch();
    fs::write(dir.path().join("old"), b"old").unwrap();
    symlink("old", dir.path().join("link")).unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    let publish = |name: &str| {
        let mut file = AtomicFile::create(&RealVfs, &dir.path().join(name)).unwrap();
        file.append(b"new").unwrap();
        file.publish(true, true)
    };
    publish("link").unwrap();
    assert_eq!(
        fs::read(dir.path().join("old")).unwrap(),
        b"old",
        "the link was replaced, not it"
    );
    assert!(
        fs::symlink_metadata(dir.path().join("link"))
            .unwrap()
            .is_file()
    );
    publish("old").unwrap();
    assert_eq!(fs::read(dir.path().join("old")).unwrap(), b"new");
    assert!(matches!(publish("sub"), Err(IoError::NotAFile { .. })));
    assert_eq!(names(dir.path()), ["link", "old", "sub"]);
}

#[test]
fn temporary_names_cannot_be_guessed_and_are_hidden() {
    let dir = scratch();
    let target = dir.path().join("out");
    let files: Vec<_> = (0..10)
        .map(|_| AtomicFile::create(&RealVfs, &target).unwrap())
        .collect();
    let mut temps = names(dir.path());
    temps.dedup();
    assert_eq!(temps.len(), 10);
    for temp in &temps {
        let digits = temp
            .strip_prefix(".out.")
            .unwrap()
            .strip_suffix(".tmp")
            .unwrap();
        assert_eq!(digits.len(), 32);
        assert!(digits.bytes().all(|b| b.is_ascii_hexdigit()));
    }
    drop(files);
}

#[test]
fn the_longest_names_work() {
    let dir = scratch();
    let target = dir.path().join("n".repeat(255));
    AtomicFile::create(&RealVfs, &target)
        .unwrap()
        .publish(false, false)
        .unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"");
}

#[test]
fn a_published_file_has_the_permissions_of_any_new_file() {
    let dir = scratch();
    fs::write(dir.path().join("plain"), b"").unwrap();
    AtomicFile::create(&RealVfs, &dir.path().join("ours"))
        .unwrap()
        .publish(false, false)
        .unwrap();
    let mode = |name| {
        fs::metadata(dir.path().join(name))
            .unwrap()
            .permissions()
            .mode()
    };
    assert_eq!(mode("ours"), mode("plain"));
}

#[test]
fn targets_that_are_no_files_are_refused() {
    let dir = scratch();
    let slash = dir.path().join("out/");
    for bad in [Path::new(""), Path::new("/"), Path::new(".."), &slash] {
        let refused = AtomicFile::create(&RealVfs, bad).unwrap_err();
        assert!(
            matches!(refused, IoError::BadPath { .. }),
            "{bad:?}: {refused:?}"
        );
    }
    let nowhere = AtomicFile::create(&RealVfs, &dir.path().join("none/out")).unwrap_err();
    assert!(
        matches!(
            nowhere,
            IoError::NotFound {
                op: Op::OpenDir,
                ..
            }
        ),
        "{nowhere:?}"
    );
    assert_eq!(nowhere.path(), dir.path().join("none"));
}

#[test]
fn durable_means_file_then_name_then_directory() {
    let (vfs, spy) = SpyVfs::over(MemVfs::shared());
    let mut file = AtomicFile::create(vfs.as_ref(), Path::new("/out")).unwrap();
    file.append(b"12345").unwrap();
    file.publish(true, false).unwrap();
    let durable = [
        "root",
        "create",
        "write 0+5",
        "sync",
        "rename out Refuse",
        "sync_dir",
    ];
    assert_eq!(spy.take(), durable);
    let file = AtomicFile::create(vfs.as_ref(), Path::new("/out")).unwrap();
    file.publish(false, true).unwrap();
    assert_eq!(spy.take(), ["root", "create", "rename out Allow"]);
}

#[test]
fn no_space_left_is_typed_and_ends_the_file() {
    let (vfs, spy) = SpyVfs::over(MemVfs::shared());
    let mut file = AtomicFile::create(vfs.as_ref(), Path::new("/out")).unwrap();
    file.append(b"fits").unwrap();
    spy.fail_nth(1, libc::ENOSPC);
    let full = file.append(b"does not").unwrap_err();
    assert!(
        matches!(full, IoError::NoSpace { op: Op::Write, .. }),
        "{full:?}"
    );
    assert_eq!(
        (full.path(), full.kind()),
        (Path::new("/out"), io::ErrorKind::StorageFull)
    );
    assert_eq!(full.to_string(), "cannot write \"/out\": no space left");
    // What was written is not what was meant: neither continued nor published.
    assert!(matches!(
        file.append(b"x"),
        Err(IoError::WriterFailed { .. })
    ));
    assert!(matches!(
        file.publish(true, false),
        Err(IoError::WriterFailed { .. })
    ));
    assert!(root_over(vfs, Path::new("/")).list("").unwrap().is_empty());
}

#[test]
fn a_write_error_is_found_inside_a_std_error() {
    let (vfs, spy) = SpyVfs::over(MemVfs::shared());
    let mut file = AtomicFile::create(vfs.as_ref(), Path::new("/out")).unwrap();
    spy.fail_nth(1, libc::EIO);
    let error = file.write_all(b"bytes").unwrap_err();
    let found = IoError::find_in(&error).unwrap();
    assert!(
        matches!(found, IoError::Other { op: Op::Write, .. }),
        "{found:?}"
    );
    assert!(error.to_string().contains("/out"));
}

#[test]
fn each_call_may_fail_and_nothing_is_left() {
    for replace in [false, true] {
        for n in 1.. {
            let (vfs, spy) = SpyVfs::over(MemVfs::shared());
            spy.fail_nth(n, libc::EIO);
            let outcome = AtomicFile::create(vfs.as_ref(), Path::new("/out")).and_then(|file| {
                let mut file = file.with_writeback(mmap_io::Writeback::behind(true));
                file.append(b"some")?;
                file.append(b"more")?;
                file.publish(true, replace)
            });
            let was_clean = !spy.has_failed();
            let was_hint = spy.take().get(n - 1).is_some_and(|c| c.contains("advise"));
            spy.fail_nth(0, 0);
            let left = root_over(vfs, Path::new("/")).list("").unwrap();
            if was_clean {
                assert_eq!(left.len(), 1);
                assert!(outcome.is_ok() && n > 6, "only {n} calls");
                break;
            }
            if was_hint {
                assert_eq!((left.len(), outcome.is_ok()), (1, true), "call {n}");
                continue;
            }
            let error = outcome.unwrap_err();
            // Only a failed sync of the directory after a replacement leaves the new file there.
            let is_in_place = replace && error.op() == Op::SyncDir;
            assert_eq!(left.len(), usize::from(is_in_place), "call {n}: {error}");
        }
    }
}
