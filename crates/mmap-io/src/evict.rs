//! Dropping pages behind the reader: which, when, and never those that were there before.
//!
//! On a shared file mapping `MADV_DONTNEED` alone leaves the pages in the page cache, and
//! `posix_fadvise` alone skips pages that are mapped: both are needed, in that order. The kernel
//! skips a large folio that sticks out of the advised range, and folios are naturally aligned, so
//! eviction goes by whole windows aligned in the file, not by whatever range was finished. A window
//! is as small as the largest folio allows: under a memory limit, finished pages that wait for the
//! rest of their window take the place of those that were read ahead, and these are read twice.

use std::io;
use std::ops::Range;
use std::path::Path;

use crate::error::{IoError, Op};
use crate::hint::hint;
use crate::mapping::{Evicted, Residency};
use crate::profile::ScanProfile;
use crate::read::read_full;
use crate::sys::{self, Trust};
use crate::vfs::{File, FileAdvice, MapAdvice, Region};

mod pages;
mod ranges;

use pages::PageSet;
use ranges::RangeSet;

/// Size of an eviction window in bytes: the largest folio of the page cache. At most this much of a
/// finished part of a file, plus what is read ahead, is in the page cache on our account.
pub const EVICT_WINDOW_BYTES: u64 = EVICT_WINDOW_LEN as u64;
/// The same as a length in memory.
const EVICT_WINDOW_LEN: usize = 2 * 1024 * 1024;

/// The bookkeeping of one evicting mapping.
#[derive(Debug)]
pub(crate) struct Evictor {
    len: u64,
    /// Pages that were resident when the mapping was made.
    before: PageSet,
    /// Finished bytes of windows that are not finished in full.
    done: RangeSet,
}

impl Evictor {
    /// Records which pages are resident, before anybody reads through the mapping.
    pub(crate) fn record(region: &dyn Region, len: u64) -> io::Result<Self> {
        Ok(Self {
            len,
            before: PageSet::record(region, len)?,
            done: RangeSet::default(),
        })
    }

    /// Marks `range` (within the mapping) as finished, and evicts the windows that it completes.
    pub(crate) fn done(
        &mut self,
        region: &dyn Region,
        file: &dyn File,
        range: Range<u64>,
    ) -> Evicted {
        let mut evicted = Evicted::default();
        if range.is_empty() {
            return evicted;
        }
        self.done.insert(range.clone());
        for window in windows(range, self.len) {
            if self.done.contains(&window) {
                // Forgotten first: a second pass over the window evicts it a second time.
                self.done.remove(&window);
                self.evict(region, file, window, &mut evicted);
            }
        }
        evicted
    }

    /// Evicts all that is left, finished or not.
    ///
    /// The kernel skips a page that somebody refers to just then (page migration and access
    /// monitoring do, for moments), and after this nobody asks again. So windows of which something
    /// is left are asked for a second time; what stays then, stays.
    pub(crate) fn finish(&mut self, region: &dyn Region, file: &dyn File) -> Evicted {
        let mut evicted = Evicted::default();
        for window in windows(0..self.len, self.len) {
            let left_count = self.evict(region, file, window.clone(), &mut evicted);
            if left_count > 0 {
                let mut again = Evicted::default();
                self.evict(region, file, window, &mut again);
                evicted.bytes += again.bytes; // What was kept is the same as before.
            }
        }
        evicted
    }

