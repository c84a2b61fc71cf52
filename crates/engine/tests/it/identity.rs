//! P14: columns are identified by id, whatever was added, dropped, renamed or retyped.

use std::fs;
use std::path::Path;

use column_format::ColumnType;
use pq_format::read_footer;
use testkit::case;
use txn::{Meta, Txn, column_file_name};

use crate::arrow_cells::read_bytes;
use crate::export::export_all;
use crate::support::Table;

/// Name and field id of every column of an export, in file order, and the sorting column's name.
fn identities(table: &Path) -> (Vec<(String, i32)>, Vec<String>) {
    let (_, file) = export_all(table);
    let footer = read_footer(&file).unwrap();
    let columns: Vec<(String, i32)> = footer
        .schema
        .fields
        .iter()
        .map(|node| (node.name.clone(), node.field_id.unwrap()))
        .collect();
    let json: serde_json::Value =
        serde_json::from_str(footer.key_value("questdb").unwrap()).unwrap();
    let ids: Vec<i64> = json["schema"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["id"].as_i64().unwrap())
        .collect();
    assert!(
        ids.iter()
            .copied()
            .eq(columns.iter().map(|(_, id)| i64::from(*id)))
    );
    let sorted = footer.row_groups[0]
        .sorting_columns
        .iter()
        .map(|sorting| {
            assert!(!sorting.descending);
            columns[sorting.column_idx as usize].0.clone()
        })
        .collect();
    (columns, sorted)
}

/// The ids follow from `ddl/create.sql`: columns a…ts are 0…8, `n1` is 9, the second `c` is 10;
/// type changes append 11…19 and keep the id of the column they replace; `late` is 20.
#[test]
fn ids_survive_renames_drops_and_chains_of_type_changes() {
    let (columns, sorted) = identities(&case("questdb/ddl").table());
    let expected = [
        ("a", 0),
        ("bb", 1),
        ("d", 3),
        ("f", 5),
        ("g", 6),
        ("h", 7),
        ("ts", 8),
        ("n2", 9),
        ("c", 10),
        ("late", 20),
    ];
    assert_eq!(columns, expected.map(|(name, id)| (name.to_owned(), id)));
    assert_eq!(sorted, ["ts"]);
}

#[test]
fn a_table_without_a_designated_timestamp_claims_no_order() {
    let (columns, sorted) = identities(&case("questdb/no_timestamp").table());
    // `c` (2) was dropped, `e` added behind `d`.
    let expected = [("a", 0), ("b", 1), ("d", 3), ("e", 4)];
    assert_eq!(columns, expected.map(|(name, id)| (name.to_owned(), id)));
    assert!(sorted.is_empty());
}

/// Changes `_meta` (and the symbol counts of `_txn`) as DROP COLUMN does.
fn drop_column(table: &Path, writer_index: usize) {
    let mut meta = Meta::parse(&fs::read(table.join("_meta")).unwrap()).unwrap();
    let symbol_index = meta.symbol_index(writer_index);
    meta.columns[writer_index].deleted = true;
    fs::write(table.join("_meta"), meta.to_bytes().unwrap()).unwrap();
    if let Some(symbol_index) = symbol_index {
        let mut txn = Txn::parse(&fs::read(table.join("_txn")).unwrap()).unwrap();
        txn.symbol_counts.remove(symbol_index);
        fs::write(table.join("_txn"), txn.to_file().unwrap()).unwrap();
    }
}

/// Changes `_meta` and the names of files as RENAME COLUMN does.
fn rename_column(table: &Path, writer_index: usize, to: &str) {
    let mut meta = Meta::parse(&fs::read(table.join("_meta")).unwrap()).unwrap();
    let from = std::mem::replace(&mut meta.columns[writer_index].name, to.to_owned());
    fs::write(table.join("_meta"), meta.to_bytes().unwrap()).unwrap();
    for dir in testkit::entries(table)
        .unwrap()
        .into_iter()
        .map(|rel| table.join(rel))
    {
        let Some(name) = dir.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        for ext in ["d", "i", "o", "c", "k", "v"] {
            if name == column_file_name(&from, ext, -1) {
                fs::rename(&dir, dir.with_file_name(column_file_name(to, ext, -1))).unwrap();
            }
        }
    }
}

