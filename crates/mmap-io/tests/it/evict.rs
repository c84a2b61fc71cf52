//! Eviction: what we brought in goes, what was there stays, and nothing is advised that was not
//! asked for.

use std::fs;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use mmap_io::{
    EVICT_WINDOW_BYTES as WINDOW, IoError, Mapping, ReadMode, RealVfs, ScanProfile, page_size,
};

use crate::support::{
    SpyVfs, can_evict, hardly, mostly, names, pattern, real_root, resident_pages, root_over,
    scratch, write_cold,
};

/// Two and a half windows, and not a whole number of pages.
const LEN: u64 = 2 * WINDOW + WINDOW / 2 + 100;

fn content() -> Vec<u8> {
    pattern(usize::try_from(LEN).unwrap())
}

/// Touches every page.
fn touch(mapping: &Mapping, lo: u64, hi: u64) {
    let (lo, hi) = (usize::try_from(lo).unwrap(), usize::try_from(hi).unwrap());
    let step = usize::try_from(page_size()).unwrap();
    let sum: u64 = mapping[lo..hi]
        .iter()
        .step_by(step)
        .map(|b| u64::from(*b))
        .sum();
    std::hint::black_box(sum);
}

fn resident_count(path: &Path) -> u64 {
    resident_pages(path, LEN)
        .iter()
        .filter(|page| **page == 1)
        .count() as u64
}

/// Brings exactly these bytes into memory. Read-ahead (8 MiB on some devices) would go on beyond
/// them, and arrive at any time: before or after somebody records what is resident.
fn warm(path: &Path, off: u64, len: u64) {
    let file = fs::File::open(path).unwrap();
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::Random).unwrap();
    let mut buf = vec![0; usize::try_from(len).unwrap()];
    file.read_exact_at(&mut buf, off).unwrap();
}

fn page_count() -> u64 {
    LEN.div_ceil(page_size())
}

fn is_mostly_resident(mapping: &Mapping, range: Range<u64>) -> bool {
    let residency = mapping.residency(range).unwrap();
    mostly(residency.resident_count, residency.page_count)
}

fn is_hardly_resident(mapping: &Mapping, range: Range<u64>) -> bool {
    let residency = mapping.residency(range).unwrap();
    hardly(residency.resident_count, residency.page_count)
}

#[test]
fn a_window_leaves_when_it_is_done_in_full() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    let path = dir.path().join("a.d");
    write_cold(&path, &content());
    let root = real_root(dir.path());
    let mapping = root
        .file("a.d")
        .unwrap()
        .map(LEN, ScanProfile::SequentialEvict)
        .unwrap();
    touch(&mapping, 0, LEN);

    // Not in order, and short of one byte: nothing happens yet.
    assert_eq!(mapping.done(8..WINDOW).unwrap().bytes, 0);
    assert_eq!(mapping.done(WINDOW..WINDOW + 5).unwrap().bytes, 0);
    assert!(is_mostly_resident(&mapping, 0..LEN));
    // The last byte of the first window.
    let evicted = mapping.done(0..8).unwrap();
    assert!(
        mostly(evicted.bytes, WINDOW) && evicted.kept_bytes == 0,
        "{evicted:?}"
    );
    assert!(is_hardly_resident(&mapping, 0..WINDOW));
    assert!(
        is_mostly_resident(&mapping, WINDOW..2 * WINDOW),
        "the second window is not done"
    );
    // The tail window ends where the mapping does.
    let evicted = mapping.done(2 * WINDOW..LEN).unwrap();
    assert!(mostly(evicted.bytes, LEN - 2 * WINDOW), "{evicted:?}");
    assert!(is_hardly_resident(&mapping, 2 * WINDOW..LEN));

    drop(mapping);
    assert!(
        hardly(resident_count(&path), page_count()),
        "the rest goes when it is dropped"
    );
    assert!(mostly(root.stats().bytes_evicted(), LEN));
}

