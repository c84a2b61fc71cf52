//! The columns of a table as `SHOW COLUMNS` lists them.
//!
//! Columns of unknown types are listed too: the listing is where a user finds out why a column
//! cannot be selected.

use column_format::{ColumnType, SYMBOL_HEADER_LEN, SymbolHeader};
use txn::column_file_name;

use crate::reader::TableReader;

/// One live column, in visible order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnListing {
    /// `column`.
    pub name: String,
    /// `type`; `Err` is a code that this version does not know.
    pub column_type: Result<ColumnType, i32>,
    /// `indexed`.
    pub indexed: bool,
    /// `indexBlockCapacity`: as stored, which says something for indexed columns only.
    pub index_block_capacity: i32,
    /// `symbolCached`; false for other types.
    pub symbol_cached: bool,
    /// `symbolCapacity`: from the dictionary itself; 0 for other types.
    pub symbol_capacity: u32,
    /// `symbolTableSize`: committed distinct values, not counting NULL; 0 for other types.
    pub symbol_count: u32,
    /// `designated`.
    pub designated: bool,
    /// `upsertKey`: part of the dedup key.
    pub upsert_key: bool,
    /// The index is a POSTING index (9.4); otherwise BITMAP, if there is one.
    pub posting_index: bool,
    /// Position in `_meta`; permanent.
    pub writer_index: usize,
    /// Parquet `field_id`.
    pub field_id: i32,
}

impl TableReader {
    /// All live columns in visible order, whatever was selected at open.
    #[must_use]
    pub fn list_columns(&self) -> Vec<ColumnListing> {
        let meta = &self.snapshot().meta;
        meta.visible_order()
            .into_iter()
            .filter_map(|w| self.list_column(w))
            .collect()
    }

    fn list_column(&self, w: usize) -> Option<ColumnListing> {
        let snapshot = self.snapshot();
        let meta = &snapshot.meta;
        let c = meta.columns.get(w)?;
        let symbol = c.column_type() == Ok(ColumnType::Symbol);
        let counted = meta
            .symbol_index(w)
            .and_then(|i| snapshot.txn.symbol_counts.get(i));
        Some(ColumnListing {
            name: c.name.clone(),
            column_type: c.column_type().map_err(|_| c.type_code),
            indexed: c.flags.indexed(),
            index_block_capacity: c.index_block_capacity,
            symbol_cached: symbol && c.flags.symbol_cached(),
            symbol_capacity: if symbol { self.symbol_capacity(w) } else { 0 },
            symbol_count: counted.copied().unwrap_or(0),
            designated: meta.designated == Some(w),
            upsert_key: c.flags.dedup_key(),
            posting_index: c.flags.indexed() && c.flags.posting(),
            writer_index: w,
            field_id: i32::try_from(meta.original_index(w)).unwrap_or(i32::MAX),
        })
    }

    /// The capacity in the header of `.o`, which counts (meta.md §4); that of `_meta` if the
    /// dictionary cannot be read, since a listing is no place to fail for it.
    fn symbol_capacity(&self, w: usize) -> u32 {
        let snapshot = self.snapshot();
        let name = snapshot
            .meta
            .columns
            .get(w)
            .map(|c| c.name.as_str())
            .unwrap_or_default();
        let file = column_file_name(name, "o", snapshot.cv.symbol_name_txn(w));
        let mut header = [0u8; SYMBOL_HEADER_LEN];
        let read = self
            .root()
            .file(&file)
            .and_then(|f| f.read_exact_at(0, &mut header));
        match read.ok().and_then(|()| SymbolHeader::parse(&header).ok()) {
            Some(header) => header.capacity,
            None => snapshot.meta.symbol_capacity(w).unwrap_or(0),
        }
    }
}
