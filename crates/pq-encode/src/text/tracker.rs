//! Bounds of page after page and of the chunk, for byte strings.
//!
//! The order of pages is judged by the bounds as they are written: a reader searches those, and
//! cutting may make equal what was not.

use super::bounds::Bounds;
use super::cut::Cut;
use crate::fixed::column::OrderTracker;
use crate::source::ChunkBounds;
use crate::summary::{PageBounds, PageOrder};

#[derive(Debug)]
pub(crate) struct BoundsTracker {
    wanted: bool,
    page: Bounds,
    chunk: Bounds,
    order: OrderTracker<Vec<u8>>,
}

impl BoundsTracker {
    /// `wanted`: otherwise nothing is looked at.
    pub(crate) fn new(cut: Cut, wanted: bool) -> Self {
        let (page, chunk) = (Bounds::new(cut), Bounds::new(cut));
        Self {
            wanted,
            page,
            chunk,
            order: OrderTracker::default(),
        }
    }

    /// Forgets all pages.
    pub(crate) fn clear(&mut self) {
        self.page.clear();
        self.chunk.clear();
        self.order = OrderTracker::default();
    }

    /// Adds a value of a page.
    #[inline]
    pub(crate) fn add_value(&mut self, value: &[u8]) {
        if self.wanted {
            self.page.add(value);
        }
    }

    /// Adds values of a page: those of `lens` bytes each that `data` consists of.
    pub(crate) fn add(&mut self, data: &[u8], lens: &[u32]) {
        if self.wanted {
            self.page.add_all(data, lens);
        }
    }

    /// Bounds of the page, which ends here; `None` too if it has no upper one.
    pub(crate) fn end_page(&mut self) -> Option<PageBounds> {
        let written = self.page.written()?;
        self.chunk.merge(&self.page);
        self.page.clear();
        let (min, max) = (written.min, written.max?);
        self.order.add(min.clone(), max.clone());
        Some(PageBounds { min, max })
    }

    /// Bounds of the chunk.
    pub(crate) fn chunk_bounds(&self) -> Option<ChunkBounds> {
        self.chunk.written().map(|written| ChunkBounds {
            min: written.min,
            max: written.max,
            min_is_exact: written.min_is_exact,
            max_is_exact: written.max_is_exact,
        })
    }

    /// Order of the bounds of the chunk's pages.
    pub(crate) fn page_order(&self) -> PageOrder {
        self.order.order()
    }
}
