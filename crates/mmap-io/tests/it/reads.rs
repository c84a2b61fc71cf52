//! Positional reads: limits, ends, interruptions, and a file system without a kernel.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use mmap_io::{AtomicFile, Dir, File, IoError, Region, ScanProfile, Vfs};
use mmap_io::{MapAdvice, RealVfs, page_size};

use crate::support::{MemVfs, SpyVfs, pattern, real_root, root_over, scratch};

#[test]
fn small_files_are_read_whole_up_to_the_limit() {
    let dir = scratch();
    fs::write(dir.path().join("_txn"), pattern(1000)).unwrap();
    let root = real_root(dir.path());
    assert_eq!(root.read_small("_txn", 1000).unwrap(), pattern(1000));
    let refused = root.read_small("_txn", 999).unwrap_err();
    assert!(
        matches!(
            refused,
            IoError::TooLarge {
                limit: 999,
                found: 1000,
                ..
            }
        ),
        "{refused:?}"
    );
}

#[test]
fn a_file_that_never_ends_stops_at_the_limit() {
    // Its length is 0, and it gives bytes for as long as it is asked.
    let root = real_root(Path::new("/proc/self"));
    assert_eq!(root.file("maps").unwrap().len().unwrap(), 0);
    let refused = root.read_small("maps", 10).unwrap_err();
    assert!(
        matches!(refused, IoError::TooLarge { limit: 10, .. }),
        "{refused:?}"
    );
    assert!(!root.read_small("maps", 1 << 20).unwrap().is_empty());
}

#[test]
fn reads_beyond_the_end_are_short_or_typed_errors() {
    let dir = scratch();
    fs::write(dir.path().join("a"), pattern(100)).unwrap();
    let file = real_root(dir.path()).file("a").unwrap();
    let mut buf = [0; 40];
    assert_eq!(file.read_at(80, &mut buf).unwrap(), 20);
    assert_eq!(buf[..20], pattern(100)[80..]);
    assert_eq!(file.read_at(100, &mut buf).unwrap(), 0);
    assert_eq!(file.read_at(5000, &mut buf).unwrap(), 0);
    let short = file.read_exact_at(80, &mut buf).unwrap_err();
    assert!(
        matches!(
            short,
            IoError::TooShort {
                needed: 120,
                found: 100,
                ..
            }
        ),
        "{short:?}"
    );
    let beyond = file.read_exact_at(5000, &mut buf).unwrap_err();
    assert!(
        matches!(
            beyond,
            IoError::TooShort {
                needed: 5040,
                found: 100,
                ..
            }
        ),
        "{beyond:?}"
    );
    assert_eq!(file.read_vec(10, 20, 20).unwrap(), pattern(100)[10..30]);
    assert!(matches!(
        file.read_vec(0, 21, 20),
        Err(IoError::TooLarge { limit: 20, .. })
    ));
}

#[test]
fn a_declared_length_allocates_nothing_before_the_file_has_it() {
    let dir = scratch();
    fs::write(dir.path().join("a"), b"x").unwrap();
    let file = real_root(dir.path()).file("a").unwrap();
    for (off, len) in [(0, u64::MAX), (u64::MAX, u64::MAX), (0, 1 << 62), (1, 1)] {
        let refused = file.read_vec(off, len, u64::MAX);
        assert!(
            matches!(refused, Err(IoError::TooShort { found: 1, .. })),
            "{refused:?}"
        );
    }
}

