//! Bounded waiting: the deadline of a snapshot and the shorter one of a suspicion.
//!
//! A reader of a live table retries what a writer may be about to finish, and must still answer in
//! bounded time. The same condition under the same commit for a quarter of the deadline is damage;
//! a table that keeps committing under us uses up the whole deadline and is *busy*, not damaged.
//! The clock alone proves neither: a reader that was not given the processor for longer than its
//! deadline has seen one commit, and looks again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::ReadError;
use crate::registry::QueryHandle;

/// Sleep between attempts: short against a DDL window (milliseconds), long against a spin.
const STEP: Duration = Duration::from_millis(2);

/// The clock of one snapshot.
#[derive(Debug)]
pub(crate) struct Patience {
    started: Instant,
    deadline: Duration,
    /// The commit that the current obstacle was first seen under, and when.
    suspect: Option<(Option<i64>, Instant)>,
    /// Obstacles were seen under different commits, or under one and none that was readable.
    commits_came: bool,
    /// Who waits.
    query: Option<Arc<QueryHandle>>,
}

/// What to do about an obstacle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Slept; try again.
    Again,
    /// The same commit kept the obstacle: it will not go away.
    Damaged,
    /// Commits kept coming for the whole deadline.
    Busy,
}

impl Patience {
    pub(crate) fn new(deadline: Duration, query: Option<&Arc<QueryHandle>>) -> Self {
        Self {
            started: Instant::now(),
            deadline,
            suspect: None,
            commits_came: false,
            query: query.cloned(),
        }
    }

    /// An error if whoever waits must stop.
    pub(crate) fn go_on(&self) -> Result<(), ReadError> {
        go_on(self.query.as_ref())
    }

    /// Whether there is any.
    pub(crate) fn is_none(&self) -> bool {
        self.deadline.is_zero()
    }

    /// Time since the first attempt.
    pub(crate) fn waited(&self) -> Duration {
        self.started.elapsed()
    }

    /// Judges an obstacle seen under the commit `version`; `None` = not even a version was readable.
    pub(crate) fn judge(&mut self, version: Option<i64>) -> Verdict {
        let now = Instant::now();
        match self.suspect {
            Some((same, since)) if same == version => {
                if now.duration_since(since) >= self.deadline / 4 {
                    return Verdict::Damaged;
                }
            }
            // Zero patience: the first sight decides.
            None if self.is_none() => return Verdict::Damaged,
            earlier => {
                self.commits_came = earlier.is_some();
                self.suspect = Some((version, now));
            }
        }
        if self.commits_came && now.duration_since(self.started) >= self.deadline {
            return Verdict::Busy;
        }
        std::thread::sleep(STEP.min(self.deadline));
        Verdict::Again
    }
}

/// An error if the query, if there is one, must stop.
pub(crate) fn go_on(query: Option<&Arc<QueryHandle>>) -> Result<(), ReadError> {
    query.map_or(Ok(()), |query| query.go_on())
}

/// Spinning inside one seqlock read never outlives a quarter of the deadline: a record that stays
/// torn for so long is damage, and the loop around decides with the commit in view.
#[derive(Debug)]
pub(crate) struct Spin {
    until: Instant,
    /// A second look is due, however late the first one was.
    looks_again: bool,
    query: Option<Arc<QueryHandle>>,
}

impl Spin {
    pub(crate) fn of(patience: &Patience) -> Self {
        Self {
            until: Instant::now() + patience.deadline / 4,
            looks_again: !patience.is_none(),
            query: patience.query.clone(),
        }
    }
}

impl txn::Pause for Spin {
    fn pause(&mut self) -> bool {
        let looks_again = std::mem::take(&mut self.looks_again);
        let is_over = Instant::now() >= self.until && !looks_again;
        if is_over || go_on(self.query.as_ref()).is_err() {
            return false;
        }
        std::thread::sleep(Duration::from_micros(200));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Patience whose whole deadline went by before the first attempt had an answer.
    fn late() -> Patience {
        let deadline = Duration::from_millis(8);
        let started = Instant::now();
        std::thread::sleep(2 * deadline);
        Patience {
            started,
            ..Patience::new(deadline, None)
        }
    }

    #[test]
    fn a_slow_reader_does_not_take_damage_for_a_busy_writer() {
        let mut patience = late();
        assert_eq!(patience.judge(Some(7)), Verdict::Again);
        let last =
            std::iter::repeat_with(|| patience.judge(Some(7))).find(|v| *v != Verdict::Again);
        assert_eq!(last, Some(Verdict::Damaged));
    }

    #[test]
    fn a_torn_record_gets_a_second_look_however_late_the_first_was() {
        for (deadline, looks) in [(Duration::from_nanos(4), 1), (Duration::ZERO, 0)] {
            let mut spin = Spin::of(&Patience::new(deadline, None));
            std::thread::sleep(Duration::from_millis(1));
            let again = std::iter::repeat_with(|| txn::Pause::pause(&mut spin));
            assert_eq!(again.take_while(|again| *again).count(), looks);
        }
    }

    #[test]
    fn commits_that_came_until_the_deadline_mean_busy() {
        let mut patience = late();
        assert_eq!(patience.judge(Some(7)), Verdict::Again);
        assert_eq!(patience.judge(Some(8)), Verdict::Busy);
    }

    #[test]
    fn without_patience_the_first_sight_decides() {
        let mut patience = Patience::new(Duration::ZERO, None);
        assert_eq!(patience.judge(None), Verdict::Damaged);
    }
}
