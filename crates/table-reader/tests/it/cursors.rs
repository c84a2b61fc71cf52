//! Cursors: what they hold, what they release, where they start again (M2), and every wrapper
//! around them (M3).

use std::num::NonZeroUsize;

use column_format::{ColumnSlice, ColumnType};
use mmap_io::ScanProfile;
use table_reader::{
    CancelToken, Cursor, Direction, ExtraNulls, FrameCursor, Projection, QueryRegistry, ReadError,
    RegisteredQuery, TableReader,
};

use crate::support::{digest, open};

/// Seven daily partitions, several frames each.
fn trades() -> TableReader {
    open(&testkit::case("questdb/splits").table())
}

fn cursor(reader: &TableReader, direction: Direction, frame_rows: usize) -> FrameCursor {
    reader.cursor(direction, NonZeroUsize::new(frame_rows), &reader.all_rows())
}

/// Reads to the end, calling `each` after every frame with its partition.
fn run(cursor: &mut impl Cursor, mut each: impl FnMut(&mut dyn Cursor, usize)) -> Vec<usize> {
    let mut partitions = Vec::new();
    while let Some(frame) = cursor.next_frame().unwrap() {
        partitions.push(frame.partition_index());
        each(cursor, frame.partition_index());
    }
    partitions
}

#[test]
fn nothing_is_open_before_the_first_frame() {
    let reader = trades();
    let mut cursor = cursor(&reader, Direction::Forward, 100);
    assert_eq!(
        (
            cursor.open_partition_count(),
            cursor.mapped_partition_count()
        ),
        (0, 0)
    );
    cursor.release_open_partitions();
    cursor.to_top();
    assert_eq!(
        (
            reader.open_partition_count(),
            reader.mapped_partition_count()
        ),
        (0, 0)
    );
    assert_eq!(reader.root().stats().mapped_now(), 0);
}

#[test]
fn default_keeps_every_partition_open() {
    let reader = trades();
    let count = reader.partitions().len();
    assert!(count >= 7);
    let mut seen = 0;
    let mut cursor = cursor(&reader, Direction::Forward, usize::MAX);
    run(&mut cursor, |c, _| {
        seen += 1;
        assert_eq!(c.open_partition_count(), seen);
    });
    assert_eq!(seen, count);
    assert_eq!(
        cursor.next_frame().unwrap().map(|f| f.rows()),
        None,
        "the end is the end"
    );
    assert_eq!(reader.open_partition_count(), count);
    drop(cursor);
    assert_eq!(
        reader.open_partition_count(),
        count,
        "the reader holds them, not the cursor"
    );
    reader.close_all_partitions();
    assert_eq!(
        (
            reader.open_partition_count(),
            reader.mapped_partition_count()
        ),
        (0, 0)
    );
}

#[test]
fn forward_release_keeps_the_current_partition_only() {
    releases(Direction::Forward, usize::MAX);
}

#[test]
fn backward_release_keeps_the_current_partition_only() {
    releases(Direction::Backward, usize::MAX);
}

#[test]
fn several_frames_of_a_partition_forward_do_not_reopen_it() {
    releases(Direction::Forward, 50);
}

#[test]
fn several_frames_of_a_partition_backward_do_not_reopen_it() {
    releases(Direction::Backward, 50);
}

fn releases(direction: Direction, frame_rows: usize) {
    let reader = trades();
    let mapped_once = {
        let mut cursor = cursor(&reader, direction, usize::MAX);
        run(&mut cursor, |_, _| ());
        reader.close_all_partitions();
        reader.root().stats().mappings_opened()
    };
    let mut cursor = cursor(&reader, direction, frame_rows);
    let partitions = run(&mut cursor, |c, _| {
        c.release_open_partitions();
        assert_eq!(
            (c.open_partition_count(), c.mapped_partition_count()),
            (1, 1)
        );
    });
    let frames = reader
        .partitions()
        .iter()
        .map(|p| p.rows.div_ceil(frame_rows as u64));
    assert_eq!(partitions.len() as u64, frames.sum::<u64>());
    // As many mappings as for one pass with one frame per partition: none was made twice.
    assert_eq!(reader.root().stats().mappings_opened(), 2 * mapped_once);
    cursor.to_top();
    cursor.release_open_partitions();
    assert_eq!(
        reader.mapped_partition_count(),
        0,
        "at the top there is no current partition"
    );
}

