//! Every system call of this crate, and so of the product; the only place with `unsafe`.
//!
//! Each unsafe block is one operation with its proof. What is safe to call from outside is safe
//! for every argument: ranges are checked here once more, before the kernel sees them.

mod fs;
mod malloc;
mod mincore;
mod region;
mod registry;
mod sigbus;
mod trust;
mod writeback;

use std::io;
use std::ops::Range;

pub(crate) use fs::{
    create_dir, create_new, fadvise, list, open_dir, open_dir_at, open_file_at, read_at,
    remove_dir, rename, stat_at, stat_of, sync, unlink, write_at,
};
pub(crate) use malloc::{give_back_blocks_of, give_back_free};
pub(crate) use region::map;
pub(crate) use sigbus::install as install_sigbus_guard;
pub use trust::Trust;
pub(crate) use writeback::writeback;

/// Size of a page of memory in bytes: the grain of mapping, residency and eviction.
#[must_use]
pub fn page_size() -> u64 {
    page_len() as u64
}

/// The same as a length in memory.
pub(crate) fn page_len() -> usize {
    rustix::param::page_size()
}

/// Pages that `len` bytes, starting at a page boundary, touch.
pub(crate) fn page_count(len: usize) -> usize {
    len.div_ceil(page_len())
}

/// Checks a range of a region: starts at a page, is not reversed, ends within `len` bytes.
pub(crate) fn check_region_range(range: &Range<u64>, len: usize) -> io::Result<Range<usize>> {
    let refuse = |reason| Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    let (Ok(lo), Ok(hi)) = (usize::try_from(range.start), usize::try_from(range.end)) else {
        return refuse("range exceeds the address space");
    };
    if lo > hi || hi > len {
        return refuse("range is outside the region");
    }
    if !lo.is_multiple_of(page_len()) {
        return refuse("range does not start at a page");
    }
    Ok(lo..hi)
}

/// Soft and hard limit of descriptors, `u64::MAX` for none.
pub(crate) fn descriptor_limit() -> (u64, u64) {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    (
        limit.current.unwrap_or(u64::MAX),
        limit.maximum.unwrap_or(u64::MAX),
    )
}

/// Raises the soft limit of descriptors to the hard one.
pub(crate) fn raise_descriptor_limit() -> io::Result<()> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let raised = rustix::process::Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    Ok(rustix::process::setrlimit(
        rustix::process::Resource::Nofile,
        raised,
    )?)
}
