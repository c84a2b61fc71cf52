//! The guard against a dead process when a mapped file is shortened. For binaries.
//!
//! Reading a mapped page beyond the end of its file raises SIGBUS, which kills. The directory
//! protocol forbids shortening, but disks and people do not read protocols. A *binary* may install
//! this guard; the library never does so by itself, since signal handlers belong to the process.
//!
//! With the guard, a fault inside a mapping of this crate puts a page of zeros there, poisons the
//! mapping and goes on: no unwinding, no dead process. Zeros are not data, so whoever reads a
//! mapping asks [`crate::Mapping::verify_len`] after each batch and throws the batch away when that
//! fails. Faults elsewhere go to the handler that was there before.
//!
//! System calls that read a mapping (`write` from it, say) answer `EFAULT` instead of raising the
//! signal: those fail as errors with or without the guard.

use std::io;

/// Installs the guard for the whole process. Once is enough; more does nothing.
///
/// # Errors
/// As `sigaction` reports them.
pub fn install() -> io::Result<()> {
    crate::sys::install_sigbus_guard()
}
