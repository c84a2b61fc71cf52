//! Listings agree with what QuestDB answered to `SHOW COLUMNS` and `SHOW PARTITIONS`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use engine::{Listed, ListingFormat, write_listing};
use mmap_io::Vfs;
use testkit::{Case, Stored, case, cases, copy_dir, temp_dir};

use crate::faulty_vfs::Fuse;
use crate::support::Table;

/// Rows of a CSV by heading; `None` is an empty field without quotes, which `csv` cannot tell.
fn records(text: &[u8]) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(text);
    let headings = reader.headers().unwrap().clone();
    reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            headings
                .iter()
                .map(str::to_owned)
                .zip(record.iter().map(str::to_owned))
                .collect()
        })
        .collect()
}

fn listed<T: Listed>(facts: &[T]) -> Vec<BTreeMap<String, String>> {
    let mut csv = Vec::new();
    write_listing(&mut csv, facts, ListingFormat::Csv).unwrap();
    records(&csv)
}

fn answer(path: &Path) -> Vec<BTreeMap<String, String>> {
    records(&std::fs::read(path).unwrap())
}

/// Compares under QuestDB's headings, of which older releases have fewer.
fn assert_agrees(
    case: &Case,
    expected: &[BTreeMap<String, String>],
    found: &[BTreeMap<String, String>],
    except: impl Fn(&BTreeMap<String, String>, &str) -> bool,
) {
    assert_eq!(expected.len(), found.len(), "{}: rows", case.id);
    for (expected, found) in expected.iter().zip(found) {
        for (heading, value) in expected {
            if !except(expected, heading) {
                assert_eq!(
                    &found[heading], value,
                    "{}: {heading} of {expected:?}",
                    case.id
                );
            }
        }
    }
}

#[test]
fn columns_agree_with_show_columns() {
    for case in cases() {
        let shown = engine::show_columns(Table::of(&case).path).unwrap();
        assert_eq!(shown.table, case.name, "{}", case.id);
        assert_agrees(
            &case,
            &answer(&case.columns_csv()),
            &listed(&shown.facts),
            |_, heading| {
                // 8.1.4 printed what stood in `_meta`, which was noise; 9.3.4 does not.
                case.release.starts_with("8.1")
                    && ["symbolCapacity", "symbolCached"].contains(&heading)
            },
        );
    }
}

#[test]
fn partitions_agree_with_show_partitions() {
    for case in cases() {
        let shown = engine::show_partitions(Table::of(&case).path).unwrap();
        let expected = answer(&case.partitions_csv());
        assert_agrees(&case, &expected, &listed(&shown.facts), |row, heading| {
            let of_parquet = row.get("isParquet").is_some_and(|flag| flag == "true");
            heading.starts_with("diskSize")
                // 9.4 takes them from the file's metadata, which we do not read yet.
                || (of_parquet && heading.ends_with("Timestamp"))
        });
        if case.stored == Stored::Native {
            assert!(
                listed(&shown.facts)
                    .iter()
                    .all(|row| row["isParquet"] == "false")
            );
        }
    }
}

#[test]
fn partitions_outside_of_the_table_are_described_by_their_own_metadata() {
    let case = case("questdb/dropped_detached_attached");
    let shown = engine::show_partitions(Table::of(&case).path).unwrap();
    let outside: Vec<_> = shown.facts.iter().filter(|p| !p.attached).collect();
    assert_eq!(outside.len(), 2);
    assert_eq!(outside[0].name, "2024-01-03.detached");
    assert_eq!(outside[0].num_rows, Some(12));
    assert_eq!(
        outside[1].min_timestamp.as_deref(),
        Some("2024-01-06T00:00:00.000000Z")
    );
    assert!(outside[1].attachable && !outside[0].attachable);
}

#[test]
fn a_detached_directory_without_metadata_is_listed_without_details() {
    let case = case("questdb/dropped_detached_attached");
    let table = Table::copy_of(&case);
    std::fs::remove_file(table.path.join("2024-01-03.detached/_txn")).unwrap();
    let shown = engine::show_partitions(&table.path).unwrap();
    let found = shown
        .facts
        .iter()
        .find(|p| p.name == "2024-01-03.detached")
        .unwrap();
    assert_eq!(
        (found.num_rows, found.min_timestamp.as_deref()),
        (None, None)
    );
}

#[test]
fn waiting_transactions_are_counted() {
    let suspended = engine::show_columns(case("questdb/wal_pending/suspended").table()).unwrap();
    assert_eq!(suspended.wal_pending_txns, Some(4));
    let resumed = engine::show_partitions(case("questdb/wal_pending/resumed").table()).unwrap();
    assert_eq!(resumed.wal_pending_txns, Some(0));
    let without = engine::show_columns(case("questdb/no_timestamp").table()).unwrap();
    assert_eq!(without.wal_pending_txns, None);
}

