//! Too few descriptors, a writer that never rests, and releases that do not count squashes.

use std::fs;
use std::sync::Arc;

use table_reader::{Cursor, Direction, OpenOptions, ReadError, TableReader, Validation};
use txn::{MaskedSize, Txn};

use crate::support::{ScarceVfs, copy, digest_frames, fds_below, impatient, open, root, root_over};

/// Every frame, with its partition released behind it.
fn released(reader: &TableReader) -> impl Iterator<Item = table_reader::Frame> {
    let mut cursor = reader.cursor(Direction::Forward, None, &reader.all_rows());
    std::iter::from_fn(move || {
        let frame = cursor.next_frame().unwrap();
        cursor.release_open_partitions();
        frame
    })
}

/// Whether every dictionary and every frame can be had, one partition at a time.
fn reads_through(reader: &TableReader) -> Result<(), ReadError> {
    let mut cursor = reader.cursor(Direction::Forward, None, &reader.all_rows());
    let mut held = None;
    while let Some(frame) = cursor.next_frame()? {
        cursor.release_open_partitions();
        for column in 0..reader.columns().len() {
            reader.symbols(column)?;
        }
        held.replace(frame);
    }
    Ok(())
}

#[test]
fn a_process_out_of_descriptors_reads_all_the_same() {
    let table = testkit::case("questdb/by_hour").table();
    let whole = open(&table);
    let expected = digest_frames(&whole, released(&whole));
    drop(whole);
    let plenty = ScarceVfs::with_limit(usize::MAX);
    let reader =
        TableReader::open(&root_over(Arc::new(plenty.clone()), &table), &impatient()).unwrap();
    let needed = plenty.live();
    drop(reader);
    let mut fewest = needed;
    for limit in (1..needed).rev() {
        let scarce = ScarceVfs::with_limit(limit);
        let opened = TableReader::open(&root_over(Arc::new(scarce.clone()), &table), &impatient());
        let Ok(reader) = opened else {
            break;
        };
        if let Err(error) = reads_through(&reader) {
            assert!(matches!(error, ReadError::Descriptors { .. }), "{error}");
            break;
        }
        assert_eq!(
            digest_frames(&reader, released(&reader)),
            expected,
            "{limit}"
        );
        fewest = limit;
    }
    // Two partitions with their directories, and the table, whatever the number of partitions.
    assert!(fewest * 3 < needed, "{fewest} of {needed}");
}

#[test]
fn a_descriptor_limit_covers_dictionaries() {
    let copied = copy(&testkit::case("questdb/indexed_symbols"));
    let whole = open(&copied.table);
    let expected = digest_frames(&whole, released(&whole));
    drop(whole);
    for limit in [0, 1, 3, 10] {
        let opts = OpenOptions {
            descriptor_max: Some(limit),
            ..impatient()
        };
        let reader = TableReader::open(&root(&copied.table), &opts).unwrap();
        // One more for the directory itself.
        assert!(fds_below(&copied.table) <= limit + 1, "limit {limit}");
        assert_eq!(digest_frames(&reader, released(&reader)), expected);
    }
}

#[test]
fn a_txn_that_is_never_at_rest_is_busy_and_not_damaged() {
    let table = testkit::case("questdb/by_day").table();
    for deadline in [0, 100] {
        let opts = OpenOptions {
            deadline: std::time::Duration::from_millis(deadline),
            ..OpenOptions::default()
        };
        let vfs = Arc::new(ScarceVfs::restless());
        let error = TableReader::open(&root_over(vfs, &table), &opts).unwrap_err();
        let ReadError::Busy { source, .. } = &error else {
            panic!("{deadline} ms: {error}");
        };
        assert!(
            source.to_string().contains("no undisturbed read"),
            "{source}"
        );
        assert!(error.is_stale());
    }
}

#[test]
fn a_release_that_does_not_count_squashes_is_held_to_an_unchanged_version() {
    let copied = copy(&testkit::case("questdb/by_day"));
    let (path, level) = (
        copied.table.join("_txn"),
        copied.table.parent().unwrap().join("_upgrade.d"),
    );
    let first = Txn::parse(&fs::read(&path).unwrap()).unwrap();
    let write = |txn: &Txn| fs::write(&path, txn.to_file().unwrap()).unwrap();
    let mut counted = first.clone();
    counted.entries[0].masked_size = counted.entries[0].masked_size.with_squash_count(3);
    assert_ne!(counted.entries[0].masked_size, MaskedSize::default());
    // The migration level, a table with or without a squash, and whether a commit that changes
    // nothing of what was read is accepted.
    for (found, start, accepted) in [
        (Some(427i32), &first, false),
        (Some(427), &counted, true),
        (Some(426), &first, true),
        (Some(429), &first, true),
        (None, &first, true),
    ] {
        write(start);
        match found {
            Some(n) => fs::write(&level, [426i32.to_le_bytes(), n.to_le_bytes()].concat()).unwrap(),
            None => fs::remove_file(&level).unwrap(),
        }
        for validation in [Validation::Covered, Validation::Observed] {
            write(start);
            let opts = OpenOptions {
                validation,
                ..impatient()
            };
            let reader = TableReader::open(&root(&copied.table), &opts).unwrap();
            drop(released(&reader).collect::<Vec<_>>());
            let mut next = start.clone();
            next.version += 1;
            next.txn += 1;
            write(&next);
            let said = reader.revalidate();
            assert_eq!(
                said.is_ok(),
                accepted,
                "{found:?}, {validation:?}: {said:?}"
            );
        }
    }
}
