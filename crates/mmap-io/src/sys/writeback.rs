//! `sync_file_range`: dirty pages leave while the writer still writes.
//!
//! Without it a large output is held dirty in memory until the kernel's own thresholds stall every
//! writer of the machine, and the final `fsync` takes as long as the whole file.

use std::io;
use std::ops::Range;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Starts writing the dirty pages of a range; with `wait`, also waits until they are written.
pub(crate) fn writeback(file: BorrowedFd<'_>, range: &Range<u64>, wait: bool) -> io::Result<()> {
    let bad = || io::Error::new(io::ErrorKind::InvalidInput, "range cannot be written back");
    let len = range.end.checked_sub(range.start).ok_or_else(bad)?;
    if len == 0 {
        return Ok(()); // The kernel would take 0 for "to the end of the file".
    }
    let off = libc::off64_t::try_from(range.start).map_err(|_| bad())?;
    let len = libc::off64_t::try_from(len).map_err(|_| bad())?;
    let flags = if wait {
        libc::SYNC_FILE_RANGE_WAIT_BEFORE
            | libc::SYNC_FILE_RANGE_WRITE
            | libc::SYNC_FILE_RANGE_WAIT_AFTER
    } else {
        libc::SYNC_FILE_RANGE_WRITE
    };
    let fd = file.as_raw_fd();
    loop {
        // SAFETY: `fd` is open for as long as `file` is borrowed, the other arguments are plain
        // numbers, and the call touches no memory of this process.
        let code = unsafe { libc::sync_file_range(fd, off, len, flags) };
        if code == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
