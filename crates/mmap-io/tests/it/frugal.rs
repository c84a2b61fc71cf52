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
    let resident = |lo, hi| mapping.residency(lo..hi).unwrap();
    mapping.ahead(0..WINDOW / 2).unwrap();
    let asked = resident(0, WINDOW / 2);
    assert!(mostly(asked.resident_count, asked.page_count));
    touch(&mapping, 2 * WINDOW, 2 * WINDOW + 1);
    assert!(resident(2 * WINDOW, 2 * WINDOW + 1).resident_count > 0);
    // A window may come as a whole, and nothing behind it.
    for between in [resident(WINDOW, 2 * WINDOW), resident(3 * WINDOW, LEN)] {
        assert!(
            hardly(between.resident_count, between.page_count),
            "{between:?}"
        );
    }
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
    let advice = |name| format!("madvise {name} 0..{LEN}");
    assert!(opened.contains(&advice("Random")) && opened.contains(&advice("Huge")));
    mapping.ahead(5..5).unwrap();
    assert_eq!(spy.take(), [""; 0]);
    // The first page of each window that is asked for; the others if they did not come with it.
    mapping.ahead(WINDOW - 1..2 * WINDOW).unwrap();
    let page = page_size();
    let asked = spy.take();
    let populated: Vec<_> = asked.iter().filter(|c| c.contains("Populate")).collect();
    assert_eq!(
        populated,
        [
            &format!("madvise Populate {}..{WINDOW}", WINDOW - page),
            &format!("madvise Populate {WINDOW}..{}", WINDOW + page),
        ]
    );
    for bad in [0..LEN + 1, 7..LEN * 2] {
        let refused = mapping.ahead(bad).unwrap_err();
        assert!(matches!(refused, IoError::OutOfRange { .. }), "{refused}");
    }
    assert_eq!(spy.take(), [""; 0]);
}

/// What is read in sequence is read in large pages, but for the window that they would stick out of and
/// the one before it: the page behind comes along.
#[test]
fn no_page_behind_the_committed_bytes_keeps_those_before_it() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    let path = dir.path().join("a.d");
    let root = real_root(dir.path());
    for len in [WINDOW, 2 * WINDOW, 3 * WINDOW].map(|len| len + 9 * page_size()) {
        write_cold(&path, &content());
        let mapping = root.file("a.d").unwrap();
        let mapping = mapping.map(len, ScanProfile::SequentialEvict).unwrap();
        touch(&mapping, 0, len);
        drop(mapping);
        let left = resident_pages(&path, len);
        let left_count = left.iter().filter(|page| **page == 1).count();
        assert!(hardly(left_count as u64, left.len() as u64), "{left:?}");
    }
}

/// Content that is there already is asked for all the same: somebody may take it away. Where nothing
/// comes by large pages, the rest of a window is asked for by name.
#[test]
fn what_does_not_come_with_the_first_page_is_asked_for() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    let path = dir.path().join("a.d");
    write_cold(&path, &content());
    let (vfs, spy) = SpyVfs::over(RealVfs::shared());
    let root = root_over(vfs, dir.path());
    // The file goes on behind these bytes: no large page may hold the last of them.
    let len = WINDOW + 9 * page_size();
    let mapping = root.file("a.d").unwrap().map(len, ScanProfile::Frugal);
    let mapping = mapping.unwrap();
    let opened = spy.take();
    assert!(opened.contains(&format!("madvise Huge 0..{WINDOW}")));
    mapping.ahead(WINDOW..len).unwrap();
    let asked = spy.take();
    assert_eq!(
        asked.last().unwrap(),
        &format!("fadvise WillNeed {WINDOW}..{len}")
    );
    touch(&mapping, WINDOW, len);
    drop(mapping);
    let left = resident_pages(&path, len);
    let left_count = left.iter().filter(|page| **page == 1).count();
    assert!(hardly(left_count as u64, left.len() as u64), "{left:?}");
}
