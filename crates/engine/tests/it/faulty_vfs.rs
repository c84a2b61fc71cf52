//! A fuse before the file system: the n-th call, whichever that is, fails or cancels the work.

use std::io;
use std::sync::Arc;

use engine::CancelToken;
use mmap_io::Vfs;
use testkit::faulty::{FaultyVfs, Journal};

/// Blows at one call.
#[derive(Clone, Debug)]
pub(crate) struct Fuse {
    pub(crate) vfs: Arc<dyn Vfs>,
    pub(crate) journal: Arc<Journal>,
    at: usize,
}

impl Fuse {
    /// The call, counted from 1, fails.
    pub(crate) fn after(calls: usize, kind: io::ErrorKind) -> Self {
        let fuse = Self::at(calls);
        fuse.journal.fail_call(calls - 1, kind);
        fuse
    }

    /// The call works, and somebody cancels.
    pub(crate) fn cancelling(calls: usize, token: CancelToken) -> Self {
        let fuse = Self::at(calls);
        fuse.journal.before_call(calls - 1, move || token.cancel());
        fuse
    }

    fn at(calls: usize) -> Self {
        let (vfs, journal) = FaultyVfs::wrap(engine::real_vfs());
        let at = calls;
        Self { vfs, journal, at }
    }

    /// Whether the call at which something happens was made.
    pub(crate) fn blown(&self) -> bool {
        self.journal.len() >= self.at
    }
}
