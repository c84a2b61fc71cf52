//! One column of one row group: slices in, a chunk out.
//!
//! The rows are borrowed for the length of a call, and may come from any number of partitions. A
//! dictionary column is read twice, so that its dictionary is final before the first data page:
//! nothing is ever held back, and memory is a page whatever the number of rows.

use column_format::{ColumnSlice, ColumnType, SymbolDict};

use crate::array::chunk::ListSource;
use crate::bloom;
use crate::choose::{Chooser, ENTRIES_OF_16_MAX};
use crate::fixed::chunk::FixedSource;
use crate::fixed::column::fixed_column;
use crate::fixed::gather::Mode;
use crate::page::buf::PageBuf;
use crate::page::writer::{DataPage, HEADER_GAP, Packing, PageFormat, PageWriter};
use crate::rows::{self, Cursor};
use crate::source::{DictionaryLimits, PageLimits, PageSource};
use crate::symbol::chunk::SymbolSource;
use crate::tally::Tally;
use crate::text::chunk::TextSource;
use crate::{
    ChunkSummary, ColumnSpec, EncodeError, OptionError, PageSink, RowWatch, WriterOptions,
};

/// Encodes chunk after chunk of one column. `Send`; its bytes depend on the rows and the options
/// alone, never on what it encoded before.
pub struct ChunkEncoder {
    spec: ColumnSpec,
    options: WriterOptions,
    source: Box<dyn PageSource>,
    writer: PageWriter,
    page: PageBuf,
    scratch: Vec<u8>,
    /// Most PLAIN bytes of a dictionary that was asked for by name.
    named_dictionary_max: usize,
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
        Ok(Self {
            spec: spec.clone(),
            options: options.clone(),
            source: source(spec, options)?,
            writer: PageWriter::new(PageFormat::of(options), codec, Packing::new(codec)?),
            page: PageBuf::default(),
            scratch: Vec::new(),
            named_dictionary_max: usize::MAX,
        })
    }

    /// Bounds a dictionary that was asked for by name, in bytes of its values, stored PLAIN: a chunk that
    /// needs a larger one is [`EncodeError::TooLarge`]. Other dictionaries are bounded by
    /// [`WriterOptions::dictionary_bytes`], those of SYMBOL columns by what their table has.
    #[must_use]
    pub fn with_named_dictionary_max(mut self, bytes: usize) -> Self {
        self.named_dictionary_max = bytes;
        self
    }

    /// An encoder for another column of the same options, with the buffers of this one.
    ///
    /// # Errors
    /// As [`ChunkEncoder::new`].
    pub fn for_column(mut self, spec: &ColumnSpec) -> Result<Self, OptionError> {
        self.trim();
        spec.check(&self.options)?;
        let source = source(spec, &self.options)?;
        let codec = |spec: &ColumnSpec| spec.codec.unwrap_or(self.options.codec);
        let writer = if codec(spec) == codec(&self.spec) {
            self.writer
        } else {
            let packing = Packing::new(codec(spec))?;
            PageWriter::new(PageFormat::of(&self.options), codec(spec), packing)
        };
        Ok(Self {
            spec: spec.clone(),
            source,
            writer,
            ..self
        })
    }

    /// Gives back what large values took: buffers of more than two pages.
    pub fn trim(&mut self) {
        trim(
            self.source.as_mut(),
            &self.writer,
            &mut self.page,
            &self.options,
        );
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
        self.encode_watched(slices, symbols, None, sink)
    }

    /// As [`ChunkEncoder::encode`], and `watch` is told of rows before they are read.
    ///
    /// # Errors
    /// As [`ChunkEncoder::encode`]; [`EncodeError::Stopped`].
    pub fn encode_watched(
        &mut self,
        slices: &[ColumnSlice<'_>],
        symbols: Option<&SymbolDict>,
        watch: Option<&dyn RowWatch>,
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
            watch,
            entries_of_16_max: ENTRIES_OF_16_MAX,
            named: match self.spec.column_type {
                ColumnType::Symbol => DictionaryLimits::NONE,
                _ => DictionaryLimits {
                    bytes: self.named_dictionary_max,
                    ..DictionaryLimits::NONE
                },
            },
        };
        let plan = chooser.plan(slices, symbols, rows)?;
        let encoding = plan.encoding;
        self.writer.start(plan.stored);
        if let Some(rate) = bloom::wanted(&self.spec, &self.options, encoding) {
            self.source.start_bloom(rate, Some(rows))?;
        }
        let mut chunk = Tally::new(&self.spec, &self.options);
        if let Some((plain, entries)) = self.source.dictionary().filter(|_| rows > 0) {
            let placed = self.writer.dictionary_page(plain, entries, sink)?;
            chunk.dictionary = Some((u64::from(placed.len), entries));
        }
        let limits = PageLimits::of(&self.options);
        let gap = gap(self.source.as_ref(), !self.spec.required, limits);
        let mut cursor = Cursor::new(slices).watched(watch, true);
        loop {
            self.page.reset(gap);
            let filled = self
                .source
                .fill(&mut cursor, symbols, limits, &mut self.page)?;
            if cursor.is_stopped() {
                return Err(EncodeError::Stopped);
            }
            let Some(filled) = filled else { break };
            let page = DataPage::of(&filled, encoding, self.source.levels());
            let placed = self.writer.data_page(&mut self.page, page, sink)?;
            chunk.add(filled, placed.offset, placed.len);
        }
        Ok(chunk.finish(encoding, &self.writer, &self.options, self.source.finish()?))
    }
}

/// Gives back buffers of more than two pages: a value that is longer than a page does not stay.
pub(crate) fn trim(
    source: &mut dyn PageSource,
    writer: &PageWriter,
    page: &mut PageBuf,
    options: &WriterOptions,
) {
    let most = options.page_bytes.saturating_mul(2);
    source.trim(most);
    writer.trim(most);
    if page.heap_bytes() > most {
        *page = PageBuf::default();
    }
}

/// Bytes to leave free in front of a page: header, levels, and what the values want.
pub(crate) fn gap(source: &dyn PageSource, optional: bool, limits: PageLimits) -> usize {
    let levels = if optional {
        limits.rows.min(64 << 10) / 8 + 64
    } else {
        0
    };
    HEADER_GAP + source.gap(limits) + levels
}

/// The source of a column's pages.
pub(crate) fn source(
    spec: &ColumnSpec,
    options: &WriterOptions,
) -> Result<Box<dyn PageSource>, OptionError> {
    let optional = !spec.required;
    let (column_type, bounds) = (spec.column_type, options.statistics);
    if let (ColumnType::Array { dims }, false) = (column_type, options.raw_arrays) {
        return Ok(Box::new(ListSource::new(
            dims,
            optional,
            spec.sentinels,
            bounds,
        )));
    }
    if let Some(symbols) = SymbolSource::new(column_type, optional, bounds) {
        return Ok(Box::new(symbols));
    }
    if let Some(text) = TextSource::new(column_type, optional, bounds) {
        return Ok(Box::new(text));
    }
    let mode = Mode {
        nullable: optional && spec.sentinels,
        bounds,
        order: spec.designated && !optional,
    };
    match fixed_column(column_type, mode, optional) {
        Some(column) => Ok(Box::new(FixedSource::new(column, column_type, optional))),
        None => Err(OptionError::Schema {
            column: spec.name.clone(),
            reason: format!("{column_type} cannot be written"),
        }),
    }
}