#[test]
fn short_and_interrupted_reads_and_writes_are_finished() {
    let (vfs, spy) = SpyVfs::over(MemVfs::shared());
    spy.stutter();
    let mut file = AtomicFile::create(vfs.as_ref(), Path::new("/a")).unwrap();
    file.append(&pattern(100)).unwrap();
    assert_eq!(file.publish(true, false).unwrap().len, 100);
    let root = root_over(vfs, Path::new("/"));
    assert_eq!(root.read_small("a", 100).unwrap(), pattern(100));
    assert_eq!(
        root.file("a").unwrap().read_vec(50, 50, 50).unwrap(),
        pattern(100)[50..]
    );
    let mode = mmap_io::ReadMode::Positional;
    let copy = root
        .file("a")
        .unwrap()
        .map_with(99, ScanProfile::Sequential, mode)
        .unwrap();
    assert_eq!(&copy.bytes()[..], &pattern(100)[..99]);
}

#[test]
fn the_traits_are_object_safe_and_need_no_kernel() {
    let vfs: Arc<dyn Vfs> = MemVfs::shared();
    let top: Arc<dyn Dir> = vfs.open_dir(Path::new("/")).unwrap();
    top.create_dir("part".as_ref()).unwrap();
    let mut made = AtomicFile::create(vfs.as_ref(), Path::new("/part/a.d")).unwrap();
    made.append(b"0123456789").unwrap();
    made.publish(true, false).unwrap();

    let root = root_over(vfs, Path::new("/"));
    let names: Vec<_> = root
        .list("part")
        .unwrap()
        .into_iter()
        .map(|e| e.name)
        .collect();
    assert_eq!(names, ["a.d"]);
    for profile in [
        ScanProfile::Cached,
        ScanProfile::Sequential,
        ScanProfile::SequentialEvict,
    ] {
        let mapping = root.file("part/a.d").unwrap().map(4, profile).unwrap();
        assert_eq!(&mapping.bytes()[..], b"0123");
        assert_eq!(
            mapping.done(0..4).unwrap().bytes,
            0,
            "the heap cannot be evicted"
        );
        assert!(!mapping.is_mapped());
    }
    assert_eq!(root.stats().mappings_opened(), 0);
}

#[test]
fn heap_regions_check_ranges_like_mapped_ones() {
    let dir = scratch();
    let page = page_size();
    let len = 2 * page + 10;
    fs::write(dir.path().join("a"), pattern(usize::try_from(len).unwrap())).unwrap();
    let opened = RealVfs.open_dir(dir.path()).unwrap();
    let file: Arc<dyn File> = opened
        .open_file("a".as_ref(), mmap_io::Access::Read)
        .unwrap();
    // SAFETY: the file belongs to this test, which never changes it.
    let trust = unsafe { mmap_io::Trust::assume() };
    let mapped = file.map(len, &trust).unwrap();
    let heap: Box<dyn Region> = Box::new(bytes::Bytes::copy_from_slice(mapped.bytes()));
    for region in [mapped, heap] {
        for bad in [
            page..len + 1,
            len + 1..len + 1,
            1..page,
            2 * page..page,
            u64::MAX..u64::MAX,
        ] {
            let refused = region.advise(bad.clone(), MapAdvice::DontNeed).unwrap_err();
            assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput, "{bad:?}");
            // Not the kernel's EINVAL: it was not asked.
            assert_eq!(refused.raw_os_error(), None, "{bad:?}");
            let refused = region.residency(bad.clone(), &mut [0; 8]).unwrap_err();
            assert_eq!(refused.raw_os_error(), None, "{bad:?}");
        }
        let short_buffer = region.residency(0..len, &mut [0; 2]).unwrap_err();
        assert_eq!(short_buffer.raw_os_error(), None);
        let mut pages = [7; 4];
        region.residency(0..len, &mut pages).unwrap();
        assert_eq!(pages[3], 7, "one byte a page, and no more");
        if !region.is_mapped() {
            assert_eq!(pages[..3], [1, 1, 1], "the heap is in memory");
        }
        region.residency(page..page, &mut []).unwrap();
        region.advise(page..len, MapAdvice::DontNeed).unwrap();
        region.advise(page..page, MapAdvice::DontNeed).unwrap();
        assert_eq!(region.bytes(), pattern(usize::try_from(len).unwrap()));
    }
}
