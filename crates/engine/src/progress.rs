//! Progress: what a long piece of work tells whoever started it.
//!
//! The engine counts, the caller draws. Calls come between pages at most, never per row, so an
//! implementation may take a lock.

/// What there is to do, known once the snapshot is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Transaction of the snapshot.
    pub snapshot_txn: i64,
    /// Rows that were selected.
    pub rows: u64,
    /// Partitions that hold them.
    pub partitions: usize,
}

/// What has been done since [`Progress::begin`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Rows of finished row groups, and of the one under way as large a share as of its columns is
    /// written (export); rows printed (scan).
    pub rows: u64,
    /// Native bytes of the selected columns of those rows.
    pub bytes_in: u64,
    /// Bytes that left for the output.
    pub bytes_out: u64,
}

/// Receives progress. Every method has an empty default: take what you draw.
pub trait Progress: Sync {
    /// A snapshot is open and work starts; comes again when a writer forced a restart.
    fn begin(&self, totals: Totals) {
        let _ = totals;
    }

    /// So much is done. Numbers never fall between two calls of `begin`.
    fn advance(&self, done: Done) {
        let _ = done;
    }

    /// The table changed under the export, which starts over; `attempt` is the next one, from 2.
    fn restart(&self, attempt: u32, reason: &str) {
        let _ = (attempt, reason);
    }

    /// No more calls follow, whatever the outcome.
    fn end(&self) {}
}

/// Draws nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {}
