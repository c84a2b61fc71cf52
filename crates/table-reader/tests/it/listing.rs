//! Listings against QuestDB's own `SHOW COLUMNS` and `SHOW PARTITIONS`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use column_format::TimestampUnit;
use table_reader::{ReadError, TableReader, list_tables};
use testkit::{cases, native_cases};
use txn::{PartitionBy, TableKind};

use crate::support::{copy, impatient, open, readable, root};

type Row = std::collections::HashMap<String, String>;

fn csv(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).unwrap();
    reader.deserialize().map(|row| row.unwrap()).collect()
}

fn flag(on: bool) -> String {
    on.to_string()
}

/// `2024-01-02T03:04:05.678901Z` (or with nine digits) in ticks.
fn ticks(text: &str, unit: TimestampUnit) -> Option<i64> {
    if text.is_empty() {
        return None;
    }
    let number = |at: std::ops::Range<usize>| text[at].parse::<i64>().unwrap();
    let (year, month, day) = (number(0..4), number(5..7), number(8..10));
    // Days since the epoch, counting years from March so that the leap day comes last.
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, in_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + in_era * 365 + in_era / 4 - in_era / 100 + day_of_year - 719_468;
    let seconds = days * 86_400 + number(11..13) * 3600 + number(14..16) * 60 + number(17..19);
    let fraction = text[20..].trim_end_matches('Z');
    Some(seconds * unit.per_second() + fraction.parse::<i64>().unwrap())
}

#[test]
fn columns_are_those_of_show_columns() {
    for case in cases() {
        let (table, _copy) = readable(&case);
        let reader = open(&table);
        let (expected, found) = (csv(&case.columns_csv()), reader.list_columns());
        assert_eq!(found.len(), expected.len(), "{}", case.id);
        for (c, row) in found.iter().zip(&expected) {
            let context = format!("{} {}", case.id, c.name);
            assert_eq!(c.name, row["column"], "{context}");
            assert_eq!(c.column_type.unwrap().to_string(), row["type"], "{context}");
            assert_eq!(flag(c.indexed), row["indexed"], "{context}");
            let capacity = c.index_block_capacity.to_string();
            assert_eq!(capacity, row["indexBlockCapacity"], "{context}");
            // 8.1.4 prints what its `_meta` says, which it does not maintain itself (meta.md §3).
            if case.release != "8.1.4" {
                assert_eq!(flag(c.symbol_cached), row["symbolCached"], "{context}");
                let capacity = c.symbol_capacity.to_string();
                assert_eq!(capacity, row["symbolCapacity"], "{context}");
            }
            if let Some(size) = row.get("symbolTableSize") {
                assert_eq!(c.symbol_table_size.to_string(), *size, "{context}");
            }
            assert_eq!(flag(c.designated), row["designated"], "{context}");
            assert_eq!(flag(c.upsert_key), row["upsertKey"], "{context}");
        }
        let names: Vec<_> = reader
            .columns()
            .iter()
            .map(|c| (&c.name, c.designated))
            .collect();
        let listed: Vec<_> = found.iter().map(|c| (&c.name, c.designated)).collect();
        assert_eq!(names, listed, "{}: the reader's columns", case.id);
    }
}

#[test]
fn partitions_are_those_of_show_partitions() {
    let mut detached = 0;
    for case in cases() {
        let (table, _copy) = readable(&case);
        let reader = open(&table);
        let unit = reader.snapshot().timestamp_unit();
        let (expected, found) = (
            csv(&case.partitions_csv()),
            reader.list_partitions().unwrap(),
        );
        assert_eq!(found.len(), expected.len(), "{}", case.id);
        for (p, row) in found.iter().zip(&expected) {
            let context = format!("{} {}", case.id, p.name);
            assert_eq!(
                p.index.map_or(String::new(), |i| i.to_string()),
                row["index"],
                "{context}"
            );
            assert_eq!(p.partition_by.to_string(), row["partitionBy"], "{context}");
            assert_eq!(p.name, row["name"], "{context}");
            assert_eq!(p.rows.unwrap().to_string(), row["numRows"], "{context}");
            if !p.parquet {
                assert_eq!(
                    p.min_timestamp,
                    ticks(&row["minTimestamp"], unit),
                    "{context}"
                );
                assert_eq!(
                    p.max_timestamp,
                    ticks(&row["maxTimestamp"], unit),
                    "{context}"
                );
            }
            let flags = [
                p.read_only,
                p.active,
                p.attached,
                p.detached,
                p.attachable,
                p.parquet,
            ];
            let keys = [
                "readOnly",
                "active",
                "attached",
                "detached",
                "attachable",
                "isParquet",
            ];
            for (on, key) in flags.into_iter().zip(keys) {
                assert_eq!(flag(on), row[key], "{context} {key}");
            }
            if let Some(generated) = row.get("hasParquetGenerated") {
                assert_eq!(flag(p.parquet_generated), *generated, "{context}");
            }
            let size = p.parquet_len.map_or("-1".to_owned(), |len| len.to_string());
            assert_eq!(size, row["parquetFileSize"], "{context}");
            assert_eq!(p.disk_bytes > 0, p.rows != Some(0), "{context}");
            detached += usize::from(p.detached);
        }
    }
    assert_eq!(detached, 4, "two releases, two detached directories each");
}

