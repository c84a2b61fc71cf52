//! The frugal profile: only what is asked for is read, and it leaves as under the evicting profile.

use mmap_io::{
    EVICT_WINDOW_BYTES as WINDOW, IoError, Mapping, ReadMode, RealVfs, ScanProfile, page_size,
};

use crate::support::{
    SpyVfs, can_evict, hardly, mostly, pattern, real_root, resident_pages, root_over, scratch,
    write_cold,
};

const LEN: u64 = 4 * WINDOW + 100;

fn content() -> Vec<u8> {
    pattern(usize::try_from(LEN).unwrap())
}

/// Reads one byte of every page of these bytes.
fn touch(mapping: &Mapping, lo: u64, hi: u64) {
    let (lo, hi) = (usize::try_from(lo).unwrap(), usize::try_from(hi).unwrap());
    let pages = mapping[lo..hi].chunks(usize::try_from(page_size()).unwrap());
    let sum: u64 = pages.map(|page| u64::from(page[0])).sum();
    std::hint::black_box(sum);
}

#[test]
fn nothing_is_read_but_what_is_asked_for_and_touched() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    let path = dir.path().join("a.d");
    write_cold(&path, &content());
    let root = real_root(dir.path());
    let file = root.file("a.d").unwrap();
    let mapping = file.map(LEN, ScanProfile::Frugal).unwrap();
    mapping.ahead(0..WINDOW / 2).unwrap();
    touch(&mapping, 0, WINDOW / 2);
    touch(&mapping, 2 * WINDOW, 2 * WINDOW + 1);
    let resident = |lo, hi| mapping.residency(lo..hi).unwrap();
    let asked = resident(0, WINDOW / 2);
    assert!(mostly(asked.resident_count, asked.page_count));
    let beyond = resident(WINDOW / 2, LEN);
    assert!(beyond.resident_count > 0, "a page that is touched is read");
    assert!(
        hardly(beyond.resident_count, beyond.page_count),
        "{beyond:?}"
    );
    drop(mapping);
    let left = resident_pages(&path, LEN);
    assert!(hardly(
        left.iter().filter(|page| **page == 1).count() as u64,
        left.len() as u64
    ));
}

#[test]
fn only_frugal_mappings_ask() {
    let dir = scratch();
    std::fs::write(dir.path().join("a.d"), content()).unwrap();
    let (vfs, spy) = SpyVfs::over(RealVfs::shared());
    let root = root_over(vfs, dir.path());
    let file = root.file("a.d").unwrap();
    for (profile, mode) in [
        (ScanProfile::Cached, ReadMode::Mapped),
        (ScanProfile::Sequential, ReadMode::Mapped),
        (ScanProfile::SequentialEvict, ReadMode::Mapped),
        (ScanProfile::Frugal, ReadMode::Positional),
    ] {
        let mapping = file.map_with(LEN, profile, mode).unwrap();
        spy.take();
        mapping.ahead(0..LEN).unwrap();
        assert_eq!(spy.take(), [""; 0], "{profile} {mode}");
    }
    let mapping = file.map(LEN, ScanProfile::Frugal).unwrap();
    let opened = spy.take();
    assert_eq!(*opened.last().unwrap(), format!("madvise Random 0..{LEN}"));
    mapping.ahead(5..5).unwrap();
    assert_eq!(spy.take(), [""; 0]);
    mapping.ahead(4096..LEN).unwrap();
    assert_eq!(spy.take(), [format!("fadvise WillNeed 4096..{LEN}")]);
    for bad in [0..LEN + 1, 7..LEN * 2] {
        let refused = mapping.ahead(bad).unwrap_err();
        assert!(matches!(refused, IoError::OutOfRange { .. }), "{refused}");
    }
    assert_eq!(spy.take(), [""; 0]);
}
