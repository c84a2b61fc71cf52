//! Whether the pages of a chunk have repeats that a codec should search for.
//!
//! From level 2 on zstd searches so well that it finds repeats of five bytes in packed keys, mantissas and
//! hexadecimal ids, where there are none: 34 million ids took four times as long as at level 1, and more
//! bytes. What pages are is asked of pages, not of the sample of rows by which the encoding
//! is chosen: a pattern longer than its stripes would not show there. One page in sixteen is
//! compressed both ways, so that the answer may change as the rows do.

use pq_format::Search;

/// Pages from one look to the next.
const PAGES: usize = 16;

/// Pages before the first look: a chunk that has no more would pay for an answer without a question.
const FIRST: usize = 2;

/// Bodies below this many bytes say nothing.
const BODY_MIN: usize = 4 << 10;

/// Repeats that save less than one byte in this many are not worth the search.
const WORTH: usize = 256;

/// What is known of a chunk's pages.
#[derive(Debug)]
pub(super) struct Repeats {
    search: Search,
    /// Pages until the next look.
    rest: usize,
}

impl Default for Repeats {
    fn default() -> Self {
        Self {
            search: Search::On,
            rest: FIRST,
        }
    }
}

impl Repeats {
    /// Whether the page, of `body_len` bytes, is to be compressed both ways. To be asked once a page.
    pub(super) fn is_due(&mut self, body_len: usize) -> bool {
        if body_len < BODY_MIN {
            return false;
        }
        let due = self.rest == 0;
        self.rest = if due { PAGES - 1 } else { self.rest - 1 };
        due
    }

    /// Takes note of what a page became with the search, and without.
    pub(super) fn learn(&mut self, with: usize, without: usize) {
        self.search = if without > with + with / WORTH {
            Search::On
        } else {
            Search::Off
        };
    }

    /// How to compress pages until the next look.
    pub(super) fn search(&self) -> Search {
        self.search
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_in_sixteen_decides_for_those_behind_it() {
        let mut repeats = Repeats::default();
        let mut due = Vec::new();
        for page in 0..40 {
            assert!(!repeats.is_due(BODY_MIN - 1), "too small to say anything");
            if repeats.is_due(BODY_MIN) {
                due.push(page);
                // A byte in 256 is not worth it, and more is.
                let without = if page == 18 { 10_040 } else { 10_039 };
                repeats.learn(10_000, without);
            }
            let expected = if page < 2 || (18..34).contains(&page) {
                Search::On
            } else {
                Search::Off
            };
            assert_eq!(repeats.search(), expected, "page {page}");
        }
        assert_eq!(due, [2, 18, 34]);
    }
}
