//! Real small files, cut at every length and flipped in every bit.
//!
//! Invariants: no panic; a cut below the content is an error; whatever still parses is structurally valid
//! (see `valid_*`) and survives writing and reading.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use txn::{
    ColumnPlace, ColumnVersions, Meta, PartitionBy, SeqTxnLog, TableName, TablesRegistry,
    TimestampUnit, TodoLog, Txn, TxnHeader, partition_dir_name,
};

use crate::support::{files_named, is_of_the_wal, testdata};

/// Distinct contents of all stored files of a name, smallest first, with 136 of the zeros behind the content.
fn contents(name: &str, most: usize) -> Vec<Vec<u8>> {
    let of_the_table = |p: &PathBuf| name == "_txnlog" || !is_of_the_wal(p);
    let files = files_named(&testdata(), name)
        .into_iter()
        .filter(of_the_table);
    let cut = |mut bytes: Vec<u8>| {
        let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
        bytes.truncate(end + 136);
        bytes
    };
    let distinct: BTreeSet<Vec<u8>> = files.map(|p| cut(fs::read(p).unwrap())).collect();
    let mut distinct: Vec<_> = distinct.into_iter().collect();
    distinct.sort_by_key(Vec::len);
    distinct.truncate(most);
    distinct
}

/// Calls `parse` with every prefix and every single-bit flip.
fn torture(file: &[u8], mut parse: impl FnMut(&[u8])) {
    for len in 0..=file.len() {
        parse(&file[..len]);
    }
    let mut flipped = file.to_vec();
    for at in 0..file.len() {
        for bit in 0..8 {
            flipped[at] ^= 1 << bit;
            parse(&flipped);
            flipped[at] ^= 1 << bit;
        }
    }
}

fn valid_txn(txn: &Txn) {
    for code in 0..7 {
        let by = PartitionBy::from_code(code).unwrap();
        let Ok(partitions) = txn.partitions(by) else {
            continue;
        };
        let total: u64 = partitions.iter().map(|p| p.rows).sum();
        if by.is_partitioned() {
            assert_eq!(total, txn.rows());
        }
        assert!(partitions.is_sorted_by(|a, b| a.timestamp < b.timestamp));
        for p in &partitions {
            assert_eq!(p.parquet_len.is_some(), p.is_parquet());
            let name = partition_dir_name(by, TimestampUnit::Micros, p.timestamp, p.name_txn);
            assert!(!name.is_empty() && !name.contains('/'));
        }
        assert_eq!(txn.still_covers(txn, by, &partitions), Ok(()));
    }
    assert_eq!(&Txn::parse(&txn.to_file().unwrap()).unwrap(), txn);
}

fn valid_cv(cv: &ColumnVersions) {
    for entry in &cv.entries {
        if let ColumnPlace::Present { top, name_txn } =
            cv.place(entry.timestamp, entry.column, 1000)
        {
            assert!(top < 1000 && name_txn >= -1);
        }
        assert!(cv.symbol_name_txn(entry.column) >= -1);
    }
    assert_eq!(&ColumnVersions::parse(&cv.to_file().unwrap()).unwrap(), cv);
}

fn valid_meta(meta: &Meta) {
    let visible = meta.visible_order();
    let live: Vec<usize> = (0..meta.columns.len())
        .filter(|w| !meta.columns[*w].deleted)
        .collect();
    let mut sorted = visible.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, live, "every live column is visible once");
    for w in live {
        let chain = meta.chain(w);
        assert_eq!(chain.first(), Some(&w));
        assert_eq!(chain.last(), Some(&meta.original_index(w)));
        assert!(chain.iter().skip(1).all(|v| meta.columns[*v].deleted));
    }
    if let Some(w) = meta.designated {
        assert!(visible.contains(&w));
    }
    assert_eq!(&Meta::parse(&meta.to_bytes().unwrap()).unwrap(), meta);
}