#[test]
fn pages_that_were_resident_before_stay() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    let path = dir.path().join("a.d");
    for mode in [ReadMode::Mapped, ReadMode::Positional] {
        write_cold(&path, &content());
        // Warm: some of the first window, all of the second.
        warm(&path, 500_000, 100_000);
        warm(&path, WINDOW, WINDOW);
        let before = resident_pages(&path, LEN);
        assert!(before.contains(&0) && before.contains(&1));

        let root = real_root(dir.path());
        let file = root.file("a.d").unwrap();
        let mapping = file
            .map_with(LEN, ScanProfile::SequentialEvict, mode)
            .unwrap();
        touch(&mapping, 0, LEN);
        let evicted = mapping.done(0..LEN).unwrap();
        drop(mapping);

        let after = resident_pages(&path, LEN);
        let both = || before.iter().zip(&after);
        let warm_count = before.iter().filter(|page| **page == 1).count() as u64;
        let kept_count = both().filter(|pages| *pages == (&1, &1)).count() as u64;
        let ours_count = both().filter(|pages| *pages == (&0, &1)).count() as u64;
        assert!(
            mostly(kept_count, warm_count),
            "{mode}: {kept_count} of {warm_count} stayed"
        );
        assert!(
            hardly(ours_count, page_count()),
            "{mode}: {ours_count} of ours stayed"
        );
        let cold_bytes = (page_count() - warm_count) * page_size();
        assert!(mostly(root.stats().bytes_evicted(), cold_bytes), "{mode}");
        assert!(root.stats().bytes_evicted() <= cold_bytes, "{mode}");
        if mode == ReadMode::Mapped {
            assert!(
                mostly(evicted.kept_bytes, warm_count * page_size()),
                "{evicted:?}"
            );
        }
    }
}

#[test]
fn a_cached_reader_keeps_what_it_holds() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    let path = dir.path().join("a.d");
    write_cold(&path, &content());
    let root = real_root(dir.path());
    let file = root.file("a.d").unwrap();
    let export = file.map(LEN, ScanProfile::SequentialEvict).unwrap();
    // The reader comes after the export has recorded that nothing was resident.
    let reader = file.map(LEN, ScanProfile::Cached).unwrap();
    touch(&reader, 0, LEN);
    touch(&export, 0, LEN);
    export.done(0..LEN).unwrap();
    drop(export);
    // Pages that are mapped elsewhere are not the kernel's to drop.
    assert!(is_mostly_resident(&reader, 0..LEN));
    drop(reader);
    assert!(
        mostly(resident_count(&path), page_count()),
        "a cached mapping never evicts"
    );
}

#[test]
fn a_second_pass_is_evicted_as_well_and_reads_the_same() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    let content = content();
    write_cold(&dir.path().join("a.d"), &content);
    let root = real_root(dir.path());
    let mapping = root
        .file("a.d")
        .unwrap()
        .map(LEN, ScanProfile::SequentialEvict)
        .unwrap();
    for pass in 1..=2 {
        assert!(mapping.bytes()[..] == content[..]);
        // Backwards, in pieces that are no multiple of anything.
        let mut hi = LEN;
        while hi > 0 {
            let lo = hi.saturating_sub(700_001);
            mapping.done(lo..hi).unwrap();
            hi = lo;
        }
        assert!(is_hardly_resident(&mapping, 0..LEN));
        assert!(mostly(root.stats().bytes_evicted(), pass * LEN));
    }
}

#[test]
fn only_the_evicting_profile_evicts() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    let path = dir.path().join("a.d");
    write_cold(&path, &content());
    let root = real_root(dir.path());
    for profile in [ScanProfile::Cached, ScanProfile::Sequential] {
        for mode in [ReadMode::Mapped, ReadMode::Positional] {
            let mapping = root
                .file("a.d")
                .unwrap()
                .map_with(LEN, profile, mode)
                .unwrap();
            touch(&mapping, 0, LEN);
            assert_eq!(mapping.done(0..LEN).unwrap().bytes, 0);
            drop(mapping);
            assert!(
                mostly(resident_count(&path), page_count()),
                "{profile} {mode}"
            );
        }
    }
    assert_eq!(root.stats().bytes_evicted(), 0);
}

#[test]
fn the_residency_of_a_file_is_asked_without_touching_it() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    write_cold(&dir.path().join("a.d"), &content());
    let root = real_root(dir.path());
    let file = root.file("a.d").unwrap();
    for _ in 0..2 {
        let asked = file.residency(LEN).unwrap();
        assert_eq!((asked.page_count, asked.resident_count), (page_count(), 0));
    }
    assert_eq!(file.residency(0).unwrap().page_count, 0);
    assert!(matches!(
        file.residency(LEN + 1),
        Err(IoError::TooShort { .. })
    ));
    assert_eq!(root.stats().mappings_opened(), 0);
    file.read_vec(0, LEN, LEN).unwrap();
    assert!(mostly(file.residency(LEN).unwrap().resident_bytes(), LEN));
}

