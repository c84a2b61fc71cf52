//! `mallopt` and `malloc_trim`: which blocks of the heap are given back to the system as soon as they are
//! free, and when the others are.
//!
//! The C library of most systems learns from the first large block that is freed that such blocks are to
//! be kept, for every thread apart. Neither the standard library nor rustix offers to change that.

/// Says that blocks of `bytes` and more are mapped one by one, that no more than that stays at the end of a
/// heap, and that there is one heap for all threads. `false` where there is no such thing, or it is too
/// late: there is another thread.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn give_back_blocks_of(bytes: u32) -> bool {
    let threads = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let Ok(bytes) = libc::c_int::try_from(bytes) else {
        return false;
    };
    threads == 1
        && [
            (libc::M_MMAP_THRESHOLD, bytes),
            (libc::M_TRIM_THRESHOLD, bytes),
            (libc::M_ARENA_MAX, 1),
        ]
        .into_iter()
        .all(|(parameter, value)| {
            // SAFETY: the call stores a number in the allocator, for later blocks; those that there
            // are say themselves how they are freed. It must not meet another one, nor an allocation:
            // this thread is the only one, and none can be started while it is here.
            let taken = unsafe { libc::mallopt(parameter, value) };
            taken == 1
        })
}

/// Gives back what is free.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn give_back_free() {
    // SAFETY: the call takes the locks of the heaps that it looks at, so that it may be made by any thread
    // at any time; it touches pages alone that nobody has.
    unsafe { libc::malloc_trim(0) };
}

/// Other allocators do so by themselves, or cannot be told.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back_free() {}

/// Other allocators have no such habit, or no such switch.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn give_back_blocks_of(_bytes: u32) -> bool {
    false
}
