//! What a table is made of, beside its rows: links, waiting transactions, unknown columns.

use std::fs;

use table_reader::{ReadError, TableReader};
use testkit::native_cases;

use crate::support::{copy, impatient, open, readable, root};

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

#[test]
fn a_column_of_an_unknown_type_is_refused_alone() {
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
    assert_eq!(one.unwrap().columns()[0].name, "ts");
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