#[test]
fn residency_counts_the_pages_that_a_range_touches() {
    let dir = scratch();
    let page = page_size();
    fs::write(
        dir.path().join("a.d"),
        pattern(usize::try_from(10 * page).unwrap()),
    )
    .unwrap();
    let root = real_root(dir.path());
    let mapping = root
        .file("a.d")
        .unwrap()
        .map(10 * page, ScanProfile::Sequential)
        .unwrap();
    for (range, pages) in [
        (0..0, 0),
        (0..1, 1),
        (page - 1..page + 1, 2),
        (page..page, 0),
        (page + 1..2 * page, 1),
        (3 * page..10 * page, 7),
    ] {
        assert_eq!(
            mapping.residency(range.clone()).unwrap().page_count,
            pages,
            "{range:?}"
        );
    }
}

#[test]
fn a_range_outside_the_mapping_is_an_error_and_no_call() {
    let dir = scratch();
    fs::write(dir.path().join("a.d"), [1; 10_000]).unwrap();
    let (vfs, spy) = SpyVfs::over(RealVfs::shared());
    let root = root_over(vfs, dir.path());
    for profile in [
        ScanProfile::Cached,
        ScanProfile::Sequential,
        ScanProfile::SequentialEvict,
    ] {
        let mapping = root.file("a.d").unwrap().map(9_000, profile).unwrap();
        spy.take();
        // Within the file and within the last mapped page is still outside the mapping.
        let bad_ranges = [
            (0, 9_001),
            (9_001, 9_001),
            (9_000, 10_000),
            (10, 5),
            (0, u64::MAX),
            (u64::MAX, 0),
        ];
        for (lo, hi) in bad_ranges {
            let bad = lo..hi;
            for refused in [
                mapping.done(bad.clone()).unwrap_err(),
                mapping.residency(bad).unwrap_err(),
            ] {
                let IoError::OutOfRange {
                    lo: l,
                    hi: h,
                    len: 9_000,
                    ..
                } = refused
                else {
                    panic!("{refused:?}");
                };
                assert_eq!((l, h), (lo, hi));
            }
        }
        assert_eq!(spy.take(), [""; 0], "{profile}");
        mapping.done(9_000..9_000).unwrap();
        mapping.residency(9_000..9_000).unwrap();
        assert_eq!(
            spy.take(),
            [""; 0],
            "an empty range is fine, and nothing to do"
        );
    }
}

#[test]
fn pages_are_unmapped_before_they_are_dropped_and_never_beyond_the_mapping() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    let page = page_size();
    write_cold(&dir.path().join("a.d"), &content());
    let (vfs, spy) = SpyVfs::over(RealVfs::shared());
    let root = root_over(vfs, dir.path());
    // The file goes on for more than a window behind the mapping.
    let len = WINDOW + 3 * page + 1;
    let mapping = root
        .file("a.d")
        .unwrap()
        .map(len, ScanProfile::SequentialEvict)
        .unwrap();
    let opened = spy.take();
    let whole = [
        format!("map {len}"),
        format!("mincore 0..{WINDOW}"),
        format!("mincore {WINDOW}..{len}"),
        // No large pages: one that is read in sequence brings the one behind, which would stick out.
        format!("madvise Sequential 0..{len}"),
    ];
    let opened: Vec<_> = opened.into_iter().filter(|call| call != "fstat").collect();
    assert_eq!(
        opened[opened.len() - whole.len()..],
        whole,
        "residency first, then advice"
    );
    mapping.done(0..WINDOW - 1).unwrap();
    mapping.done(WINDOW..len).unwrap();
    let page_end = len.next_multiple_of(page);
    let tail = [
        format!("mincore {WINDOW}..{len}"),
        format!("madvise DontNeed {WINDOW}..{len}"),
        format!("fadvise DontNeed {WINDOW}..{page_end}"),
    ];
    assert_eq!(spy.take(), tail);
    drop(mapping);
    let rest = [
        format!("mincore 0..{WINDOW}"),
        format!("madvise DontNeed 0..{WINDOW}"),
        format!("fadvise DontNeed 0..{WINDOW}"),
    ];
    assert_eq!(spy.take(), [&rest[..], &tail[..]].concat());
    assert_eq!(names(dir.path()), ["a.d"]);
}

#[test]
fn the_last_page_goes_even_where_the_file_goes_on() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    let path = dir.path().join("a.d");
    let page = page_size();
    let content = pattern(usize::try_from(8 * page).unwrap());
    let root = real_root(dir.path());
    // Two pages are too few for "hardly any", and one that is held for a moment stays: any clean
    // attempt shows that the last page can go; without its tail advised it never does.
    let is_gone = (0..5).any(|_| {
        write_cold(&path, &content);
        let file = root.file("a.d").unwrap();
        let mapping = file.map(page + 1, ScanProfile::SequentialEvict).unwrap();
        touch(&mapping, 0, page + 1);
        drop(mapping);
        resident_pages(&path, page + 1) == [0, 0]
    });
    assert!(is_gone);
}
