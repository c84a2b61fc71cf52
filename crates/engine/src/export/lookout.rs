//! `Lookout`: goes ahead of an encoder and cleans up behind it.
//!
//! A chunk is a million rows of a column, and every thread has one: more than some memory limits leave
//! room for. So the encoder says where it is, every mebibyte or so, and here follows what has to happen
//! there: a look at the stop signs, the next rows are fetched (frugal profile), the last ones leave the
//! page cache, and a value that is too large for the budget is seen before it is copied. None of it
//! changes a byte of the output.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::Arc;

use pq_encode::RowWatch;

use super::budget::{Budget, Taken};
use super::fetcher::Fetcher;
use super::group::PendingGroup;
use crate::error::{EngineError, Result};
use crate::running::Running;

/// Native bytes between two looks; twice as much is fetched ahead of them.
const STEP_BYTES: u64 = 1 << 20;

/// What goes for every chunk of an export.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manners<'e> {
    pub(crate) running: &'e Running,
    pub(crate) budget: &'e Budget,
    pub(crate) fetcher: &'e Fetcher,
    /// Most native bytes of a chunk that stay in the page cache between two passes over it.
    pub(crate) keep_bytes: u64,
}

/// Watches the encoder of one chunk.
pub(crate) struct Lookout<'a> {
    manners: Manners<'a>,
    group: &'a Arc<PendingGroup>,
    column: usize,
    rows: u64,
    step_rows: u64,
    keep: bool,
    /// There is memory for values of up to this length; `None`: it is asked for when one comes.
    value_bytes: Option<u64>,
    state: RefCell<State<'a>>,
}

#[derive(Default)]
struct State<'a> {
    /// Rows of this pass up to here are fetched.
    ahead: u64,
    /// Rows of this pass up to here have left the page cache.
    done: u64,
    /// Memory for values that not every thread may have at the same time.
    large: Option<Taken<'a>>,
    error: Option<EngineError>,
}

impl<'a> Lookout<'a> {
    /// For column `column` of `group`, which takes `native_bytes` in its files. `value_bytes`: of rows that
    /// are decoded, whose largest value is known.
    pub(crate) fn new(
        manners: Manners<'a>,
        group: &'a Arc<PendingGroup>,
        column: usize,
        native_bytes: u64,
        value_bytes: Option<u64>,
    ) -> Self {
        let rows = group.rows();
        let step_rows = u128::from(rows) * u128::from(STEP_BYTES) / u128::from(native_bytes.max(1));
        Self {
            manners,
            group,
            column,
            rows,
            step_rows: u64::try_from(step_rows)
                .unwrap_or(u64::MAX)
                .clamp(1, rows.max(1)),
            keep: native_bytes <= manners.keep_bytes,
            value_bytes,
            state: RefCell::default(),
        }
    }

    /// Why the encoder was stopped, if it was.
    pub(crate) fn error(&self) -> Option<EngineError> {
        self.state.borrow_mut().error.take()
    }

    /// The chunk is complete: what is left of its rows leaves the page cache.
    pub(crate) fn finish(self) -> Result<()> {
        let done = self.state.borrow().done;
        self.manners.fetcher.reached(self.group, self.rows);
        self.group.done(self.column, done..self.rows)
    }

    /// Whether the encoder may go on, after `look`.
    fn ask(&self, look: impl FnOnce(&mut State<'a>) -> Result<()>) -> bool {
        let state = &mut *self.state.borrow_mut();
        match self.manners.running.go_on().and_then(|()| look(state)) {
            Ok(()) => true,
            Err(error) => {
                state.error = Some(error);
                false
            }
        }
    }

    /// Values that come next have to fit into the budget: in all threads at once, or in those that have
    /// memory for them.
    fn weigh(&self, state: &mut State<'a>, rows: Range<u64>) -> Result<()> {
        let budget = self.manners.budget;
        let most = state.large.as_ref().map(|large| large.value_bytes);
        let most = most.or(self.value_bytes).unwrap_or(budget.value_bytes());
        let at_most = self.group.value_bytes_at_most(self.column, rows.clone())?;
        if at_most <= most || self.group.largest_value(self.column, rows, most)? <= most {
            return Ok(());
        }
        // Asked for once: who waits for more must not hold what others wait for.
        let largest = self.group.largest_value(self.column, 0..self.rows, most)?;
        // Whoever has memory for what is decoded may not wait for more; its values were all seen.
        if self.value_bytes.is_some() || !budget.fits(0, largest) {
            // One answer for the row group, not one for each of its values.
            let largest = self.group.largest_of_all(self.column, most)?;
            return Err(budget.refuse_value(0, largest));
        }
        state.large = None;
        state.large = Some(budget.take(0, largest, self.manners.running)?);
        Ok(())
    }
}

/// However the encoder ends, nothing is fetched for it after that.
impl Drop for Lookout<'_> {
    fn drop(&mut self) {
        self.manners.fetcher.reached(self.group, self.rows);
    }
}

impl RowWatch for Lookout<'_> {
    fn sample(&self, rows: Range<u64>) -> bool {
        self.ask(|state| {
            self.group.ahead(self.column, rows.clone())?;
            self.weigh(state, rows)
        })
    }

    fn pass(&self, row: u64, last: bool) -> Option<u64> {
        let step = self.step_rows;
        let may = self.ask(|state| {
            if row == 0 {
                self.manners.fetcher.reached(self.group, self.rows);
                (state.ahead, state.done) = (0, 0);
            }
            self.manners.fetcher.reached(self.group, row);
            while state.ahead < row.saturating_add(step.saturating_mul(2)).min(self.rows) {
                let next = state.ahead.saturating_add(step).min(self.rows);
                let rows = state.ahead..next;
                self.manners.fetcher.fetch(self.group, self.column, rows);
                state.ahead = next;
            }
            if last || !self.keep {
                self.group.done(self.column, state.done..row)?;
                state.done = row;
            }
            self.weigh(state, row..row.saturating_add(step).min(self.rows))
        });
        may.then_some(step)
    }
}