    /// Drops the pages of one window that were not resident before; returns how many of those that
    /// were resident now would not go.
    ///
    /// All of them are advised, resident or not (read-ahead may still be arriving), but only what
    /// was there and is gone is counted, so that a window that is evicted twice counts once.
    fn evict(
        &self,
        region: &dyn Region,
        file: &dyn File,
        window: Range<u64>,
        evicted: &mut Evicted,
    ) -> u64 {
        if self.before.absent_runs(&window).next().is_none() {
            // All of it was here before: nothing to drop, and not worth asking for.
            evicted.kept_bytes += page_ceil(window.end) - window.start;
            return 0;
        }
        let count = || hint(self.before.count_resident(region, &window));
        let (ours_count, kept_count) = count().unwrap_or_default();
        for run in self.before.absent_runs(&window) {
            let run = run.start..run.end.min(self.len);
            hint(region.advise(run.clone(), MapAdvice::DontNeed));
            // The kernel maps whole pages, so the page of our last byte is ours as a whole; without
            // its tail the kernel would keep it where the file goes on behind the mapping.
            let end = if run.end == self.len {
                page_ceil(run.end)
            } else {
                run.end
            };
            hint(file.advise(run.start..end, FileAdvice::DontNeed));
        }
        evicted.kept_bytes += kept_count * sys::page_size();
        if ours_count == 0 {
            return 0;
        }
        let left_count = count().map_or(ours_count, |(left, _)| left);
        evicted.bytes += ours_count.saturating_sub(left_count) * sys::page_size();
        left_count
    }
}

/// Counts resident pages of `range`, widened to whole pages, window by window.
pub(crate) fn residency(region: &dyn Region, range: Range<u64>) -> io::Result<Residency> {
    let mut counted = Residency::default();
    if range.is_empty() {
        return Ok(counted);
    }
    let page_size = sys::page_size();
    let start = range.start - range.start % page_size;
    for window in windows(start..range.end, range.end) {
        // Only the first window can begin before the range does.
        let asked = window.start.max(start)..window.end;
        let pages = pages::ask(region, asked)?;
        counted.page_count += pages.len() as u64;
        counted.resident_count += pages.iter().filter(|page| **page != 0).count() as u64;
    }
    Ok(counted)
}

/// Fills `buf` from the start of the file by positional reads, with the profile's manners: returns
/// the bytes that were evicted behind the read.
pub(crate) fn read_through(
    file: &dyn File,
    trust: &Trust,
    path: &Path,
    profile: ScanProfile,
    buf: &mut [u8],
) -> Result<u64, IoError> {
    let len = buf.len() as u64;
    if matches!(
        profile,
        ScanProfile::Sequential | ScanProfile::SequentialEvict
    ) {
        hint(file.advise(0..len, FileAdvice::Sequential));
    }
    let evicting = profile.evicts();
    let probe = if evicting {
        probe(file, trust, len)
    } else {
        None
    };
    let mut evicted = Evicted::default();
    for (window, piece) in windows(0..len, len).zip(buf.chunks_mut(EVICT_WINDOW_LEN)) {
        let read = read_full(file, path, window.start, piece)?;
        if read < piece.len() {
            let found = window.start + read as u64;
            return Err(IoError::TooShort {
                path: path.into(),
                op: Op::Read,
                needed: len,
                found,
            });
        }
        if let Some((region, evictor)) = &probe {
            evictor.evict(region.as_ref(), file, window, &mut evicted);
        }
    }
    Ok(evicted.bytes)
}

/// A mapping that is never read, for asking which pages are resident. Where that cannot be had,
/// nothing is evicted: better a residue of ours than somebody's warm table gone.
fn probe(file: &dyn File, trust: &Trust, len: u64) -> Option<(Box<dyn Region>, Evictor)> {
    let region = file.map(len, trust).ok()?;
    let evictor = Evictor::record(region.as_ref(), len).ok()?;
    Some((region, evictor))
}

/// The windows of a file of `len` bytes that `range` touches, in full (the last one ends at `len`).
pub(crate) fn windows(range: Range<u64>, len: u64) -> impl Iterator<Item = Range<u64>> {
    let first_idx = range.start / EVICT_WINDOW_BYTES;
    let end_idx = range.end.min(len).div_ceil(EVICT_WINDOW_BYTES);
    (first_idx..end_idx).map(move |idx| {
        let lo = idx * EVICT_WINDOW_BYTES;
        lo..lo.saturating_add(EVICT_WINDOW_BYTES).min(len)
    })
}

fn page_ceil(off: u64) -> u64 {
    off.next_multiple_of(sys::page_size())
}

#[cfg(test)]
mod tests;
