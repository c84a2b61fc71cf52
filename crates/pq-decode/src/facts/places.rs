//! Where page index and bloom filters of a file are.
//!
//! Apart from [`super::FileFacts`], because a sidecar does not tell them: who has a footer may read
//! fewer bytes of a chunk, and who has not reads the same rows.

use std::ops::Range;

use pq_format::{ColumnChunk, FileMetaData, IndexRange};

/// Places of everything beside the pages, as a footer tells them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileIndexes {
    /// For each row group, one entry a chunk, in the order of [`super::GroupFacts::chunks`].
    pub groups: Vec<Vec<ChunkIndexes>>,
}

/// Places of what describes one chunk. To be bounded by the file before use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ChunkIndexes {
    /// Bytes of the offset index.
    pub offset_index: Option<Range<u64>>,
    /// Bytes of the column index.
    pub column_index: Option<Range<u64>>,
    /// The bloom filter.
    pub bloom: Option<BloomPlace>,
}

/// Place of a bloom filter, header included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BloomPlace {
    /// File offset of the header.
    pub offset: u64,
    /// Bytes of header and bitset. QuestDB does not say: its header does.
    pub len: Option<u32>,
}

impl FileIndexes {
    /// The places that a footer names. What no file can have is left out: an index is a hint.
    #[must_use]
    pub fn from_footer(meta: &FileMetaData) -> Self {
        let groups = meta.row_groups.iter();
        let groups = groups.map(|group| group.columns.iter().map(ChunkIndexes::of).collect());
        Self {
            groups: groups.collect(),
        }
    }

    /// Those of one chunk, if the footer has the chunk.
    #[must_use]
    pub fn chunk(&self, group: usize, leaf: usize) -> Option<&ChunkIndexes> {
        self.groups.get(group)?.get(leaf)
    }
}

impl ChunkIndexes {
    fn of(chunk: &ColumnChunk) -> Self {
        let range = |place: Option<IndexRange>| {
            let place = place?;
            let end = place.offset.checked_add(place.length.into())?;
            Some(place.offset..end)
        };
        Self {
            offset_index: range(chunk.offset_index),
            column_index: range(chunk.column_index),
            bloom: chunk.meta.bloom_filter_offset.map(|offset| BloomPlace {
                offset,
                len: chunk.meta.bloom_filter_length,
            }),
        }
    }
}