#[test]
fn txn_files() {
    let files = contents("_txn", 12);
    assert!(files.len() >= 8);
    for file in files {
        let mut parsed = 0;
        torture(&file, |bytes| {
            let _ = TxnHeader::parse(bytes);
            if let Ok(txn) = Txn::parse(bytes) {
                valid_txn(&txn);
                parsed += 1;
            }
        });
        assert!(parsed > 0);
    }
}

#[test]
fn cv_files() {
    let files = contents("_cv", 12);
    assert!(files.len() >= 8);
    for file in files {
        torture(&file, |bytes| {
            if let Ok(cv) = ColumnVersions::parse(bytes) {
                valid_cv(&cv);
            }
        });
    }
}

#[test]
fn meta_files() {
    let mut files = contents("_meta", 8);
    // And the ones with chains of type changes.
    files.extend(contents("_meta", usize::MAX).into_iter().filter(|b| {
        Meta::parse(b)
            .is_ok_and(|m| m.columns.len() < 30 && m.columns.iter().any(|c| c.replaced.is_some()))
    }));
    assert!(files.len() >= 10, "{}", files.len());
    for file in files {
        torture(&file, |bytes| {
            if let Ok(meta) = Meta::parse(bytes) {
                valid_meta(&meta);
            }
        });
    }
}

#[test]
fn names_registries_logs() {
    for file in contents("_name", 10) {
        torture(&file, |bytes| {
            if let Ok(name) = TableName::parse(bytes) {
                assert_eq!(TableName::parse(&name.to_bytes().unwrap()), Ok(name));
            }
        });
    }
    for file in contents("tables.d.0", 10) {
        torture(&file, |bytes| {
            if let Ok(registry) = TablesRegistry::parse(bytes) {
                assert_eq!(
                    TablesRegistry::parse(&registry.to_bytes().unwrap()),
                    Ok(registry)
                );
            }
        });
    }
    let txn = Txn::new_table(0);
    for file in contents("_txnlog", 10) {
        torture(&file, |bytes| {
            if let Ok(log) = SeqTxnLog::parse(bytes) {
                assert_eq!(i64::try_from(log.pending(&txn)), Ok(log.last_txn));
            }
        });
    }
    for file in contents("_todo_", 10) {
        torture(&file, |bytes| {
            let _ = TodoLog::parse(bytes);
        });
    }
}

#[test]
fn a_cut_below_the_content_is_an_error_that_says_where() {
    for file in contents("_txn", 12) {
        let header = TxnHeader::parse(&file).unwrap();
        let end = header.current.base_off() + header.current.record_len();
        for len in 0..usize::try_from(end).unwrap().min(file.len()) {
            let error = Txn::parse(&file[..len]).unwrap_err();
            let message = error.to_string();
            assert!(
                message.starts_with("_txn: ") && message.contains("offset"),
                "{message}"
            );
        }
    }
    for file in contents("_meta", 12) {
        let end = Meta::parse(&file).unwrap().to_bytes().unwrap().len();
        for len in 0..end {
            assert!(Meta::parse(&file[..len]).is_err(), "{len} of {end}");
        }
    }
}

#[test]
fn names_that_would_leave_the_directory_are_refused() {
    use txn::{ColumnType, MetaColumn};
    let refused = |name: &str| {
        let meta = Meta::new_table(
            PartitionBy::None,
            None,
            vec![MetaColumn::new(name, ColumnType::Int)],
        );
        meta.to_bytes().is_err()
    };
    assert!(refused("../../etc/passwd"));
    assert!(refused("a\0b"));
    assert!(refused(""));
    assert!(refused(&"x".repeat(256)));
    assert!(!refused(&"x".repeat(255)));
    assert!(!refused("цена ä 🦀"));
}

#[test]
fn other_storage_versions_are_unsupported_by_name() {
    let mut bytes = Meta::new_table(PartitionBy::None, None, vec![])
        .to_bytes()
        .unwrap();
    bytes[12..16].copy_from_slice(&425i32.to_le_bytes());
    let message = Meta::parse(&bytes).unwrap_err().to_string();
    assert_eq!(
        message,
        "_meta: unsupported storage version at offset 12: expected 426, found 425"
    );
}
