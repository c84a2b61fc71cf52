//! Every stored table: rows, names, types, and the same values whatever the frames.

use std::num::NonZeroUsize;

use table_reader::{Cursor, Direction, Frame, OpenOptions, ReadError, RowSelection, TableReader};
use testkit::{Case, cases};

use crate::support::{Digest, digest, digest_frames, impatient, open, open_error, readable, root};

fn size(rows: usize) -> Option<NonZeroUsize> {
    NonZeroUsize::new(rows)
}

fn frames(reader: &TableReader, direction: Direction, rows: Option<NonZeroUsize>) -> Vec<Frame> {
    let mut cursor = reader.cursor(direction, rows, &reader.all_rows());
    std::iter::from_fn(|| cursor.next_frame().unwrap()).collect()
}

#[test]
fn every_table_has_the_rows_that_questdb_counts() {
    for case in cases() {
        let (table, _copy) = readable(&case);
        let reader = open(&table);
        assert_eq!(reader.rows(), case.rows, "{}", case.id);
        assert_eq!(reader.snapshot().rows(), case.rows, "{}", case.id);
        assert_eq!(reader.snapshot().name, case.name, "{}", case.id);
        for rows in [None, size(7), size(1000)] {
            let frames = frames(&reader, Direction::Forward, rows);
            let sum: usize = frames.iter().map(Frame::rows).sum();
            assert_eq!(sum as u64, case.rows, "{}", case.id);
            assert!(
                frames.iter().all(|f| f.rows() > 0),
                "{}: an empty frame",
                case.id
            );
        }
    }
}

/// All of a small table, both ends of a large one.
fn rows_to_compare(reader: &TableReader) -> Vec<RowSelection> {
    const SOME: u64 = 15_000;
    match reader.rows() {
        ..=SOME => vec![reader.all_rows()],
        _ => vec![
            reader.all_rows().first(SOME / 2),
            reader.all_rows().last(SOME / 2),
        ],
    }
}

#[test]
fn frames_of_one_of_a_thousand_and_of_all_rows_hold_equal_values() {
    for case in cases() {
        let (table, _copy) = readable(&case);
        let reader = open(&table);
        for rows in rows_to_compare(&reader) {
            let read = |frame_rows| -> Digest {
                digest(
                    &reader,
                    &mut reader.cursor(Direction::Forward, frame_rows, &rows),
                )
            };
            let all = read(None);
            assert_eq!(all.rows, rows.rows(), "{}", case.id);
            assert_eq!(read(size(1)), all, "{}: frames of one row", case.id);
            assert_eq!(read(size(1000)), all, "{}: frames of 1,000 rows", case.id);
        }
    }
}

#[test]
fn backward_is_forward_reversed() {
    for case in cases() {
        let (table, _copy) = readable(&case);
        let reader = open(&table);
        for rows in [size(13), size(1000), None] {
            let place = |f: &Frame| (f.partition_index(), f.row_lo(), f.row_hi());
            let forward = frames(&reader, Direction::Forward, rows);
            let mut backward = frames(&reader, Direction::Backward, rows);
            backward.reverse();
            let places = |frames: &[Frame]| frames.iter().map(place).collect::<Vec<_>>();
            assert_eq!(places(&forward), places(&backward), "{}", case.id);
            if reader.rows() <= 1000 {
                let forward = digest_frames(&reader, forward.into_iter());
                assert_eq!(
                    forward,
                    digest_frames(&reader, backward.into_iter()),
                    "{}",
                    case.id
                );
            }
        }
    }
}

#[test]
fn rows_are_in_designated_order_and_inside_their_partition() {
    for case in cases() {
        let (table, _copy) = readable(&case);
        let reader = open(&table);
        let Some(ts) = reader.columns().iter().position(|c| c.designated) else {
            continue;
        };
        let mut last = i64::MIN;
        for frame in frames(&reader, Direction::Forward, None) {
            let floor = reader.partitions()[frame.partition_index()].timestamp;
            for slice in frame.column(ts).unwrap() {
                let column_format::ColumnSlice::Fixed(slice) = slice else {
                    panic!("{}: nulls in the designated timestamp", case.id);
                };
                for word in slice.chunks::<8>().unwrap() {
                    let at = i64::from_le_bytes(*word);
                    assert!(at >= last && at >= floor, "{}: {at} after {last}", case.id);
                    last = at;
                }
            }
        }
    }
}

