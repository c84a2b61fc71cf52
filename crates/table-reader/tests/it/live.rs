//! Tables that a writer changes between the steps of a reader, and tables whose writer died.
//!
//! Invariants: what is delivered and revalidated is exactly one commit; what a writer does for a
//! moment is waited out; what stays is an error that names the file.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use column_format::{ColumnSlice, ColumnType};
use mmap_io::ReadMode;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use table_reader::{
    CancelToken, Cursor, Direction, OpenOptions, QueryRegistry, ReadError, TableReader, Validation,
};
use txn::{ColumnVersions, CvHeader, Meta, PartitionBy, Txn, partition_dir_name};

use crate::support::{Copy, SpyVfs, copy, digest, impatient, open, open_error, root, root_over};

/// What a writer of the stored table `by_day` does, step by step, without any engine.
struct Writer {
    table: PathBuf,
}

impl Writer {
    fn of(copied: &Copy) -> Self {
        Self {
            table: copied.table.clone(),
        }
    }

    fn txn(&self) -> Txn {
        Txn::parse(&fs::read(self.table.join("_txn")).unwrap()).unwrap()
    }

    /// The next commit, with a change.
    fn commit(&self, change: impl FnOnce(&mut Txn)) {
        let mut txn = self.txn();
        txn.version += 1;
        txn.txn += 1;
        change(&mut txn);
        fs::write(self.table.join("_txn"), txn.to_file().unwrap()).unwrap();
    }

    fn partition(&self, index: usize) -> PathBuf {
        let txn = self.txn();
        let (entry, unit) = (&txn.entries[index], txn::TimestampUnit::Micros);
        let name = partition_dir_name(PartitionBy::Day, unit, entry.timestamp, entry.name_txn);
        self.table.join(name)
    }

    /// Out-of-order rows: the partition is rewritten in a new directory and the old one removed.
    /// Every `a` of the partition becomes `value`.
    fn rewrite(&self, index: usize, value: i32) {
        let old = self.partition(index);
        let rows = fs::metadata(old.join("a.d")).unwrap().len() / 4;
        let name_txn = self.txn().txn;
        let base = old
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .split('.')
            .next()
            .unwrap()
            .to_owned();
        let new = self.table.join(format!("{base}.{name_txn}"));
        testkit::copy_dir(&old, &new).unwrap();
        let words = (0..rows)
            .flat_map(|_| value.to_le_bytes())
            .collect::<Vec<u8>>();
        fs::write(new.join("a.d"), words).unwrap();
        self.commit(|txn| txn.entries[index].name_txn = name_txn);
        fs::remove_dir_all(&old).unwrap();
    }
}

fn by_day() -> (Copy, Writer) {
    let copied = copy(&testkit::case("questdb/by_day"));
    let writer = Writer::of(&copied);
    (copied, writer)
}

/// Patience that no obstacle of these tests outlives, so that only its end decides.
fn patient() -> OpenOptions {
    OpenOptions {
        deadline: Duration::from_secs(30),
        ..OpenOptions::default()
    }
}

/// Opens through a file system that runs `action` before the `nth` open (from 1) of `name`.
fn open_with(
    table: &Path,
    name: &'static str,
    nth: u32,
    mut action: impl FnMut() -> io::Result<()> + Send + 'static,
) -> Result<TableReader, ReadError> {
    let mut count = 0;
    let vfs = SpyVfs::new(move |opened| {
        count += u32::from(opened == name);
        if opened == name && count == nth {
            action()
        } else {
            Ok(())
        }
    });
    TableReader::open(&root_over(vfs, table), &patient())
}

fn not_found() -> io::Result<()> {
    Err(io::ErrorKind::NotFound.into())
}

#[test]
fn a_meta_that_is_missing_for_a_moment_is_waited_for() {
    let (copied, _) = by_day();
    let reader = open_with(&copied.table, "_meta", 1, not_found).unwrap();
    assert_eq!(reader.rows(), 80);
}

