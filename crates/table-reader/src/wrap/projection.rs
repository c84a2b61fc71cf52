//! Some of the columns, in another order.
//!
//! Unlike the projection at open, this one costs nothing to change: it picks among columns that are
//! open already.

use std::sync::Arc;

use crate::cursor::{Cursor, CursorColumn};
use crate::error::ReadError;
use crate::frame::Frame;
use crate::wrap::forward_cursor;

/// Delivers the frames of another cursor with a choice of its columns.
#[derive(Debug)]
pub struct Projection<C> {
    inner: C,
    columns: Arc<[CursorColumn]>,
}

impl<C: Cursor> Projection<C> {
    /// `picks` are positions in the columns of `inner`, in the order to deliver; repeats are fine.
    ///
    /// # Errors
    /// [`ReadError::NoSuchColumn`].
    pub fn new(inner: C, picks: &[usize]) -> Result<Self, ReadError> {
        let have = inner.columns();
        let pick = |&i: &usize| {
            let none = ReadError::NoSuchColumn {
                expected: have.len(),
                found: i,
            };
            have.get(i).cloned().ok_or(none)
        };
        let columns = picks.iter().map(pick).collect::<Result<_, _>>()?;
        Ok(Self { inner, columns })
    }
}

impl<C: Cursor> Cursor for Projection<C> {
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
