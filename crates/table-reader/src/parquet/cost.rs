//! What decoding a column takes, before it is decoded: for those who must stay within a budget.
//!
//! Nobody knows exactly. The footer says how long the pages are without their codec, and rows point
//! into those bytes; where nobody has read it, compressed bytes stand for eight times as many.

use column_format::{
    AUX_ARRAY_ENTRY_LEN, AUX_OFFSET_LEN, AUX_VARCHAR_ENTRY_LEN, ColumnType, Layout,
};
use pq_format::CodecId;

use super::partition::ParquetPartition;

/// What a codec saves, if nobody tells.
const RATIO: u64 = 8;

/// Heap bytes of decoding one column of one row group of a Parquet partition, at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DecodeBytes {
    /// As long as the decoded rows are kept.
    pub kept: u64,
    /// While they are being decoded, besides.
    pub passing: u64,
}

impl ParquetPartition {
    pub(crate) fn decode_bytes(&self, slot: usize, group: usize) -> DecodeBytes {
        let (Some((leaf, chunk, rows)), Ok(column_type)) =
            (self.chunk(slot, group), self.column_type(slot))
        else {
            return DecodeBytes::default();
        };
        let stored = chunk.range.end.saturating_sub(chunk.range.start);
        let plain = self.uncompressed(leaf, group).unwrap_or(match chunk.codec {
            CodecId::Uncompressed => stored,
            _ => stored.saturating_mul(RATIO),
        });
        let wide = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let (entry, data) = match column_type.layout() {
            Layout::Fixed(width) => (wide(width), 0),
            Layout::Varchar => (wide(AUX_VARCHAR_ENTRY_LEN), plain),
            // UTF-16 behind a length of 4 bytes.
            Layout::String => (
                wide(AUX_OFFSET_LEN),
                plain
                    .saturating_mul(2)
                    .saturating_add(rows.saturating_mul(4)),
            ),
            Layout::Binary => (
                wide(AUX_OFFSET_LEN),
                plain.saturating_add(rows.saturating_mul(8)),
            ),
            Layout::Array { .. } => {
                let elements = chunk.num_values.saturating_mul(8);
                let shapes = rows.saturating_mul(16);
                let data = plain.max(elements.saturating_add(shapes));
                (wide(AUX_ARRAY_ENTRY_LEN), data)
            }
        };
        let entries = rows.saturating_mul(entry);
        // Symbols are looked up, so that their text passes by.
        let text = match column_type {
            ColumnType::Symbol => plain,
            _ => 0,
        };
        // Room is made ahead for a few rows a byte: what is denser grows as it is seen.
        let grown = match stored.saturating_mul(RATIO) < rows {
            true => entries.saturating_mul(2),
            false => 0,
        };
        let copy = if self.mapping().is_none() { stored } else { 0 };
        let parts = [plain, data, text, grown, copy, rows.saturating_mul(5)];
        DecodeBytes {
            kept: entries.saturating_add(data),
            passing: parts.into_iter().fold(0, u64::saturating_add),
        }
    }
}