#[test]
fn a_column_file_that_vanishes_means_a_new_snapshot() {
    let (copied, writer) = by_day();
    let before = writer.txn().version;
    let reader = open_with(&copied.table, "ts.d", 3, move || {
        writer.rewrite(2, 7);
        writer.rewrite(3, 7);
        Ok(())
    });
    let reader = reader.unwrap();
    assert_eq!(reader.snapshot().txn.version, before + 2);
    assert_eq!(reader.partitions()[3].name_txn, before + 1);
    reader.revalidate().unwrap();
}

#[test]
fn a_partition_that_vanishes_means_a_new_snapshot() {
    let (copied, writer) = by_day();
    let reader = open_with(&copied.table, "2024-02-29", 1, move || {
        writer.rewrite(2, 7);
        Ok(())
    });
    assert!(reader.unwrap().partitions()[2].name_txn > 0);
}

#[test]
fn a_commit_between_txn_and_the_files_is_noticed_before_anything_is_read() {
    // The old files are all still there, so nothing vanishes: only `_txn` tells.
    let (copied, writer) = by_day();
    let before = writer.txn().version;
    let reader = open_with(&copied.table, "_cv", 1, move || {
        writer.commit(|txn| txn.truncate_version += 1);
        Ok(())
    });
    assert_eq!(reader.unwrap().snapshot().txn.version, before + 1);
}

#[test]
fn a_writer_that_never_rests_is_busy_and_not_damaged() {
    let (copied, writer) = by_day();
    let vfs = SpyVfs::new(move |name| {
        if name == "_cv" {
            writer.commit(|txn| txn.data_version += 1);
        }
        Ok(())
    });
    let error = TableReader::open(&root_over(vfs, &copied.table), &impatient()).unwrap_err();
    match &error {
        ReadError::Busy { source, .. } => {
            assert!(
                matches!(**source, ReadError::SnapshotChanged { .. }),
                "{source}"
            );
        }
        e => panic!("{e}"),
    }
    assert!(error.is_stale());
}

#[test]
fn open_descriptors_outlive_the_files() {
    let (copied, writer) = by_day();
    let reader = open(&copied.table);
    let all = reader.all_rows();
    let expected = digest(&reader, &mut reader.cursor(Direction::Forward, None, &all));
    reader.close_all_partitions();
    for partition in 0..5 {
        fs::remove_dir_all(writer.partition(partition)).unwrap();
    }
    for file in ["s.o", "s.c"] {
        fs::remove_file(copied.table.join(file)).unwrap();
    }
    assert_eq!(
        digest(&reader, &mut reader.cursor(Direction::Backward, None, &all)).rows,
        80
    );
    assert_eq!(
        digest(&reader, &mut reader.cursor(Direction::Forward, None, &all)),
        expected
    );
}

#[test]
fn without_descriptors_a_vanished_partition_is_stale_or_missing() {
    let opts = OpenOptions {
        descriptor_max: Some(0),
        ..impatient()
    };
    for committed in [true, false] {
        let (copied, writer) = by_day();
        let reader = TableReader::open(&root(&copied.table), &opts).unwrap();
        let gone = writer.partition(1);
        if committed {
            writer.rewrite(1, 7);
        } else {
            fs::remove_dir_all(&gone).unwrap();
        }
        let mut cursor = reader.cursor(Direction::Forward, None, &reader.all_rows());
        cursor.next_frame().unwrap().unwrap();
        match (cursor.next_frame().unwrap_err(), committed) {
            (ReadError::SnapshotChanged { .. }, true) => {}
            (ReadError::MissingFile { path, .. }, false) => assert_eq!(path, gone),
            (e, _) => panic!("committed {committed}: {e}"),
        }
    }
}

/// Reads everything, then asks whether it still counts after `change` was committed.
fn revalidated(
    opts: &OpenOptions,
    partitions: std::ops::Range<usize>,
    change: impl FnOnce(&mut Txn),
) -> Result<(), ReadError> {
    let (copied, writer) = by_day();
    let reader = TableReader::open(&root(&copied.table), opts).unwrap();
    let rows = reader.rows_of_partitions(&partitions);
    digest(&reader, &mut reader.cursor(Direction::Forward, None, &rows));
    reader.revalidate().unwrap();
    writer.commit(change);
    reader.revalidate()
}

