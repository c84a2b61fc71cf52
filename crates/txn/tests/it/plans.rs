//! Commits as plans: what they may touch, in which order, and what survives a crash at each step.
//!
//! Invariants: no write touches the area or the slot that the current version selects; the version word is
//! written alone, after a barrier, and a barrier follows it; after any prefix of the steps the file reads as
//! the old commit, after the version word as the new one; the file never gets shorter and stays whole pages.

use proptest::prelude::*;
use txn::{
    Barrier, ColumnVersionEntry, ColumnVersions, CommitPlan, CvHeader, PartitionEntry, Step, Txn,
    TxnHeader,
};

fn commit(n: i64, symbols: usize, partitions: usize) -> Txn {
    let entry = |i: usize| PartitionEntry::native(i64::try_from(i).unwrap(), 1, n).unwrap();
    Txn {
        version: n,
        txn: n,
        transient_rows: u64::from(partitions > 0),
        fixed_rows: u64::try_from(partitions.saturating_sub(1)).unwrap(),
        symbol_counts: vec![u32::try_from(n).unwrap(); symbols],
        entries: (0..partitions).map(entry).collect(),
        ..Txn::new_table(0)
    }
}

fn versions(n: i64, entries: usize) -> ColumnVersions {
    let entry = |column| ColumnVersionEntry {
        timestamp: 7,
        column,
        name_txn: n,
        value: n,
    };
    ColumnVersions {
        version: n,
        entries: (0..entries).map(entry).collect(),
    }
}

/// Applies the steps one by one; `reads` says which version a whole file reads as.
fn check(
    plan: &CommitPlan,
    file: &mut Vec<u8>,
    forbidden: &[(u64, u64)],
    reads: impl Fn(&[u8]) -> i64,
) {
    let old = reads(file);
    let mut seen_version = false;
    for (i, step) in plan.steps.iter().enumerate() {
        if let Step::Write { offset, bytes } = step {
            let end = offset + u64::try_from(bytes.len()).unwrap();
            if *offset == 0 {
                assert_eq!(bytes[..], plan.version.to_le_bytes());
                assert_eq!(plan.steps[i - 1], Step::Barrier(Barrier::AreaBeforeVersion));
                assert_eq!(
                    plan.steps[i + 1..],
                    [Step::Barrier(Barrier::VersionBeforeNext)]
                );
                seen_version = true;
            } else {
                for (lo, hi) in forbidden {
                    assert!(
                        end <= *lo || *hi <= *offset,
                        "writes {offset}..{end} into {lo}..{hi}"
                    );
                }
            }
        }
        let len = file.len();
        step.apply(file);
        assert!(file.len() >= len && file.len().is_multiple_of(4096));
        assert_eq!(reads(file), if seen_version { plan.version } else { old });
    }
    assert!(seen_version);
}

proptest! {
    #[test]
    fn txn_commits_keep_the_current_area(
        sizes in prop::collection::vec((0..5usize, 0..60usize), 2..12),
    ) {
        let (symbols, partitions) = sizes[0];
        let mut file = commit(0, symbols, partitions).to_file().unwrap();
        for (n, (symbols, partitions)) in sizes.into_iter().enumerate().skip(1) {
            let n = i64::try_from(n).unwrap();
            let header = TxnHeader::parse(&file).unwrap();
            let next = commit(n, symbols, partitions);
            let plan = next.plan_after(&header, u64::try_from(file.len()).unwrap()).unwrap();
            let slot = if header.version % 2 == 0 { 8 } else { 32 };
            let base = header.current.base_off();
            let forbidden = [(0, 8), (slot, slot + 12), (base, base + header.current.record_len())];
            check(&plan, &mut file, &forbidden, |f| Txn::parse(f).unwrap().version);
            prop_assert_eq!(Txn::parse(&file).unwrap(), next);
        }
    }

    #[test]
    fn cv_commits_keep_the_current_area(sizes in prop::collection::vec(0..60usize, 2..12)) {
        let mut file = ColumnVersions::default().to_file().unwrap();
        for (n, entries) in sizes.into_iter().enumerate() {
            let n = i64::try_from(n).unwrap() + 1;
            let header = CvHeader::parse(&file).unwrap();
            let next = versions(n, entries);
            let plan = next.plan_after(&header, u64::try_from(file.len()).unwrap()).unwrap();
            let slot = if header.version % 2 == 0 { 8 } else { 24 };
            let area = (header.area_off, header.area_off + header.area_len);
            let forbidden = [(0, 8), (slot, slot + 16), area];
            check(&plan, &mut file, &forbidden, |f| ColumnVersions::parse(f).unwrap().version);
            prop_assert_eq!(ColumnVersions::parse(&file).unwrap(), next);
        }
    }
}

#[test]
fn space_is_reused() {
    let mut file = commit(0, 2, 5).to_file().unwrap();
    for n in 1..100 {
        let header = TxnHeader::parse(&file).unwrap();
        commit(n, 2, 5)
            .plan_after(&header, 4096)
            .unwrap()
            .apply(&mut file);
    }
    assert_eq!(file.len(), 4096);
    assert_eq!(Txn::parse(&file).unwrap(), commit(99, 2, 5));
}

#[test]
fn a_file_with_both_areas_has_the_previous_commit_in_the_other() {
    let file = commit(8, 1, 3).to_file_after(&commit(7, 1, 2)).unwrap();
    assert_eq!(Txn::parse(&file).unwrap(), commit(8, 1, 3));
    let mut older = file;
    older[..8].copy_from_slice(&7i64.to_le_bytes());
    assert_eq!(Txn::parse(&older).unwrap(), commit(7, 1, 2));
}

#[test]
fn versions_that_do_not_follow_are_refused() {
    let header = TxnHeader::parse(&commit(4, 0, 0).to_file().unwrap()).unwrap();
    for n in [3, 4, 6] {
        assert_eq!(
            commit(n, 0, 0).plan_after(&header, 4096).unwrap_err().field,
            "version"
        );
        let cv = CvHeader {
            version: 4,
            ..CvHeader::FRESH
        };
        assert_eq!(
            versions(n, 0).plan_after(&cv, 4096).unwrap_err().field,
            "version"
        );
    }
}

#[test]
fn values_that_would_not_read_back_are_refused() {
    let refused = |txn: Txn| txn.to_file().unwrap_err().field;
    assert_eq!(
        refused(Txn {
            txn: 5,
            ..commit(4, 0, 0)
        }),
        "txn"
    );
    assert_eq!(
        refused(Txn {
            transient_rows: 1 << 44,
            ..commit(4, 0, 0)
        }),
        "transientRowCount"
    );
    assert_eq!(
        refused(Txn {
            fixed_rows: u64::MAX,
            ..commit(4, 0, 0)
        }),
        "fixedRowCount"
    );
    assert_eq!(
        refused(Txn {
            symbol_counts: vec![u32::MAX],
            ..commit(4, 0, 0)
        }),
        "symbol count"
    );
    let mut negative_lag = commit(4, 0, 0);
    negative_lag.lag.row_count = -1;
    assert_eq!(refused(negative_lag), "lagRowCount");
    let mut unsorted = versions(1, 2);
    unsorted.entries.swap(0, 1);
    assert_eq!(unsorted.to_file().unwrap_err().field, "entry");
    let mut no_suffix = versions(1, 1);
    no_suffix.entries[0].name_txn = -2;
    assert_eq!(no_suffix.to_file().unwrap_err().field, "column name txn");
    let mut negative_top = versions(1, 1);
    negative_top.entries[0].value = -1;
    assert_eq!(negative_top.to_file().unwrap_err().field, "column top");
}
