//! What an encoder says about the rows that it reads.
//!
//! Whoever owns the rows can fetch them before they are read, take them out of memory behind the
//! encoder, look at them first, or stop it: a chunk of a million rows is more than some memory limits
//! allow for, and a first pass over them hands over no page at which it could be stopped.

use std::ops::Range;

/// Told about rows of a chunk before they are read. It changes no byte of the output.
pub trait RowWatch {
    /// A few rows are read, as a sample. `false` stops the encoder.
    fn sample(&self, rows: Range<u64>) -> bool;

    /// A pass over the chunk has arrived at `row`; with `last`, nobody comes back to the rows before
    /// it. Returns the rows that may be read before the next call, at least 1; `None` stops the encoder.
    fn pass(&self, row: u64, last: bool) -> Option<u64>;
}
