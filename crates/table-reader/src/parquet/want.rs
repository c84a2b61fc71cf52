//! `Want`: what must be read of one column for some rows of a row group.
//!
//! The whole chunk, or the pages that hold the rows if it is known where pages are. An index that
//! makes no sense is no obstacle: then it is the whole chunk.

use std::ops::Range;

use pq_decode::{ChunkPages, PagePlan};

use super::partition::ParquetPartition;
use super::reads::Reads;

/// Bytes of one column.
#[derive(Debug)]
pub(super) struct Want {
    pub(super) ranges: Vec<Range<u64>>,
    /// The pages; `None`: `ranges` is the whole chunk.
    pub(super) plan: Option<PagePlan>,
    /// First row, counted from the start of the row group.
    pub(super) first_row: u64,
}

impl ParquetPartition {
    /// What column `slot` needs for `rows` of the partition; `None` if the file has no such column.
    pub(super) fn want(&self, slot: usize, group: usize, rows: &Range<u64>) -> Option<Want> {
        let read = |range: &Range<u64>| self.index_bytes(range);
        self.want_with(slot, group, rows, &read)
    }

    /// The same for every column, with the indexes read together.
    pub(super) fn wants(&self, group: usize, rows: &Range<u64>) -> Vec<Option<Want>> {
        let slots = 0..self.column_count();
        if self.mapping().is_some() || self.is_whole(group, rows) {
            return slots.map(|slot| self.want(slot, group, rows)).collect();
        }
        let places: Vec<_> = slots
            .clone()
            .filter_map(|slot| Some((slot, [self.offset_index(slot, group)?])))
            .collect();
        let owners = places.iter().map(|(slot, range)| (*slot, &range[..]));
        let mut reads = Reads::new(owners);
        let want = |slot| {
            let bytes = reads.take(slot, |range| self.bytes(range)).ok();
            let bytes = bytes.and_then(|parts| parts.into_iter().next());
            self.want_with(slot, group, rows, &|_| bytes.clone())
        };
        slots.map(want).collect()
    }

    fn want_with(
        &self,
        slot: usize,
        group: usize,
        rows: &Range<u64>,
        read: &dyn Fn(&Range<u64>) -> Option<bytes::Bytes>,
    ) -> Option<Want> {
        let (_, chunk, _) = self.chunk(slot, group)?;
        let whole = Want {
            ranges: vec![chunk.range.clone()],
            plan: None,
            first_row: 0,
        };
        if self.is_whole(group, rows) {
            return Some(whole);
        }
        let start = self.rows_of(group).start;
        let local = rows.start.saturating_sub(start)..rows.end.saturating_sub(start);
        let some = self.pages(slot, group, false, read).and_then(|pages| {
            let numbers = pages.of_rows(&local);
            let first_row = pages.pages.get(numbers.start)?.rows.start;
            let plan = pages.plan(numbers.clone());
            (numbers.len() < pages.pages.len()).then(|| Want {
                ranges: plan.ranges().to_vec(),
                plan: Some(plan),
                first_row,
            })
        });
        Some(some.unwrap_or(whole))
    }

    /// The pages of a chunk with their bounds, if the footer names an index of them.
    pub(super) fn bounded_pages(&self, slot: usize, group: usize) -> Option<ChunkPages> {
        self.pages(slot, group, true, &|range| self.index_bytes(range))
    }

    /// Where the pages of a chunk are: from the page index, or from page headers that are mapped.
    fn pages(
        &self,
        slot: usize,
        group: usize,
        bounds: bool,
        read: &dyn Fn(&Range<u64>) -> Option<bytes::Bytes>,
    ) -> Option<ChunkPages> {
        let (leaf, chunk, rows) = self.chunk(slot, group)?;
        let leaf = self.facts().leaves.get(leaf)?;
        if let Some(places) = self.indexes(slot, group)
            && let Some(bytes) = places.offset_index.as_ref().and_then(read)
        {
            let column_index = places.column_index.as_ref().filter(|_| bounds);
            let column_index = column_index.and_then(read);
            let pages = ChunkPages::read(leaf, chunk, rows, &bytes, column_index.as_deref());
            if let Ok(pages) = pages {
                return Some(pages);
            }
        }
        if bounds {
            return None;
        }
        let bytes = self.mapped(&chunk.range)?;
        ChunkPages::walk(leaf, chunk, rows, &bytes).ok()
    }

    /// Bytes of an index; `None` if the file does not have them.
    fn index_bytes(&self, range: &Range<u64>) -> Option<bytes::Bytes> {
        self.bytes(range).ok()
    }

    fn offset_index(&self, slot: usize, group: usize) -> Option<Range<u64>> {
        let range = self.indexes(slot, group)?.offset_index.clone()?;
        (range.start <= range.end && range.end <= self.files().len).then_some(range)
    }

    fn is_whole(&self, group: usize, rows: &Range<u64>) -> bool {
        let all = self.rows_of(group);
        rows.start <= all.start && rows.end >= all.end
    }
}
