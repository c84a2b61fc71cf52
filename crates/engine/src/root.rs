//! The one line of trust.
//!
//! Mapping files that another process writes is sound only under the protocol of the directory.
//! Here, at the front door, somebody says so; everything behind is safe given a `Root`.

use std::path::Path;
use std::sync::Arc;

use mmap_io::{RealVfs, Root, Vfs};

use crate::error::{Cause, Result};

/// The real file system, for the tools that take one.
#[must_use]
pub fn real_vfs() -> Arc<dyn Vfs> {
    Arc::new(RealVfs)
}

/// Opens a table directory or database root on the real file system.
///
/// # Errors
/// The directory does not exist, is none, or may not be opened.
pub fn open_root(dir: impl AsRef<Path>) -> Result<Root> {
    open_root_with(Arc::new(RealVfs), dir)
}

/// Opens a table directory or database root behind `vfs`.
///
/// # Errors
/// As [`open_root`].
pub fn open_root_with(vfs: Arc<dyn Vfs>, dir: impl AsRef<Path>) -> Result<Root> {
    #[expect(
        unsafe_code,
        reason = "the front door: whoever asks for this table trusts its writer"
    )]
    // SAFETY: QuestDB keeps the protocol of `Root::open` (one writer; committed bytes of a column
    // file are final; files are replaced by rename): table-dir.md §7. Where it does not (TRUNCATE
    // of an unpartitioned table), snapshots are validated before results are published.
    let root = unsafe { Root::open(vfs, dir.as_ref()) };
    root.map_err(|error| Cause::Io(error).into())
}
