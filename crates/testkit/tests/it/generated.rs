//! Generated tables: same seed, same bytes; the promised shape; files of exact length.
//!
//! Invariants, for each workload: timestamps ascend and lie in their partition; every file holds
//! what the row count requires and not a byte more; symbol keys are in the dictionary; indexes list
//! the rows that the column holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use column_format::{BitmapIndexView, ColumnType, Layout, Value, index_key};
use mmap_io::RealVfs;
use testkit::generate::{GenError, Generated, Request, Workload, generate};
use testkit::{entries, temp_dir};
use txn::column_file_name;

use crate::naive::Naive;

fn make(workload: Workload, rows: u64, partitions: u64, seed: u64, out: &Path) -> Generated {
    let request = Request {
        seed,
        ..Request::new(workload, rows, partitions, out)
    };
    generate(&RealVfs, &request).unwrap()
}

/// Every file of a directory with its bytes.
fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let names = entries(dir).unwrap().into_iter();
    let files = names.filter(|name| dir.join(name).is_file());
    files
        .map(|name| (name.clone(), fs::read(dir.join(name)).unwrap()))
        .collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_does_not() {
    let scratch = temp_dir();
    for workload in Workload::ALL {
        let dir = |n: u32| scratch.path().join(format!("{workload}{n}"));
        make(workload, 600, 3, 5, &dir(1));
        make(workload, 600, 3, 5, &dir(2));
        make(workload, 600, 3, 6, &dir(3));
        let first = contents(&dir(1));
        assert!(first == contents(&dir(2)), "{workload}: not the same twice");
        assert!(
            first != contents(&dir(3)),
            "{workload}: the seed changes nothing"
        );
    }
}

#[test]
fn what_was_made_is_what_was_asked_for() {
    let scratch = temp_dir();
    for (workload, columns) in [
        (Workload::Trades, 7),
        (Workload::Cpu, 21),
        (Workload::Wide, 300),
    ] {
        let dir = scratch.path().join(workload.to_string());
        let made = make(workload, 1000, 7, 1, &dir);
        let bytes: usize = contents(&dir).values().map(Vec::len).sum();
        assert_eq!(
            (made.rows, made.partitions, made.columns),
            (1000, 7, columns)
        );
        assert_eq!(made.bytes, bytes as u64, "{workload}");
        let table = Naive::open(&dir);
        assert_eq!(table.txn.rows(), 1000);
        assert_eq!(table.meta.columns.len(), columns);
        assert_eq!(table.meta.columns[0].name, "timestamp");
        assert_eq!(table.meta.designated, Some(0));
        assert_eq!(
            i64::from(table.txn.metadata_version()),
            table.meta.metadata_version
        );
        assert_eq!(table.txn.column_version, table.cv.version);
    }
}

#[test]
fn timestamps_ascend_and_lie_in_their_partitions() {
    let scratch = temp_dir();
    for workload in Workload::ALL {
        let dir = scratch.path().join(workload.to_string());
        make(workload, 5000, 4, 1, &dir);
        let table = Naive::open(&dir);
        let floors: Vec<i64> = table
            .txn
            .entries
            .iter()
            .map(|entry| entry.timestamp)
            .collect();
        let mut seen = Vec::new();
        table.each(0, |part, _, value| {
            let Value::Timestamp(at, _) = value else {
                panic!("{value:?}")
            };
            assert!(
                seen.last().is_none_or(|last| *last <= at),
                "{workload}: {at} after {seen:?}"
            );
            assert!(
                (floors[part]..floors[part] + 86_400_000_000).contains(&at),
                "{workload}"
            );
            seen.push(at);
        });
        assert_eq!(
            seen.first().copied(),
            Some(table.txn.min_timestamp),
            "{workload}"
        );
        assert_eq!(
            seen.last().copied(),
            Some(table.txn.max_timestamp),
            "{workload}"
        );
    }
}

#[test]
fn column_files_have_exactly_the_required_length() {
    let scratch = temp_dir();
    let dir = scratch.path().join("wide");
    make(Workload::Wide, 900, 5, 1, &dir);
    let table = Naive::open(&dir);
    let mut tops = 0;
    for column in 0..table.meta.columns.len() {
        let layout = table.column_type(column).layout();
        for part in table.parts(column) {
            let rows = part.rows - part.absent;
            tops += u64::from(part.absent > 0 && rows > 0);
            if rows == 0 {
                continue;
            }
            let data = match layout {
                Layout::Fixed(width) => rows * width as u64,
                _ => {
                    assert_eq!(layout.aux_len(rows), Some(part.aux.len() as u64));
                    let tail = layout.aux_tail(rows);
                    let tail =
                        usize::try_from(tail.start).unwrap()..usize::try_from(tail.end).unwrap();
                    layout.data_len(rows, &part.aux[tail]).unwrap()
                }
            };
            assert_eq!(data, part.data.len() as u64, "{column}");
        }
    }
    assert!(
        tops >= 100,
        "{tops} column tops: the late columns should have one each"
    );
}