fn is_changed(result: Result<(), ReadError>) -> bool {
    match result {
        Ok(()) => false,
        Err(ReadError::SnapshotChanged { .. }) => true,
        Err(e) => panic!("{e}"),
    }
}

#[test]
fn appended_rows_leave_a_snapshot_valid_unless_no_commit_is_accepted() {
    let append = |txn: &mut Txn| txn.transient_rows += 5;
    assert!(!is_changed(revalidated(&impatient(), 0..5, append)));
    let strict = OpenOptions {
        validation: Validation::Unchanged,
        ..impatient()
    };
    assert!(is_changed(revalidated(&strict, 0..5, append)));
}

#[test]
fn what_may_overwrite_what_was_read_makes_a_snapshot_stale() {
    let opts = impatient();
    assert!(is_changed(revalidated(&opts, 0..5, |t| t
        .truncate_version +=
        1)));
    assert!(is_changed(revalidated(&opts, 0..5, |t| t.data_version += 1)));
    assert!(is_changed(revalidated(&opts, 0..5, |t| t
        .column_version +=
        1)));
    assert!(is_changed(revalidated(&opts, 0..5, |t| t
        .transient_rows -=
        1)));
    assert!(is_changed(
        revalidated(&opts, 0..5, |t| t.entries[1].name_txn = 77)
    ));
    let squash = |t: &mut Txn| {
        let size = t.entries[1].masked_size;
        t.entries[1].masked_size = size.with_squash_count(size.squash_count() + 1);
    };
    assert!(is_changed(revalidated(&opts, 0..5, squash)));
    // Partitions that were not read may change as they like.
    assert!(!is_changed(revalidated(&opts, 2..5, squash)));
    assert!(!is_changed(revalidated(&opts, 2..5, |t| t.entries[1]
        .name_txn =
        77)));
}

#[test]
fn a_table_that_is_dropped_makes_a_snapshot_stale() {
    let (copied, _) = by_day();
    let reader = open(&copied.table);
    let mut cursor = reader.cursor(Direction::Forward, None, &reader.all_rows());
    cursor.next_frame().unwrap().unwrap();
    fs::remove_dir_all(&copied.table).unwrap();
    assert!(is_changed(reader.revalidate()));
    assert!(
        is_changed(cursor.next_frame().map(drop)),
        "no work for a result that is lost"
    );
}

#[test]
fn work_stops_at_the_commit_that_makes_it_useless() {
    let (copied, writer) = by_day();
    let reader = open(&copied.table);
    let mut cursor = reader.cursor(Direction::Forward, None, &reader.all_rows());
    cursor.next_frame().unwrap().unwrap();
    writer.rewrite(4, 7);
    cursor.next_frame().unwrap().unwrap();
    writer.rewrite(0, 7);
    let opened = reader.root().stats().mappings_opened();
    assert!(is_changed(cursor.next_frame().map(drop)));
    assert_eq!(reader.root().stats().mappings_opened(), opened);
}

type Commit = fn(&Writer);

/// Opens, lets `commits` happen with a look after each that `seen` says, reads, revalidates.
fn observed(commits: &[(bool, Commit)], validation: Validation) -> Result<(), ReadError> {
    let (copied, writer) = by_day();
    let opts = OpenOptions {
        validation,
        ..impatient()
    };
    let reader = TableReader::open(&root(&copied.table), &opts)?;
    let all = reader.all_rows();
    let first = column_a(&reader)?;
    reader.close_all_partitions();
    for (seen, commit) in commits {
        commit(&writer);
        if *seen {
            // What is lost is lost for good, so it is enough to look at the last answer.
            reader
                .observe()
                .or_else(|e| if e.is_stale() { Ok(()) } else { Err(e) })?;
        }
    }
    reader.revalidate()?;
    assert_eq!(
        column_a(&reader)?,
        first,
        "the rows of the snapshot, not of a later commit"
    );
    assert_eq!(
        digest(&reader, &mut reader.cursor(Direction::Forward, None, &all)).rows,
        80
    );
    reader.revalidate()
}

