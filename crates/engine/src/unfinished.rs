//! `Unfinished`: the temporary name of a file under way, for whoever has to end the process.
//!
//! Work that is asked to stop cleans up by itself, at its next look at the stop signs. Some steps are
//! long (a page of many megabytes in a slow codec, the last `fsync`), and a person does not wait for
//! them: a binary then removes the name and exits. A library never ends the process.
//!
//! The lock is held while a file is created: there is no moment in which it exists and nobody knows.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use mmap_io::AtomicFile;

use crate::error::{Cause, Result};

/// How often, and after what pause, a lock is asked for that should be free.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// The temporary file of an output. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Unfinished {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
enum State {
    /// Nothing is under way.
    #[default]
    Idle,
    /// The file of this name is.
    Writing(PathBuf),
    /// What was under way has its final name, and is all that the work is for.
    Published,
    /// Nothing may be begun any more; what was found when that was said.
    Closed(Remains),
}

/// What [`Unfinished::remove`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remains {
    /// Nothing is left: nothing was under way, or it was removed.
    Nothing,
    /// The file just got its final name, or was just cleaned up: the work is about to end by itself.
    Ending,
}

impl Unfinished {
    /// Removes the file under way, if there is one, and lets no other begin. For a process that is
    /// about to exit: the work itself then fails to publish.
    #[must_use = "work that is about to end should be let end"]
    pub fn remove(&self) -> Remains {
        let Some(mut state) = self.lock_soon() else {
            return Remains::Nothing;
        };
        let remains = match &*state {
            State::Writing(path) => match std::fs::remove_file(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => Remains::Ending,
                _ => Remains::Nothing,
            },
            State::Idle => Remains::Nothing,
            State::Published => Remains::Ending,
            State::Closed(remains) => *remains,
        };
        *state = State::Closed(remains);
        remains
    }

    /// Creates a file and knows of it until the guard is dropped, which must be after the file.
    ///
    /// # Errors
    /// [`Cause::Cancelled`] after [`Unfinished::remove`], otherwise what `create` fails with.
    pub(crate) fn create(
        &self,
        create: impl FnOnce() -> Result<AtomicFile>,
    ) -> Result<(Announced<'_>, AtomicFile)> {
        let mut state = self.lock();
        if matches!(*state, State::Closed(_)) {
            return Err(Cause::Cancelled.into());
        }
        let file = create()?;
        *state = State::Writing(file.temp_path());
        Ok((Announced(self), file))
    }

    /// The lock, unless a file system is stuck while a file is created: nobody waits for that.
    fn lock_soon(&self) -> Option<MutexGuard<'_, State>> {
        for _ in 0..LOCK_TRIES {
            match self.state.try_lock() {
                Ok(state) => return Some(state),
                Err(TryLockError::Poisoned(state)) => return Some(state.into_inner()),
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            }
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the file when it is dropped.
#[derive(Debug)]
pub(crate) struct Announced<'a>(&'a Unfinished);

impl Announced<'_> {
    /// The file has its final name, and the work ends with it: whoever would stop it now is told that it is
    /// about to end by itself, until it has.
    pub(crate) fn published(self) {
        self.set(State::Published);
    }

    fn set(&self, next: State) {
        let mut state = self.0.lock();
        if matches!(*state, State::Writing(_)) {
            *state = next;
        }
    }
}

impl Drop for Announced<'_> {
    fn drop(&mut self) {
        self.set(State::Idle);
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use mmap_io::RealVfs;

    use super::*;

    fn file(dir: &Path) -> Result<AtomicFile> {
        AtomicFile::create(&RealVfs, &dir.join("out")).map_err(|error| Cause::Io(error).into())
    }

    fn names(dir: &Path) -> usize {
        std::fs::read_dir(dir).unwrap().count()
    }

    #[test]
    fn a_file_under_way_is_removed_and_none_begins_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let unfinished = Unfinished::default();
        let (_announced, under_way) = unfinished.create(|| file(dir.path())).unwrap();
        assert_eq!(names(dir.path()), 1);
        assert_eq!(unfinished.remove(), Remains::Nothing);
        assert_eq!(names(dir.path()), 0);
        under_way.publish(false, false).unwrap_err();
        let refused = unfinished.create(|| file(dir.path())).unwrap_err();
        assert!(matches!(refused.cause(), Cause::Cancelled));
        assert_eq!(names(dir.path()), 0);
    }

    #[test]
    fn what_has_its_name_already_is_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let unfinished = Unfinished::default();
        let (announced, done) = unfinished.create(|| file(dir.path())).unwrap();
        done.publish(false, false).unwrap();
        assert_eq!(unfinished.clone().remove(), Remains::Ending);
        drop(announced);
        assert!(dir.path().join("out").is_file());
        // Whoever asks once more hears the same.
        assert_eq!(unfinished.remove(), Remains::Ending);
    }

    #[test]
    fn work_that_has_published_is_let_end_and_may_begin_again() {
        let dir = tempfile::tempdir().unwrap();
        let unfinished = Unfinished::default();
        for _ in 0..2 {
            let (announced, done) = unfinished.create(|| file(dir.path())).unwrap();
            done.publish(false, true).unwrap();
            announced.published();
        }
        assert_eq!(unfinished.remove(), Remains::Ending);
        assert!(dir.path().join("out").is_file());
    }

    #[test]
    fn work_that_has_ended_leaves_nothing_to_remove() {
        let dir = tempfile::tempdir().unwrap();
        let unfinished = Unfinished::default();
        for _ in 0..2 {
            let (announced, one) = unfinished.create(|| file(dir.path())).unwrap();
            drop(one);
            drop(announced);
        }
        assert_eq!(unfinished.remove(), Remains::Nothing);
        assert_eq!(names(dir.path()), 0);
    }
}
