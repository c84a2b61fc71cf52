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
    /// `symbolTableSize`: committed distinct values, and one more if the dictionary knows of a
    /// NULL; 0 for other types.
    pub symbol_table_size: u64,
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
        let header = symbol.then(|| self.symbol_header(w)).flatten();
        let counted = meta
            .symbol_index(w)
            .and_then(|i| snapshot.txn.symbol_counts.get(i));
        Some(ColumnListing {
            name: c.name.clone(),
            column_type: c.column_type().map_err(|_| c.type_code),
            indexed: c.flags.indexed(),
            index_block_capacity: c.index_block_capacity,
            // Before minor version 1 only the dictionary knows (meta.md §3).
            symbol_cached: match header {
                Some(header) if meta.minor_version < 1 => header.cached,
                _ => symbol && c.flags.symbol_cached(),
            },
            // A listing is no place to fail for a dictionary that cannot be read: `_meta` will do.
            symbol_capacity: header
                .map_or_else(|| meta.symbol_capacity(w), |h| Some(h.capacity))
                .unwrap_or(0),
            symbol_table_size: u64::from(counted.copied().unwrap_or(0))
                + u64::from(header.is_some_and(|h| h.contains_null)),
            designated: meta.designated == Some(w),
            upsert_key: c.flags.dedup_key(),
            posting_index: c.flags.indexed() && c.flags.posting(),
            writer_index: w,
            field_id: i32::try_from(meta.original_index(w)).unwrap_or(i32::MAX),
        })
    }

    /// The header of `.o`: the capacity there counts, not the one in `_meta` (meta.md §4).
    fn symbol_header(&self, w: usize) -> Option<SymbolHeader> {
        let snapshot = self.snapshot();
        let name = &snapshot.meta.columns.get(w)?.name;
        let file = column_file_name(name, "o", snapshot.cv.symbol_name_txn(w));
        let mut header = [0u8; SYMBOL_HEADER_LEN];
        self.root()
            .file(&file)
            .ok()?
            .read_exact_at(0, &mut header)
            .ok()?;
        SymbolHeader::parse(&header).ok()
    }
}
