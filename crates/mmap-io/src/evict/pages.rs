//! A set of pages: one bit a page.
//!
//! Fixed size whatever the pattern (64 bytes for a window of 2 MiB), so a table of which every
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

impl PageSet {
    /// Of the pages of `window` that are resident now: how many are not in the set, how many are.
    pub(super) fn count_resident(
        &self,
        region: &dyn Region,
        window: &Range<u64>,
    ) -> io::Result<(u64, u64)> {
        let first_idx = window.start / self.page_bytes;
        let (mut outside_count, mut inside_count) = (0, 0);
        for (page, idx) in ask(region, window.clone())?.into_iter().zip(first_idx..) {
            match (page != 0, self.contains(idx)) {
                (true, false) => outside_count += 1,
                (true, true) => inside_count += 1,
                (false, _) => {}
            }
        }
        Ok((outside_count, inside_count))
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

#[cfg(test)]
mod tests {
    //! Invariants: the absent runs of a window and the recorded pages in it are a partition of its
    //! pages; runs are in order and do not touch; counting agrees with a naive count.

    use std::io;
    use std::ops::Range;

    use proptest::prelude::*;

    use super::PageSet;
    use crate::sys::page_size;
    use crate::vfs::{MapAdvice, Region};

    /// A region of which the given pages are resident.
    #[derive(Debug)]
    struct Known(Vec<bool>);

    impl Region for Known {
        fn bytes(&self) -> &[u8] {
            &[]
        }

        fn advise(&self, _range: Range<u64>, _advice: MapAdvice) -> io::Result<()> {
            Ok(())
        }

        fn residency(&self, range: Range<u64>, pages: &mut [u8]) -> io::Result<()> {
            let first_idx = usize::try_from(range.start / page_size()).unwrap();
            for (page, known) in pages.iter_mut().zip(&self.0[first_idx..]) {
                *page = u8::from(*known);
            }
            Ok(())
        }

        fn is_poisoned(&self) -> bool {
            false
        }

        fn is_mapped(&self) -> bool {
            true
        }
    }

    proptest! {
        #[test]
        fn runs_and_recorded_pages_partition_a_window(
            before in prop::collection::vec(any::<bool>(), 1..300),
            now in prop::collection::vec(any::<bool>(), 300),
            lo_page in 0_usize..300,
            cut_bytes in 0_u64..4096,
        ) {
            let len = before.len() as u64 * page_size() - cut_bytes;
            let lo_page = lo_page % before.len();
            let window = lo_page as u64 * page_size()..len;
            let set = PageSet::record(&Known(before.clone()), len).unwrap();
            let mut is_absent = vec![false; before.len()];
            let mut end = None;
            for run in set.absent_runs(&window) {
                prop_assert!(run.start < run.end && end.is_none_or(|end| end < run.start));
                end = Some(run.end);
                for idx in run.start / page_size()..run.end / page_size() {
                    is_absent[usize::try_from(idx).unwrap()] = true;
                }
            }
            for (idx, known) in before.iter().enumerate() {
                prop_assert_eq!(is_absent[idx], idx >= lo_page && !known, "page {}", idx);
            }
            let both = before.iter().zip(&now).skip(lo_page);
            let ours = both.clone().filter(|(before, now)| !**before && **now).count() as u64;
            let kept = both.filter(|(before, now)| **before && **now).count() as u64;
            prop_assert_eq!(set.count_resident(&Known(now), &window).unwrap(), (ours, kept));
        }
    }
}
