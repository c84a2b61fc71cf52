//! Mappings of exactly the committed bytes: never more, never what the file happens to have.

use std::fs;

use mmap_io::{IoError, Op, ReadMode, ScanProfile, page_size};

use crate::support::{maps_below, pattern, real_root, scratch};

const PROFILES: [ScanProfile; 3] = [
    ScanProfile::Cached,
    ScanProfile::Sequential,
    ScanProfile::SequentialEvict,
];

fn page_len() -> usize {
    usize::try_from(page_size()).unwrap()
}

#[test]
fn a_mapping_has_the_committed_bytes_whatever_the_file_has() {
    let dir = scratch();
    let content = pattern(5 * page_len());
    fs::write(dir.path().join("a.d"), &content).unwrap();
    let root = real_root(dir.path());
    for committed_len in [
        1,
        8,
        page_len() - 1,
        page_len(),
        page_len() + 1,
        content.len(),
    ] {
        for profile in PROFILES {
            let mapping = root
                .file("a.d")
                .unwrap()
                .map(committed_len as u64, profile)
                .unwrap();
            assert_eq!(&mapping.bytes()[..], &content[..committed_len]);
            assert_eq!(mapping.len(), committed_len as u64);
            assert!(mapping.is_mapped());
            // The kernel maps whole pages: as many as the committed bytes need, and no more.
            let maps = maps_below(dir.path());
            let mapped_len = committed_len.next_multiple_of(page_len());
            assert_eq!(
                maps,
                [(mapped_len, dir.path().join("a.d"))],
                "{committed_len} {profile}"
            );
        }
    }
    assert_eq!(maps_below(dir.path()), []);
}

#[test]
fn a_file_shorter_than_committed_is_an_error_before_it_is_mapped() {
    let dir = scratch();
    fs::write(dir.path().join("a.d"), [7; 100]).unwrap();
    let root = real_root(dir.path());
    for profile in PROFILES {
        for mode in [ReadMode::Auto, ReadMode::Mapped, ReadMode::Positional] {
            let refused = root
                .file("a.d")
                .unwrap()
                .map_with(101, profile, mode)
                .unwrap_err();
            assert!(
                matches!(
                    refused,
                    IoError::TooShort {
                        needed: 101,
                        found: 100,
                        op: Op::Map,
                        ..
                    }
                ),
                "{refused:?}"
            );
        }
    }
    let huge = root.file("a.d").unwrap().map(u64::MAX, ScanProfile::Cached);
    assert!(matches!(
        huge,
        Err(IoError::TooShort {
            needed: u64::MAX,
            found: 100,
            ..
        })
    ));
    assert_eq!(root.stats().mappings_opened(), 0);
    assert_eq!(root.stats().bytes_read(), 0);
}

#[test]
fn nothing_is_mapped_for_no_bytes() {
    let dir = scratch();
    fs::write(dir.path().join("empty.d"), b"").unwrap();
    fs::write(dir.path().join("full.d"), b"bytes").unwrap();
    let root = real_root(dir.path());
    for name in ["empty.d", "full.d"] {
        for profile in PROFILES {
            let mapping = root.file(name).unwrap().map(0, profile).unwrap();
            assert!(mapping.bytes().is_empty() && mapping.is_empty() && !mapping.is_mapped());
            assert_eq!(mapping.done(0..0).unwrap().bytes, 0);
            mapping.verify_len().unwrap();
            assert_eq!(maps_below(dir.path()), []);
        }
    }
    assert_eq!(root.stats().mappings_opened(), 0);
}

#[test]
fn positional_bytes_are_a_copy_and_nothing_is_mapped() {
    let dir = scratch();
    let content = pattern(3 * page_len() + 5);
    fs::write(dir.path().join("a.d"), &content).unwrap();
    let root = real_root(dir.path());
    for profile in PROFILES {
        let file = root.file("a.d").unwrap();
        let copy = file
            .map_with(content.len() as u64 - 1, profile, ReadMode::Positional)
            .unwrap();
        assert_eq!(&copy.bytes()[..], &content[..content.len() - 1]);
        assert!(!copy.is_mapped());
        assert_eq!(maps_below(dir.path()), []);
        // A copy does not change when the file does.
        fs::write(dir.path().join("a.d"), b"").unwrap();
        copy.verify_len().unwrap();
        assert_eq!(copy.bytes()[0], content[0]);
        fs::write(dir.path().join("a.d"), &content).unwrap();
    }
    assert_eq!(root.stats().mappings_opened(), 0);
    assert_eq!(root.stats().bytes_read(), 3 * (content.len() as u64 - 1));
}

#[test]
fn bytes_outlive_the_handle_the_file_the_root_and_the_name() {
    let dir = scratch();
    let content = pattern(page_len());
    fs::write(dir.path().join("a.d"), &content).unwrap();
    let root = real_root(dir.path());
    let tail = {
        let mapping = root
            .file("a.d")
            .unwrap()
            .map(4096, ScanProfile::Sequential)
            .unwrap();
        mapping.bytes().slice(4000..)
    };
    let stats = std::sync::Arc::clone(root.stats());
    drop(root);
    fs::remove_file(dir.path().join("a.d")).unwrap();
    assert_eq!(&tail[..], &content[4000..4096]);
    assert_eq!(stats.mapped_now(), 1);
    drop(tail);
    assert_eq!(stats.mapped_now(), 0);
}