#[test]
fn to_top_starts_again_and_delivers_the_same() {
    for direction in [Direction::Forward, Direction::Backward] {
        let reader = trades();
        let mut cursor = cursor(&reader, direction, 300);
        let first = digest(&reader, &mut cursor);
        assert!(cursor.next_frame().unwrap().is_none());
        cursor.release_open_partitions();
        cursor.to_top();
        assert_eq!(digest(&reader, &mut cursor), first);
        cursor.to_top();
        for _ in 0..5 {
            cursor.next_frame().unwrap().unwrap();
        }
        cursor.to_top();
        assert_eq!(
            digest(&reader, &mut cursor),
            first,
            "{direction:?}: from the middle"
        );
    }
}

#[test]
fn close_partition_closes_that_one_and_says_whether_it_was_open() {
    let reader = trades();
    let mut cursor = cursor(&reader, Direction::Forward, usize::MAX);
    run(&mut cursor, |_, _| ());
    assert!(cursor.close_partition(2));
    assert!(!cursor.close_partition(2));
    assert!(!cursor.close_partition(usize::MAX));
    assert_eq!(reader.open_partition_count(), reader.partitions().len() - 1);
}

#[test]
fn a_profile_counts_for_the_partitions_opened_after_it() {
    let reader = trades();
    let mut cursor = cursor(&reader, Direction::Forward, usize::MAX);
    let cached = cursor.next_frame().unwrap().unwrap();
    cursor.set_scan_profile(ScanProfile::Sequential);
    let sequential = cursor.next_frame().unwrap().unwrap();
    assert_eq!(cached.scan_profile(), ScanProfile::Cached);
    assert_eq!(sequential.scan_profile(), ScanProfile::Sequential);
}

/// What every wrapper must do: deliver all rows, release, close, count, reset, pass the profile.
fn wraps(reader: &TableReader, mut wrapped: impl Cursor) {
    let rows: usize = {
        let mut rows = 0;
        while let Some(frame) = wrapped.next_frame().unwrap() {
            rows += frame.rows();
            assert_eq!(frame.columns(), &wrapped.columns()[..]);
        }
        rows
    };
    assert_eq!(rows as u64, reader.rows());
    let all = reader.partitions().len();
    assert_eq!(
        (
            wrapped.open_partition_count(),
            wrapped.mapped_partition_count()
        ),
        (all, all)
    );
    assert!(wrapped.close_partition(0), "close_partition is forwarded");
    assert_eq!(wrapped.open_partition_count(), all - 1);
    wrapped.release_open_partitions();
    assert_eq!(reader.open_partition_count(), 1, "release is forwarded");
    wrapped.to_top();
    wrapped.release_open_partitions();
    assert_eq!(reader.mapped_partition_count(), 0);
    wrapped.set_scan_profile(ScanProfile::SequentialEvict);
    let frame = wrapped.next_frame().unwrap().unwrap();
    assert_eq!(frame.partition_index(), 0, "to_top is forwarded");
    assert_eq!(
        frame.scan_profile(),
        ScanProfile::SequentialEvict,
        "the profile is forwarded"
    );
}

#[test]
fn projection_forwards_everything_and_picks_columns() {
    let reader = trades();
    let inner = || cursor(&reader, Direction::Forward, 1000);
    wraps(&reader, Projection::new(inner(), &[3, 0, 3]).unwrap());
    let all = digest(&reader, &mut inner());
    let picked = digest(&reader, &mut Projection::new(inner(), &[3, 0, 3]).unwrap());
    assert_eq!(picked.columns, [3, 0, 3].map(|i: usize| all.columns[i]));
    let beyond = Projection::new(inner(), &[0, 99]).unwrap_err();
    assert!(matches!(beyond, ReadError::NoSuchColumn { found: 99, .. }));
}

