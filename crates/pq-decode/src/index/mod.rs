//! What is known of the pages of a chunk before any of them is decoded.
//!
//! Where pages are, which rows they hold and between which bounds: from the page index of a footer,
//! or from the page headers themselves. From it follows a [`PagePlan`]: the few byte ranges to fetch
//! for some rows, which the decoder then takes instead of the whole chunk.

mod bloom;
mod error;
mod pages;
mod plan;

pub use bloom::ChunkBloom;
pub use error::IndexError;
pub use pages::{ChunkPages, PageBounds, PageFacts};
pub use plan::PagePlan;
pub(crate) use plan::PlannedPage;