#[test]
fn metadata_without_data_opens_when_no_column_is_selected() {
    // The copy that CHECKPOINT makes: `_txn`, `_cv` and `_meta` with one area filled, no data.
    let case = testkit::case("questdb/checkpoint");
    let copied = case.dir.join("checkpoint").join(&case.directory);
    let opts = OpenOptions {
        columns: Some(Vec::new()),
        ..impatient()
    };
    let reader = TableReader::open(&root(&copied), &opts).unwrap();
    assert_eq!(reader.rows(), case.rows);
    assert_eq!(reader.snapshot().meta, open(&case.table()).snapshot().meta);
    assert!(matches!(open_error(&copied), ReadError::MissingFile { .. }));
}

#[test]
fn things_that_are_no_tables_say_so() {
    let scratch = testkit::temp_dir();
    assert!(
        matches!(open_error(scratch.path()), ReadError::NotATable { path } if path == scratch.path())
    );
}

fn only(case: &Case, columns: &[&str]) -> Result<TableReader, ReadError> {
    let columns = columns.iter().map(|c| (*c).to_owned()).collect();
    let opts = OpenOptions {
        columns: Some(columns),
        ..impatient()
    };
    TableReader::open(&root(&case.table()), &opts)
}

#[test]
fn a_projection_reads_the_same_values_in_the_order_asked_for() {
    let case = testkit::case("questdb/column_tops");
    let all = open(&case.table());
    let names: Vec<&str> = all
        .columns()
        .iter()
        .rev()
        .step_by(3)
        .map(|c| &*c.name)
        .collect();
    let some = only(&case, &names).unwrap();
    let picked: Vec<&str> = some.columns().iter().map(|c| &*c.name).collect();
    assert_eq!(picked, names);
    let whole = digest(
        &all,
        &mut all.cursor(Direction::Forward, None, &all.all_rows()),
    );
    let part = digest(
        &some,
        &mut some.cursor(Direction::Forward, None, &some.all_rows()),
    );
    let of = |name: &str| all.columns().iter().position(|c| c.name == name).unwrap();
    let expected: Vec<u64> = names.iter().map(|n| whole.columns[of(n)]).collect();
    assert_eq!(part.columns, expected);
}

#[test]
fn names_match_exactly_or_without_case_and_unknown_ones_name_what_exists() {
    let case = testkit::case("questdb/by_day");
    assert_eq!(only(&case, &["TS"]).unwrap().columns()[0].name, "ts");
    match only(&case, &["ts", "nope"]).unwrap_err() {
        ReadError::UnknownColumn { name, available } => {
            assert_eq!(name, "nope");
            assert!(available.contains(&"ts".to_owned()), "{available:?}");
        }
        e => panic!("{e}"),
    }
    let twice = only(&case, &["ts", "TS"]).unwrap_err();
    assert!(matches!(twice, ReadError::DuplicateColumn { name } if name == "ts"));
}

#[test]
fn no_columns_still_have_rows() {
    let case = testkit::case("questdb/by_day");
    let reader = only(&case, &[]).unwrap();
    let read = digest(
        &reader,
        &mut reader.cursor(Direction::Forward, size(9), &reader.all_rows()),
    );
    assert_eq!(
        read,
        Digest {
            rows: case.rows,
            columns: Vec::new()
        }
    );
}

#[test]
fn symbol_dictionaries_hold_the_committed_values_only() {
    for case in cases() {
        let (table, _copy) = readable(&case);
        let reader = open(&table);
        for (i, column) in reader.columns().iter().enumerate() {
            let count = column
                .symbol_index
                .map_or(0, |s| reader.snapshot().txn.symbol_counts[s]);
            assert_eq!(
                reader.symbols(i).unwrap().len(),
                count,
                "{} {}",
                case.id,
                column.name
            );
        }
        assert!(matches!(
            reader.symbols(reader.columns().len()),
            Err(ReadError::NoSuchColumn { .. })
        ));
    }
}
