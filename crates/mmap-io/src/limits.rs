//! What a process may hold: descriptors, and memory that nobody uses.
//!
//! A snapshot opens the files of every selected column before it trusts itself, which on a wide
//! table is more than the usual soft limit of 1,024. Whoever plans a snapshot asks here how many it
//! may hold; a *binary* may raise the soft limit, a library never does so by itself.

use std::io;

use crate::sys;

/// Blocks of the heap that are worth giving back at once. Columns that are decoded one after the other are
/// mostly smaller, and come back warm.
const LARGE_BLOCK_BYTES: u32 = 8 << 20;

/// Soft and hard limit of open descriptors; `u64::MAX` is unlimited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DescriptorLimit {
    /// What is enforced now.
    pub soft_count: u64,
    /// Up to where this process may raise it.
    pub hard_count: u64,
}

/// The limit now in force.
#[must_use]
pub fn descriptor_limit() -> DescriptorLimit {
    let (soft_count, hard_count) = sys::descriptor_limit();
    DescriptorLimit {
        soft_count,
        hard_count,
    }
}

/// Raises the soft limit to the hard limit and returns what is then in force. For binaries.
///
/// # Errors
/// As the operating system reports them; the old limit then stays in force.
pub fn raise_descriptor_limit() -> io::Result<DescriptorLimit> {
    sys::raise_descriptor_limit()?;
    Ok(descriptor_limit())
}

/// Lets large blocks of memory leave the process when they are freed, and has all threads use one heap: what
/// a thread frees is there for the others, instead of waiting in a heap of its own. So whoever watches the
/// memory of the process sees what is in use. For binaries, before they start threads; `false` if it is too
/// late, or the allocator has no such switch.
pub fn give_back_large_blocks() -> bool {
    sys::give_back_blocks_of(LARGE_BLOCK_BYTES)
}

/// Lets memory leave the process that is free, but waits in its heap for whoever needs some: the holes
/// between what is in use as well. Takes a look at all of it.
pub fn give_back_free_memory() {
    sys::give_back_free();
}
