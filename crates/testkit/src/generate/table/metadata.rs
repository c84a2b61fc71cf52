//! `_meta`, `_cv` and `_txn` of a generated table.
//!
//! They state what a QuestDB would have written after the table's history: suffixes and versions
//! are those of its commits, because an engine that opens the table for writing goes on from there.

use txn::{ColumnVersionEntry, ColumnVersions, Meta, MetaColumn, PartitionBy, PartitionEntry, Txn};

use super::{Place, Table};
use crate::generate::GenError;
use crate::generate::column::Column;
use crate::generate::plan::Span;

/// Writes the three files; `range` is that of the designated timestamp. Returns their bytes.
pub(super) fn write(
    table: &Table,
    root: &Place,
    spans: &[Span],
    range: (i64, i64),
) -> Result<u64, GenError> {
    let meta = root.put("_meta", &meta(table).to_bytes()?)?;
    let cv = root.put("_cv", &column_versions(table, spans).to_file()?)?;
    let txn = root.put("_txn", &commit(table, spans, range).to_file()?)?;
    Ok(meta + cv + txn)
}

fn meta(table: &Table) -> Meta {
    let columns = table.columns.iter().map(meta_column).collect();
    let mut meta = Meta::new_table(PartitionBy::Day, Some(0), columns);
    meta.table_id = table.table_id;
    meta.metadata_version = i64::from(table.history.columns_added);
    meta
}

fn meta_column(column: &Column) -> MetaColumn {
    let mut stored = MetaColumn::new(column.name.clone(), column.column_type);
    stored.flags = stored.flags.with_indexed(column.indexed);
    if let Some(symbols) = &column.symbols {
        stored.symbol_capacity = i32::try_from(symbols.capacity).unwrap_or(i32::MAX);
    }
    stored
}

/// For each column added late: where it was added, and its top there (cv.md §6).
fn column_versions(table: &Table, spans: &[Span]) -> ColumnVersions {
    let mut entries = Vec::new();
    for (column, late) in table.columns.iter().enumerate() {
        let Some(added) = late.added else { continue };
        let Some(span) = spans.get(added.span_idx) else {
            continue;
        };
        let name_txn = added.name_txn;
        let top = i64::try_from(added.top).unwrap_or(i64::MAX);
        let default = ColumnVersionEntry::DEFAULT;
        let value = span.timestamp;
        entries.push(ColumnVersionEntry {
            timestamp: default,
            column,
            name_txn,
            value,
        });
        entries.push(ColumnVersionEntry {
            timestamp: value,
            column,
            name_txn,
            value: top,
        });
    }
    entries.sort_by_key(|entry| (entry.timestamp, entry.column));
    ColumnVersions {
        version: i64::from(table.history.columns_added),
        entries,
    }
}

fn commit(table: &Table, spans: &[Span], range: (i64, i64)) -> Txn {
    let symbols = table
        .columns
        .iter()
        .filter_map(|column| column.symbols.as_ref());
    let mut txn = Txn::new_table(0);
    txn.symbol_counts = symbols.map(|symbols| symbols.files.count).collect();
    txn.version = table.history.commits;
    txn.txn = table.history.commits;
    txn.structure_version = i64::from(table.history.columns_added);
    txn.column_version = i64::from(table.history.columns_added);
    (txn.min_timestamp, txn.max_timestamp) = range;
    if let Some((last, others)) = spans.split_last() {
        txn.transient_rows = last.rows;
        txn.fixed_rows = others.iter().map(|span| span.rows).sum();
    }
    let entry = |(span_idx, span): (usize, &Span)| {
        PartitionEntry::native(span.timestamp, span.rows, table.name_txn(span_idx))
    };
    txn.entries = spans.iter().enumerate().filter_map(entry).collect();
    txn.seal_lag();
    txn
}
