//! Bounded waiting: the deadline of a snapshot and the shorter one of a suspicion.
//!
//! A reader of a live table retries what a writer may be about to finish, and must still answer in
//! bounded time. The same condition under the same commit for a quarter of the deadline is damage;
//! a table that keeps committing under us uses up the whole deadline and is *busy*, not damaged.

use std::time::{Duration, Instant};

/// Sleep between attempts: short against a DDL window (milliseconds), long against a spin.
const STEP: Duration = Duration::from_millis(2);

/// The clock of one snapshot.
#[derive(Debug)]
pub(crate) struct Patience {
    started: Instant,
    deadline: Duration,
    /// The commit that the current obstacle was first seen under, and when.
    suspect: Option<(Option<i64>, Instant)>,
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
    pub(crate) fn new(deadline: Duration) -> Self {
        Self {
            started: Instant::now(),
            deadline,
            suspect: None,
        }
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
            None if self.deadline.is_zero() => return Verdict::Damaged,
            _ => self.suspect = Some((version, now)),
        }
        if now.duration_since(self.started) >= self.deadline {
            return Verdict::Busy;
        }
        std::thread::sleep(STEP.min(self.deadline));
        Verdict::Again
    }
}

/// Spinning inside one seqlock read never outlives a quarter of the deadline: a record that stays
/// torn for so long is damage, and the loop around decides with the commit in view.
#[derive(Debug)]
pub(crate) struct Spin {
    until: Instant,
}

impl Spin {
    pub(crate) fn of(patience: &Patience) -> Self {
        Self {
            until: Instant::now() + patience.deadline / 4,
        }
    }
}

impl txn::Pause for Spin {
    fn pause(&mut self) -> bool {
        if Instant::now() >= self.until {
            return false;
        }
        std::thread::sleep(Duration::from_micros(200));
        true
    }
}
