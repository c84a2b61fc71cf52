//! What decoding needs to know of a file: columns, and where their chunks are.
//!
//! The same value from a footer or from a `_pm` sidecar, so that everything behind it cannot tell
//! which of the two was there. It holds no bytes of pages and no reference to a file: the chunk's
//! range says what to fetch, from wherever.

mod footer;
mod places;
mod sidecar;
mod stored;

use std::ops::Range;
use std::sync::Arc;

use pq_format::{CodecId, PhysicalType};

pub use places::{BloomPlace, ChunkIndexes, FileIndexes};
pub use stored::Stored;

/// Heap bytes for each byte of a footer: of the footer itself, of what `pq_format` makes of it, and of
/// facts and places made of that, facts twice. It holds for files with statistics of writers that are about;
/// without them up to 32 were seen, and a footer that means harm takes up to [`pq_format::METADATA_HEAP_FACTOR`].
pub const FOOTER_HEAP_FACTOR: usize = 20;

/// The chunks of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileFacts {
    /// Leaf columns in file order.
    pub leaves: Vec<LeafFacts>,
    /// Row groups in the order of their rows, which need not be that of the file.
    pub groups: Vec<GroupFacts>,
}

/// One leaf column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafFacts {
    /// Name of the top-level field.
    pub name: Arc<str>,
    /// Id of the top-level field: the writer index of a table's column.
    pub id: Option<i32>,
    /// How values are stored.
    pub physical: PhysicalType,
    /// What they mean.
    pub stored: Stored,
    /// Definition level of a value that is there.
    pub max_definition: u16,
    /// Lists around a value.
    pub max_repetition: u16,
    /// For each list, outermost first, the definition level from which it has an element; empty
    /// for flat columns, and for lists whose levels the source does not tell.
    pub element_levels: Vec<u16>,
}

/// One row group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupFacts {
    /// Rows.
    pub rows: u64,
    /// One chunk a leaf.
    pub chunks: Vec<ChunkFacts>,
}

/// One column chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkFacts {
    /// Bytes in the file, dictionary page included. To be bounded by the file before use.
    pub range: Range<u64>,
    /// Codec of the pages.
    pub codec: CodecId,
    /// Slots: rows for flat columns.
    pub num_values: u64,
    /// Smallest and largest value of an INT64 column, when both are known.
    pub bounds: Option<(i64, i64)>,
}

impl FileFacts {
    /// Rows of all groups; saturates.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.groups
            .iter()
            .fold(0, |sum, g| sum.saturating_add(g.rows))
    }

    /// The first leaf whose field has one of these ids, in the order of the ids.
    #[must_use]
    pub fn leaf_by_id(&self, ids: impl IntoIterator<Item = i32>) -> Option<usize> {
        ids.into_iter()
            .find_map(|id| self.leaves.iter().position(|l| l.id == Some(id)))
    }
}

/// Both statistics as eight bytes, little-endian.
fn bounds(min: Option<&[u8]>, max: Option<&[u8]>) -> Option<(i64, i64)> {
    let int = |bytes: Option<&[u8]>| Some(i64::from_le_bytes(*bytes?.as_array()?));
    let (min, max) = (int(min)?, int(max)?);
    (min <= max).then_some((min, max))
}
