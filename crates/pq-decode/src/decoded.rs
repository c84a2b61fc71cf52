//! A decoded chunk: the bytes that the files of a native column would hold.
//!
//! It owns them, and lends slices that every reader of native columns understands. Rows may share
//! bytes of `.d` in any order, so the slices are made here and not by a length of `.d` that the last
//! row would imply.

use column_format::{ArraySlice, ColumnSlice, Layout, LayoutError, VarcharSlice};

/// The rows of one column in one row group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodedColumn {
    layout: Layout,
    rows: usize,
    /// No row has a value, and nothing is stored.
    nulls: bool,
    aux: Vec<u8>,
    data: Vec<u8>,
}

impl DecodedColumn {
    /// `rows` rows without a value: NULL, or false / 0 for types that have no null.
    #[must_use]
    pub const fn nulls(layout: Layout, rows: usize) -> Self {
        Self {
            layout,
            rows,
            nulls: true,
            aux: Vec::new(),
            data: Vec::new(),
        }
    }

    pub(crate) const fn fixed(width: usize, rows: usize, data: Vec<u8>) -> Self {
        Self::variable(Layout::Fixed(width), rows, Vec::new(), data)
    }

    pub(crate) const fn variable(layout: Layout, rows: usize, aux: Vec<u8>, data: Vec<u8>) -> Self {
        Self {
            layout,
            rows,
            nulls: false,
            aux,
            data,
        }
    }

    /// The same rows, none of which has a value.
    pub(crate) fn without_values(&self) -> Self {
        Self::nulls(self.layout, self.rows)
    }

    /// Rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// How the rows are laid out.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// Whether no row has a value.
    #[cfg(feature = "arrow")]
    pub(crate) const fn is_null(&self) -> bool {
        self.nulls
    }

    /// The values of a column of fixed width.
    #[cfg(feature = "arrow")]
    pub(crate) fn into_data(self) -> Vec<u8> {
        self.data
    }

    /// Bytes that this keeps.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.aux.capacity().saturating_add(self.data.capacity())
    }

    /// Gives back what was reserved and not used.
    pub fn shrink(&mut self) {
        self.aux.shrink_to_fit();
        self.data.shrink_to_fit();
    }

    /// All rows.
    ///
    /// # Errors
    /// None for what this crate decoded; the layout's checks are made all the same.
    pub fn slice(&self) -> Result<ColumnSlice<'_>, LayoutError> {
        if self.nulls {
            return Ok(ColumnSlice::Nulls { rows: self.rows });
        }
        let entries = self.aux.as_chunks().0;
        match self.layout {
            Layout::Varchar => Ok(ColumnSlice::Varchar(VarcharSlice::from_parts(
                entries, &self.data,
            ))),
            Layout::Array { dims } => Ok(ColumnSlice::Array(ArraySlice::from_parts(
                dims, entries, &self.data,
            ))),
            layout => ColumnSlice::new(layout, &self.aux, &self.data, self.rows),
        }
    }
}