#[test]
fn a_partition_seen_to_move_stays_readable_through_its_descriptors() {
    const MOVE: Commit = |w| w.rewrite(1, 7);
    const APPEND: Commit = |w| w.commit(|t| t.transient_rows += 1);
    let moved = [(true, MOVE)];
    assert!(is_changed(observed(&moved, Validation::Covered)));
    assert!(is_changed(observed(&moved, Validation::Unchanged)));
    assert!(!is_changed(observed(&moved, Validation::Observed)));
    let often = [
        (true, APPEND),
        (true, MOVE),
        (true, MOVE),
        (false, MOVE),
        (true, MOVE),
    ];
    assert!(!is_changed(observed(&often, Validation::Observed)));
}

#[test]
fn a_partition_that_moved_unseen_may_have_been_overwritten_before() {
    const MOVE: Commit = |w| w.rewrite(1, 7);
    const APPEND: Commit = |w| w.commit(|t| t.transient_rows += 1);
    // Two commits, one look: the first may have been a split and a squash.
    assert!(is_changed(observed(
        &[(false, APPEND), (true, MOVE)],
        Validation::Observed
    )));
    assert!(is_changed(observed(
        &[(false, MOVE), (true, APPEND)],
        Validation::Observed
    )));
}

#[test]
fn a_partition_seen_to_shrink_or_squash_is_lost_even_if_it_moves_later() {
    const MOVE: Commit = |w| w.rewrite(1, 7);
    const SHRINK: Commit = |w| {
        w.commit(|t| {
            let size = t.entries[1].masked_size;
            t.entries[1].masked_size = size.with_rows(size.rows() - 1).unwrap();
            t.fixed_rows -= 1;
        });
    };
    const SQUASH: Commit = |w| {
        w.commit(|t| {
            let size = t.entries[1].masked_size;
            t.entries[1].masked_size = size.with_squash_count(9);
        });
    };
    const TRUNCATE: Commit = |w| w.commit(|t| t.truncate_version += 1);
    for lost in [SHRINK, SQUASH, TRUNCATE] {
        assert!(is_changed(observed(
            &[(true, lost), (true, MOVE)],
            Validation::Observed
        )));
    }
    // What is retired has nothing to lose but what TRUNCATE empties in place.
    const COLUMNS: Commit = |w| w.commit(|t| t.column_version += 1);
    assert!(is_changed(observed(
        &[(true, MOVE), (true, TRUNCATE)],
        Validation::Observed
    )));
    assert!(is_changed(observed(
        &[(true, MOVE), (true, COLUMNS)],
        Validation::Observed
    )));
    assert!(!is_changed(observed(
        &[(true, MOVE), (true, MOVE)],
        Validation::Observed
    )));
}

#[test]
fn a_file_cut_before_it_is_mapped_is_stale_after_the_commit_and_damage_without() {
    for committed in [true, false] {
        let (copied, writer) = by_day();
        let reader = open(&copied.table);
        let path = writer.partition(0).join("a.d");
        fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(0)
            .unwrap();
        if committed {
            writer.commit(|t| t.data_version += 1);
        }
        let mapped = reader.root().stats().mappings_opened();
        let mut cursor = reader.cursor(Direction::Forward, None, &reader.all_rows());
        match (cursor.next_frame().unwrap_err(), committed) {
            (ReadError::SnapshotChanged { .. }, true) => {}
            (
                ReadError::FileTooShort {
                    path: at,
                    needed: 48,
                    found: 0,
                    ..
                },
                false,
            ) => {
                assert_eq!(at, path);
                // The columns before it are mapped and unmapped again, this one is not.
                assert_eq!(reader.root().stats().mapped_now(), mapped);
            }
            (e, _) => panic!("{e}"),
        }
        assert_eq!(reader.mapped_partition_count(), 0);
    }
}

