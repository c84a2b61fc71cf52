//! Orders of columns: visible, original, dense symbol index (meta.md §5, §6).
//!
//! A column that replaces another takes its visible place, along chains of any length. The notes describe
//! that with forward markers; here every column knows the place at which its chain started, which gives the
//! same order in one pass and cannot be made slow by a hostile chain.

use crate::meta::Meta;

/// Type code of SYMBOL.
const SYMBOL: i32 = 12;

impl Meta {
    /// Writer indexes of the live columns in the order in which users see them.
    #[must_use]
    pub fn visible_order(&self) -> Vec<usize> {
        let mut slots: Vec<usize> = (0..self.columns.len()).collect();
        let roots = self.original_indexes();
        for (w, root) in roots.iter().enumerate() {
            if let Some(slot) = slots.get_mut(*root) {
                *slot = w;
            }
        }
        let is_root = |at: usize| roots.get(at) == Some(&at);
        let live = |w: usize| self.columns.get(w).is_some_and(|c| !c.deleted);
        slots
            .into_iter()
            .enumerate()
            .filter(|(at, w)| is_root(*at) && live(*w))
            .map(|(_, w)| w)
            .collect()
    }

    /// For every column the writer index at the end of its replacement chain, in one pass.
    #[must_use]
    pub fn original_indexes(&self) -> Vec<usize> {
        let mut roots: Vec<usize> = Vec::with_capacity(self.columns.len());
        for (w, column) in self.columns.iter().enumerate() {
            let root = column
                .replaced
                .and_then(|r| roots.get(r))
                .copied()
                .unwrap_or(w);
            roots.push(root);
        }
        roots
    }

    /// Writer index at the end of the replacement chain of `writer_idx`: its identity in Parquet files.
    #[must_use]
    pub fn original_index(&self, writer_idx: usize) -> usize {
        self.chain(writer_idx).last().copied().unwrap_or(writer_idx)
    }

    /// `writer_idx`, then every column whose visible place it took over, latest first, down to the original.
    /// Empty for an index out of range.
    ///
    /// A Parquet partition names a column by any index of its chain (table-dir.md §6). The links alone would
    /// not do: where each column names the first of its chain, they skip those between.
    #[must_use]
    pub fn chain(&self, writer_idx: usize) -> Vec<usize> {
        let roots = self.original_indexes();
        let Some(root) = roots.get(writer_idx) else {
            return Vec::new();
        };
        (*root..=writer_idx)
            .rev()
            .filter(|v| roots.get(*v) == Some(root))
            .collect()
    }

    /// Position of a live SYMBOL column in [`crate::Txn::symbol_counts`]; `None` for any other column.
    #[must_use]
    pub fn symbol_index(&self, writer_idx: usize) -> Option<usize> {
        let is_live_symbol = |w: usize| {
            self.columns
                .get(w)
                .is_some_and(|c| c.type_code == SYMBOL && !c.deleted)
        };
        is_live_symbol(writer_idx).then(|| (0..writer_idx).filter(|w| is_live_symbol(*w)).count())
    }

    /// Number of live SYMBOL columns: the expected length of [`crate::Txn::symbol_counts`].
    #[must_use]
    pub fn symbol_column_count(&self) -> usize {
        self.columns
            .iter()
            .filter(|c| c.type_code == SYMBOL && !c.deleted)
            .count()
    }
}
