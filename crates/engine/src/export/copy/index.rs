//! The page index of a chunk: as it is in the file, or made from the headers of its pages.
//!
//! Files that were merged lose theirs. What an index says stands in the headers as well, if their
//! writer put bounds there; a chunk with one page has the bounds of the chunk.

use pq_encode::ColumnSpec;
use pq_format::{
    BoundaryOrder, ColumnIndex, IndexRange, OffsetIndex, PageHeader, PageKind, PageLocation,
    Statistics,
};
use table_reader::{StoredChunk, StoredGroup};

use super::reason::Reason;
use super::rules::{page_header, part};
use crate::error::Result;

/// The page index of a chunk.
pub(super) type Indexes = (ColumnIndex, OffsetIndex);

/// The page index, or why there is none that could be believed: one that cannot be read, or does not
/// name the `pages` of the chunk. Without lists, a value is a row.
pub(super) fn indexes(
    group: &StoredGroup,
    spec: &ColumnSpec,
    stored: &StoredChunk<'_>,
    pages: &[PageLocation],
) -> Result<std::result::Result<Indexes, Reason>> {
    let flat = stored.leaf.max_repetition == 0;
    let found = match stored.chunk.column_index.zip(stored.chunk.offset_index) {
        Some((columns, offsets)) => read(group, columns, offsets)?,
        None if flat => made(group, stored)?,
        None => None,
    };
    let same = |(columns, offsets): &Indexes| {
        let place = |p: &PageLocation| (p.offset, p.compressed_page_size);
        let row = |p: &PageLocation| if flat { p.first_row_index } else { 0 };
        let told = offsets.page_locations.iter().map(|p| (place(p), row(p)));
        columns.null_pages.len() == pages.len() && told.eq(pages.iter().map(|p| (place(p), row(p))))
    };
    let Some((columns, offsets)) = found.filter(same) else {
        return Ok(Err(Reason::PageIndex));
    };
    let null = columns.null_pages.contains(&true) || columns.null_counts.iter().any(|n| *n > 0);
    Ok(match spec.required && null {
        true => Err(Reason::Nulls),
        false => Ok((columns, offsets)),
    })
}

/// The index as it is in the file, if it is one.
fn read(group: &StoredGroup, columns: IndexRange, offsets: IndexRange) -> Result<Option<Indexes>> {
    let columns = part(group, columns.offset, columns.length.into())?;
    let offsets = part(group, offsets.offset, offsets.length.into())?;
    let columns = columns.and_then(|bytes| ColumnIndex::read(&bytes).ok());
    let offsets = offsets.and_then(|bytes| OffsetIndex::read(&bytes).ok());
    Ok(columns.zip(offsets))
}

/// An index from page headers; `None` if a page with values has no bounds.
fn made(group: &StoredGroup, stored: &StoredChunk<'_>) -> Result<Option<Indexes>> {
    let meta = &stored.chunk.meta;
    let range = meta.byte_range().map_err(|e| group.damage(&e))?;
    let mut columns = ColumnIndex {
        null_pages: Vec::new(),
        min_values: Vec::new(),
        max_values: Vec::new(),
        boundary_order: BoundaryOrder::Unordered,
        null_counts: Vec::new(),
        repetition_level_histograms: Vec::new(),
        definition_level_histograms: Vec::new(),
        nan_counts: Vec::new(),
    };
    let mut offsets = OffsetIndex::default();
    let (mut at, mut first_row_index) = (range.start, 0_u64);
    while at < range.end {
        let (header, header_len) = page_header(group, at, range.end)?;
        let len = header_len.saturating_add(header.compressed_len.into());
        if let Some((values, told)) = data_page(&header) {
            let whole = values == meta.num_values;
            let told = told.or(meta.statistics.as_ref().filter(|_| whole));
            let Some((nulls, min, max)) = told.and_then(|told| bounds(told, values)) else {
                return Ok(None);
            };
            columns.null_pages.push(nulls == values);
            columns.null_counts.push(nulls);
            columns.min_values.push(min);
            columns.max_values.push(max);
            let Ok(compressed_page_size) = u32::try_from(len) else {
                return Ok(None);
            };
            offsets.page_locations.push(PageLocation {
                offset: at,
                compressed_page_size,
                first_row_index,
            });
            first_row_index = first_row_index.saturating_add(values);
        }
        at = at.saturating_add(len);
    }
    Ok(Some((columns, offsets)))
}

/// Values of a data page, and the statistics in its header.
fn data_page(header: &PageHeader) -> Option<(u64, Option<&Statistics>)> {
    match &header.kind {
        PageKind::Data(h) => Some((h.num_values.into(), h.statistics.as_ref())),
        PageKind::DataV2(h) => Some((h.num_values.into(), h.statistics.as_ref())),
        PageKind::Dictionary(_) | PageKind::Other(_) => None,
    }
}

/// Nulls and bounds, if they are told.
fn bounds(told: &Statistics, values: u64) -> Option<(u64, Vec<u8>, Vec<u8>)> {
    let nulls = told.null_count?;
    if nulls == values {
        return Some((nulls, Vec::new(), Vec::new()));
    }
    let (min, max) = (told.min_value.clone()?, told.max_value.clone()?);
    Some((nulls, min, max))
}
