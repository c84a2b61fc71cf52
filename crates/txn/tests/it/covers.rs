//! Acceptance of a snapshot after `_txn` moved (table-dir.md §8.3): what must be accepted, and each reason.

use txn::{MaskedSize, Partition, PartitionBy, PartitionEntry, SnapshotChange, Txn};

const DAY: i64 = 86_400_000_000;

fn snapshot() -> Txn {
    let entry = |day: i64, rows| PartitionEntry::native(day * DAY, rows, day).unwrap();
    Txn {
        version: 10,
        txn: 10,
        fixed_rows: 300,
        transient_rows: 50,
        entries: vec![entry(1, 100), entry(2, 200), entry(3, 0)],
        ..Txn::new_table(1)
    }
}

/// A later commit, changed; whether a snapshot that read everything is still covered by it.
fn after(change: impl FnOnce(&mut Txn)) -> Result<(), SnapshotChange> {
    after_reading(change, |_| true)
}

fn after_reading(
    change: impl FnOnce(&mut Txn),
    was_read: impl Fn(&Partition) -> bool,
) -> Result<(), SnapshotChange> {
    let was = snapshot();
    let mut now = was.clone();
    now.version += 2;
    now.txn += 2;
    change(&mut now);
    let mut read = was.partitions(PartitionBy::Day).unwrap();
    read.retain(was_read);
    was.still_covers(&now, PartitionBy::Day, &read)
}

#[test]
fn appends_and_new_partitions_are_accepted() {
    assert_eq!(after(|_| {}), Ok(()));
    assert_eq!(after(|t| t.transient_rows += 1), Ok(()));
    assert_eq!(after(|t| t.structure_version += 1), Ok(()));
    assert_eq!(after(|t| t.partition_table_version += 1), Ok(()));
    // The last partition becomes an earlier one with an exact size: effective counts are compared.
    let new_day = |t: &mut Txn| {
        t.entries[2].masked_size = MaskedSize::of_rows(60).unwrap();
        t.fixed_rows = 360;
        t.transient_rows = 5;
        t.entries
            .push(PartitionEntry::native(4 * DAY, 0, 11).unwrap());
    };
    assert_eq!(after(new_day), Ok(()));
}

#[test]
fn table_wide_counters_reject_by_name() {
    let change = after(|t| t.truncate_version = 1);
    assert_eq!(
        change,
        Err(SnapshotChange::TruncateVersion { was: 0, now: 1 })
    );
    let change = after(|t| t.data_version = 1);
    assert_eq!(change, Err(SnapshotChange::DataVersion { was: 0, now: 1 }));
    let change = after(|t| t.column_version = 1);
    assert_eq!(
        change,
        Err(SnapshotChange::ColumnVersion { was: 0, now: 1 })
    );
    let change = after(|t| t.version = 9);
    assert_eq!(
        change,
        Err(SnapshotChange::VersionWentBack { was: 10, now: 9 })
    );
}

#[test]
fn partitions_that_were_read_reject_by_name() {
    let timestamp = DAY;
    let change = after(|t| {
        t.entries.remove(0);
        t.fixed_rows = 200;
    });
    assert_eq!(change, Err(SnapshotChange::PartitionGone { timestamp }));
    let change = after(|t| t.entries[0].name_txn = 12);
    assert_eq!(
        change,
        Err(SnapshotChange::PartitionMoved {
            timestamp,
            was: 1,
            now: 12
        })
    );
    let change = after(|t| t.entries[0].parquet_file_size = 7);
    assert_eq!(
        change,
        Err(SnapshotChange::ParquetSize {
            timestamp,
            was: -1,
            now: 7
        })
    );
    let change = after(|t| {
        t.entries[0].masked_size = MaskedSize::of_rows(99).unwrap();
        t.fixed_rows = 299;
    });
    assert_eq!(
        change,
        Err(SnapshotChange::PartitionShrank {
            timestamp,
            was: 100,
            now: 99
        })
    );
    let change = after(|t| t.transient_rows = 49);
    let timestamp = 3 * DAY;
    assert_eq!(
        change,
        Err(SnapshotChange::PartitionShrank {
            timestamp,
            was: 50,
            now: 49
        })
    );
}

#[test]
fn every_flag_bit_of_a_partition_that_was_read_rejects() {
    for bit in 44..63 {
        let change = after(|t| {
            t.entries[0].masked_size.0 |= 1 << bit;
            t.entries[0].parquet_file_size = -1;
        });
        // Bit 61 without a length does not hold together at all.
        let rejected = matches!(
            change,
            Err(SnapshotChange::PartitionFlags {
                timestamp: DAY,
                was: 0,
                ..
            } | SnapshotChange::Damaged(_))
        );
        assert!(rejected, "bit {bit}: {change:?}");
    }
}

#[test]
fn partitions_that_were_not_read_may_change() {
    let rewrite = |t: &mut Txn| t.entries[0].name_txn = 12;
    assert_eq!(after_reading(rewrite, |p| p.timestamp != DAY), Ok(()));
    assert!(after_reading(rewrite, |p| p.timestamp == DAY).is_err());
}

#[test]
fn a_split_followed_by_a_squash_is_seen_by_the_counter() {
    // Same rows, same directory: only the squash counter tells that the tail was written over.
    let change = after(|t| {
        let size = &mut t.entries[0].masked_size;
        *size = size.with_squash_count(1);
    });
    let (was, now) = (0, 1 << 44);
    assert_eq!(
        change,
        Err(SnapshotChange::PartitionFlags {
            timestamp: DAY,
            was,
            now
        })
    );
}

#[test]
fn a_newer_commit_that_does_not_hold_together_is_damage() {
    let change = after(|t| t.fixed_rows = 1);
    assert!(matches!(change, Err(SnapshotChange::Damaged(_))));
}

#[test]
fn unpartitioned_tables_are_compared_by_their_rows() {
    let was = Txn {
        version: 4,
        txn: 4,
        transient_rows: 7,
        ..Txn::new_table(0)
    };
    let read = was.partitions(PartitionBy::None).unwrap();
    let grown = Txn {
        version: 5,
        txn: 5,
        transient_rows: 8,
        ..was.clone()
    };
    assert_eq!(was.still_covers(&grown, PartitionBy::None, &read), Ok(()));
    let shrunk = Txn {
        transient_rows: 6,
        ..grown
    };
    let change = was.still_covers(&shrunk, PartitionBy::None, &read);
    let (timestamp, was, now) = (0, 7, 6);
    assert_eq!(
        change,
        Err(SnapshotChange::PartitionShrank {
            timestamp,
            was,
            now
        })
    );
}