#[test]
fn wide_is_as_sparse_as_promised_and_its_text_as_long() {
    let scratch = temp_dir();
    let dir = scratch.path().join("wide");
    make(Workload::Wide, 3000, 2, 1, &dir);
    let table = Naive::open(&dir);
    let (mut sparse, mut full, mut types) = (0, 0, BTreeSet::new());
    let mut longest = 0;
    for column in 1..table.meta.columns.len() {
        let column_type = table.column_type(column);
        types.insert(column_type.to_string());
        let (mut nulls, mut values) = (0_u32, 0_u32);
        table.each(column, |_, _, value| {
            values += 1;
            nulls += u32::from(value.is_null());
            if let Value::Varchar(text) = value {
                assert!(std::str::from_utf8(text).is_ok());
                longest = longest.max(text.len());
            }
        });
        if !column_type.has_null() {
            continue;
        }
        match f64::from(nulls) / f64::from(values) {
            0.0 => full += 1,
            share if (0.85..0.95).contains(&share) => sparse += 1,
            share => panic!("column {column} ({column_type}): {share} null"),
        }
    }
    assert_eq!(types.len(), 31);
    assert!(sparse > full && full > 80, "{sparse} sparse, {full} full");
    assert!((1800..=2000).contains(&longest), "{longest}");
}

#[test]
fn partition_indexes_list_the_rows_that_the_column_holds() {
    let scratch = temp_dir();
    let dir = scratch.path().join("wide");
    make(Workload::Wide, 1500, 3, 1, &dir);
    let table = Naive::open(&dir);
    let mut checked = 0;
    for column in 0..table.meta.columns.len() {
        if !table.meta.columns[column].flags.indexed() {
            continue;
        }
        assert_eq!(table.column_type(column), ColumnType::Symbol);
        let mut wanted: Vec<BTreeMap<u32, Vec<i64>>> = vec![BTreeMap::new(); 3];
        table.each(column, |part, row, value| {
            let key = match value {
                Value::Null => Some(0),
                Value::Symbol(key, _) => index_key(i32::try_from(key).unwrap()),
                other => panic!("{other:?}"),
            };
            let rows = wanted[part].entry(key.unwrap()).or_default();
            rows.push(i64::try_from(row).unwrap());
        });
        for (part, wanted) in table.parts(column).iter().zip(wanted) {
            if part.absent == part.rows {
                continue;
            }
            let name = &table.meta.columns[column].name;
            let file = |ext| fs::read(part.dir.join(column_file_name(name, ext, part.name_txn)));
            let (keys, values) = (file("k").unwrap(), file("v").unwrap());
            let view = BitmapIndexView::new(&keys, &values).unwrap();
            for (key, rows) in wanted {
                let listed: Vec<i64> = view.values(key).unwrap().map(Result::unwrap).collect();
                assert_eq!(listed, rows, "column {column}, key {key}");
                checked += 1;
            }
        }
    }
    assert!(checked > 500, "{checked} keys");
}

#[test]
fn a_directory_that_holds_something_is_refused_and_untouched() {
    let scratch = temp_dir();
    let dir = scratch.path().join("t");
    make(Workload::Trades, 10, 1, 1, &dir);
    let before = contents(&dir);
    let again = generate(&RealVfs, &Request::new(Workload::Trades, 20, 1, &dir));
    assert!(matches!(again, Err(GenError::NotEmpty { .. })), "{again:?}");
    assert!(before == contents(&dir));
}

#[test]
fn a_table_without_rows_has_columns_and_no_partition() {
    let scratch = temp_dir();
    for workload in Workload::ALL {
        let dir = scratch.path().join(workload.to_string());
        let made = make(workload, 0, 0, 1, &dir);
        assert_eq!((made.rows, made.partitions), (0, 0));
        let table = Naive::open(&dir);
        assert_eq!(table.txn.rows(), 0);
        assert!(table.txn.entries.is_empty() && table.cv.entries.is_empty());
    }
}