#[test]
fn a_file_cut_under_a_mapping_fails_the_frame() {
    let (copied, writer) = by_day();
    let reader = open(&copied.table);
    let mut cursor = reader.cursor(Direction::Forward, None, &reader.all_rows());
    let frame = cursor.next_frame().unwrap().unwrap();
    frame.verify().unwrap();
    let path = writer.partition(0).join("a.d");
    fs::OpenOptions::new()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(10)
        .unwrap();
    match frame.verify().unwrap_err() {
        ReadError::FileTooShort {
            path: at,
            needed: 48,
            found: 10,
            ..
        } => assert_eq!(at, path),
        e => panic!("{e}"),
    }
}

#[test]
fn emptied_dictionaries_and_offsets_are_waited_out_as_a_truncate() {
    // TRUNCATE empties files before it commits: structure is the only sign (table-dir.md §8.3).
    let (copied, writer) = by_day();
    let aux = writer.partition(1).join("v.i");
    let kept = fs::read(&aux).unwrap();
    fs::write(&aux, vec![0; kept.len()]).unwrap();
    let reader = open_with(&copied.table, "v.i", 3, move || fs::write(&aux, &kept));
    assert_eq!(reader.unwrap().rows(), 80);
    // The same for good is damage, and names the file.
    let aux = Writer::of(&copied).partition(1).join("v.i");
    let len = fs::metadata(&aux).unwrap().len();
    fs::write(&aux, vec![0; usize::try_from(len).unwrap()]).unwrap();
    assert!(matches!(open_error(&copied.table), ReadError::Layout { file, .. } if file == aux));
}

#[test]
fn a_string_end_offset_of_zero_is_no_string_column() {
    let copied = copy(&testkit::case("questdb/all_types"));
    let reader = open(&copied.table);
    let partition = copied.table.join(&reader.partitions()[0].directory);
    for column in reader.columns() {
        if matches!(column.column_type, ColumnType::String | ColumnType::Binary) {
            let aux = partition.join(format!("{}.i", column.name));
            let kept = fs::read(&aux).unwrap();
            fs::write(&aux, vec![0; kept.len()]).unwrap();
            let error = open_error(&copied.table);
            assert!(
                matches!(&error, ReadError::Layout { file, .. } if *file == aux),
                "{error}"
            );
            fs::write(&aux, kept).unwrap();
        }
    }
}

/// Puts `_cv` one version ahead, as a writer that died before it committed `_txn` leaves it.
fn put_cv_ahead(table: &Path) {
    let path = table.join("_cv");
    let mut file = fs::read(&path).unwrap();
    let mut next = ColumnVersions::parse(&file).unwrap();
    next.version += 1;
    next.entries.clear();
    let header = CvHeader::parse(&file).unwrap();
    next.plan_after(&header, file.len() as u64)
        .unwrap()
        .apply(&mut file);
    fs::write(&path, file).unwrap();
}

#[test]
fn column_versions_one_ahead_are_read_from_the_previous_area() {
    let case = testkit::case("questdb/column_tops");
    let copied = copy(&case);
    let whole = open(&copied.table);
    let all = whole.all_rows();
    let expected = digest(&whole, &mut whole.cursor(Direction::Forward, None, &all));
    put_cv_ahead(&copied.table);
    let reader = open(&copied.table);
    assert_eq!(
        digest(&reader, &mut reader.cursor(Direction::Forward, None, &all)),
        expected
    );
    // Two ahead is no state that a writer leaves behind.
    put_cv_ahead(&copied.table);
    match open_error(&copied.table) {
        ReadError::ColumnVersion { file, .. } => assert_eq!(file, copied.table.join("_cv")),
        e => panic!("{e}"),
    }
}

/// The `_meta` of a DDL that was never committed: one version on, and without its first column.
fn put_meta_ahead(table: &Path, by: i64) {
    let path = table.join("_meta");
    let mut meta = Meta::parse(&fs::read(&path).unwrap()).unwrap();
    meta.metadata_version += by;
    meta.columns[0].deleted = true;
    fs::write(&path, meta.to_bytes().unwrap()).unwrap();
}

