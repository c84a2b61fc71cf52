//! The failing file system: it fails when told, where told, and otherwise changes nothing.

use std::io;

use mmap_io::{RealVfs, Vfs};
use testkit::faulty::{FaultyVfs, Operation};
use testkit::generate::{GenError, Request, Workload, generate};
use testkit::{entries, temp_dir};

fn make(vfs: &dyn Vfs, out: &std::path::Path) -> Result<(), GenError> {
    generate(vfs, &Request::new(Workload::Trades, 50, 2, out)).map(|_| ())
}

#[test]
fn without_an_order_nothing_changes_and_every_call_is_noted() {
    let scratch = temp_dir();
    let (vfs, journal) = FaultyVfs::wrap(RealVfs::shared());
    make(&RealVfs, &scratch.path().join("plain")).unwrap();
    make(&*vfs, &scratch.path().join("noted")).unwrap();
    let listed = |name: &str| entries(&scratch.path().join(name)).unwrap();
    assert_eq!(listed("plain"), listed("noted"));
    let created = journal
        .calls()
        .into_iter()
        .filter(|call| call.operation == Operation::CreateNew);
    // Everything but the two partition directories is a file that was created.
    assert_eq!(created.count(), listed("noted").len() - 2);
    assert!(!journal.has_failed());
}

#[test]
fn each_call_can_fail_and_a_table_is_never_half_there() {
    let scratch = temp_dir();
    let (vfs, journal) = FaultyVfs::wrap(RealVfs::shared());
    make(&*vfs, &scratch.path().join("counted")).unwrap();
    let calls = journal.len();
    for at in 0..calls {
        let out = scratch.path().join(at.to_string());
        journal.fail_call(at, io::ErrorKind::StorageFull);
        let failed = make(&*vfs, &out);
        let last = journal.calls().pop().unwrap();
        assert!(last.failed, "{last} came after the failed call");
        let Err(GenError::Io { source, .. }) = failed else {
            panic!("{last}: {failed:?}")
        };
        assert_eq!(source.kind(), io::ErrorKind::StorageFull, "{last}");
        // `_txn` is created last, so only its own write can fail behind it.
        let has_txn = out.join("_txn").is_file();
        assert_eq!(
            has_txn,
            last.path.ends_with("_txn") && last.operation == Operation::WriteAt
        );
    }
    journal.heal();
    make(&*vfs, &scratch.path().join("healed")).unwrap();
}

#[test]
fn short_writes_are_completed_by_the_writer() {
    let scratch = temp_dir();
    let (vfs, journal) = FaultyVfs::wrap(RealVfs::shared());
    journal.write_short();
    make(&RealVfs, &scratch.path().join("plain")).unwrap();
    make(&*vfs, &scratch.path().join("short")).unwrap();
    for name in entries(&scratch.path().join("plain")).unwrap() {
        let bytes = |of: &str| std::fs::read(scratch.path().join(of).join(&name)).ok();
        assert!(bytes("plain") == bytes("short"), "{name}");
    }
}
