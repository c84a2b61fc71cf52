//! An error at any call is an error of that call: typed, without residue, and the next try works.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mmap_io::{IoError, ReadMode, RealVfs, Root, ScanProfile, Vfs};

use crate::support::{SpyVfs, can_evict, fds_below, maps_below, pattern, scratch, write_cold};

const LEN: u64 = 10_000;

/// What a reader does with a file, once.
fn read_only(
    vfs: Arc<dyn Vfs>,
    dir: &Path,
    profile: ScanProfile,
    mode: ReadMode,
) -> Result<Vec<u8>, IoError> {
    // SAFETY: nobody changes the file.
    let root = unsafe { Root::open(vfs, dir) }?;
    let mapping = root.file("part/a.d")?.map_with(LEN, profile, mode)?;
    let copy = mapping.bytes().to_vec();
    mapping.verify_len()?;
    mapping.done(0..LEN)?;
    Ok(copy)
}

/// Everything that can be done with a file, once.
fn read_all(
    vfs: Arc<dyn Vfs>,
    dir: &Path,
    profile: ScanProfile,
    mode: ReadMode,
) -> Result<Vec<u8>, IoError> {
    // SAFETY: nobody changes the file.
    let root = unsafe { Root::open(vfs, dir) }?;
    root.list("part")?;
    let file = root.dir("part")?.file("a.d")?;
    let mapping = file.map_with(LEN, profile, mode)?;
    let copy = mapping.bytes().to_vec();
    mapping.residency(0..LEN)?;
    mapping.verify_len()?;
    mapping.done(0..LEN)?;
    assert_eq!(file.read_vec(0, 10, 10)?, pattern(10));
    Ok(copy)
}

#[test]
fn each_call_of_a_reader_may_fail() {
    let dir = scratch();
    fs::create_dir(dir.path().join("part")).unwrap();
    let content = pattern(usize::try_from(LEN).unwrap());
    let path = dir.path().join("part/a.d");
    fs::write(&path, &content).unwrap();
    for profile in [
        ScanProfile::Cached,
        ScanProfile::Sequential,
        ScanProfile::SequentialEvict,
    ] {
        for mode in [ReadMode::Auto, ReadMode::Mapped, ReadMode::Positional] {
            for n in 1.. {
                if profile == ScanProfile::SequentialEvict && can_evict(dir.path()) {
                    write_cold(&path, &content); // so that there is something to evict
                }
                let (vfs, spy) = SpyVfs::over(RealVfs::shared());
                spy.fail_nth(n, libc::EIO);
                let outcome = read_all(vfs, dir.path(), profile, mode);
                assert_eq!(
                    (fds_below(dir.path()), maps_below(dir.path()).len()),
                    (0, 0)
                );
                if !spy.has_failed() {
                    assert_eq!(outcome.unwrap(), content);
                    assert!(n > 10, "only {n} calls");
                    break;
                }
                match outcome {
                    Err(error) => {
                        assert!(matches!(error, IoError::Other { .. }), "{error:?}");
                        assert!(error.path().starts_with(dir.path()), "{error:?}");
                    }
                    // Hints cost page cache, never content.
                    Ok(copy) => {
                        let call = spy.take().swap_remove(n - 1);
                        // One `fstat` tells how far large pages may go; the others are no hints.
                        let is_hint = ["advise", "mincore", "map", "fstat"]
                            .iter()
                            .any(|h| call.contains(h));
                        assert!(is_hint && profile != ScanProfile::Cached, "{call}");
                        assert_eq!(copy, content);
                    }
                }
            }
        }
    }
}

#[test]
fn what_cannot_be_mapped_is_read_unless_mapping_was_asked_for() {
    let dir = scratch();
    fs::write(dir.path().join("a.d"), pattern(100)).unwrap();
    for errno in [libc::ENODEV, libc::ENOSYS, libc::EOPNOTSUPP] {
        for (mode, is_read) in [(ReadMode::Auto, true), (ReadMode::Mapped, false)] {
            let (vfs, spy) = SpyVfs::over(RealVfs::shared());
            // SAFETY: nobody changes the file.
            let root = unsafe { Root::open(vfs, dir.path()) }.unwrap();
            let file = root.file("a.d").unwrap();
            spy.fail_nth(2, errno); // fstat, then map
            let outcome = file.map_with(100, ScanProfile::Sequential, mode);
            assert_eq!(outcome.is_ok(), is_read, "{outcome:?}");
            if let Ok(copy) = outcome {
                assert!(!copy.is_mapped());
                assert_eq!(&copy.bytes()[..], pattern(100));
            }
        }
    }
    // No memory for a mapping is no reason to take as much from the heap.
    let (vfs, spy) = SpyVfs::over(RealVfs::shared());
    // SAFETY: nobody changes the file.
    let root = unsafe { Root::open(vfs, dir.path()) }.unwrap();
    let file = root.file("a.d").unwrap();
    spy.fail_nth(2, libc::ENOMEM);
    assert!(file.map(100, ScanProfile::Cached).is_err());
    assert!(
        file.map(100, ScanProfile::Cached).unwrap().is_mapped(),
        "the next try works"
    );
}

#[test]
fn advice_and_residency_are_hints_whose_failure_fails_no_read() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    let content = pattern(usize::try_from(LEN).unwrap());
    fs::create_dir(dir.path().join("part")).unwrap();
    for (mode, errno) in [
        (ReadMode::Mapped, libc::ENOSYS),
        (ReadMode::Mapped, libc::EIO),
        (ReadMode::Mapped, libc::ENOMEM),
        (ReadMode::Positional, libc::EIO),
        (ReadMode::Positional, libc::EINVAL),
    ] {
        let (mut advice_count, mut residency_count) = (0, 0);
        for n in 1.. {
            write_cold(&dir.path().join("part/a.d"), &content);
            let (vfs, spy) = SpyVfs::over(RealVfs::shared());
            spy.fail_nth(n, errno);
            let outcome = read_only(vfs, dir.path(), ScanProfile::SequentialEvict, mode);
            if !spy.has_failed() {
                break;
            }
            let call = &spy.take()[n - 1];
            advice_count += u32::from(call.contains("advise"));
            residency_count += u32::from(call.contains("mincore"));
            if call.contains("advise") || call.contains("mincore") {
                assert_eq!(outcome.unwrap(), content, "{call}, {errno}");
            }
        }
        assert!(
            advice_count >= 3 && residency_count >= 2,
            "{advice_count}, {residency_count}"
        );
    }
}

#[test]
fn running_out_of_descriptors_has_its_own_error() {
    let dir = scratch();
    fs::write(dir.path().join("a.d"), b"x").unwrap();
    let (vfs, spy) = SpyVfs::over(RealVfs::shared());
    // SAFETY: nobody changes the file.
    let root = unsafe { Root::open(vfs, dir.path()) }.unwrap();
    spy.fail_nth(1, libc::EMFILE);
    assert!(matches!(
        root.file("a.d"),
        Err(IoError::TooManyFiles { .. })
    ));
    spy.fail_nth(1, libc::EACCES);
    assert!(matches!(
        root.file("a.d"),
        Err(IoError::PermissionDenied { .. })
    ));
    root.file("a.d").unwrap();
}
