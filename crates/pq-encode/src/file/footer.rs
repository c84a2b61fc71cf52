//! Summaries as the structures of the footer and of the page index.
//!
//! Offsets count from the chunk until here; this is where they become file offsets, once.

use std::sync::Arc;

use pq_format::{
    BoundaryOrder, ColumnChunk, ColumnIndex, ColumnMetaData, Encoding as Wire, FormatError,
    OffsetIndex, PageEncodingStats, PageLocation, PageType,
};

use crate::summary::{ChunkSummary, PageBounds, PageOrder, PageSummary};
use crate::type_map::physical_type;
use crate::{ColumnSpec, CopiedChunk, WriterOptions};

/// The footer's entry of a chunk that starts at `start`.
pub(crate) fn column_chunk(
    spec: &ColumnSpec,
    options: &WriterOptions,
    path: &Arc<[String]>,
    chunk: &ChunkSummary,
    start: u64,
) -> ColumnChunk {
    let page_type = if chunk.data_pages_v2 {
        PageType::DataV2
    } else {
        PageType::Data
    };
    let fallback_count = chunk.fallback.map_or(0, |(_, count)| count);
    let page_count = u32::try_from(chunk.pages.len()).unwrap_or(u32::MAX) - fallback_count;
    let dictionary_len = chunk.dictionary_page_len.unwrap_or(0);
    let mut encodings = vec![chunk.encoding.wire()];
    let mut encoding_stats = Vec::new();
    if chunk.dictionary_page_len.is_some() {
        encodings.insert(0, Wire::Plain);
        encoding_stats.push(PageEncodingStats {
            page_type: PageType::Dictionary,
            encoding: Wire::Plain,
            count: 1,
        });
    }
    if !encodings.contains(&Wire::Rle) {
        // Of the levels; required columns list it as well, as everybody else does.
        encodings.insert(encodings.len() - 1, Wire::Rle);
    }
    encoding_stats.push(PageEncodingStats {
        page_type,
        encoding: chunk.encoding.wire(),
        count: page_count,
    });
    if let Some((fallback, count)) = chunk.fallback {
        let encoding = fallback.wire();
        if !encodings.contains(&encoding) {
            encodings.push(encoding);
        }
        encoding_stats.push(PageEncodingStats {
            page_type,
            encoding,
            count,
        });
    }
    ColumnChunk::new(ColumnMetaData {
        physical: physical_type(spec.column_type, options.raw_arrays).kind(),
        encodings: encodings.into(),
        path: Arc::clone(path),
        codec: chunk.codec.id(),
        num_values: chunk.values,
        total_uncompressed_size: chunk.uncompressed_len,
        total_compressed_size: chunk.compressed_len,
        key_value_metadata: Vec::new(),
        data_page_offset: start + dictionary_len,
        index_page_offset: None,
        dictionary_page_offset: chunk.dictionary_page_len.map(|_| start),
        statistics: Some(chunk.statistics.clone()),
        encoding_stats,
        bloom_filter_offset: None,
        bloom_filter_length: None,
        size_statistics: Some(chunk.sizes.clone()),
    })
}

/// The serialised page index of a chunk.
#[derive(Debug, Default)]
pub(crate) struct PageIndex {
    pub(crate) columns: Vec<u8>,
    pub(crate) offsets: Vec<u8>,
}

/// The page index of a chunk that starts at `start`; `None` if a page with values has no bounds.
pub(crate) fn page_index(
    chunk: &ChunkSummary,
    start: u64,
) -> Result<Option<PageIndex>, FormatError> {
    let is_null = |page: &PageSummary| page.nulls == page.values;
    if chunk
        .pages
        .iter()
        .any(|page| page.bounds.is_none() && !is_null(page))
    {
        return Ok(None);
    }
    let bound = |of: fn(&PageBounds) -> &Vec<u8>| {
        let value = |page: &PageSummary| page.bounds.as_ref().map(of).cloned();
        chunk
            .pages
            .iter()
            .map(|page| value(page).unwrap_or_default())
            .collect()
    };
    let columns = ColumnIndex {
        null_pages: chunk.pages.iter().map(is_null).collect(),
        min_values: bound(|bounds| &bounds.min),
        max_values: bound(|bounds| &bounds.max),
        boundary_order: match chunk.page_order {
            PageOrder::Unordered => BoundaryOrder::Unordered,
            PageOrder::Ascending => BoundaryOrder::Ascending,
            PageOrder::Descending => BoundaryOrder::Descending,
        },
        null_counts: chunk.pages.iter().map(|page| page.nulls).collect(),
        repetition_level_histograms: concat(chunk, |page| &page.repetition_levels),
        definition_level_histograms: concat(chunk, |page| &page.definition_levels),
        nan_counts: Vec::new(),
    };
    let mut first_row_index = 0;
    let page_locations = chunk.pages.iter().map(|page| {
        let location = PageLocation {
            offset: start + page.offset,
            compressed_page_size: page.len,
            first_row_index,
        };
        first_row_index += u64::from(page.rows);
        location
    });
    let offsets = OffsetIndex {
        page_locations: page_locations.collect(),
        unencoded_byte_array_data_bytes: match chunk.sizes.unencoded_byte_array_data_bytes {
            Some(_) => chunk
                .pages
                .iter()
                .map(|page| page.unencoded_bytes)
                .collect(),
            None => Vec::new(),
        },
    };
    serialised(&columns, &offsets).map(Some)
}

/// The footer's entry of a chunk of another file that starts at `start` here.
pub(crate) fn copied_chunk(
    spec: &ColumnSpec,
    options: &WriterOptions,
    path: &Arc<[String]>,
    chunk: &CopiedChunk,
    start: u64,
) -> ColumnChunk {
    let meta = chunk.meta.clone();
    ColumnChunk::new(ColumnMetaData {
        physical: physical_type(spec.column_type, options.raw_arrays).kind(),
        path: Arc::clone(path),
        data_page_offset: start + meta.data_page_offset,
        dictionary_page_offset: meta.dictionary_page_offset.map(|offset| start + offset),
        ..meta
    })
}

/// The page index of a chunk of another file that starts at `start` here, if it has one.
pub(crate) fn copied_index(
    chunk: &CopiedChunk,
    start: u64,
) -> Result<Option<PageIndex>, FormatError> {
    let (Some(columns), Some(offsets)) = (&chunk.column_index, &chunk.offset_index) else {
        return Ok(None);
    };
    let mut offsets = offsets.clone();
    for page in &mut offsets.page_locations {
        page.offset += start;
    }
    serialised(columns, &offsets).map(Some)
}

fn serialised(columns: &ColumnIndex, offsets: &OffsetIndex) -> Result<PageIndex, FormatError> {
    let mut index = PageIndex::default();
    columns.write(&mut index.columns)?;
    offsets.write(&mut index.offsets)?;
    Ok(index)
}

fn concat(chunk: &ChunkSummary, of: fn(&PageSummary) -> &Vec<u64>) -> Vec<u64> {
    chunk
        .pages
        .iter()
        .flat_map(|page| of(page).iter().copied())
        .collect()
}
