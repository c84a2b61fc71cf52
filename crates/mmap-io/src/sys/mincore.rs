//! `mincore`: which pages of a mapping are in memory.
//!
//! rustix and memmap2 do not offer it. It looks at the page cache, not at the page table, so it
//! sees pages that other processes brought in, and it faults nothing in itself. (Since Linux 5.2 a
//! process that neither owns the file nor may write it is told that every page is resident; then
//! nothing is evicted, which is harmless.)

use std::io;
use std::ops::Range;

use super::{check_region_range, page_count};

/// One byte a page: 1 in memory, 0 not. `mapped` must be a mapping that starts at a page.
pub(super) fn mincore(mapped: &[u8], range: &Range<u64>, pages: &mut [u8]) -> io::Result<()> {
    let asked = check_region_range(range, mapped.len())?;
    let page_count = page_count(asked.len());
    let Some(pages) = pages.get_mut(..page_count) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "residency buffer is shorter than the range has pages",
        ));
    };
    if page_count == 0 {
        return Ok(());
    }
    let Some(slice) = mapped.get(asked) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "range is outside the region",
        ));
    };
    let start = slice.as_ptr().cast_mut().cast::<libc::c_void>();
    let vec = pages.as_mut_ptr().cast::<libc::c_uchar>();
    // SAFETY: the kernel reads no byte at `start` and writes one byte for each page of
    // `start..start + slice.len()` to `vec`, which has exactly `page_count` bytes: `start` is at a
    // page (checked above), so the range has `ceil(len / page)` pages. If `start` were not at a
    // page or not mapped, the call would fail and write nothing that matters.
    let code = unsafe { libc::mincore(start, slice.len(), vec) };
    if code != 0 {
        return Err(io::Error::last_os_error());
    }
    for page in pages {
        *page &= 1; // The other bits are reserved.
    }
    Ok(())
}
