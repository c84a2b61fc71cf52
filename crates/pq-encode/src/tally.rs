//! Adding up a chunk, page by page.
//!
//! Pull and push mode alike end here: whatever order pages were made in, the summary counts offsets
//! from the start of the chunk.

use pq_format::{PhysicalType, SizeStatistics, Statistics};

use crate::page::writer::PageWriter;
use crate::source::{ChunkFacts, FilledPage};
use crate::type_map::{Levels, levels, physical_type};
use crate::{ChunkSummary, ColumnSpec, Encoding, PageSummary, PageVersion, WriterOptions};

/// Adds up a chunk.
#[derive(Debug)]
pub(crate) struct Tally {
    levels: Levels,
    byte_array: bool,
    rows: u64,
    values: u64,
    nulls: u64,
    unencoded: u64,
    repetition: Vec<u64>,
    definition: Vec<u64>,
    /// Bytes of the dictionary page, and its entries.
    pub(crate) dictionary: Option<(u64, usize)>,
    /// Data pages behind those of the dictionary, and their encoding.
    pub(crate) fallback: Option<(Encoding, u32)>,
    pages: Vec<PageSummary>,
}

impl Tally {
    pub(crate) fn new(spec: &ColumnSpec, options: &WriterOptions) -> Self {
        let levels = levels(spec, options.raw_arrays);
        let physical = physical_type(spec.column_type, options.raw_arrays);
        let histogram = |max: u8| {
            if max == 0 {
                vec![]
            } else {
                vec![0; usize::from(max) + 1]
            }
        };
        Self {
            levels,
            byte_array: physical == PhysicalType::ByteArray,
            rows: 0,
            values: 0,
            nulls: 0,
            unencoded: 0,
            repetition: histogram(levels.repetition),
            definition: histogram(levels.definition),
            dictionary: None,
            fallback: None,
            pages: Vec::new(),
        }
    }

    /// Leaf slots that hold a value so far.
    pub(crate) fn present(&self) -> u64 {
        self.values - self.nulls
    }

    /// Rows so far.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Heap bytes that pages take until the footer is written.
    pub(crate) fn heap_bytes(&self) -> usize {
        self.pages.capacity() * size_of::<PageSummary>()
    }

    /// A dictionary page of `len` bytes went in front of all pages.
    pub(crate) fn put_dictionary(&mut self, len: u32, entries: usize) {
        self.dictionary = Some((u64::from(len), entries));
        for page in &mut self.pages {
            page.offset += u64::from(len);
        }
    }

    /// A data page.
    pub(crate) fn add(&mut self, page: FilledPage, offset: u64, len: u32) {
        let (values, nulls) = (page.values as u64, page.nulls as u64);
        let (repetition_levels, definition_levels) = match page.level_counts {
            Some(counts) => counts,
            None if self.levels.definition == 1 => (vec![], vec![nulls, values - nulls]),
            None => (vec![], vec![]),
        };
        let add = |sums: &mut [u64], counts: &[u64]| {
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count;
            }
        };
        add(&mut self.repetition, &repetition_levels);
        add(&mut self.definition, &definition_levels);
        self.rows += page.rows as u64;
        self.values += values;
        self.nulls += nulls;
        self.unencoded += page.unencoded_bytes;
        self.pages.push(PageSummary {
            offset,
            len,
            rows: u32::try_from(page.rows).unwrap_or(u32::MAX),
            nulls,
            values,
            bounds: page.bounds,
            unencoded_bytes: page.unencoded_bytes,
            repetition_levels,
            definition_levels,
        });
    }

    /// The chunk is complete.
    pub(crate) fn finish(
        mut self,
        encoding: Encoding,
        writer: &PageWriter,
        options: &WriterOptions,
        facts: ChunkFacts,
    ) -> ChunkSummary {
        // It waits for its row group, among as many as there are columns.
        self.pages.shrink_to_fit();
        let (min, max) = match facts.bounds {
            Some(bounds) => (
                Some((bounds.min, bounds.min_is_exact)),
                bounds.max.map(|max| (max, bounds.max_is_exact)),
            ),
            None => (None, None),
        };
        ChunkSummary {
            rows: self.rows,
            values: self.values,
            nulls: self.nulls,
            encoding,
            fallback: self.fallback,
            codec: writer.codec(),
            dictionary_page_len: self.dictionary.map(|(len, _)| len),
            dictionary_entries: self
                .dictionary
                .map(|(_, entries)| u32::try_from(entries).unwrap_or(u32::MAX)),
            uncompressed_len: writer.uncompressed_len(),
            compressed_len: writer.compressed_len(),
            statistics: Statistics {
                null_count: Some(self.nulls),
                distinct_count: facts.distinct,
                is_min_exact: min.as_ref().map(|(_, exact)| *exact),
                is_max_exact: max.as_ref().map(|(_, exact)| *exact),
                min_value: min.map(|(value, _)| value),
                max_value: max.map(|(value, _)| value),
                ..Statistics::default()
            },
            sizes: SizeStatistics {
                unencoded_byte_array_data_bytes: self.byte_array.then_some(self.unencoded),
                repetition_level_histogram: self.repetition,
                definition_level_histogram: self.definition,
            },
            pages: self.pages,
            page_order: facts.page_order,
            row_order: facts.row_order,
            replaced_values: facts.replaced_values,
            bloom_filter: facts.bloom,
            data_pages_v2: options.page_version == PageVersion::V2,
        }
    }
}
