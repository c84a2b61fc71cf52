//! Columns that the query asks for and the table does not have.
//!
//! They are appended behind the table's own columns and hold null in every row, like a column that
//! was added later holds null in older partitions; no memory stands behind them.

use std::sync::Arc;

use column_format::ColumnType;

use crate::cursor::{Cursor, CursorColumn};
use crate::error::ReadError;
use crate::frame::Frame;
use crate::wrap::forward_cursor;

/// Delivers the frames of another cursor with all-null columns behind its own.
#[derive(Debug)]
pub struct ExtraNulls<C> {
    inner: C,
    columns: Arc<[CursorColumn]>,
}

impl<C: Cursor> ExtraNulls<C> {
    /// Appends one all-null column per entry of `extra`.
    ///
    /// # Errors
    /// [`ReadError::DuplicateColumn`] if a name is taken.
    pub fn new(
        inner: C,
        extra: impl IntoIterator<Item = (String, ColumnType)>,
    ) -> Result<Self, ReadError> {
        let mut columns = inner.columns().to_vec();
        for (name, column_type) in extra {
            if columns.iter().any(|c| c.name == name) {
                return Err(ReadError::DuplicateColumn { name });
            }
            columns.push(CursorColumn::null(name, column_type));
        }
        Ok(Self {
            inner,
            columns: columns.into(),
        })
    }
}

impl<C: Cursor> Cursor for ExtraNulls<C> {
    fn columns(&self) -> &Arc<[CursorColumn]> {
        &self.columns
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, ReadError> {
        let frame = self.inner.next_frame()?;
        Ok(frame.map(|f| f.with_columns(Arc::clone(&self.columns))))
    }

    fn to_top(&mut self) {
        self.inner.to_top();
    }

    forward_cursor!();
}