#[test]
fn a_symlinked_partition_is_read_and_read_only() {
    let case = testkit::case("questdb/dropped_detached_attached");
    let (table, _copy) = readable(&case);
    let reader = open(&table);
    let linked = reader
        .partitions()
        .iter()
        .position(|p| p.read_only)
        .unwrap();
    let info = &reader.partitions()[linked];
    assert!(
        fs::symlink_metadata(table.join(&info.directory))
            .unwrap()
            .is_symlink()
    );
    assert_eq!((info.name.as_str(), info.rows), ("2024-01-05", 12));
    let rows = reader.rows_of_partitions(&(linked..linked + 1));
    let mut cursor = reader.cursor(table_reader::Direction::Forward, None, &rows);
    assert_eq!(crate::support::digest(&reader, &mut cursor).rows, 12);
}

#[test]
fn detached_directories_that_do_not_say_are_listed_without_numbers() {
    let copied = copy(&testkit::case("questdb/dropped_detached_attached"));
    fs::remove_file(copied.table.join("2024-01-03.detached/_txn")).unwrap();
    fs::write(
        copied.table.join("2024-01-06.attachable/_meta"),
        b"not a _meta",
    )
    .unwrap();
    let listed = open(&copied.table).list_partitions().unwrap();
    let detached: Vec<_> = listed.iter().filter(|p| p.detached).collect();
    assert_eq!(detached.len(), 2);
    assert!(
        detached
            .iter()
            .all(|p| p.rows.is_none() && p.min_timestamp.is_none())
    );
    assert!(detached[1].attachable && !detached[0].attachable);
}

#[test]
fn wal_pending_says_how_many_transactions_wait() {
    let pending = |id: &str| {
        open(&testkit::case(id).table())
            .pending_wal_transactions()
            .unwrap()
    };
    assert_eq!(pending("questdb/wal_pending/suspended"), Some(4));
    assert_eq!(pending("questdb/wal_pending/resumed"), Some(0));
    assert_eq!(pending("questdb/by_none"), None);
    let copied = copy(&testkit::case("questdb/wal_pending/suspended"));
    fs::rename(copied.table.join("txn_seq"), copied.table.join("seq")).unwrap();
    let reader = open(&copied.table);
    assert_eq!(
        reader.pending_wal_transactions().unwrap(),
        Some(4),
        "the old directory name"
    );
    fs::write(copied.table.join("seq/_txnlog"), [0, 0, 0, 0, 7]).unwrap();
    let error = reader.pending_wal_transactions().unwrap_err();
    assert!(matches!(error, ReadError::Metadata { file, .. } if file.ends_with("seq/_txnlog")));
}

/// A database root with the tables of some stored cases, and the registry of the last.
fn database(ids: &[&str]) -> tempfile::TempDir {
    let dir = testkit::temp_dir();
    for id in ids {
        let case = testkit::case(id);
        testkit::copy_dir(&case.table(), &dir.path().join(&case.directory)).unwrap();
        for file in fs::read_dir(case.root_files()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), dir.path().join(file.file_name())).unwrap();
        }
    }
    dir
}

