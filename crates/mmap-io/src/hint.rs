//! What a refused hint means.
//!
//! Advice and writeback make things faster, never right. A file system that does not know them is
//! not an error; a device that fails while obeying them is.

use std::io;

/// Whether the file system (or a kernel built small) lacks the call, as opposed to failing it.
pub(crate) fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENODEV | libc::ENOSYS | libc::EOPNOTSUPP | libc::ESPIPE)
    ) || error.kind() == io::ErrorKind::Unsupported
}

/// A hint that cannot be given is no failure.
pub(crate) fn ignore_unsupported(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if is_unsupported(&e) => Ok(()),
        other => other,
    }
}
