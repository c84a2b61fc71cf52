//! Rows by time: equal to what looking at every row finds.

use column_format::ColumnSlice;
use table_reader::{Cursor, Direction, ReadError, RowSelection, TableReader};
use testkit::cases;

use crate::support::{open, readable};

/// Timestamps of a selection, in order.
fn timestamps(reader: &TableReader, rows: &RowSelection) -> Vec<i64> {
    let ts = reader.columns().iter().position(|c| c.designated).unwrap();
    let mut cursor = reader.cursor(Direction::Forward, None, rows);
    let mut out = Vec::new();
    while let Some(frame) = cursor.next_frame().unwrap() {
        for slice in frame.column(ts).unwrap() {
            let ColumnSlice::Fixed(slice) = slice else {
                panic!("a null timestamp")
            };
            out.extend(
                slice
                    .chunks::<8>()
                    .unwrap()
                    .iter()
                    .map(|w| i64::from_le_bytes(*w)),
            );
        }
    }
    out
}

/// Bounds worth asking for: edges of partitions, of the table, of rows, and beyond.
fn bounds(reader: &TableReader, all: &[i64]) -> Vec<Option<i64>> {
    let mut out: Vec<i64> = vec![i64::MIN, 0, i64::MAX];
    let around = |t: i64| [t.saturating_sub(1), t, t.saturating_add(1)];
    out.extend(
        reader
            .partitions()
            .iter()
            .take(12)
            .flat_map(|p| around(p.timestamp)),
    );
    let picks = [
        0,
        1,
        all.len() / 3,
        all.len() / 2,
        all.len().saturating_sub(1),
    ];
    out.extend(
        picks
            .iter()
            .filter_map(|i| all.get(*i))
            .flat_map(|t| around(*t)),
    );
    out.sort_unstable();
    out.dedup();
    std::iter::once(None)
        .chain(out.into_iter().map(Some))
        .collect()
}

#[test]
fn a_time_range_selects_exactly_the_rows_inside_it() {
    for case in cases() {
        let (table, _copy) = readable(&case);
        let reader = open(&table);
        if !reader.columns().iter().any(|c| c.designated) {
            continue;
        }
        let all = timestamps(&reader, &reader.all_rows());
        let bounds = bounds(&reader, &all);
        for from in &bounds {
            for to in &bounds {
                let rows = reader.rows_between(*from, *to).unwrap();
                let lo = all.partition_point(|t| from.is_some_and(|from| *t < from));
                let hi = all.partition_point(|t| to.is_none_or(|to| *t < to)).max(lo);
                assert_eq!(
                    rows.rows(),
                    (hi - lo) as u64,
                    "{} {from:?}..{to:?}",
                    case.id
                );
                if all.len() < 200 {
                    assert_eq!(timestamps(&reader, &rows), all[lo..hi], "{}", case.id);
                }
            }
        }
    }
}

#[test]
fn pruning_by_time_maps_nothing() {
    let reader = open(&testkit::case("questdb/trades").table());
    let (lo, hi) = (
        reader.snapshot().txn.min_timestamp,
        reader.snapshot().txn.max_timestamp,
    );
    let rows = reader
        .rows_between(Some(lo + (hi - lo) / 3), Some(hi - (hi - lo) / 3))
        .unwrap();
    assert!(rows.rows() > 0 && rows.rows() < reader.rows());
    assert_eq!(reader.root().stats().mappings_opened(), 0);
    let touched = rows.parts().iter().map(|p| p.partition).collect::<Vec<_>>();
    let mut cursor = reader.cursor(Direction::Forward, None, &rows);
    while cursor.next_frame().unwrap().is_some() {}
    assert_eq!(reader.open_partition_count(), touched.len());
}

#[test]
fn a_table_without_a_designated_timestamp_refuses_a_range() {
    let case = testkit::case("questdb/no_timestamp");
    let error = open(&case.table()).rows_between(None, Some(7)).unwrap_err();
    assert!(matches!(error, ReadError::NoDesignatedTimestamp { path } if path == case.table()));
}
