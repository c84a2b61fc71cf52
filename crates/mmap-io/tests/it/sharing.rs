//! Who shares a mapping with whom: the profile decides, and only the profile.

use std::fs;

use mmap_io::{ReadMode, ScanProfile};

use crate::support::{maps_below, real_root, scratch};

#[test]
fn only_the_cached_profile_shares() {
    let dir = scratch();
    fs::write(dir.path().join("a.d"), [1; 100]).unwrap();
    let root = real_root(dir.path());
    let map = |profile| root.file("a.d").unwrap().map(100, profile).unwrap();

    let first = map(ScanProfile::Cached);
    let second = map(ScanProfile::Cached);
    assert_eq!(first.bytes().as_ptr(), second.bytes().as_ptr());
    assert_eq!(root.stats().mappings_opened(), 1);
    assert_eq!(root.stats().cache_hits(), 1);

    for profile in [
        ScanProfile::Sequential,
        ScanProfile::SequentialEvict,
        ScanProfile::Frugal,
    ] {
        let (own, other) = (map(profile), map(profile));
        assert_ne!(own.bytes().as_ptr(), other.bytes().as_ptr());
        assert_ne!(own.bytes().as_ptr(), first.bytes().as_ptr());
    }
    assert_eq!(root.stats().mappings_opened(), 7);
    assert_eq!(root.stats().cache_hits(), 1);
    assert_eq!(root.stats().mapped_now(), 1);
    assert_eq!(maps_below(dir.path()).len(), 1);
}

#[test]
fn another_length_is_another_mapping() {
    let dir = scratch();
    fs::write(dir.path().join("a.d"), [1; 100]).unwrap();
    let root = real_root(dir.path());
    let short = root
        .file("a.d")
        .unwrap()
        .map(50, ScanProfile::Cached)
        .unwrap();
    let long = root
        .file("a.d")
        .unwrap()
        .map(100, ScanProfile::Cached)
        .unwrap();
    assert_eq!((short.bytes().len(), long.bytes().len()), (50, 100));
    assert_eq!(root.stats().mapped_now(), 2);
}

#[test]
fn two_names_of_one_file_share_and_a_replaced_file_does_not() {
    let dir = scratch();
    fs::write(dir.path().join("a.d"), b"old").unwrap();
    fs::hard_link(dir.path().join("a.d"), dir.path().join("b.d")).unwrap();
    let root = real_root(dir.path());
    let map = |name| {
        root.file(name)
            .unwrap()
            .map(3, ScanProfile::Cached)
            .unwrap()
    };
    let (a, b) = (map("a.d"), map("b.d"));
    assert_eq!(a.bytes().as_ptr(), b.bytes().as_ptr());
    fs::write(dir.path().join("new"), b"new").unwrap();
    fs::rename(dir.path().join("new"), dir.path().join("a.d")).unwrap();
    assert_eq!(&map("a.d").bytes()[..], b"new");
    assert_eq!(&a.bytes()[..], b"old");
}

#[test]
fn the_cache_keeps_nothing_mapped() {
    let dir = scratch();
    fs::write(dir.path().join("a.d"), [1; 100]).unwrap();
    let root = real_root(dir.path());
    for opened in 1..=300 {
        let mapping = root
            .file("a.d")
            .unwrap()
            .map(100, ScanProfile::Cached)
            .unwrap();
        assert_eq!(root.stats().mapped_now(), 1);
        drop(mapping);
        assert_eq!(root.stats().mapped_now(), 0);
        assert_eq!(root.stats().mappings_opened(), opened);
    }
    assert_eq!(maps_below(dir.path()), []);
}

#[test]
fn a_dead_entry_never_hides_a_live_one() {
    // More lengths than the cache remembers before it sweeps, the even ones kept alive.
    let dir = scratch();
    fs::write(dir.path().join("a.d"), [1; 1000]).unwrap();
    let root = real_root(dir.path());
    let file = root.file("a.d").unwrap();
    let map = |len: u64| file.map(len, ScanProfile::Cached).unwrap();
    let live: Vec<_> = (1..=400)
        .filter_map(|len| (len % 2 == 0).then_some(map(len)))
        .collect();
    for len in 1..=400 {
        drop(map(len));
    }
    let hits_before = root.stats().cache_hits();
    for mapping in &live {
        assert_eq!(
            map(mapping.len()).bytes().as_ptr(),
            mapping.bytes().as_ptr()
        );
    }
    assert_eq!(root.stats().cache_hits() - hits_before, live.len() as u64);
}

#[test]
fn a_copy_is_not_taken_for_a_mapping() {
    let dir = scratch();
    fs::write(dir.path().join("a.d"), [1; 100]).unwrap();
    let root = real_root(dir.path());
    let map = |mode| {
        root.file("a.d")
            .unwrap()
            .map_with(100, ScanProfile::Cached, mode)
            .unwrap()
    };
    let (mapped, copied) = (map(ReadMode::Mapped), map(ReadMode::Positional));
    assert!(mapped.is_mapped() && !copied.is_mapped());
    assert!(map(ReadMode::Auto).is_mapped());
    // Nor is it shared: it would outlive the commit that it was read for.
    assert_ne!(
        map(ReadMode::Positional).bytes().as_ptr(),
        copied.bytes().as_ptr()
    );
}

#[test]
fn two_roots_share_nothing() {
    let dir = scratch();
    fs::write(dir.path().join("a.d"), [1; 100]).unwrap();
    let roots = [real_root(dir.path()), real_root(dir.path())];
    let [a, b] = roots.each_ref().map(|root| root.file("a.d").unwrap());
    let a = a.map(100, ScanProfile::Cached).unwrap();
    let b = b.map(100, ScanProfile::Cached).unwrap();
    assert_ne!(a.bytes().as_ptr(), b.bytes().as_ptr());
    assert_eq!(roots.map(|root| root.stats().mapped_now()), [1, 1]);
}

#[test]
fn threads_that_ask_at_once_get_one_mapping() {
    let dir = scratch();
    fs::write(dir.path().join("a.d"), [1; 100]).unwrap();
    let root = real_root(dir.path());
    let mappings: Vec<_> = std::thread::scope(|scope| {
        let ask = || {
            root.file("a.d")
                .unwrap()
                .map(100, ScanProfile::Cached)
                .unwrap()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert!(
        mappings
            .iter()
            .all(|m| m.bytes().as_ptr() == mappings[0].bytes().as_ptr())
    );
    assert_eq!(root.stats().mappings_opened(), 1);
    assert_eq!(root.stats().mapped_peak(), 1);
}
