//! A set of pages: one bit a page.
//!
//! Fixed size whatever the pattern (512 bytes for a window of 16 MiB), so a table of which every
//! second page is warm costs no more memory than a cold one.

use std::io;
use std::ops::Range;

use crate::sys;
use crate::vfs::Region;

use super::windows;

/// Pages of a mapping, by index from its start.
#[derive(Debug)]
pub(super) struct PageSet {
    words: Vec<u64>,
    page_bytes: u64,
}

impl PageSet {
    /// The pages of `0..len` that are resident now.
    pub(super) fn record(region: &dyn Region, len: u64) -> io::Result<Self> {
        let page_bytes = sys::page_size();
        let mut set = Self {
            words: Vec::new(),
            page_bytes,
        };
        for window in windows(0..len, len) {
            let first_idx = window.start / page_bytes;
            for (page, idx) in ask(region, window)?.into_iter().zip(first_idx..) {
                if page != 0 {
                    set.insert(idx);
                }
            }
        }
        Ok(set)
    }

    fn insert(&mut self, page_idx: u64) {
        let Ok(word_idx) = usize::try_from(page_idx / 64) else {
            return;
        };
        if word_idx >= self.words.len() {
            self.words.resize(word_idx + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word_idx) {
            *word |= 1 << (page_idx % 64);
        }
    }

    fn contains(&self, page_idx: u64) -> bool {
        let word = usize::try_from(page_idx / 64)
            .ok()
            .and_then(|idx| self.words.get(idx));
        word.is_some_and(|word| word & (1 << (page_idx % 64)) != 0)
    }

    /// The longest runs of pages within `window` (which starts at a page) that are not in the set,
    /// as byte ranges; the last may reach beyond the window to the end of its page.
    pub(super) fn absent_runs(&self, window: &Range<u64>) -> impl Iterator<Item = Range<u64>> {
        let end_idx = window.end.div_ceil(self.page_bytes);
        let mut next_idx = window.start / self.page_bytes;
        std::iter::from_fn(move || {
            let lo_idx = (next_idx..end_idx).find(|idx| !self.contains(*idx))?;
            let hi_idx = (lo_idx..end_idx)
                .find(|idx| self.contains(*idx))
                .unwrap_or(end_idx);
            next_idx = hi_idx;
            Some(lo_idx * self.page_bytes..hi_idx * self.page_bytes)
        })
    }
}

/// One byte a page of `range`, which starts at a page and is at most a window long.
pub(super) fn ask(region: &dyn Region, range: Range<u64>) -> io::Result<Vec<u8>> {
    let page_count = (range.end - range.start).div_ceil(sys::page_size());
    let page_count = usize::try_from(page_count)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "range is too long"))?;
    let mut pages = vec![0; page_count];
    region.residency(range, &mut pages)?;
    Ok(pages)
}
