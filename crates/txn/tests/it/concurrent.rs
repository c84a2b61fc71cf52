//! A model of a writer that commits while we read, every interleaving of it.
//!
//! The writer is a list of writes that become visible one after the other; the reader's file applies some of
//! them before, in the middle of, and after each read. All ways to distribute the writes over these points are
//! enumerated. Invariants: what `read_txn` returns is one whole commit, not older than the one that was current
//! when it was called; otherwise the error is typed. The same model, given a writer without one of its
//! barriers, must find a torn record: a model that cannot fail shows nothing.

use std::cell::RefCell;
use std::rc::Rc;

use txn::{
    Attempts, Barrier, ColumnVersionEntry, ColumnVersions, CommitPlan, CvError, CvHeader,
    MaskedSize, ParseError, PartitionBy, PartitionEntry, ReadAt, Step, Torn, Txn, TxnError,
    TxnHeader, read_cv, read_cv_previous, read_txn, read_txn_version,
};

/// Files that change at given points, shared by the readers of the model.
struct World {
    files: Vec<Vec<u8>>,
    writes: Vec<(usize, Step)>,
    /// How many writes are visible after each point; the last one holds for ever.
    visible: Vec<usize>,
    point: usize,
    done: usize,
}

impl World {
    fn next_point(&mut self) {
        let target = self.visible.get(self.point).copied().unwrap_or(self.done);
        self.point += 1;
        while self.done < target {
            let (file, step) = &self.writes[self.done];
            step.apply(&mut self.files[*file]);
            self.done += 1;
        }
    }
}

/// A reader's view of one file of the world.
struct Shared {
    world: Rc<RefCell<World>>,
    file: usize,
}

impl ReadAt for Shared {
    type Error = &'static str;

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<usize, Self::Error> {
        let mut world = self.world.borrow_mut();
        world.next_point();
        // Aligned words are read at once, everything else may be torn in the middle.
        let middle = if buf.len() <= 8 {
            buf.len()
        } else {
            buf.len() / 2
        };
        let (first, second) = buf.split_at_mut(middle);
        let mut got = (&world.files[self.file][..])
            .read_at(offset, first)
            .unwrap();
        if !second.is_empty() {
            world.next_point();
            let at = offset + u64::try_from(middle).unwrap();
            got += (&world.files[self.file][..]).read_at(at, second).unwrap();
        }
        Ok(got)
    }
}

/// Calls `each` with every non-decreasing list of `points` numbers up to `writes`.
fn each_schedule(points: usize, writes: usize, each: &mut impl FnMut(&[usize])) {
    fn extend(left: usize, writes: usize, list: &mut Vec<usize>, each: &mut impl FnMut(&[usize])) {
        if left == 0 {
            return each(list);
        }
        for n in list.last().copied().unwrap_or(0)..=writes {
            list.push(n);
            extend(left - 1, writes, list, each);
            list.pop();
        }
    }
    extend(points, writes, &mut Vec::new(), each);
}

/// Points of one attempt to read `_txn`: version, slot, version, record, version, torn reads counting twice.
const POINTS: usize = 7;

/// Commit `n`: every field depends on the number, so that a mixture of two is equal to neither.
fn commit(n: i64) -> Txn {
    let rows = u64::try_from(n).unwrap();
    let entry = |day: i64| PartitionEntry::native(1_000_000 * day, rows, n).unwrap();
    let mut txn = Txn {
        version: n,
        txn: n,
        transient_rows: rows,
        fixed_rows: 2 * rows,
        min_timestamp: n,
        max_timestamp: 10 * n,
        partition_table_version: n,
        seq_txn: 100 + n,
        symbol_counts: vec![u32::try_from(n).unwrap()],
        entries: vec![entry(1), entry(2), entry(3)],
        ..Txn::new_table(1)
    };
    txn.seal_lag();
    txn
}

/// The file at commit 4 (both areas in use) and the plans of the next `n` commits.
fn busy_file(n: i64) -> (Vec<u8>, Vec<CommitPlan>) {
    let file = commit(4).to_file_after(&commit(3)).unwrap();
    let mut later = file.clone();
    let plans = (5..5 + n)
        .map(|v| {
            let header = TxnHeader::parse(&later).unwrap();
            let plan = commit(v).plan_after(&header, 4096).unwrap();
            plan.apply(&mut later);
            plan
        })
        .collect();
    (file, plans)
}

