//! The columns of a table as a reader offers them.
//!
//! A column is known by its writer index, which never changes; names do. The projection is resolved
//! once, at open, so that everything after it speaks indexes.

use std::collections::HashMap;

use column_format::ColumnType;
use txn::Meta;

use crate::error::ReadError;

/// A live column of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumn {
    /// Current name.
    pub name: String,
    /// Type.
    pub column_type: ColumnType,
    /// Position in `_meta`, deleted columns included; permanent (meta.md §5).
    pub writer_index: usize,
    /// Original writer index (root of the chain of type changes): the Parquet `field_id`.
    pub field_id: i32,
    /// Ids under which a Parquet partition may have the column: its own writer index, then those of
    /// the columns that it replaced, latest first.
    pub chain: Vec<i32>,
    /// This is the designated timestamp.
    pub designated: bool,
    /// Position among the live SYMBOL columns in `_txn` (meta.md §6); `None` for other types.
    pub symbol_index: Option<usize>,
}

/// The live columns in visible order; `Err` holds the unknown type code.
pub(crate) fn live_columns(meta: &Meta) -> Vec<Result<TableColumn, (String, i32)>> {
    // Once for all columns: a hostile `_meta` has millions of them.
    let originals = meta.original_indexes();
    let chains = chains(&originals);
    let mut symbol_count = 0;
    let mut symbol_indexes = Vec::with_capacity(meta.columns.len());
    for c in &meta.columns {
        let live_symbol = !c.deleted && c.column_type() == Ok(ColumnType::Symbol);
        symbol_indexes.push(live_symbol.then_some(symbol_count));
        symbol_count += usize::from(live_symbol);
    }
    let describe = |w: usize| {
        let c = meta.columns.get(w)?;
        let Ok(column_type) = c.column_type() else {
            return Some(Err((c.name.clone(), c.type_code)));
        };
        Some(Ok(TableColumn {
            name: c.name.clone(),
            column_type,
            writer_index: w,
            field_id: originals
                .get(w)
                .and_then(|o| i32::try_from(*o).ok())
                .unwrap_or(i32::MAX),
            chain: originals
                .get(w)
                .and_then(|root| chains.get(root))
                .map(|chain| ids_down_from(chain, w))
                .unwrap_or_default(),
            designated: meta.designated == Some(w),
            symbol_index: symbol_indexes.get(w).copied().flatten(),
        }))
    };
    meta.visible_order()
        .into_iter()
        .filter_map(describe)
        .collect()
}

/// Columns by the original one whose place they took over, ascending.
fn chains(originals: &[usize]) -> HashMap<usize, Vec<usize>> {
    let mut chains: HashMap<usize, Vec<usize>> = HashMap::new();
    for (w, root) in originals.iter().enumerate() {
        chains.entry(*root).or_default().push(w);
    }
    chains
}

/// Column `w` and those of its chain before it, latest first.
fn ids_down_from(chain: &[usize], w: usize) -> Vec<i32> {
    let down = chain.iter().rev().filter(|v| **v <= w);
    down.filter_map(|v| i32::try_from(*v).ok()).collect()
}

fn name_of(column: &Result<TableColumn, (String, i32)>) -> &str {
    match column {
        Ok(c) => &c.name,
        Err((name, _)) => name,
    }
}

/// Resolves a projection, `None` = everything. Names match exactly, else without regard to case.
pub(crate) fn project(
    meta: &Meta,
    wanted: Option<&[String]>,
) -> Result<Vec<TableColumn>, ReadError> {
    let live = live_columns(meta);
    let known = |c: &Result<TableColumn, (String, i32)>| {
        c.clone()
            .map_err(|(name, code)| ReadError::UnknownType { name, code })
    };
    let Some(wanted) = wanted else {
        return live.iter().map(known).collect();
    };
    let mut out: Vec<TableColumn> = Vec::with_capacity(wanted.len());
    for name in wanted {
        let found = live
            .iter()
            .find(|c| name_of(c) == name)
            .or_else(|| live.iter().find(|c| same_ignoring_case(name_of(c), name)));
        let column = match found {
            Some(c) => known(c)?,
            None => {
                let available = live.iter().map(|c| name_of(c).to_owned()).collect();
                return Err(ReadError::UnknownColumn {
                    name: name.clone(),
                    available,
                });
            }
        };
        if out.iter().any(|c| c.writer_index == column.writer_index) {
            return Err(ReadError::DuplicateColumn { name: column.name });
        }
        out.push(column);
    }
    Ok(out)
}

/// Column names are unique without regard to case (meta.md §5).
fn same_ignoring_case(a: &str, b: &str) -> bool {
    a.chars()
        .flat_map(char::to_lowercase)
        .eq(b.chars().flat_map(char::to_lowercase))
}

/// A column name that could leave its directory is damage, not a name.
pub(crate) fn is_safe_file_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', '\0']) && name != "." && name != ".."
}