#[test]
fn a_meta_ahead_or_missing_for_good_falls_back_to_its_predecessor() {
    for previous in ["_meta.prev", "_meta.prev.3"] {
        let (copied, _) = by_day();
        let at = |name: &str| copied.table.join(name);
        fs::copy(at("_meta"), at(previous)).unwrap();
        // Debris of older changes, and of nothing at all.
        fs::write(at("_meta.prev.1"), b"").unwrap();
        put_meta_ahead(&copied.table, 1);
        assert_eq!(open(&copied.table).columns()[0].name, "a", "{previous}");
        fs::remove_file(at("_meta")).unwrap();
        assert_eq!(open(&copied.table).columns()[0].name, "a", "{previous}");
        fs::remove_file(at(previous)).unwrap();
        match open_error(&copied.table) {
            ReadError::MetaVersion {
                file, found: None, ..
            } => assert_eq!(file, at("_meta")),
            e => panic!("{e}"),
        }
    }
}

#[test]
fn a_meta_that_no_crash_explains_is_damage() {
    let (copied, _) = by_day();
    fs::copy(copied.table.join("_meta"), copied.table.join("_meta.prev")).unwrap();
    put_meta_ahead(&copied.table, 2);
    let error = open_error(&copied.table);
    assert!(
        matches!(error, ReadError::MetaVersion { found: Some(_), .. }),
        "{error}"
    );
}

/// A query that is stopped does not wait for a writer that will never commit.
#[test]
fn a_stopped_query_waits_for_no_writer() {
    let (copied, _) = by_day();
    put_meta_ahead(&copied.table, 1);
    // Cancelled before the first attempt, or in the middle of it: so many are made.
    for (cancel_at, attempts) in [(0, 0), (1, 1), (3, 3)] {
        let token = CancelToken::new();
        if cancel_at == 0 {
            token.cancel();
        }
        let (canceller, opened) = (token.clone(), Arc::new(Mutex::new(0)));
        let count = Arc::clone(&opened);
        let vfs = SpyVfs::new(move |name| {
            if name == "_meta" {
                let mut count = count.lock().unwrap();
                *count += 1;
                if *count == cancel_at {
                    canceller.cancel();
                }
            }
            Ok(())
        });
        let query = QueryRegistry::new().register("opening", token, None);
        let opts = OpenOptions {
            query: Some(Arc::new(query)),
            ..patient()
        };
        let error = TableReader::open(&root_over(vfs, &copied.table), &opts).unwrap_err();
        assert!(matches!(error, ReadError::Cancelled), "{error}");
        assert_eq!(*opened.lock().unwrap(), attempts);
    }
    let late = QueryRegistry::new().register("late", CancelToken::new(), Some(Duration::ZERO));
    let opts = OpenOptions {
        query: Some(Arc::new(late)),
        ..patient()
    };
    let error = TableReader::open(&root(&copied.table), &opts).unwrap_err();
    assert!(matches!(error, ReadError::TimedOut { .. }), "{error}");
}

#[test]
fn a_fallback_is_not_taken_from_a_living_writer() {
    // `_meta` is ahead, and its writer commits before the reader has waited long enough.
    let (copied, writer) = by_day();
    fs::copy(copied.table.join("_meta"), copied.table.join("_meta.prev")).unwrap();
    put_meta_ahead(&copied.table, 1);
    let reader = open_with(&copied.table, "_meta", 2, move || {
        writer.commit(|txn| txn.structure_version += 1);
        Ok(())
    });
    assert_eq!(
        reader.unwrap().columns()[0].name,
        "s",
        "the column is dropped by now"
    );
}

