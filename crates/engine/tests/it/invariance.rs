//! P2: bytes of the output depend on rows and options, on nothing else.
//!
//! Invariants: the whole file is the same for every frame size; the row groups are the same for
//! every cut of the same rows into partitions, whether nulls are stored or lie above a column top.

use std::num::NonZeroUsize;
use std::path::Path;

use engine::ExportRequest;
use pq_format::{RowGroup, read_footer};
use proptest::prelude::*;
use testkit::{case, temp_dir};
use txn::PartitionBy;

use crate::export::export_bytes;
use crate::recut::Source;
use crate::support::Table;

/// Each row group: what the footer says about it, and its bytes.
fn row_groups(file: &[u8]) -> Vec<(RowGroup, Vec<u8>)> {
    let footer = read_footer(file).unwrap();
    let mut end = 4;
    footer
        .row_groups
        .into_iter()
        .map(|group| {
            let start = end;
            end += usize::try_from(group.total_compressed_size.unwrap()).unwrap();
            (group, file[start..end].to_vec())
        })
        .collect()
}

/// Everything about the row groups but where the page index behind the last of them lies.
fn assert_same_row_groups(what: &str, left: &[u8], right: &[u8]) {
    let (left, right) = (row_groups(left), row_groups(right));
    assert_eq!(left.len(), right.len(), "{what}");
    for (idx, (left, right)) in left.iter().zip(&right).enumerate() {
        assert_eq!(left.0, right.0, "{what}: footer of row group {idx}");
        assert!(left.1 == right.1, "{what}: bytes of row group {idx}");
    }
}

fn export(table: &Path, change: impl FnOnce(&mut ExportRequest)) -> Vec<u8> {
    export_bytes(table, change).unwrap().1
}

#[test]
fn frames_of_one_a_thousand_and_all_rows_give_the_same_file() {
    let ids = [
        "questdb/all_types",
        "questdb/column_tops",
        "questdb/splits",
        "questdb/zero_columns_added",
        "questdb/high_cardinality_symbol",
        "questdb/no_timestamp",
        "questdb/nanos",
    ];
    for id in ids {
        let table = Table::of(&case(id));
        for (rows, bytes) in [(1_000_000, u64::MAX), (100, u64::MAX), (1_000_000, 20_000)] {
            let with = |frame_rows| {
                export(&table.path, |r| {
                    (r.row_group_rows, r.row_group_bytes) = (rows, bytes);
                    r.frame_rows = frame_rows;
                })
            };
            let all = with(None);
            for frame_rows in [1, 7, 1_000] {
                assert!(
                    all == with(NonZeroUsize::new(frame_rows)),
                    "{id}: frames of {frame_rows}"
                );
            }
        }
    }
}

#[test]
fn row_groups_end_where_rows_or_bytes_say() {
    let table = case("questdb/splits").table();
    let rows = |file: &[u8]| -> Vec<u64> {
        row_groups(file)
            .into_iter()
            .map(|(group, _)| group.num_rows)
            .collect()
    };
    let by_rows = rows(&export(&table, |r| r.row_group_rows = 4_000));
    assert_eq!(by_rows, [4_000, 4_000, 2_330]);
    let by_bytes = rows(&export(&table, |r| r.row_group_bytes = 100_000));
    assert!(by_bytes.len() > 3, "{by_bytes:?}");
    let one_by_one = rows(&export(&case("questdb/by_day").table(), |r| {
        r.row_group_bytes = 1;
    }));
    assert_eq!(one_by_one, [1; 80]);
}

#[test]
fn every_partition_unit_gives_the_same_row_groups() {
    let source = Source::open(&case("questdb/all_types").table());
    let scratch = temp_dir();
    let dir = |name: &str| scratch.path().join(name);
    source.write(&dir("none"), PartitionBy::None, &[]);
    source.write(&dir("day"), PartitionBy::Day, &[96]);
    source.write(&dir("year"), PartitionBy::Year, &[]);
    source.write(
        &dir("every row"),
        PartitionBy::Hour,
        &source.possible_cuts(),
    );
    for row_group_rows in [1_000_000, 50] {
        let with = |dir: &Path| export(dir, |r| r.row_group_rows = row_group_rows);
        let expected = with(&dir("none"));
        for name in ["day", "year", "every row"] {
            assert_same_row_groups(name, &with(&dir(name)), &expected);
        }
        // The table that QuestDB wrote holds the same rows.
        assert_same_row_groups(
            "QuestDB's",
            &with(&case("questdb/all_types").table()),
            &expected,
        );
    }
}

#[test]
fn nulls_above_a_column_top_and_stored_nulls_give_the_same_row_groups() {
    for id in [
        "questdb/column_tops",
        "questdb/zero_columns_added",
        "questdb/old_814/tops",
    ] {
        let table = case(id).table();
        let source = Source::open(&table);
        let scratch = temp_dir();
        let dense = scratch.path().join("dense");
        source.write(&dense, PartitionBy::Year, &[]);
        for (rows, bytes) in [(1_000_000, u64::MAX), (25, u64::MAX), (1_000_000, 3_000)] {
            let with = |dir: &Path| {
                let file = export(dir, |r| {
                    (r.row_group_rows, r.row_group_bytes) = (rows, bytes);
                });
                // Field ids tell how a column came to be; the rows do not.
                row_groups(&file)
            };
            assert!(
                with(&table) == with(&dense),
                "{id}: row groups of {rows} rows, {bytes} bytes"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_cut_into_partitions_gives_the_same_row_groups(
        picks in prop::collection::btree_set(0_usize..10_000, 0..12),
        row_group_rows in 1_u64..200,
        row_group_bytes in 500_u64..200_000,
    ) {
        let source = Source::open(&case("questdb/all_types").table());
        let possible = source.possible_cuts();
        let cuts: std::collections::BTreeSet<usize> =
            picks.iter().map(|pick| possible[pick % possible.len()]).collect();
        let cuts: Vec<usize> = cuts.into_iter().collect();
        let scratch = temp_dir();
        let (one, many) = (scratch.path().join("one"), scratch.path().join("many"));
        source.write(&one, PartitionBy::Day, &[]);
        source.write(&many, PartitionBy::Day, &cuts);
        let with = |dir: &Path| {
            export(dir, |r| {
                (r.row_group_rows, r.row_group_bytes) = (row_group_rows, row_group_bytes);
            })
        };
        assert_same_row_groups("cut", &with(&many), &with(&one));
    }
}
