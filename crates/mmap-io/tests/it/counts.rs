//! Descriptors and mappings return to where they were.

use std::fs;

use mmap_io::{AtomicFile, ReadMode, RealVfs, ScanProfile, Vfs, descriptor_limit};

use crate::support::{fds_below, maps_below, real_root, scratch};

#[test]
fn a_thousand_cycles_leave_no_descriptor_and_no_mapping() {
    let dir = scratch();
    fs::create_dir(dir.path().join("part")).unwrap();
    fs::write(dir.path().join("part/a.d"), [1; 10_000]).unwrap();
    let root = real_root(dir.path());
    assert_eq!(
        (fds_below(dir.path()), maps_below(dir.path()).len()),
        (1, 0)
    );
    for cycle in 0..1000 {
        let profile = [
            ScanProfile::Cached,
            ScanProfile::Sequential,
            ScanProfile::SequentialEvict,
        ][cycle % 3];
        let mode = [ReadMode::Auto, ReadMode::Positional][cycle % 2];
        let file = root.dir("part").unwrap().file("a.d").unwrap();
        let mapping = file.map_with(10_000, profile, mode).unwrap();
        let bytes = mapping.bytes();
        assert_eq!(bytes[cycle], 1);
        if cycle % 5 == 0 {
            mapping.done(0..10_000).unwrap();
        }
        assert!(root.file("part/none").is_err());
        assert!(file.map(10_001, profile).is_err());
    }
    assert_eq!(
        (fds_below(dir.path()), maps_below(dir.path()).len()),
        (1, 0)
    );
    assert_eq!(root.stats().mapped_now(), 0);
    assert_eq!(root.stats().mapped_bytes_now(), 0);
    drop(root);
    assert_eq!(fds_below(dir.path()), 0);
}

#[test]
fn the_counters_say_what_proc_says() {
    let dir = scratch();
    fs::write(dir.path().join("a.d"), [1; 10_000]).unwrap();
    let root = real_root(dir.path());
    let mut held = Vec::new();
    for count in 1..=20 {
        held.push(
            root.file("a.d")
                .unwrap()
                .map(10_000, ScanProfile::Sequential)
                .unwrap(),
        );
        // Neighbours may be merged into one line, so count bytes: three pages of 4 KiB, say.
        let mapped_len: usize = maps_below(dir.path()).iter().map(|(len, _)| len).sum();
        let each_len = usize::try_from(10_000_u64.next_multiple_of(mmap_io::page_size())).unwrap();
        assert_eq!(mapped_len, count * each_len);
        assert_eq!(root.stats().mapped_now(), count as u64);
        assert_eq!(root.stats().mapped_bytes_now(), count as u64 * 10_000);
    }
    held.truncate(3);
    assert_eq!(root.stats().mapped_now(), 3);
    assert_eq!(root.stats().mapped_peak(), 20);
    assert_eq!(root.stats().mapped_bytes_peak(), 200_000);
    assert_eq!(root.stats().mappings_opened(), 20);
}

#[test]
fn writers_leave_no_descriptor_published_or_not() {
    let dir = scratch();
    for cycle in 0..50 {
        let target = dir.path().join(format!("out-{cycle}"));
        let mut file = AtomicFile::create(&RealVfs, &target).unwrap();
        file.append(b"bytes").unwrap();
        if cycle % 2 == 0 {
            file.publish(false, false).unwrap();
        }
    }
    assert_eq!(fds_below(dir.path()), 0);
}

#[test]
fn a_failed_open_keeps_nothing() {
    let dir = scratch();
    fs::write(dir.path().join("a"), b"x").unwrap();
    assert!(RealVfs.open_dir(&dir.path().join("a")).is_err());
    assert!(RealVfs.open_dir(&dir.path().join("none")).is_err());
    assert!(
        real_root(dir.path())
            .file("a")
            .unwrap()
            .map(2, ScanProfile::Cached)
            .is_err()
    );
    assert_eq!(
        (fds_below(dir.path()), maps_below(dir.path()).len()),
        (0, 0)
    );
}

#[test]
fn the_descriptor_limit_is_what_the_kernel_enforces() {
    let limit = descriptor_limit();
    assert!(limit.soft_count <= limit.hard_count);
    let shown = fs::read_to_string("/proc/self/limits").unwrap();
    let line = shown
        .lines()
        .find(|line| line.starts_with("Max open files"))
        .unwrap();
    let soft = line.split_whitespace().nth(3).unwrap();
    let soft_count = if soft == "unlimited" {
        u64::MAX
    } else {
        soft.parse().unwrap()
    };
    assert_eq!(limit.soft_count, soft_count);
}

#[test]
fn a_full_table_of_mappings_names_the_limit() {
    let path = std::path::Path::new("2024/price.d");
    let no_memory = || std::io::Error::from_raw_os_error(12);
    let error = mmap_io::IoError::new(mmap_io::Op::Map, path, no_memory());
    let line = error.to_string();
    assert!(
        line.contains("vm.max_map_count") && line.contains("price.d"),
        "{line}"
    );
    assert!(matches!(error, mmap_io::IoError::TooManyMappings { .. }));
    let error = mmap_io::IoError::new(mmap_io::Op::Read, path, no_memory());
    assert!(!error.to_string().contains("max_map_count"));
}
