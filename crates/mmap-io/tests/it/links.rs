//! Which names lead where: directories may be links, files may not, nothing leads upwards.

use std::fs;
use std::os::unix::fs::symlink;

use mmap_io::{FileKind, IoError, Op};

use crate::support::{real_root, scratch};

#[test]
fn a_file_that_is_a_link_is_refused() {
    let dir = scratch();
    fs::write(dir.path().join("real.d"), b"x").unwrap();
    symlink("real.d", dir.path().join("link.d")).unwrap();
    let root = real_root(dir.path());
    let refused = root.file("link.d").unwrap_err();
    assert!(
        matches!(&refused, IoError::IsSymlink { op: Op::Open, .. }),
        "{refused:?}"
    );
    assert_eq!(refused.path(), dir.path().join("link.d"));
    assert!(matches!(
        root.read_small("link.d", 100),
        Err(IoError::IsSymlink { .. })
    ));
}

#[test]
fn a_dangling_link_is_a_link_and_exists() {
    let dir = scratch();
    symlink("nowhere", dir.path().join("link.d")).unwrap();
    let root = real_root(dir.path());
    assert!(matches!(
        root.file("link.d"),
        Err(IoError::IsSymlink { .. })
    ));
    assert!(root.exists("link.d").unwrap());
    assert_eq!(root.stat("link.d").unwrap().kind, FileKind::Symlink);
}

#[test]
fn a_partition_directory_that_is_a_link_is_followed() {
    let (dir, elsewhere) = (scratch(), scratch());
    fs::write(elsewhere.path().join("price.d"), b"12345678").unwrap();
    symlink(elsewhere.path(), dir.path().join("2024-01-01")).unwrap();
    let root = real_root(dir.path());
    assert_eq!(
        root.read_small("2024-01-01/price.d", 100).unwrap(),
        b"12345678"
    );
    let partition = root.dir("2024-01-01").unwrap();
    assert_eq!(partition.read_small("price.d", 100).unwrap(), b"12345678");
    assert_eq!(partition.path(), dir.path().join("2024-01-01"));
    assert!(root.exists("2024-01-01/price.d").unwrap());
    // The entry itself is still a link: whether to follow it is the reader's choice.
    assert_eq!(root.list("").unwrap()[0].kind, FileKind::Symlink);
}

#[test]
fn a_link_inside_a_linked_partition_is_refused() {
    let (dir, elsewhere) = (scratch(), scratch());
    fs::write(elsewhere.path().join("real.d"), b"x").unwrap();
    symlink("real.d", elsewhere.path().join("price.d")).unwrap();
    symlink(elsewhere.path(), dir.path().join("part")).unwrap();
    let root = real_root(dir.path());
    assert!(matches!(
        root.file("part/price.d"),
        Err(IoError::IsSymlink { .. })
    ));
}

#[test]
fn names_that_lead_elsewhere_are_refused_before_any_call() {
    let dir = scratch();
    let inside = dir.path().join("table");
    fs::create_dir(&inside).unwrap();
    fs::write(dir.path().join("secret"), b"x").unwrap();
    let root = real_root(&inside);
    let absolute = dir.path().join("secret");
    let absolute = absolute.to_str().unwrap();
    for bad in [
        "",
        ".",
        "..",
        "../secret",
        "a/../../secret",
        "a//b",
        "a/",
        "a\0b",
        absolute,
    ] {
        for refused in [
            root.file(bad).unwrap_err(),
            root.dir(bad).unwrap_err(),
            root.stat(bad).unwrap_err(),
            root.exists(bad).unwrap_err(),
        ] {
            assert!(
                matches!(refused, IoError::BadPath { .. }),
                "{bad:?}: {refused:?}"
            );
        }
    }
}

#[test]
fn what_is_no_regular_file_is_refused_and_never_waited_for() {
    let dir = scratch();
    fs::create_dir(dir.path().join("sub")).unwrap();
    let fifo = dir.path().join("fifo");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    let root = real_root(dir.path());
    let is_dir = root.file("sub").unwrap_err();
    assert!(
        matches!(
            is_dir,
            IoError::NotAFile {
                found: FileKind::Dir,
                ..
            }
        ),
        "{is_dir:?}"
    );
    let is_fifo = root.file("fifo").unwrap_err();
    assert!(
        matches!(
            is_fifo,
            IoError::NotAFile {
                found: FileKind::Other,
                ..
            }
        ),
        "{is_fifo:?}"
    );
}

#[test]
fn missing_and_misused_names_have_their_own_errors() {
    let dir = scratch();
    fs::write(dir.path().join("file"), b"x").unwrap();
    let root = real_root(dir.path());
    assert!(matches!(
        root.file("none"),
        Err(IoError::NotFound { op: Op::Open, .. })
    ));
    assert!(matches!(
        root.file("none/file"),
        Err(IoError::NotFound {
            op: Op::OpenDir,
            ..
        })
    ));
    assert!(matches!(
        root.dir("file"),
        Err(IoError::NotADirectory { .. })
    ));
    assert!(matches!(
        root.file("file/x"),
        Err(IoError::NotADirectory { .. })
    ));
    assert!(!root.exists("none").unwrap());
    assert!(!root.exists("none/file").unwrap());
    let shown = root.file("none").unwrap_err().to_string();
    assert!(
        shown.starts_with("cannot open ") && shown.ends_with("none\": not found"),
        "{shown}"
    );
}

#[test]
fn a_directory_that_is_moved_stays_the_same_root() {
    let dir = scratch();
    let (old, new) = (dir.path().join("old"), dir.path().join("new"));
    fs::create_dir(&old).unwrap();
    fs::write(old.join("a"), b"mine").unwrap();
    let root = real_root(&old);
    fs::rename(&old, &new).unwrap();
    fs::create_dir(&old).unwrap();
    fs::write(old.join("a"), b"other").unwrap();
    assert_eq!(root.read_small("a", 10).unwrap(), b"mine");
}
