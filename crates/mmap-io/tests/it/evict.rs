//! Eviction: what we brought in goes, what was there stays, and nothing is advised that was not
//! asked for.

use std::fs;
use std::path::Path;

use mmap_io::{
    EVICT_WINDOW_BYTES as WINDOW, IoError, Mapping, ReadMode, RealVfs, ScanProfile, page_size,
};

use crate::support::{
    SpyVfs, can_evict, names, pattern, real_root, resident_pages, root_over, scratch, write_cold,
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

fn resident_count(path: &Path) -> usize {
    resident_pages(path, LEN)
        .iter()
        .filter(|page| **page == 1)
        .count()
}

#[test]
fn a_window_leaves_when_it_is_done_in_full() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    write_cold(&dir.path().join("a.d"), &content());
    let root = real_root(dir.path());
    let mapping = root
        .file("a.d")
        .unwrap()
        .map(LEN, ScanProfile::SequentialEvict)
        .unwrap();
    touch(&mapping, 0, LEN);
    let all = mapping.residency(0..LEN).unwrap();
    assert_eq!(all.resident_count, all.page_count);

    // Not in order, and short of one byte: nothing happens yet.
    assert_eq!(mapping.done(8..WINDOW).unwrap().bytes, 0);
    assert_eq!(mapping.done(WINDOW..WINDOW + 5).unwrap().bytes, 0);
    assert_eq!(mapping.residency(0..LEN).unwrap(), all);
    // The last byte of the first window.
    let evicted = mapping.done(0..8).unwrap();
    assert_eq!((evicted.bytes, evicted.kept_bytes), (WINDOW, 0));
    assert_eq!(mapping.residency(0..WINDOW).unwrap().resident_count, 0);
    let second = mapping.residency(WINDOW..2 * WINDOW).unwrap();
    assert_eq!(
        second.resident_count, second.page_count,
        "the second window is not done"
    );
    // The tail window ends where the mapping does.
    let evicted = mapping.done(2 * WINDOW..LEN).unwrap();
    assert_eq!(
        evicted.bytes,
        (LEN - 2 * WINDOW).next_multiple_of(page_size())
    );
    assert_eq!(
        mapping.residency(2 * WINDOW..LEN).unwrap().resident_count,
        0
    );
    assert_eq!(
        resident_count(&dir.path().join("a.d")) as u64,
        WINDOW / page_size()
    );

    drop(mapping);
    assert_eq!(
        resident_count(&dir.path().join("a.d")),
        0,
        "the rest goes when it is dropped"
    );
    assert_eq!(
        root.stats().bytes_evicted(),
        LEN.next_multiple_of(page_size())
    );
}

#[test]
fn pages_that_were_resident_before_stay() {
    let dir = scratch();
    if !can_evict(dir.path()) {
        return;
    }
    let path = dir.path().join("a.d");
    write_cold(&path, &content());
    // Warm: some of the first window, all of the second, the very last page.
    let warm = real_root(dir.path()).file("a.d").unwrap();
    warm.read_vec(5_000_000, 100_000, LEN).unwrap();
    warm.read_vec(WINDOW, WINDOW, LEN).unwrap();
    warm.read_vec(LEN - 10, 10, LEN).unwrap();
    let before = resident_pages(&path, LEN);
    assert!(before.contains(&0) && before.contains(&1));

    for mode in [ReadMode::Mapped, ReadMode::Positional] {
        let root = real_root(dir.path());
        let file = root.file("a.d").unwrap();
        let mapping = file
            .map_with(LEN, ScanProfile::SequentialEvict, mode)
            .unwrap();
        touch(&mapping, 0, LEN);
        let evicted = mapping.done(0..LEN).unwrap();
        drop(mapping);
        assert!(
            resident_pages(&path, LEN) == before,
            "{mode}: another set of pages is resident"
        );
        let (kept, gone): (Vec<u8>, Vec<u8>) = before.iter().partition(|page| **page == 1);
        assert_eq!(
            root.stats().bytes_evicted(),
            gone.len() as u64 * page_size(),
            "{mode}"
        );
        if mode == ReadMode::Mapped {
            assert_eq!(evicted.kept_bytes, kept.len() as u64 * page_size());
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
    let resident = reader.residency(0..LEN).unwrap();
    assert_eq!(resident.resident_count, resident.page_count);
    drop(reader);
    assert!(
        resident_count(&path) > 0,
        "and a cached mapping never evicts"
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
    for _pass in 0..2 {
        assert!(mapping.bytes()[..] == content[..]);
        // Backwards, in pieces that are no multiple of anything.
        let mut hi = LEN;
        while hi > 0 {
            let lo = hi.saturating_sub(3_000_001);
            mapping.done(lo..hi).unwrap();
            hi = lo;
        }
        assert_eq!(mapping.residency(0..LEN).unwrap().resident_count, 0);
    }
    assert_eq!(
        root.stats().bytes_evicted(),
        2 * LEN.next_multiple_of(page_size())
    );
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
            assert_eq!(
                resident_count(&path) as u64,
                LEN.div_ceil(page_size()),
                "{profile}"
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
        assert_eq!(
            (asked.page_count, asked.resident_count),
            (LEN.div_ceil(page_size()), 0)
        );
    }
    assert_eq!(file.residency(0).unwrap().page_count, 0);
    assert!(matches!(
        file.residency(LEN + 1),
        Err(IoError::TooShort { .. })
    ));
    assert_eq!(root.stats().mappings_opened(), 0);
    file.read_vec(0, LEN, LEN).unwrap();
    assert_eq!(
        file.residency(LEN).unwrap().resident_bytes(),
        LEN.next_multiple_of(page_size())
    );
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
        format!("madvise Sequential 0..{len}"),
    ];
    assert_eq!(
        opened[opened.len() - 4..],
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
    write_cold(&path, &pattern(usize::try_from(8 * page).unwrap()));
    let root = real_root(dir.path());
    let mapping = root
        .file("a.d")
        .unwrap()
        .map(page + 1, ScanProfile::SequentialEvict)
        .unwrap();
    touch(&mapping, 0, page + 1);
    drop(mapping);
    assert_eq!(resident_pages(&path, page + 1), [0, 0]);
}
