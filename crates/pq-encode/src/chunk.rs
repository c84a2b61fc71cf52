//! One column of one row group: slices in, a chunk out.
//!
//! The rows are borrowed for the length of a call, and may come from any number of partitions. A
//! dictionary column is read twice, so that its dictionary is final before the first data page:
//! nothing is ever held back, and memory is a page whatever the number of rows.

use column_format::{ColumnSlice, ColumnType, SymbolDict};
use pq_format::{PhysicalType, SizeStatistics, Statistics};

use crate::array::chunk::ListSource;
use crate::choose::Chooser;
use crate::fixed::chunk::FixedSource;
use crate::fixed::column::fixed_column;
use crate::fixed::gather::Mode;
use crate::page::buf::PageBuf;
use crate::page::writer::{DataPage, HEADER_GAP, PageFormat, PageWriter};
use crate::rows::{self, Cursor};
use crate::source::{ChunkFacts, FilledPage, PageLimits, PageSource};
use crate::symbol::chunk::SymbolSource;
use crate::text::chunk::TextSource;
use crate::type_map::{Levels, levels, physical_type};
use crate::{
    ChunkSummary, ColumnSpec, EncodeError, Encoding, OptionError, PageSink, PageSummary,
    PageVersion, WriterOptions,
};

/// Encodes chunk after chunk of one column. `Send`; its bytes depend on the rows and the options
/// alone, never on what it encoded before.
pub struct ChunkEncoder {
    spec: ColumnSpec,
    options: WriterOptions,
    levels: Levels,
    source: Box<dyn PageSource>,
    writer: PageWriter,
    page: PageBuf,
    scratch: Vec<u8>,
}

impl std::fmt::Debug for ChunkEncoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChunkEncoder")
            .field("spec", &self.spec)
            .finish_non_exhaustive()
    }
}

impl ChunkEncoder {
    /// An encoder for a column.
    ///
    /// # Errors
    /// An option out of its range, or an encoding that the column cannot have, by name.
    pub fn new(spec: &ColumnSpec, options: &WriterOptions) -> Result<Self, OptionError> {
        options.check()?;
        spec.check(options)?;
        let codec = spec.codec.unwrap_or(options.codec);
        let format = PageFormat {
            version: options.page_version,
            crc: options.crc,
        };
        Ok(Self {
            spec: spec.clone(),
            options: options.clone(),
            levels: levels(spec, options.raw_arrays),
            source: source(spec, options)?,
            writer: PageWriter::new(format, codec)?,
            page: PageBuf::default(),
            scratch: Vec::new(),
        })
    }

    /// The column.
    #[must_use]
    pub fn spec(&self) -> &ColumnSpec {
        &self.spec
    }

    /// Encodes the rows of `slices`, in order, as one chunk: pages go to `sink` in pieces of at most
    /// [`crate::PIECE_BYTES_MAX`]. A SYMBOL column needs its dictionary. Nothing of `slices` is kept.
    ///
    /// # Errors
    /// Bytes that are not what the column's format says, or a sink that takes no more. The chunk is
    /// then useless; the encoder is not.
    pub fn encode(
        &mut self,
        slices: &[ColumnSlice<'_>],
        symbols: Option<&SymbolDict>,
        sink: &mut dyn PageSink,
    ) -> Result<ChunkSummary, EncodeError> {
        let rows = rows::count(slices);
        self.source.start();
        let mut chooser = Chooser {
            spec: &self.spec,
            options: &self.options,
            source: self.source.as_mut(),
            writer: &mut self.writer,
            page: &mut self.page,
            scratch: &mut self.scratch,
        };
        let plan = chooser.plan(slices, symbols, rows)?;
        let encoding = plan.encoding;
        self.writer.start(plan.stored);
        let physical = physical_type(self.spec.column_type, self.options.raw_arrays);
        let mut chunk = Tally::new(self.levels, physical, rows);
        if let Some((plain, entries)) = self.source.dictionary().filter(|_| rows > 0) {
            let placed = self.writer.dictionary_page(plain, entries, sink)?;
            chunk.dictionary = Some((u64::from(placed.len), entries));
        }
        let limits = PageLimits {
            bytes: self.options.page_bytes,
            rows: self.options.page_rows,
        };
        let gap = HEADER_GAP + self.source.gap(limits) + limits.rows.min(64 << 10) / 8 + 64;
        let mut cursor = Cursor::new(slices);
        loop {
            self.page.reset(gap);
            let filled = self
                .source
                .fill(&mut cursor, symbols, limits, &mut self.page)?;
            let Some(filled) = filled else { break };
            let (repetition, definition) = self.source.levels();
            let page = DataPage {
                rows: filled.rows,
                values: filled.values,
                nulls: filled.nulls,
                encoding,
                repetition,
                definition,
            };
            let placed = self.writer.data_page(&mut self.page, page, sink)?;
            chunk.add(filled, placed.offset, placed.len);
        }
        Ok(chunk.finish(encoding, &self.writer, &self.options, self.source.finish()))
    }
}

/// The source of a column's pages.
fn source(spec: &ColumnSpec, options: &WriterOptions) -> Result<Box<dyn PageSource>, OptionError> {
    let optional = !spec.required;
    let (column_type, bounds) = (spec.column_type, options.statistics);
    if let (ColumnType::Array { dims }, false) = (column_type, options.raw_arrays) {
        return Ok(Box::new(ListSource::new(dims, optional, bounds)));
    }
    if let Some(symbols) = SymbolSource::new(column_type, optional, bounds) {
        return Ok(Box::new(symbols));
    }
    if let Some(text) = TextSource::new(column_type, optional, bounds) {
        return Ok(Box::new(text));
    }
    // Without null sentinels only virtual nulls are null.
    let nullable = optional;
    match fixed_column(column_type, Mode { nullable, bounds }) {
        Some(column) => Ok(Box::new(FixedSource::new(column, column_type, optional))),
        None => Err(OptionError::Schema {
            column: spec.name.clone(),
            reason: format!("{column_type} cannot be written"),
        }),
    }
}

/// Adds up a chunk.
#[derive(Debug)]
struct Tally {
    levels: Levels,
    byte_array: bool,
    rows: u64,
    values: u64,
    nulls: u64,
    unencoded: u64,
    repetition: Vec<u64>,
    definition: Vec<u64>,
    dictionary: Option<(u64, usize)>,
    pages: Vec<PageSummary>,
}

impl Tally {
    fn new(levels: Levels, physical: PhysicalType, rows: u64) -> Self {
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
            rows,
            values: 0,
            nulls: 0,
            unencoded: 0,
            repetition: histogram(levels.repetition),
            definition: histogram(levels.definition),
            dictionary: None,
            pages: Vec::new(),
        }
    }

    fn add(&mut self, page: FilledPage, offset: u64, len: u32) {
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

    fn finish(
        self,
        encoding: Encoding,
        writer: &PageWriter,
        options: &WriterOptions,
        facts: ChunkFacts,
    ) -> ChunkSummary {
        let (min, max) = match facts.bounds {
            Some(bounds) => (
                Some((bounds.min, bounds.min_is_exact)),
                Some((bounds.max, bounds.max_is_exact)),
            ),
            None => (None, None),
        };
        ChunkSummary {
            rows: self.rows,
            values: self.values,
            nulls: self.nulls,
            encoding,
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
            replaced_values: facts.replaced_values,
            data_pages_v2: options.page_version == PageVersion::V2,
        }
    }
}