/// All orders in which a weakly ordered machine may make the writes of these steps visible.
fn visible_orders(steps: &[Step]) -> Vec<Vec<Step>> {
    fn permute(rest: &[Step], done: &mut Vec<Step>, out: &mut Vec<Vec<Step>>) {
        if rest.is_empty() {
            out.push(done.clone());
        }
        for i in 0..rest.len() {
            let mut others = rest.to_vec();
            done.push(others.remove(i));
            permute(&others, done, out);
            done.pop();
        }
    }
    let mut orders: Vec<Vec<Step>> = vec![Vec::new()];
    for segment in steps.split(|s| matches!(s, Step::Barrier(_))) {
        let mut permuted = Vec::new();
        permute(segment, &mut Vec::new(), &mut permuted);
        let extended = orders
            .iter()
            .flat_map(|o| permuted.iter().map(move |p| [&o[..], p].concat()));
        orders = extended.collect();
    }
    orders
}

/// Runs every interleaving of every visible order. Returns (whole commits, typed errors, torn results).
fn run(file: &[u8], steps: &[Step], retries: u32) -> (u32, u32, u32) {
    let (mut whole, mut errors, mut torn) = (0, 0, 0);
    for order in visible_orders(steps) {
        each_schedule(POINTS, order.len(), &mut |visible| {
            let world = World {
                files: vec![file.to_vec()],
                writes: order.iter().map(|s| (0, s.clone())).collect(),
                visible: visible.to_vec(),
                point: 0,
                done: 0,
            };
            let mut reader = Shared {
                world: Rc::new(RefCell::new(world)),
                file: 0,
            };
            match read_txn(&mut reader, &mut Attempts { left: retries }) {
                Ok(txn) if txn.version >= 4 && txn == commit(txn.version) => whole += 1,
                Ok(_) => torn += 1,
                Err(TxnError::Timeout { .. } | TxnError::Parse(_)) => errors += 1,
                Err(e) => panic!("{e}"),
            }
        });
    }
    (whole, errors, torn)
}

#[test]
fn one_two_and_three_commits_during_a_read_never_give_a_torn_record() {
    for commits in 1..=3 {
        let (file, plans) = busy_file(commits);
        let steps: Vec<Step> = plans.into_iter().flat_map(|p| p.steps).collect();
        let (whole, errors, torn) = run(&file, &steps, 3);
        assert_eq!((errors, torn), (0, 0), "{commits} commits");
        assert!(
            whole >= 100,
            "{commits} commits: only {whole} interleavings"
        );
    }
}

#[test]
fn without_time_for_a_retry_a_disturbed_read_is_a_typed_error() {
    let (file, plans) = busy_file(2);
    let steps: Vec<Step> = plans.into_iter().flat_map(|p| p.steps).collect();
    let (whole, errors, torn) = run(&file, &steps, 0);
    assert_eq!(torn, 0);
    assert!(whole > 0 && errors > 0, "{whole} whole, {errors} errors");
}

#[test]
fn a_writer_without_the_barrier_behind_the_version_is_caught_by_the_model() {
    let (file, plans) = busy_file(2);
    let without = |barrier: Barrier| -> Vec<Step> {
        let steps = plans.iter().flat_map(|p| p.steps.clone());
        steps.filter(|s| *s != Step::Barrier(barrier)).collect()
    };
    let (_, _, torn) = run(&file, &without(Barrier::VersionBeforeNext), 3);
    assert!(
        torn > 0,
        "txn.md §6: two commits during one read tear it without that fence"
    );
    let (_, errors, torn) = run(&file, &without(Barrier::AreaBeforeVersion), 3);
    assert!(
        torn > 0 || errors > 0,
        "a version before its record must show"
    );
}

