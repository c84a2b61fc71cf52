//! What was done, in order, which call fails, and what happens meanwhile.
//!
//! Calls are numbered from 0 in the order in which they arrive. With one thread under test that
//! order is the same every time, so "the call that failed" can be named in a message.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A kind of call into the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(
    missing_docs,
    reason = "each is the method of that name of `Dir`, `File` or `Region`"
)]
pub enum Operation {
    OpenDir,
    OpenFile,
    CreateNew,
    CreateDir,
    List,
    StatName,
    Rename,
    Unlink,
    RemoveDir,
    SyncDir,
    StatFile,
    ReadAt,
    WriteAt,
    SyncFile,
    Map,
    AdviseFile,
    Writeback,
    AdviseMap,
    Residency,
}

impl Operation {
    /// Whether the call changes what is on disk, or makes a change durable.
    #[must_use]
    pub fn is_change(self) -> bool {
        matches!(
            self,
            Operation::CreateNew
                | Operation::CreateDir
                | Operation::Rename
                | Operation::Unlink
                | Operation::RemoveDir
                | Operation::SyncDir
                | Operation::WriteAt
                | Operation::SyncFile
                | Operation::Writeback
        )
    }
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What was called.
    pub operation: Operation,
    /// Path of the directory or file, from the directory that was opened first.
    pub path: String,
    /// Whether it was made to fail.
    pub failed: bool,
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failed = if self.failed { " (failed)" } else { "" };
        write!(f, "{:?} {}{failed}", self.operation, self.path)
    }
}

/// When a call fails.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Call number `at`.
    Once { at: usize, kind: io::ErrorKind },
    /// Every call of the kind, from number `from` on.
    Every {
        operation: Operation,
        from: usize,
        kind: io::ErrorKind,
    },
}

/// What happens once, right before a call that then goes on.
struct Hook {
    at: Place,
    run: Box<dyn FnOnce() + Send>,
}

#[derive(Debug)]
enum Place {
    Call(usize),
    Of {
        operation: Operation,
        path_end: String,
    },
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct State {
    calls: Vec<Call>,
    reads: Vec<(String, Range<u64>)>,
    fault: Option<Fault>,
    hook: Option<Hook>,
    short_writes: bool,
}

/// The record of a [`super::FaultyVfs`], and its switches.
#[derive(Debug, Default)]
pub struct Journal {
    state: Mutex<State>,
}

impl Journal {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Call number `at` (from 0, counted from now on) fails; earlier orders are forgotten.
    pub fn fail_call(&self, at: usize, kind: io::ErrorKind) {
        let mut state = self.state();
        let at = state.calls.len() + at;
        state.fault = Some(Fault::Once { at, kind });
    }

    /// From now on every call of this kind fails; earlier orders are forgotten.
    pub fn fail_every(&self, operation: Operation, kind: io::ErrorKind) {
        let mut state = self.state();
        let from = state.calls.len();
        state.fault = Some(Fault::Every {
            operation,
            from,
            kind,
        });
    }

    /// Runs `hook` before call number `at` (from 0, counted from now on), which then works.
    pub fn before_call(&self, at: usize, hook: impl FnOnce() + Send + 'static) {
        let mut state = self.state();
        let at = Place::Call(state.calls.len() + at);
        let run = Box::new(hook);
        state.hook = Some(Hook { at, run });
    }

    /// Runs `hook` before the next call of this kind on a path that ends so.
    pub fn before(
        &self,
        operation: Operation,
        path_end: &str,
        hook: impl FnOnce() + Send + 'static,
    ) {
        let path_end = path_end.to_owned();
        let at = Place::Of {
            operation,
            path_end,
        };
        let run = Box::new(hook);
        self.state().hook = Some(Hook { at, run });
    }

    /// Whether what was to run before a call has not run.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        self.state().hook.is_some()
    }

    /// Writes take one byte less than they are given, as the trait allows.
    pub fn write_short(&self) {
        self.state().short_writes = true;
    }

    /// Nothing fails any more.
    pub fn heal(&self) {
        let mut state = self.state();
        state.fault = None;
        state.short_writes = false;
    }

    /// All calls so far.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// Bytes that were read positionally so far, call by call, with the path.
    #[must_use]
    pub fn reads(&self) -> Vec<(String, Range<u64>)> {
        self.state().reads.clone()
    }

    /// Notes what a read gave.
    pub(super) fn was_read(&self, path: &str, range: Range<u64>) {
        self.state().reads.push((path.to_owned(), range));
    }

    /// Number of calls so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state().calls.len()
    }

    /// Whether nothing was called yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a call was made to fail.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.state().calls.iter().any(|call| call.failed)
    }

    /// Number of bytes that a write of `len` may take.
    pub(super) fn writable(&self, len: usize) -> usize {
        if self.state().short_writes && len > 1 {
            len - 1
        } else {
            len
        }
    }

    /// Notes a call; an error if it is to fail.
    pub(super) fn call(&self, operation: Operation, path: &str) -> io::Result<()> {
        let mut state = self.state();
        let number = state.calls.len();
        let hook = state.hook.take_if(|hook| match &hook.at {
            Place::Call(at) => *at == number,
            Place::Of {
                operation: of,
                path_end,
            } => *of == operation && path.ends_with(path_end),
        });
        let error = match state.fault {
            Some(Fault::Once { at, kind }) if at == number => Some(kind),
            Some(Fault::Every {
                operation: of,
                from,
                kind,
            }) if of == operation && number >= from => Some(kind),
            _ => None,
        };
        let failed = error.is_some();
        state.calls.push(Call {
            operation,
            path: path.to_owned(),
            failed,
        });
        drop(state);
        if let Some(hook) = hook {
            (hook.run)();
        }
        match error {
            None => Ok(()),
            Some(kind) => Err(io::Error::new(
                kind,
                format!("injected into call {number}, {operation:?} {path}"),
            )),
        }
    }
}