#[test]
fn the_todo_log_says_which_predecessor() {
    let (copied, writer) = by_day();
    let at = |name: &str| copied.table.join(name);
    // Two predecessors of the right version; only the second is the right one.
    let mut wrong = Meta::parse(&fs::read(at("_meta")).unwrap()).unwrap();
    wrong.columns[1].deleted = true;
    let txn = writer.txn().txn;
    fs::copy(at("_meta"), at("_meta.prev.2")).unwrap();
    fs::write(at("_meta.prev"), wrong.to_bytes().unwrap()).unwrap();
    put_meta_ahead(&copied.table, 1);
    let words = [txn, 0, 0, txn, 1, 2, 2];
    fs::write(at("_todo_"), words.map(i64::to_le_bytes).concat()).unwrap();
    assert_eq!(open(&copied.table).columns().len(), 4);
}

/// Every `a` of a reader, by partition.
fn column_a(reader: &TableReader) -> Result<BTreeMap<usize, Vec<i32>>, ReadError> {
    let mut cursor = reader.cursor(Direction::Forward, None, &reader.all_rows());
    let mut out = BTreeMap::new();
    while let Some(frame) = cursor.next_frame()? {
        for slice in frame.column(0)? {
            let ColumnSlice::Fixed(slice) = slice else {
                panic!("nulls")
            };
            let values = slice
                .chunks::<4>()
                .unwrap()
                .iter()
                .map(|w| i32::from_le_bytes(*w));
            out.insert(frame.partition_index(), values.collect());
        }
        cursor.release_open_partitions();
    }
    Ok(out)
}

/// A writer that commits at any open of any file, as a seeded coin says; every result that is
/// revalidated is one of its commits, and most attempts give one.
#[test]
fn whatever_a_writer_does_in_between_a_result_is_exactly_one_commit() {
    let covered = beside_a_writer(Validation::Covered);
    let observed = beside_a_writer(Validation::Observed);
    assert!(covered >= 30, "{covered} of 150");
    assert!(observed > covered, "{observed} observed, {covered} covered");
}

/// How many of 150 attempts succeed, each of them right.
fn beside_a_writer(validation: Validation) -> usize {
    let (copied, writer) = by_day();
    for partition in 0..5 {
        writer.rewrite(partition, -1);
    }
    let first = writer.txn().version;
    // What column `a` holds at each commit, by partition.
    let history = Arc::new(Mutex::new(BTreeMap::from([(first, vec![-1; 5])])));
    let (log, mut coin) = (Arc::clone(&history), ChaCha8Rng::seed_from_u64(20_240_229));
    let vfs = SpyVfs::new(move |_| {
        if coin.random_ratio(1, 25) {
            let mut history = log.lock().unwrap();
            let (version, state) = history.last_key_value().unwrap();
            let (version, mut state) = (version + 1, state.clone());
            let partition = coin.random_range(0..5);
            state[partition] = i32::try_from(version).unwrap();
            writer.rewrite(partition, state[partition]);
            history.insert(version, state);
        }
        Ok(())
    });
    let root = root_over(vfs, &copied.table);
    let mut good = 0;
    for round in 0..150 {
        let opts = OpenOptions {
            columns: Some(vec!["a".to_owned(), "s".to_owned()]),
            read_mode: if round % 2 == 0 {
                ReadMode::Mapped
            } else {
                ReadMode::Positional
            },
            // Every third reader finds its files only when it reaches them.
            descriptor_max: (round % 3 == 0).then_some(0),
            validation,
            ..patient()
        };
        let reader = TableReader::open(&root, &opts).unwrap();
        let read = column_a(&reader).and_then(|read| reader.revalidate().map(|()| read));
        match read {
            Ok(read) => {
                let history = history.lock().unwrap();
                let state = &history[&reader.snapshot().txn.version];
                for (i, (p, value)) in reader.partitions().iter().zip(state).enumerate() {
                    assert_eq!(read[&i].len() as u64, p.rows, "round {round}");
                    assert!(read[&i].iter().all(|a| a == value), "round {round}");
                }
                good += 1;
            }
            Err(e) if e.is_stale() => {}
            Err(e) => panic!("round {round}: {e}"),
        }
    }
    assert!(history.lock().unwrap().len() > 50);
    good
}
