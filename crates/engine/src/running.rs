//! A piece of work that is under way: listed in a registry, stopped by a token or a time limit.
//!
//! One handle covers all attempts of an export, so that a time limit is what the caller said and
//! not what the last attempt had left. Asked between pages, never per row.

use std::time::Duration;

use table_reader::{CancelToken, QueryHandle, QueryRegistry, Stop};

use crate::error::{Cause, Result};

/// What to look at before going on.
#[derive(Debug)]
pub(crate) struct Running {
    handle: QueryHandle,
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
            handle: registry.register(name, cancel.clone(), limit),
        }
    }

    /// An error if somebody asked to stop, or the time is up.
    pub(crate) fn go_on(&self) -> Result<()> {
        match self.handle.must_stop() {
            None => Ok(()),
            Some(Stop::Cancelled) => Err(Cause::Cancelled.into()),
            Some(Stop::TimedOut { limit }) => Err(Cause::TimedOut { limit }.into()),
        }
    }

    /// Counts rows that are done.
    pub(crate) fn delivered(&self, rows: u64, bytes: u64, entered_partition: bool) {
        self.handle.delivered(rows, bytes, entered_partition);
    }
}