/// A root with some tables, the registry beside them, and a directory that is none.
fn root_of(ids: &[&str]) -> tempfile::TempDir {
    let root = temp_dir();
    for id in ids {
        let case = case(id);
        copy_dir(&case.table(), &root.path().join(&case.directory)).unwrap();
        for entry in std::fs::read_dir(case.root_files()).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), root.path().join(entry.file_name())).unwrap();
        }
    }
    std::fs::create_dir(root.path().join("no table")).unwrap();
    root
}

#[test]
fn tables_are_listed_by_their_current_names() {
    let root = root_of(&["questdb/wal_pending/suspended", "questdb/no_timestamp"]);
    let shown = engine::show_tables(root.path()).unwrap();
    assert!(shown.errors.is_empty(), "{:?}", shown.errors);
    let [first, second] = &shown.tables[..] else {
        panic!("{:?}", shown.tables)
    };
    assert_eq!(first.table_name, "no_timestamp");
    assert_eq!(
        (first.partition_by.as_str(), first.wal_enabled),
        ("NONE", false)
    );
    assert_eq!(second.table_name, "wal_pending");
    assert_eq!(second.directory_name, "wal_pending~6");
    assert_eq!(second.table_row_count, 300);
    assert_eq!(second.wal_pending_txn_count, Some(4));
    assert_eq!(second.wal_txn, Some(5));
}

#[test]
fn a_renamed_table_is_listed_by_the_registry() {
    let root = root_of(&["questdb/renamed_table"]);
    // The registry knows the name even if the table directory does not.
    std::fs::remove_file(root.path().join("renamed_before~6/_name")).unwrap();
    let shown = engine::show_tables(root.path()).unwrap();
    assert_eq!(shown.tables[0].table_name, "renamed_after");
    assert_eq!(shown.tables[0].directory_name, "renamed_before~6");
}

#[test]
fn a_damaged_table_does_not_hide_the_others() {
    let root = root_of(&["questdb/by_day", "questdb/no_timestamp"]);
    std::fs::write(root.path().join("by_day~6/_txn"), b"short").unwrap();
    let shown = engine::show_tables(root.path()).unwrap();
    assert_eq!(shown.tables.len(), 1);
    let [error] = &shown.errors[..] else {
        panic!("{:?}", shown.errors)
    };
    assert!(error.to_line().contains("by_day~6"), "{}", error.to_line());
}

#[test]
fn a_materialized_view_says_so() {
    let root = root_of(&["questdb/mat_view/hourly"]);
    let shown = engine::show_tables(root.path()).unwrap();
    assert!(shown.tables[0].mat_view);
}

#[test]
fn a_table_is_no_database_root() {
    let error = engine::show_tables(case("questdb/trades").table()).unwrap_err();
    assert!(
        error.to_line().contains("is a table"),
        "{}",
        error.to_line()
    );
}

#[test]
fn a_table_that_may_not_be_looked_at_is_told() {
    let root = root_of(&["questdb/by_day", "questdb/no_timestamp"]);
    std::os::unix::fs::symlink("nowhere", root.path().join("dangling")).unwrap();
    std::os::unix::fs::symlink("tables.d.0", root.path().join("file")).unwrap();
    let (mut told, mut whole) = (0, 0);
    for calls in 1.. {
        let fuse = Fuse::after(calls, std::io::ErrorKind::PermissionDenied);
        let vfs: Arc<dyn Vfs> = Arc::clone(&fuse.vfs);
        // A root that cannot be listed is an error; everything else has two tables.
        let Ok(shown) = engine::show_tables_with(&vfs, root.path()) else {
            continue;
        };
        if !fuse.blown() {
            assert_eq!((shown.tables.len(), shown.errors.len()), (2, 0));
            break;
        }
        whole += usize::from(shown.tables.len() == 2);
        told += shown.errors.len();
        assert!(
            shown.tables.len() == 2 || !shown.errors.is_empty(),
            "call {calls}: {:?}",
            shown.tables
        );
    }
    assert!(told > 10, "{told} told, {whole} whole");
}

#[test]
fn a_link_that_leads_to_no_directory_is_no_partition() {
    let scratch = temp_dir();
    let linked = case("questdb/dropped_detached_attached").with_links(scratch.path());
    let table = linked.unwrap().table();
    let before = engine::show_partitions(&table).unwrap();
    std::fs::write(table.join("plain"), b"a file").unwrap();
    for (to, from) in [
        ("nowhere", "2024-02-01.detached"),
        ("plain", "2024-02-02.detached"),
        ("2024-02-03.detached", "2024-02-03.detached"),
    ] {
        std::os::unix::fs::symlink(to, table.join(from)).unwrap();
    }
    let shown = engine::show_partitions(&table).unwrap();
    let names = |facts: &[engine::PartitionInfo]| -> Vec<String> {
        facts.iter().map(|p| p.name.clone()).collect()
    };
    assert_eq!(names(&shown.facts), names(&before.facts));
}
