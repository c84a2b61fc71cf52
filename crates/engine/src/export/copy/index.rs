//! The page index of a chunk: as it is in the file, or made from the headers of its pages.
//!
//! Files that were merged lose theirs. What an index says stands in the headers as well, if their
//! writer put bounds there; a chunk with one page has the bounds of the chunk.

use pq_encode::ColumnSpec;
use pq_format::{
    BoundaryOrder, ColumnIndex, ColumnMetaData, IndexRange, OffsetIndex, PageLocation, Statistics,
};
use table_reader::{StoredChunk, StoredGroup};

use super::pages::{DataPage, part};
use super::reason::Reason;
use crate::error::Result;

/// The page index of a chunk.
pub(super) type Indexes = (ColumnIndex, OffsetIndex);

/// The page index, or why there is none that could be believed: one that cannot be read, or does not
/// name the `pages` of the chunk. Without lists, a value is a row.
pub(super) fn indexes(
    group: &StoredGroup,
    spec: &ColumnSpec,
    stored: &StoredChunk<'_>,
    pages: &[DataPage],
) -> Result<std::result::Result<Indexes, Reason>> {
    let flat = stored.leaf.max_repetition == 0;
    let found = match stored.chunk.column_index.zip(stored.chunk.offset_index) {
        Some((columns, offsets)) => read(group, columns, offsets)?,
        None if flat => made(&stored.chunk.meta, pages),
        None => None,
    };
    let is_of = |told: &PageLocation, page: &DataPage| {
        let row = !flat || told.first_row_index == page.first_value;
        row && (told.offset, told.compressed_page_size.into()) == (page.offset, page.len)
    };
    let same = |(columns, offsets): &Indexes| {
        let told = &offsets.page_locations;
        let counts = (columns.null_pages.len(), told.len());
        let mut both = told.iter().zip(pages);
        counts == (pages.len(), pages.len()) && both.all(|(told, page)| is_of(told, page))
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
fn made(meta: &ColumnMetaData, pages: &[DataPage]) -> Option<Indexes> {
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
    for page in pages {
        let whole = page.values == meta.num_values;
        let told = page.told.as_ref();
        let told = told.or(meta.statistics.as_ref().filter(|_| whole))?;
        let (nulls, min, max) = bounds(told, page.values)?;
        columns.null_pages.push(nulls == page.values);
        columns.null_counts.push(nulls);
        columns.min_values.push(min);
        columns.max_values.push(max);
        offsets.page_locations.push(PageLocation {
            offset: page.offset,
            compressed_page_size: u32::try_from(page.len).ok()?,
            first_row_index: page.first_value,
        });
    }
    Some((columns, offsets))
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