#[test]
fn after_dropping_any_column_the_others_keep_ids_values_and_order() {
    let case = case("questdb/all_types");
    let whole = read_bytes(export_all(&case.table()).1);
    let (all, _) = identities(&case.table());
    for dropped in 0..all.len() - 1 {
        let table = Table::copy_of(&case);
        drop_column(&table.path, dropped);
        let (columns, sorted) = identities(&table.path);
        let mut expected = all.clone();
        expected.remove(dropped);
        assert_eq!(columns, expected, "without {}", all[dropped].0);
        assert_eq!(sorted, ["ts"], "without {}", all[dropped].0);
        let found = read_bytes(export_all(&table.path).1);
        let kept = whole.iter().enumerate().filter(|(idx, _)| *idx != dropped);
        for (found, (_, expected)) in found.iter().zip(kept) {
            assert_eq!(
                found.cells, expected.cells,
                "{} without {}",
                expected.name, all[dropped].0
            );
        }
    }
}

#[test]
fn a_renamed_column_keeps_its_id_and_values() {
    let case = case("questdb/all_types");
    let whole = read_bytes(export_all(&case.table()).1);
    let meta = Meta::parse(&fs::read(case.table().join("_meta")).unwrap()).unwrap();
    for (renamed, column) in meta.columns.iter().enumerate() {
        let table = Table::copy_of(&case);
        rename_column(&table.path, renamed, "renamed");
        let (columns, sorted) = identities(&table.path);
        assert_eq!(
            columns[renamed],
            ("renamed".to_owned(), i32::try_from(renamed).unwrap())
        );
        let designated = meta.designated == Some(renamed);
        assert_eq!(sorted, [if designated { "renamed" } else { "ts" }]);
        let found = read_bytes(export_all(&table.path).1);
        assert_eq!(
            found[renamed].cells, whole[renamed].cells,
            "{}",
            column.name
        );
        if column.column_type() == Ok(ColumnType::Symbol) {
            assert_eq!(found.len(), whole.len());
        }
    }
}

/// A column that replaces another has its id and its place.
#[test]
fn a_retyped_column_keeps_the_id_of_the_first_of_its_chain() {
    let case = case("questdb/all_types");
    let last = Meta::parse(&fs::read(case.table().join("_meta")).unwrap())
        .unwrap()
        .columns
        .len();
    for (retyped, replacement) in [(4, ColumnType::Long), (11, ColumnType::Varchar)] {
        let table = Table::copy_of(&case);
        let mut meta = Meta::parse(&fs::read(table.path.join("_meta")).unwrap()).unwrap();
        let mut column = txn::MetaColumn::new(meta.columns[retyped].name.clone(), replacement);
        column.replaced = Some(retyped);
        meta.columns[retyped].deleted = true;
        meta.columns.push(column);
        fs::write(table.path.join("_meta"), meta.to_bytes().unwrap()).unwrap();
        // The new column has no file yet: it was added after the last row.
        let mut versions =
            txn::ColumnVersions::parse(&fs::read(table.path.join("_cv")).unwrap()).unwrap();
        versions.entries.push(txn::ColumnVersionEntry {
            timestamp: txn::ColumnVersionEntry::DEFAULT,
            column: last,
            name_txn: 9,
            value: i64::MAX,
        });
        versions
            .entries
            .sort_by_key(|entry| (entry.timestamp, entry.column));
        fs::write(table.path.join("_cv"), versions.to_file().unwrap()).unwrap();
        let (columns, sorted) = identities(&table.path);
        assert_eq!(columns[retyped].1, i32::try_from(retyped).unwrap());
        assert_eq!(columns.len(), last);
        assert_eq!(sorted, ["ts"]);
    }
}