#[test]
fn tables_of_a_root_are_found_named_and_described() {
    let dir = database(&[
        "questdb/by_day",
        "questdb/no_timestamp",
        "questdb/renamed_table",
    ]);
    let renamed = testkit::case("questdb/renamed_table");
    let link = dir.path().join("linked");
    std::os::unix::fs::symlink(testkit::case("questdb/dedup").table(), &link).unwrap();
    // What is no table: a file, an empty directory, a dotted one, a dangling link.
    fs::write(dir.path().join("by_day.lock"), b"").unwrap();
    fs::create_dir(dir.path().join("nothing")).unwrap();
    testkit::copy_dir(&renamed.table(), &dir.path().join(".staging")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.path().join("dangling")).unwrap();
    // What is one, damaged.
    fs::create_dir(dir.path().join("broken")).unwrap();
    fs::write(dir.path().join("broken/_txn"), b"short").unwrap();

    let tables = list_tables(&root(dir.path()), Duration::from_millis(20)).unwrap();
    let names: Vec<&str> = tables.iter().map(|t| &*t.name).collect();
    assert_eq!(
        names,
        ["broken", "by_day", "dedup", "no_timestamp", &*renamed.name]
    );
    assert_ne!(renamed.name, renamed.directory.split('~').next().unwrap());
    assert!(matches!(tables[0].detail, Err(ReadError::Metadata { .. })));
    assert_eq!(tables[2].directory, "linked");
    let detail = |i: usize| tables[i].detail.as_ref().unwrap();
    assert_eq!(detail(1).rows, testkit::case("questdb/by_day").rows);
    assert_eq!(detail(1).partition_by, PartitionBy::Day);
    assert_eq!(detail(1).designated.as_deref(), Some("ts"));
    assert!(detail(2).dedup && !detail(1).dedup);
    assert_eq!(
        (detail(3).designated.as_ref(), detail(3).wal),
        (None, false)
    );
}

#[test]
fn the_registry_names_wal_tables_and_their_kinds() {
    let dir = database(&["questdb/mat_view/daily"]);
    for id in ["questdb/mat_view/base", "questdb/mat_view/hourly"] {
        let case = testkit::case(id);
        testkit::copy_dir(&case.table(), &dir.path().join(&case.directory)).unwrap();
    }
    let tables = list_tables(&root(dir.path()), Duration::from_millis(20)).unwrap();
    let kinds: Vec<_> = tables.iter().map(|t| (t.name.as_str(), t.kind)).collect();
    let of = |id: &str| testkit::case(id).name;
    let (base, daily, hourly) = (
        of("questdb/mat_view/base"),
        of("questdb/mat_view/daily"),
        of("questdb/mat_view/hourly"),
    );
    for (name, kind) in [
        (base, TableKind::Wal),
        (daily, TableKind::MatView),
        (hourly, TableKind::MatView),
    ] {
        assert!(kinds.contains(&(name.as_str(), kind)), "{name}: {kinds:?}");
    }
    assert!(
        tables
            .iter()
            .all(|t| t.detail.as_ref().unwrap().pending_wal_transactions == Some(0))
    );
    // Without a registry the names come from the tables themselves, and a view looks like a table.
    fs::remove_file(dir.path().join("tables.d.0")).unwrap();
    let unlisted = list_tables(&root(dir.path()), Duration::ZERO).unwrap();
    let names =
        |t: &[table_reader::TableListing]| -> Vec<_> { t.iter().map(|t| t.name.clone()).collect() };
    assert_eq!(names(&unlisted), names(&tables));
    assert!(unlisted.iter().all(|t| t.kind == TableKind::Wal));
    fs::write(dir.path().join("tables.d.1"), [1; 9]).unwrap();
    let damaged = list_tables(&root(dir.path()), Duration::ZERO).unwrap_err();
    assert!(matches!(damaged, ReadError::Metadata { file, .. } if file.ends_with("tables.d.1")));
}

#[test]
fn a_column_of_an_unknown_type_is_listed_and_refused_alone() {
    let copied = copy(&testkit::case("questdb/by_day"));
    let path = copied.table.join("_meta");
    let mut meta = fs::read(&path).unwrap();
    meta[128..132].copy_from_slice(&200i32.to_le_bytes());
    fs::write(&path, meta).unwrap();
    let root = root(&copied.table);
    let all = TableReader::open(&root, &impatient()).unwrap_err();
    assert!(
        matches!(all, ReadError::UnknownType { code: 200, .. }),
        "{all}"
    );
    let columns = Some(vec!["ts".to_owned()]);
    let one = TableReader::open(
        &root,
        &table_reader::OpenOptions {
            columns,
            ..impatient()
        },
    );
    let listed = one.unwrap().list_columns();
    assert_eq!(listed[0].column_type, Err(200));
}

#[test]
fn native_tables_have_no_parquet_partition() {
    for case in native_cases() {
        let (table, _copy) = readable(&case);
        assert!(
            open(&table).partitions().iter().all(|p| !p.parquet),
            "{}",
            case.id
        );
    }
}
