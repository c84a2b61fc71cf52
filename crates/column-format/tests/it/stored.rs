//! Columns that real releases wrote: every type code, and every byte.

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use column_format::{ColumnSlice, ColumnType, ColumnWriter, Layout, SymbolDict, value};

use crate::support::{csv_cells, live_columns, sibling, stored_symbol_count, tables};

#[test]
fn stored_type_codes_are_known_and_print_like_show_columns() {
    let mut compared = 0;
    for (case, table) in tables() {
        let meta = fs::read(table.join("_meta")).unwrap();
        let columns = live_columns(&meta);
        let shown = fs::read_to_string(case.join("columns.csv")).unwrap();
        for line in shown.lines().skip(1) {
            let cells = csv_cells(line);
            let at = columns.iter().position(|(name, _)| *name == cells[0]);
            let (_, code) = columns[at.unwrap_or_else(|| panic!("{} in {case:?}", cells[0]))];
            let ty = ColumnType::from_code(code).unwrap();
            assert_eq!(ty.to_string(), cells[1], "{case:?}");
            assert_eq!(ty.code(), code, "{case:?}");
            compared += 1;
        }
    }
    assert!(compared > 800, "{compared}");
}

/// Partitions of a table without column tops: directory and rows, as `SHOW PARTITIONS` had them.
fn native_partitions(case: &Path, table: &Path) -> Vec<(PathBuf, usize)> {
    let shown = fs::read_to_string(case.join("partitions.csv")).expect("partitions.csv");
    let cells: Vec<_> = shown.lines().skip(1).map(csv_cells).collect();
    cells
        .iter()
        .map(|cells| {
            let dir = fs::read_dir(table)
                .expect("a table directory")
                .map(|entry| entry.expect("an entry").path())
                .find(|dir| {
                    let name = dir.file_name().and_then(|n| n.to_str()).unwrap_or_default();
                    name == cells[2] || name.starts_with(&format!("{}.", cells[2]))
                })
                .unwrap_or_else(|| panic!("partition {} in {table:?}", cells[2]));
            (dir, cells[5].parse().expect("a row count"))
        })
        .collect()
}

/// The dictionary of a symbol column of a table.
fn dictionary(table: &Path, column: &str) -> SymbolDict {
    let read = |ext: &str| {
        Bytes::from(fs::read(table.join(format!("{column}.{ext}"))).expect("a dictionary file"))
    };
    let (offsets, chars) = (read("o"), read("c"));
    let count = stored_symbol_count(&offsets, &chars);
    SymbolDict::new(&offsets, &chars, count).expect("a sound dictionary")
}

/// Reads a column value by value, writes the values, and compares bytes.
fn rewrite(ty: ColumnType, aux: &[u8], data: &[u8], rows: usize, dict: Option<&SymbolDict>) {
    let layout = ty.layout();
    let slice = ColumnSlice::new(layout, aux, data, rows).expect("a sound column");
    let mut w = ColumnWriter::new(ty);
    for row in 0..rows {
        w.push(&value(ty, &slice, dict, row).expect("a sound value"))
            .expect("a storable value");
    }
    let (our_aux, our_data) = w.take();
    assert_eq!(our_aux, aux[..our_aux.len()], "{ty} .i");
    assert_eq!(our_data, data[..our_data.len()], "{ty} .d");
    if layout != Layout::String && layout != Layout::Binary {
        let count = u64::try_from(rows).expect("a row count");
        assert_eq!(
            u64::try_from(our_aux.len()).ok(),
            layout.aux_len(count),
            "{ty}"
        );
    }
}

#[test]
fn rewriting_the_values_of_stored_columns_gives_their_bytes() {
    let wanted = ["all_types", "all_types_none", "long128", "nanos", "trades"];
    let mut kinds: Vec<String> = Vec::new();
    let mut columns = 0;
    for (case, table) in tables() {
        let name = case
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        if !wanted.contains(&name) {
            continue;
        }
        let meta = fs::read(table.join("_meta")).unwrap();
        for (dir, rows) in native_partitions(&case, &table) {
            for (column, code) in live_columns(&meta) {
                let ty = ColumnType::from_code(code).unwrap();
                let data_path = dir.join(format!("{column}.d"));
                let data = fs::read(&data_path).unwrap_or_else(|e| panic!("{data_path:?}: {e}"));
                let aux = sibling(&data_path, "i").map_or_else(Vec::new, |p| fs::read(p).unwrap());
                let dict = (ty == ColumnType::Symbol).then(|| dictionary(&table, &column));
                rewrite(ty, &aux, &data, rows, dict.as_ref());
                columns += 1;
                kinds.push(ty.to_string());
            }
        }
    }
    kinds.sort();
    kinds.dedup();
    assert!(
        columns > 200 && kinds.len() >= 31,
        "{columns} columns of {kinds:?}"
    );
}
