//! What a refused hint means.
//!
//! Advice and residency make things faster, never right: no answer to them is an error. Writeback is
//! another matter: an error that it reports is not reported again, so only a file system that does
//! not know the call is let off.

use std::io;

/// Whether the file system (or a kernel built small) lacks the call, as opposed to failing it.
pub(crate) fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::ENODEV | libc::ENOSYS | libc::EOPNOTSUPP | libc::ESPIPE)
    ) || error.kind() == io::ErrorKind::Unsupported
}

/// Advice, or a question about residency, is never worth failing a read for: the kernel loses no
/// data over it, whatever it answers. `None`: it was not followed, or there is no answer.
pub(crate) fn hint<T>(result: io::Result<T>) -> Option<T> {
    result.ok()
}
