//! Whether a snapshot still holds: asked before a result is published, and whenever a file is not
//! what it should be.
//!
//! A reader beside a writer has two kinds of surprise: commits that took away what it reads, and
//! damage. Both look the same from a single file, so nothing is called damage before `_txn` was
//! asked, and asked again.

use std::sync::PoisonError;

use crate::error::ReadError;
use crate::options::Validation;
use crate::patience::{Patience, Spin, Verdict};
use crate::shared::Shared;
use crate::slot::Slot;
use crate::small::{self, SmallError};

impl Shared {
    /// Whether everything that was read is still what the snapshot committed (table-dir.md §8.3).
    pub(crate) fn revalidate(&self) -> Result<(), ReadError> {
        self.look(|i| self.slots.get(i).is_some_and(Slot::is_touched))
    }

    /// As [`Shared::revalidate`], of everything that could be read.
    pub(crate) fn revalidate_all(&self) -> Result<(), ReadError> {
        self.look(|_| true)
    }

    /// Looks for a new commit, by one small read unless there is one. To be called often: under
    /// [`Validation::Observed`] every commit that is seen is one that need not be guessed.
    pub(crate) fn observe(&self) -> Result<(), ReadError> {
        let seen = self
            .watch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .version();
        match small::read_version(self.root.top()) {
            Ok(now) if now == Some(seen) => Ok(()),
            _ => self.revalidate(),
        }
    }

    /// Called for every frame. A commit that took away what was read is found here and not at the
    /// end of a long export; held partitions cost nothing unless every commit must be seen.
    pub(crate) fn observe_frame(&self, slot: &Slot) -> Result<(), ReadError> {
        if slot.is_open() && self.validation != Validation::Observed {
            return Ok(());
        }
        self.observe()
    }

    /// Reads `_txn` under the lock of the watch, so that two threads see commits in their order.
    fn look(&self, read: impl Fn(usize) -> bool) -> Result<(), ReadError> {
        let changed = |change: String| ReadError::SnapshotChanged {
            path: self.snapshot.dir.clone(),
            txn: self.snapshot.txn.txn,
            change,
        };
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        let patience = Patience::new(self.deadline, self.query.as_ref());
        patience.go_on()?;
        let newer = match small::read_txn(self.root.top(), Spin::of(&patience)) {
            Ok(newer) => newer,
            Err(SmallError::Fatal(ReadError::NotATable { .. })) => {
                return Err(changed("its _txn file is gone".to_owned()));
            }
            Err(SmallError::Retry(e) | SmallError::Disturbed(_, e)) => {
                patience.go_on()?;
                return Err(changed(e.to_string()));
            }
            Err(SmallError::Fatal(e)) => return Err(e),
        };
        let pinned = |i: usize| self.slots.get(i).is_some_and(Slot::is_pinned);
        watch.advance(&self.snapshot, &newer, self.validation, pinned);
        watch.verdict(read).map_err(changed)
    }

    /// Tells damage from a writer at work: a file that is gone or short under an unchanged commit
    /// is given a moment, since TRUNCATE empties files before it commits (table-dir.md §8.3).
    pub(crate) fn explain(&self, error: ReadError) -> ReadError {
        if !error.may_be_stale() {
            return error;
        }
        let mut patience = Patience::new(self.deadline, self.query.as_ref());
        loop {
            match self.revalidate() {
                // Whoever stops does not wait to hear whether it was damage.
                Err(stop) if stop.is_stale() || stop.is_stop() => return stop,
                Err(_) => return error,
                Ok(()) => {}
            }
            let version = small::read_version(self.root.top()).ok().flatten();
            if patience.judge(version) != Verdict::Again {
                return error;
            }
        }
    }
}
