//! How the process ends: with the answer of the work, or by the hand of whoever stopped it.
//!
//! Both may come at the same moment. One of them has the last word, says one line and decides the exit
//! code; the other is not heard. Else an interrupted command could say two lines, or blame a file that
//! was removed under it for being gone.

use std::process::ExitCode;
use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};
use std::time::Duration;

use engine::{Cause, EngineError, Remains, Unfinished};

use crate::output;

/// How long cancelled work may take to notice and to clean up. Within a second the process has ended.
pub(crate) const GRACE: Duration = Duration::from_millis(600);
/// The same for a stream, which may be stuck in a write that nobody reads, and has nothing to clean up.
pub(crate) const STREAM_GRACE: Duration = Duration::from_millis(500);
/// How long work may take that has published its file already: its own answer is the right one.
const LAST_STEPS: Duration = Duration::from_secs(5);
/// How often, and how long each time, stderr is waited for to take the line that says why. Looks are
/// counted, so that a process that is not scheduled for a while does not lose its words.
const LOOKS: u32 = 25;
const LOOK: Duration = Duration::from_millis(10);

// What may be waited for at the end of the grace: that the name of a file is known, and the words.
const _: () = assert!(
    GRACE.as_millis() + 100 + LOOK.as_millis() * LOOKS as u128 <= 950,
    "within a second"
);

/// Who says how the process ends.
static LAST_WORD: LastWord = LastWord::new();

struct LastWord {
    turn: Mutex<()>,
    /// The exit code of work that failed; it has the word, or is about to take it.
    failed: OnceLock<u8>,
}

impl LastWord {
    const fn new() -> Self {
        Self {
            turn: Mutex::new(()),
            failed: OnceLock::new(),
        }
    }

    /// The work has ended, with this exit code if it failed, and keeps the word. Does not return while somebody
    /// else has it.
    fn keep(&self, failed: Option<u8>) {
        if let Some(code) = failed {
            let _ = self.failed.set(code);
        }
        std::mem::forget(self.turn.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The word, unless the work or somebody else has it.
    fn take(&self) -> Option<MutexGuard<'_, ()>> {
        match self.turn.try_lock() {
            Ok(turn) => Some(turn),
            Err(TryLockError::Poisoned(turn)) => Some(turn.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// The word, for whoever stops the work and has removed what it left; work that is about to end by
    /// itself is waited for.
    fn take_from(
        &self,
        unfinished: &Unfinished,
        last_steps: Duration,
    ) -> Option<MutexGuard<'_, ()>> {
        // First the word, then the file: the work does not get to say that its file is gone.
        let turn = self.take()?;
        if unfinished.remove() == Remains::Nothing {
            return Some(turn);
        }
        drop(turn);
        std::thread::sleep(last_steps);
        self.take()
    }
}

/// The end that the work itself has come to.
pub(crate) fn answer(done: Result<ExitCode, EngineError>) -> ExitCode {
    let failed = done.as_ref().err().map(|error| error.exit_class().code());
    LAST_WORD.keep(failed);
    done.unwrap_or_else(|error| output::complain(&error))
}

/// Ends the process unless the work, which was asked to stop, ends it before: some steps are long (a
/// large page in a slow codec, an `fsync`), and a write may wait for a reader for ever.
pub(crate) fn end_after(grace: Duration, unfinished: &Unfinished, cause: Cause) {
    std::thread::sleep(grace);
    let Some(_turn) = LAST_WORD.take_from(unfinished, LAST_STEPS) else {
        // What failed may be stuck in saying so; what succeeded has nothing left to do.
        (0..LOOKS).for_each(|_| std::thread::sleep(LOOK));
        if let Some(code) = LAST_WORD.failed.get() {
            std::process::exit(i32::from(*code));
        }
        return;
    };
    let error = EngineError::from(cause);
    let code = error.exit_class().code();
    let (said, wait) = mpsc::channel();
    let say = move || {
        output::complain(&error);
        let _ = said.send(());
    };
    // stderr may be what the work is stuck in.
    if std::thread::Builder::new().spawn(say).is_ok() {
        let _ = (0..LOOKS).find(|_| wait.recv_timeout(LOOK).is_ok());
    }
    std::process::exit(i32::from(code));
}

/// Watches a time limit for work that is stuck where it cannot look at the clock.
pub(crate) fn watch_limit(limit: Duration, grace: Duration, unfinished: &Unfinished) {
    let unfinished = unfinished.clone();
    let watch = move || {
        std::thread::sleep(limit);
        end_after(grace, &unfinished, Cause::TimedOut { limit });
    };
    // Without a thread to spare, work still ends where it looks at the clock.
    let _ = std::thread::Builder::new().spawn(watch);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    use std::thread;

    use super::*;

    #[test]
    fn work_that_has_the_word_is_not_interrupted() {
        let word = LastWord::new();
        word.keep(None);
        assert!(word.take().is_none());
        assert!(
            word.take_from(&Unfinished::default(), Duration::ZERO)
                .is_none()
        );
    }

    #[test]
    fn work_that_is_late_says_nothing() {
        let (word, has_spoken) = (LastWord::new(), AtomicBool::new(false));
        let turn = word.take_from(&Unfinished::default(), Duration::ZERO);
        assert!(turn.is_some() && word.take().is_none());
        let silent = thread::scope(|scope| {
            scope.spawn(|| {
                word.keep(Some(1));
                has_spoken.store(true, SeqCst);
            });
            let silent = (0..1000).all(|_| {
                thread::yield_now();
                !has_spoken.load(SeqCst)
            });
            drop(turn);
            silent
        });
        assert!(silent, "somebody else has the word");
    }
}
