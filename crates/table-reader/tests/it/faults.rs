//! An I/O error at any call is an error of the reader, leaves nothing open, and the next try works
//! (R5, M5). And a reader changes nothing (R7).

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mmap_io::{RealVfs, ScanProfile};
use table_reader::{Cursor, Direction, OpenOptions, ReadError, TableReader};
use testkit::faulty::{Call, FaultyVfs, Journal, Operation};

use crate::support::{Copy, SpyVfs, copy, fds_below, impatient, maps_below, root_over};

/// Everything that a reader does, once.
fn read(root: &mmap_io::Root) -> Result<u64, ReadError> {
    let opts = OpenOptions {
        deadline: std::time::Duration::ZERO,
        profile: ScanProfile::SequentialEvict,
        ..OpenOptions::default()
    };
    let reader = TableReader::open(root, &opts)?;
    reader.pending_wal_transactions()?;
    let last = reader.snapshot().txn.max_timestamp;
    let mut cursor = reader.cursor(
        Direction::Backward,
        None,
        &reader.rows_between(None, Some(last))?,
    );
    let mut rows = 0;
    while let Some(frame) = cursor.next_frame()? {
        cursor.release_open_partitions();
        for (i, column) in frame.columns().iter().enumerate() {
            if let Some(c) = column.reader_index() {
                reader.symbols(c)?;
            }
            frame.column(i)?;
            frame.done(i)?;
        }
        frame.verify()?;
        rows += frame.rows() as u64;
    }
    reader.revalidate()?;
    Ok(rows)
}

/// Only what is optional may fail unnoticed: advice and residency, how far large pages may go in a column
/// file, the table's name, the level of the database root, and a look for a new commit, which is
/// followed by another one.
fn is_optional(call: &Call) -> bool {
    let hint = matches!(
        call.operation,
        Operation::AdviseFile | Operation::AdviseMap | Operation::Residency
    );
    let is_column = [".d", ".i"].iter().any(|end| call.path.ends_with(end));
    let hint = hint || call.operation == Operation::StatFile && is_column;
    let named = ["_name", "_upgrade.d", "/table", "_txn"];
    hint || named.iter().any(|name| call.path.ends_with(name))
}

fn faulty(copied: &Copy) -> (mmap_io::Root, Arc<Journal>) {
    let (vfs, journal) = FaultyVfs::wrap(RealVfs::shared());
    (root_over(vfs, &copied.table), journal)
}

#[test]
fn an_error_at_any_call_fails_cleanly_and_the_next_try_works() {
    let copied = copy(&testkit::case("questdb/by_day"));
    let (root, journal) = faulty(&copied);
    let before = journal.len();
    let rows = read(&root).unwrap();
    assert!(rows > 70);
    let calls = journal.len() - before;
    assert!(calls > 100, "{calls} calls");
    let descriptors = fds_below(&copied.table);
    let mut failed = 0;
    for at in 0..calls {
        journal.fail_call(at, ErrorKind::PermissionDenied);
        let outcome = read(&root);
        let call = journal.calls().into_iter().rev().find(|c| c.failed);
        assert!(call.is_some(), "call {at} was not reached");
        failed += usize::from(outcome.is_err());
        if let Ok(read) = outcome {
            assert_eq!(read, rows, "{call:?}");
            assert!(call.as_ref().is_some_and(is_optional), "{call:?} matters");
        }
        journal.heal();
        assert_eq!(
            (fds_below(&copied.table), maps_below(&copied.table)),
            (descriptors, 0),
            "{call:?}"
        );
    }
    assert!(failed * 2 > calls, "{failed} of {calls} calls matter");
    assert_eq!(read(&root).unwrap(), rows);
}

#[test]
fn a_reader_changes_nothing() {
    let copied = copy(&testkit::case("questdb/by_day"));
    let (root, journal) = faulty(&copied);
    read(&root).unwrap();
    let changes: Vec<_> = journal
        .calls()
        .into_iter()
        .filter(|c| c.operation.is_change())
        .collect();
    assert!(changes.is_empty(), "{changes:?}");
}

#[test]
fn small_metadata_files_are_never_mapped() {
    let copied = copy(&testkit::case("questdb/by_day"));
    let (root, journal) = faulty(&copied);
    read(&root).unwrap();
    let calls = journal.calls();
    let mapped = calls.iter().filter(|c| c.operation == Operation::Map);
    let mut count = 0;
    for call in mapped {
        let name = call.path.rsplit('/').next().unwrap();
        assert!(
            !name.starts_with('_') && !name.ends_with(".o") && !name.ends_with(".c"),
            "{call}"
        );
        count += 1;
    }
    assert!(count >= 20, "columns are: {count}");
}

#[test]
fn out_of_descriptors_partitions_open_late_or_say_how_many_are_needed() {
    const EMFILE: i32 = 24;
    let copied = copy(&testkit::case("questdb/by_day"));
    let exhausted = Arc::new(AtomicBool::new(true));
    let now = Arc::clone(&exhausted);
    let vfs = SpyVfs::new(move |name| match name {
        "v.i" if now.load(Ordering::Relaxed) => Err(std::io::Error::from_raw_os_error(EMFILE)),
        _ => Ok(()),
    });
    // At the snapshot the limit only means that fewer files are open early.
    let reader = TableReader::open(&root_over(vfs, &copied.table), &impatient()).unwrap();
    let mut cursor = reader.cursor(Direction::Forward, None, &reader.all_rows());
    match cursor.next_frame().unwrap_err() {
        ReadError::Descriptors { path, needed, .. } => {
            assert!(path.ends_with("v.i"));
            // Two for the dictionary; a, s, ts and both files of v in each of five partitions.
            assert_eq!(needed, 2 + 5 * 5);
        }
        e => panic!("{e}"),
    }
    exhausted.store(false, Ordering::Relaxed);
    let mut rows = 0;
    while let Some(frame) = cursor.next_frame().unwrap() {
        rows += frame.rows();
    }
    assert_eq!(rows, 80, "an error leaves a cursor where it was");
}
