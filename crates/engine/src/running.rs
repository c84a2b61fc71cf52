//! A piece of work that is under way: listed in a registry, stopped by a token or a time limit.
//!
//! One handle covers all attempts of an export, so that a time limit is what the caller said and
//! not what the last attempt had left. Asked between pages, never per row.

use std::sync::Arc;
use std::time::Duration;

use table_reader::{CancelToken, QueryHandle, QueryRegistry};

use crate::error::Result;
use crate::progress::{Done, Progress, Totals};

/// What to look at before going on.
#[derive(Debug)]
pub(crate) struct Running {
    handle: Arc<QueryHandle>,
}

impl Running {
    /// Registers the work; it is listed until this value is dropped.
    pub(crate) fn start(
        registry: &QueryRegistry,
        name: String,
        cancel: &CancelToken,
        limit: Option<Duration>,
    ) -> Self {
        Self {
            handle: Arc::new(registry.register(name, cancel.clone(), limit)),
        }
    }

    /// An error if somebody asked to stop, or the time is up.
    pub(crate) fn go_on(&self) -> Result<()> {
        Ok(self.handle.go_on()?)
    }

    /// The query that this work is, for whoever reads on its behalf.
    pub(crate) fn query(&self) -> Arc<QueryHandle> {
        Arc::clone(&self.handle)
    }

    /// Counts a frame that work began on. Rows count when they are done: see [`Counted`].
    pub(crate) fn took_frame(&self, entered_partition: bool) {
        self.handle.delivered(0, 0, entered_partition);
    }
}

/// Tells the registry what it tells somebody else: rows that are done, from 0 with every attempt.
pub(crate) struct Counted<'a> {
    pub(crate) progress: &'a dyn Progress,
    pub(crate) running: &'a Running,
}

impl Progress for Counted<'_> {
    fn begin(&self, totals: Totals) {
        self.running.handle.progressed(0, 0);
        self.progress.begin(totals);
    }

    fn advance(&self, done: Done) {
        self.running.handle.progressed(done.rows, done.bytes_in);
        self.progress.advance(done);
    }

    fn restart(&self, attempt: u32, reason: &str) {
        self.progress.restart(attempt, reason);
    }

    fn end(&self) {
        self.progress.end();
    }
}
