//! The file that pages spill to, as little of it as is needed.
//!
//! Positional reads and writes, nothing else: tests put a file in its place that is full, broken or
//! forgetful.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// A file that is written and read at given offsets, by several threads at once.
pub trait SpillFile: Send + Sync {
    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    /// Fewer bytes were written; what is there is undefined then.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Fills `bytes` from `offset`.
    ///
    /// # Errors
    /// Fewer bytes are there, or cannot be read.
    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()>;
}

impl SpillFile for File {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        FileExt::read_exact_at(self, bytes, offset)
    }
}