#[test]
fn the_fast_commit_of_upstream_does_not_disturb() {
    // Counters rewritten one by one inside the older record (area B at 272), then the version.
    let (mut file, _) = busy_file(0);
    let mut same_shape = commit(4);
    (same_shape.version, same_shape.txn) = (3, 3);
    file = commit_over(&file, &same_shape);
    let fast = Txn {
        version: 5,
        txn: 5,
        transient_rows: 77,
        max_timestamp: 78,
        ..commit(4)
    };
    let other = TxnHeader::parse(&file).unwrap().other.unwrap().base_off();
    let write = |at, value: i64| Step::Write {
        offset: at,
        bytes: value.to_le_bytes().to_vec(),
    };
    let steps = [
        write(other, 5),
        write(other + 8, 77),
        write(other + 32, 78),
        Step::Barrier(Barrier::AreaBeforeVersion),
        write(0, 5),
    ];
    let mut whole = 0;
    for order in visible_orders(&steps) {
        each_schedule(POINTS, order.len(), &mut |visible| {
            let world = World {
                files: vec![file.clone()],
                writes: order.iter().map(|s| (0, s.clone())).collect(),
                visible: visible.to_vec(),
                point: 0,
                done: 0,
            };
            let mut reader = Shared {
                world: Rc::new(RefCell::new(world)),
                file: 0,
            };
            let txn = read_txn(&mut reader, &mut Attempts { left: 2 }).unwrap();
            assert!(txn == commit(4) || txn == fast, "{txn:?}");
            whole += u32::from(txn == fast);
        });
    }
    assert!(whole > 0);
}

/// The file with the record of the area that is not current replaced by another of the same shape.
fn commit_over(file: &[u8], older: &Txn) -> Vec<u8> {
    let mut file = file.to_vec();
    let other = TxnHeader::parse(&file).unwrap().other.unwrap().base_off();
    Step::Write {
        offset: other,
        bytes: older.to_record().unwrap(),
    }
    .apply(&mut file);
    file
}

/// A writer that commits before every single read.
struct NeverQuiet {
    file: Vec<u8>,
    version: i64,
}

impl ReadAt for NeverQuiet {
    type Error = &'static str;

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<usize, Self::Error> {
        self.version += 1;
        let header = TxnHeader::parse(&self.file).unwrap();
        commit(self.version)
            .plan_after(&header, 4096)
            .unwrap()
            .apply(&mut self.file);
        Ok((&self.file[..]).read_at(offset, buf).unwrap())
    }
}

