//! `show columns`: what `SHOW COLUMNS` answers.

use std::path::Path;

use column_format::{ColumnType, SYMBOL_HEADER_LEN, SymbolHeader};
use mmap_io::Root;
use table_reader::Snapshot;
use txn::{ColumnFlags, MetaColumn, column_file_name};

use super::{Cell, Listed, Shown};
use crate::error::Result;
use crate::reading::open_reader;

/// A column as `SHOW COLUMNS` describes it (headings of 9.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Name.
    pub column: String,
    /// Type in SQL.
    pub column_type: String,
    /// A SYMBOL with an index over its rows.
    pub indexed: bool,
    /// Row numbers in a block of the index. As stored: noise for columns without an index.
    pub index_block_capacity: i32,
    /// A SYMBOL whose values QuestDB keeps on its heap.
    pub symbol_cached: bool,
    /// Values that a SYMBOL was made for; 0 for other types.
    pub symbol_capacity: u32,
    /// Values that a SYMBOL has, NULL counted as one where there is any; 0 for other types.
    pub symbol_table_size: u32,
    /// The designated timestamp.
    pub designated: bool,
    /// Part of the deduplication key.
    pub upsert_key: bool,
    /// `BITMAP`, `POSTING`, or empty without an index.
    pub index_type: &'static str,
    /// Columns that the index covers, separated by commas.
    pub index_include: String,
}

impl Listed for ColumnInfo {
    const HEADINGS: &'static [&'static str] = &[
        "column",
        "type",
        "indexed",
        "indexBlockCapacity",
        "symbolCached",
        "symbolCapacity",
        "symbolTableSize",
        "designated",
        "upsertKey",
        "indexType",
        "indexInclude",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.column.as_str().into(),
            self.column_type.as_str().into(),
            self.indexed.into(),
            self.index_block_capacity.into(),
            self.symbol_cached.into(),
            i64::from(self.symbol_capacity).into(),
            i64::from(self.symbol_table_size).into(),
            self.designated.into(),
            self.upsert_key.into(),
            self.index_type.into(),
            self.index_include.as_str().into(),
        ]
    }
}

/// The columns of the table in `dir`, in visible order.
///
/// # Errors
/// No table there, or its metadata is damaged.
pub fn show_columns(dir: impl AsRef<Path>) -> Result<Shown<ColumnInfo>> {
    show_columns_in(&crate::root::open_root(dir)?)
}

/// [`show_columns`] of a root that is open already.
///
/// # Errors
/// As [`show_columns`].
pub fn show_columns_in(root: &Root) -> Result<Shown<ColumnInfo>> {
    let reader = open_reader(root, Some(&[]))?;
    let snapshot = reader.snapshot();
    let facts = snapshot
        .meta
        .visible_order()
        .into_iter()
        .filter_map(|writer_index| describe(root, snapshot, writer_index))
        .collect();
    Ok(Shown {
        table: snapshot.name.clone(),
        snapshot_txn: snapshot.txn.txn,
        wal_pending_txns: reader.pending_wal_transactions()?,
        facts,
    })
}

fn describe(root: &Root, snapshot: &Snapshot, writer_index: usize) -> Option<ColumnInfo> {
    let meta = &snapshot.meta;
    let column = meta.columns.get(writer_index)?;
    let column_type = column.column_type();
    let symbol_index = meta.symbol_index(writer_index);
    let symbols = symbol_index
        .and_then(|idx| snapshot.txn.symbol_counts.get(idx))
        .copied();
    let is_symbol = column_type == Ok(ColumnType::Symbol);
    let header = if is_symbol {
        symbol_header(root, snapshot, column, writer_index)
    } else {
        None
    };
    let null_count = u32::from(header.is_some_and(|header| header.contains_null));
    // Releases before 8.2.2 left noise in `_meta`; the dictionary's header has always been right.
    let cached = match header {
        Some(header) if meta.minor_version < 1 => header.cached,
        _ => column.flags.symbol_cached(),
    };
    let capacity = meta
        .symbol_capacity(writer_index)
        .or(header.map(|header| header.capacity));
    Some(ColumnInfo {
        column: column.name.clone(),
        // An unknown type makes the column unreadable, not invisible.
        column_type: column_type.map_or_else(
            |_| format!("unknown({})", column.type_code),
            |t| t.to_string(),
        ),
        indexed: column.flags.indexed(),
        index_block_capacity: column.index_block_capacity,
        symbol_cached: is_symbol && cached,
        symbol_capacity: capacity.filter(|_| is_symbol).unwrap_or(0),
        symbol_table_size: symbols.map_or(0, |count| count.saturating_add(null_count)),
        designated: meta.designated == Some(writer_index),
        upsert_key: column.flags.dedup_key(),
        index_type: index_type(column.flags),
        index_include: covered(&meta.columns, column),
    })
}

/// The header of a dictionary. One that cannot be read is no reason to list no columns: whoever
/// reads the values will say what is wrong with it.
fn symbol_header(
    root: &Root,
    snapshot: &Snapshot,
    column: &MetaColumn,
    writer_index: usize,
) -> Option<SymbolHeader> {
    let name_txn = snapshot.cv.symbol_name_txn(writer_index);
    let file = root
        .file(&column_file_name(&column.name, "o", name_txn))
        .ok()?;
    let mut header = [0; SYMBOL_HEADER_LEN];
    file.read_exact_at(0, &mut header).ok()?;
    SymbolHeader::parse(&header).ok()
}

fn index_type(flags: ColumnFlags) -> &'static str {
    match (flags.indexed(), flags.posting()) {
        (false, _) => "",
        (true, false) => "BITMAP",
        (true, true) => "POSTING",
    }
}

fn covered(columns: &[MetaColumn], column: &MetaColumn) -> String {
    let names: Vec<&str> = column
        .covering
        .iter()
        .filter_map(|writer_index| columns.get((*writer_index)?))
        .filter(|covered| !covered.deleted)
        .map(|covered| covered.name.as_str())
        .collect();
    names.join(",")
}
