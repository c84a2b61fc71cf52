//! `PagePlan`: the bytes that some pages of a chunk need.
//!
//! Neighbouring pages are one range, and the dictionary joins the first page if that lies behind
//! it. The plan remembers which page begins where and with how many rows: the decoder holds the
//! pages to it, so that an index that lies is an error and not other rows.

use std::ops::Range;

use super::pages::ChunkPages;

/// Some pages of a chunk, to be fetched and decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PagePlan {
    ranges: Vec<Range<u64>>,
    pages: Vec<PlannedPage>,
    rows: u64,
}

/// A page that the decoder must find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlannedPage {
    /// Offset of its header.
    pub(crate) offset: u64,
    /// Rows.
    pub(crate) rows: u64,
}

impl ChunkPages {
    /// What the pages of these numbers need; numbers ascend, and those without a page count for
    /// nothing. Rows of the plan are the rows of the pages, one page behind the other.
    #[must_use]
    pub fn plan(&self, pages: impl IntoIterator<Item = usize>) -> PagePlan {
        let mut plan = PagePlan {
            ranges: Vec::new(),
            pages: Vec::new(),
            rows: 0,
        };
        let mut last = None;
        for number in pages {
            let Some(page) = self.pages.get(number).filter(|_| last < Some(number)) else {
                continue;
            };
            if last.is_none() && !self.head.is_empty() {
                plan.ranges.push(self.head.clone());
            }
            last = Some(number);
            let rows = page.rows.end.saturating_sub(page.rows.start);
            plan.pages.push(PlannedPage {
                offset: page.range.start,
                rows,
            });
            plan.rows = plan.rows.saturating_add(rows);
            match plan.ranges.last_mut() {
                Some(range) if range.end == page.range.start => range.end = page.range.end,
                _ => plan.ranges.push(page.range.clone()),
            }
        }
        plan
    }
}

impl PagePlan {
    /// The bytes to fetch: ascending, not touching each other.
    #[must_use]
    pub fn ranges(&self) -> &[Range<u64>] {
        &self.ranges
    }

    /// Rows of the pages.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Pages.
    #[must_use]
    pub fn page_count(&self) -> usize {
        self.pages.len()
    }

    pub(crate) fn pages(&self) -> &[PlannedPage] {
        &self.pages
    }
}
