//! Whether the pages of a chunk have repeats that a codec should search for.
//!
//! zstd finds repeats of a few bytes by chance in packed keys, mantissas and hexadecimal ids, where there are
//! none: at level 3, 34 million ids took four times as long as without the search, and more bytes; at level 1
//! it is a seventh of the time for nothing. What pages are is asked of pages, not of the sample of rows by
//! which the encoding is chosen: a pattern longer than its stripes would not show there. Now and then a page
//! is compressed both ways, so that the answer may change as the rows do.

use pq_format::Search;

/// Pages from one look to the next. While repeats are searched for, twice as many every time: to go on for
/// nothing costs less than to miss some.
const PAGES: usize = 16;
const PAGES_MAX: usize = 64;

/// Pages before the first look: a chunk that has few more would pay for an answer without a question.
const FIRST: usize = 4;

/// Bodies below this many bytes say nothing.
const BODY_MIN: usize = 4 << 10;

/// Bytes into the search that weigh as much as one byte in the file are 2 to this power at level 1; a level
/// more, and it is worth half.
const WORTH_SHIFT: u32 = 6;

/// What is known of a chunk's pages.
#[derive(Debug)]
pub(super) struct Repeats {
    search: Search,
    /// Pages until the next look, and from there to the one after it.
    rest: usize,
    pages: usize,
}

impl Default for Repeats {
    fn default() -> Self {
        Self {
            search: Search::On,
            rest: FIRST,
            pages: PAGES,
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
        self.rest = self.rest.saturating_sub(1);
        due
    }

    /// Takes note of what a page of `body_len` bytes became with the search of this level, and without.
    pub(super) fn learn(&mut self, body_len: usize, level: u32, with: usize, without: usize) {
        let worth = body_len >> (WORTH_SHIFT - 1 + level.clamp(1, 16));
        (self.search, self.pages) = if without > with + worth {
            (Search::On, (self.pages * 2).min(PAGES_MAX))
        } else {
            (Search::Off, PAGES)
        };
        self.rest = self.pages - 1;
    }

    /// How to compress pages until the next look.
    pub(super) fn search(&self) -> Search {
        self.search
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages of so many that are looked at, by what comes of it; the last goes on.
    fn due(answers: &[(usize, Search)], pages: usize) -> Vec<usize> {
        let (mut repeats, mut due) = (Repeats::default(), Vec::new());
        let mut expected = Search::On;
        for page in 0..pages {
            assert!(!repeats.is_due(BODY_MIN - 1), "too small to say anything");
            if repeats.is_due(BODY_MIN) {
                let (without, search) = answers[due.len().min(answers.len() - 1)];
                repeats.learn(64_000, 1, 10_000, without);
                expected = search;
                due.push(page);
            }
            assert_eq!(repeats.search(), expected, "page {page}");
        }
        due
    }

    #[test]
    fn a_page_decides_for_those_behind_it() {
        // A byte for 64 into the search is not worth it, and more is.
        let (off, on) = ((11_000, Search::Off), (11_001, Search::On));
        assert_eq!(due(&[off], 60), [4, 20, 36, 52]);
        assert_eq!(due(&[on], 250), [4, 36, 100, 164, 228]);
        assert_eq!(due(&[off, on, off, off], 100), [4, 20, 52, 68, 84]);
    }

    #[test]
    fn the_higher_the_level_the_less_must_the_search_save() {
        for (level, worth) in [(1, 1000), (2, 500), (3, 250), (9, 3), (22, 0)] {
            for (without, expected) in [(worth, Search::Off), (worth + 1, Search::On)] {
                let mut repeats = Repeats::default();
                repeats.learn(64_000, level, 10_000, 10_000 + without);
                assert_eq!(repeats.search(), expected, "level {level}");
            }
        }
    }
}