#[test]
fn extra_nulls_forward_everything_and_append_null_columns() {
    let reader = trades();
    let count = reader.columns().len();
    let extra = [
        ("venue".to_owned(), ColumnType::Symbol),
        ("n".to_owned(), ColumnType::Long),
    ];
    let inner = || cursor(&reader, Direction::Backward, 1000);
    wraps(
        &reader,
        ExtraNulls::new(cursor(&reader, Direction::Forward, 9), extra.clone()).unwrap(),
    );
    let mut wrapped = ExtraNulls::new(inner(), extra.clone()).unwrap();
    let frame = wrapped.next_frame().unwrap().unwrap();
    assert_eq!(frame.columns()[count].name, "venue");
    assert_eq!(frame.columns()[count + 1].column_type, ColumnType::Long);
    let slices: Vec<_> = frame.column(count).unwrap().into_iter().collect();
    assert!(matches!(slices[..], [ColumnSlice::Nulls { rows }] if rows == frame.rows()));
    assert!(matches!(
        frame.column(count + 2),
        Err(ReadError::NoSuchColumn { .. })
    ));
    let own = reader.columns()[0].name.clone();
    let taken = ExtraNulls::new(inner(), [(own.clone(), ColumnType::Int)]).unwrap_err();
    assert!(matches!(taken, ReadError::DuplicateColumn { name } if name == own));
}

#[test]
fn a_registered_query_forwards_everything() {
    let reader = trades();
    let registry = QueryRegistry::new();
    let handle = registry.register("test", CancelToken::new(), None);
    wraps(
        &reader,
        RegisteredQuery::new(cursor(&reader, Direction::Forward, 100), handle),
    );
}

/// Every wrapper, in both directions, over native and Parquet partitions: all rows, in order, one
/// partition held while frames come and go.
#[test]
fn wrappers_release_after_every_frame_in_both_directions() {
    for id in ["questdb/trades", "questdb/parquet_o3/after3"] {
        let copied = crate::support::readable(&testkit::case(id));
        let reader = open(&copied.0);
        let registry = QueryRegistry::new();
        let handle = || registry.register("wrapped", CancelToken::new(), None);
        let last = reader.columns().len() - 1;
        for direction in [Direction::Forward, Direction::Backward] {
            let inner = || cursor(&reader, direction, 700);
            let extra = [("none of these".to_owned(), ColumnType::Long)];
            let wrapped: [Box<dyn Cursor>; 3] = [
                Box::new(Projection::new(inner(), &[last, 0]).unwrap()),
                Box::new(ExtraNulls::new(inner(), extra).unwrap()),
                Box::new(RegisteredQuery::new(inner(), handle())),
            ];
            let places = |cursor: &mut dyn Cursor| {
                let mut places = Vec::new();
                while let Some(frame) = cursor.next_frame().unwrap() {
                    let columns = frame.columns().len();
                    let rows: usize = frame.column(columns - 1).unwrap().rows();
                    assert_eq!(rows, frame.rows());
                    places.push((frame.partition_index(), frame.row_lo(), frame.rows()));
                    drop(frame);
                    cursor.release_open_partitions();
                    assert_eq!(cursor.open_partition_count(), 1);
                    assert_eq!(cursor.mapped_partition_count(), 1);
                }
                cursor.to_top();
                cursor.release_open_partitions();
                assert_eq!(reader.mapped_partition_count(), 0);
                places
            };
            let expected = places(&mut inner());
            assert_eq!(
                expected.iter().map(|p| p.2 as u64).sum::<u64>(),
                reader.rows()
            );
            assert_eq!(expected.is_sorted(), direction == Direction::Forward);
            for mut wrapped in wrapped {
                assert_eq!(places(&mut wrapped), expected, "{id} {direction:?}");
            }
        }
    }
}

#[test]
fn wrappers_nest_and_box() {
    let reader = trades();
    let registry = QueryRegistry::new();
    let inner = cursor(&reader, Direction::Forward, 500);
    let nulls = ExtraNulls::new(inner, [("x".to_owned(), ColumnType::Double)]).unwrap();
    let last = nulls.columns().len() - 1;
    let picked = Projection::new(nulls, &[last, 1]).unwrap();
    let boxed: Box<dyn Cursor> = Box::new(picked);
    let handle = registry.register("nested", CancelToken::new(), None);
    let mut all = RegisteredQuery::new(boxed, handle);
    let frame = all.next_frame().unwrap().unwrap();
    assert_eq!(frame.columns()[0].reader_index(), None);
    assert_eq!(frame.columns()[1].reader_index(), Some(1));
    drop(frame);
    all.to_top();
    wraps(&reader, all);
}
