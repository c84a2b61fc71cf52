//! A cursor that others can see, count and stop.
//!
//! Cancel and time limit are looked at once per frame, before it is opened: a frame is the unit of
//! work, and an exporter that needs a finer grain asks the same handle between pages.

use std::sync::Arc;

use crate::cursor::{Cursor, CursorColumn};
use crate::error::ReadError;
use crate::frame::Frame;
use crate::registry::QueryHandle;
use crate::wrap::forward_cursor;

/// Delivers the frames of another cursor as a query of a [`crate::QueryRegistry`], which lists it
/// until this value is dropped.
#[derive(Debug)]
pub struct RegisteredQuery<C> {
    inner: C,
    handle: QueryHandle,
    partition: Option<usize>,
}

impl<C: Cursor> RegisteredQuery<C> {
    /// `handle` comes from [`crate::QueryRegistry::register`].
    #[must_use]
    pub fn new(inner: C, handle: QueryHandle) -> Self {
        Self {
            inner,
            handle,
            partition: None,
        }
    }

    /// The query's identity, counters and stop signs.
    #[must_use]
    pub fn handle(&self) -> &QueryHandle {
        &self.handle
    }
}

impl<C: Cursor> Cursor for RegisteredQuery<C> {
    fn columns(&self) -> &Arc<[CursorColumn]> {
        self.inner.columns()
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, ReadError> {
        self.handle.go_on()?;
        let Some(frame) = self.inner.next_frame()? else {
            return Ok(None);
        };
        let partition = Some(frame.partition_index());
        let rows = u64::try_from(frame.rows()).unwrap_or(u64::MAX);
        // A column that cannot be measured cannot be read either, and says so there.
        let bytes = frame.known_bytes().unwrap_or(0);
        self.handle
            .delivered(rows, bytes, partition != self.partition);
        self.partition = partition;
        Ok(Some(frame))
    }

    fn to_top(&mut self) {
        self.partition = None;
        self.inner.to_top();
    }

    forward_cursor!();
}