#[test]
fn a_writer_that_never_pauses_ends_in_a_timeout_that_says_so() {
    let file = commit(0).to_file().unwrap();
    let mut reader = NeverQuiet { file, version: 0 };
    match read_txn(&mut reader, &mut Attempts { left: 9 }) {
        Err(TxnError::Timeout {
            attempts: 10,
            torn: Torn::VersionChanged { before, after },
        }) => {
            assert!(after > before);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_that_is_just_being_created_is_waited_for() {
    // It grows from nothing to its length while we read; missing bytes are not damage yet.
    let whole = commit(6).to_file_after(&commit(5)).unwrap();
    for short in [0usize, 7, 8, 20, 39, 43, 64, 100, 271, 272, 300, 407] {
        let mut calls = 0;
        let growing = |offset: u64, buf: &mut [u8]| {
            calls += 1;
            let len = if calls > 9 { whole.len() } else { short };
            Ok::<_, &str>((&whole[..len]).read_at(offset, buf).unwrap())
        };
        let txn = read_txn(&mut ByCall(growing), &mut Attempts { left: 12 }).unwrap();
        assert_eq!(txn, commit(6), "{short} bytes at first");
    }
}

#[test]
fn a_file_that_stays_short_is_damage_after_the_deadline() {
    let whole = commit(6).to_file().unwrap();
    let end = 64 + 136 + 8 + 96;
    let cuts = [
        (0, "version"),
        (7, "version"),
        (19, "slot"),
        (64, "record"),
        (end - 1, "record"),
    ];
    for (len, field) in cuts {
        match read_txn(&mut &whole[..len], &mut Attempts { left: 5 }) {
            Err(TxnError::Parse(e @ ParseError::Truncated { .. })) => {
                assert_eq!(e.field(), field, "{len}");
            }
            other => panic!("{len}: {other:?}"),
        }
    }
    assert!(read_txn(&mut &whole[..end], &mut Attempts { left: 0 }).is_ok());
    assert_eq!(read_txn_version(&mut &whole[..7]), Ok(None));
    assert_eq!(read_txn_version(&mut &whole[..8]), Ok(Some(6)));
}

#[test]
fn an_io_error_is_handed_on_at_once() {
    let mut calls = 0;
    let failing = |_: u64, _: &mut [u8]| {
        calls += 1;
        Err::<usize, _>("no disk")
    };
    let read = read_txn(&mut ByCall(failing), &mut Attempts { left: 100 });
    assert!(matches!(read, Err(TxnError::Io("no disk"))));
    assert_eq!(calls, 1);
}

/// A closure as a file.
struct ByCall<F>(F);

impl<F: FnMut(u64, &mut [u8]) -> Result<usize, &'static str>> ReadAt for ByCall<F> {
    type Error = &'static str;

    fn read_at(&mut self, offset: u64, buf: &mut [u8]) -> Result<usize, Self::Error> {
        (self.0)(offset, buf)
    }
}

#[test]
fn a_declared_size_is_not_an_allocation() {
    // A slot that announces 60 MB in a file of 4 KiB: one piece is asked for, not 60 MB.
    let mut file = commit(6).to_file().unwrap();
    file[16..20].copy_from_slice(&(60_000_000i32 / 32 * 32).to_le_bytes());
    let mut largest = 0;
    let counting = |offset: u64, buf: &mut [u8]| {
        largest = largest.max(buf.len());
        Ok::<_, &str>((&file[..]).read_at(offset, buf).unwrap())
    };
    let read = read_txn(&mut ByCall(counting), &mut Attempts { left: 0 });
    assert!(matches!(
        read,
        Err(TxnError::Parse(ParseError::Truncated {
            needed: 59_000_000..,
            ..
        }))
    ));
    assert!(largest <= 64 * 1024, "{largest}");
    file[16..20].copy_from_slice(&(i32::MAX / 32 * 32).to_le_bytes());
    assert!(matches!(
        Txn::parse(&file),
        Err(ParseError::Limit {
            field: "record length",
            ..
        })
    ));
}

// ---- _cv ------------------------------------------------------------------------------------------------

fn versions(n: i64) -> ColumnVersions {
    let entry = |column| ColumnVersionEntry {
        timestamp: ColumnVersionEntry::DEFAULT,
        column,
        name_txn: n,
        value: 10 * n,
    };
    ColumnVersions {
        version: n,
        entries: (0..4).map(entry).collect(),
    }
}

/// `_cv` and `_txn` at version 4, and the commits of 5 and 6: each `_cv` before its `_txn`.
fn both_files() -> (Vec<Vec<u8>>, Vec<(usize, Step)>) {
    let with_cv = |n: i64| Txn {
        column_version: n,
        ..commit(n)
    };
    let mut cv = versions(3).to_file().unwrap();
    versions(4)
        .plan_after(&CvHeader::parse(&cv).unwrap(), 4096)
        .unwrap()
        .apply(&mut cv);
    let mut txn = with_cv(4).to_file_after(&with_cv(3)).unwrap();
    let files = vec![cv.clone(), txn.clone()];
    let mut writes = Vec::new();
    for n in [5, 6] {
        let plan = versions(n)
            .plan_after(&CvHeader::parse(&cv).unwrap(), 4096)
            .unwrap();
        plan.apply(&mut cv);
        writes.extend(plan.steps.into_iter().map(|s| (0, s)));
        let plan = with_cv(n)
            .plan_after(&TxnHeader::parse(&txn).unwrap(), 4096)
            .unwrap();
        plan.apply(&mut txn);
        writes.extend(plan.steps.into_iter().map(|s| (1, s)));
    }
    writes.retain(|(_, s)| !matches!(s, Step::Barrier(_)));
    (files, writes)
}

#[test]
fn the_previous_area_is_used_only_when_txn_confirms_it() {
    let (mut files, mut writes) = both_files();
    let txn = Txn {
        column_version: 4,
        ..commit(4)
    };
    let (mut current, mut confirmed, mut refused, mut would_be_torn) = (0, 0, 0, 0);
    // The reader has `_txn` 4. It starts before the writer does, then when `_cv` 5 (3 writes) is out.
    for head_start in [0, 3] {
        for (file, step) in writes.drain(..head_start) {
            step.apply(&mut files[file]);
        }
        each_schedule(POINTS, writes.len(), &mut |visible| {
            let world = World {
                files: files.clone(),
                writes: writes.clone(),
                visible: visible.to_vec(),
                point: 0,
                done: 0,
            };
            let world = Rc::new(RefCell::new(world));
            let mut cv = Shared {
                world: Rc::clone(&world),
                file: 0,
            };
            match read_cv(&mut cv, 4, &mut Attempts { left: 2 }) {
                Ok(read) => {
                    assert_eq!(read, versions(4));
                    current += 1;
                    return;
                }
                Err(CvError::Mismatch {
                    want: 4,
                    found: 5..,
                }) => {}
                Err(e) => panic!("{e}"),
            }
            let Ok(previous) = read_cv_previous(&mut cv, 4, &mut Attempts { left: 0 }) else {
                return;
            };
            let unconfirmed = previous.clone().confirm(&txn, 4);
            let now = read_txn_version(&mut Shared { world, file: 1 })
                .unwrap()
                .unwrap();
            if let Some(read) = previous.confirm(&txn, now) {
                assert_eq!(read, versions(4));
                confirmed += 1;
            } else {
                refused += 1;
                would_be_torn += u32::from(unconfirmed != Some(versions(4)));
            }
        });
    }
    assert!(
        current > 0 && confirmed > 0 && refused > 0,
        "{current} {confirmed} {refused}"
    );
    assert!(
        would_be_torn > 0,
        "the version word of _cv alone does not show that its area is reused"
    );
}

#[test]
fn after_a_crash_the_previous_area_is_there() {
    let (files, writes) = both_files();
    let mut cv = files[0].clone();
    writes.iter().take(3).for_each(|(_, s)| s.apply(&mut cv));
    let txn = Txn {
        column_version: 4,
        ..commit(4)
    };
    let read = read_cv(&mut &cv[..], 4, &mut Attempts { left: 3 });
    assert!(matches!(read, Err(CvError::Mismatch { want: 4, found: 5 })));
    let previous = read_cv_previous(&mut &cv[..], 4, &mut Attempts { left: 3 }).unwrap();
    assert_eq!(previous.clone().confirm(&txn, 4), Some(versions(4)));
    assert_eq!(previous.clone().confirm(&txn, 5), None, "_txn moved");
    assert_eq!(
        previous.confirm(
            &Txn {
                column_version: 5,
                ..txn
            },
            4
        ),
        None,
        "another version"
    );
    // Two ahead is corruption, whatever lies in the other area.
    let read = read_cv_previous(&mut &cv[..], 3, &mut Attempts { left: 3 });
    assert!(matches!(read, Err(CvError::Mismatch { want: 3, found: 5 })));
}

#[test]
fn a_previous_area_that_was_never_written_is_not_an_empty_one() {
    // A checkpoint copies the current area only: the other slot is zero, which would read as "no entries".
    let copy = versions(5).to_file().unwrap();
    let read = read_cv_previous(&mut &copy[..], 4, &mut Attempts { left: 0 });
    assert!(matches!(
        read,
        Err(CvError::Parse(ParseError::Corrupt {
            field: "previous area",
            ..
        }))
    ));
    // Except before the first commit, when it is just that.
    let copy = versions(1).to_file().unwrap();
    let read = read_cv_previous(&mut &copy[..], 0, &mut Attempts { left: 0 }).unwrap();
    let txn = Txn::new_table(0);
    assert_eq!(read.confirm(&txn, 0), Some(ColumnVersions::default()));
}

#[test]
fn a_torn_partition_segment_does_not_pass_as_a_commit() {
    // Not a race but damage: sizes that do not add up are found when partitions are asked for.
    let txn = Txn {
        fixed_rows: 99,
        ..commit(4)
    };
    let back = Txn::parse(&txn.to_file().unwrap()).unwrap();
    let error = back.partitions(PartitionBy::Day).unwrap_err();
    assert_eq!(error.field(), "partition segment: sum of sizes");
    let zero = Txn {
        transient_rows: 5,
        ..Txn::new_table(0)
    };
    assert!(
        zero.partitions(PartitionBy::Day).is_err(),
        "rows without a partition"
    );
    assert_eq!(zero.partitions(PartitionBy::NotApplicable), Ok(vec![]));
    let mut odd = commit(4);
    odd.entries[1].masked_size = MaskedSize(i64::MIN | 4);
    assert_eq!(
        odd.partitions(PartitionBy::Day).unwrap_err().field(),
        "partition segment: size"
    );
}
