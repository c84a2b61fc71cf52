//! One column of one row group becomes a chunk: the same call on whatever thread.
//!
//! A chunk that was encoded is verified before it counts (mapped bytes may have gone away), and its
//! rows are given back to the page cache; a thread keeps the page buffers and the codec of its last
//! chunk and nothing else, so that memory does not follow the width of the table.

use std::sync::Arc;

use column_format::{ColumnType, SymbolDict};
use pq_encode::{
    AssembleError, ChunkEncoder, ChunkSummary, ColumnSpec, EncodeError, OptionError, PageSink,
    WriterOptions,
};
use table_reader::{PartitionInfo, TableColumn, TableReader};

use super::decoded::rows_of;
use super::group::{ColumnRows, PendingGroup};
use super::lookout::{Lookout, Manners};
use super::request::ExportRequest;
use super::sink::{WatchfulSink, sink_error};
use crate::error::{Cause, EngineError, Result};
use crate::usage::AnonPeak;

/// What it takes to encode any chunk of an export. Shared by all threads.
pub(crate) struct Chunks<'e> {
    columns: Vec<OutputColumn>,
    options: &'e WriterOptions,
    partitions: &'e [PartitionInfo],
    manners: Manners<'e>,
    anon_peak: &'e AnonPeak,
}

/// A column with what it needs in every row group.
struct OutputColumn {
    spec: ColumnSpec,
    symbols: Option<Arc<SymbolDict>>,
}

/// The columns of the file, with what was asked of them.
pub(super) fn specs_of(reader: &TableReader, request: &ExportRequest) -> Result<Vec<ColumnSpec>> {
    let mut specs: Vec<ColumnSpec> = reader.columns().iter().map(spec).collect();
    request.overrides.apply(&mut specs, &request.writer)?;
    Ok(specs)
}

/// A chunk whose pages are in a sink.
pub(crate) struct EncodedChunk {
    pub(crate) summary: ChunkSummary,
    pub(crate) native_bytes: u64,
}

impl<'e> Chunks<'e> {
    pub(crate) fn new(
        reader: &'e TableReader,
        request: &'e ExportRequest,
        manners: Manners<'e>,
        anon_peak: &'e AnonPeak,
    ) -> Result<Self> {
        let options = &request.writer;
        let specs = specs_of(reader, request)?;
        let mut columns = Vec::with_capacity(specs.len());
        for (idx, spec) in specs.into_iter().enumerate() {
            // What cannot be encoded is refused before a byte is written.
            ChunkEncoder::new(&spec, options).map_err(|error| option_error(&error))?;
            let symbols = match spec.column_type {
                ColumnType::Symbol => Some(reader.symbols(idx)?),
                _ => None,
            };
            columns.push(OutputColumn { spec, symbols });
        }
        Ok(Self {
            columns,
            options,
            partitions: reader.partitions(),
            manners,
            anon_peak,
        })
    }

    /// Columns of the file.
    pub(crate) fn count(&self) -> usize {
        self.columns.len()
    }

    /// The columns, as the writer wants them.
    pub(crate) fn specs(&self) -> Vec<ColumnSpec> {
        self.columns
            .iter()
            .map(|column| column.spec.clone())
            .collect()
    }

    /// Says in which column an error struck.
    pub(crate) fn in_column(&self, idx: usize, error: EngineError) -> EngineError {
        match self.columns.get(idx) {
            Some(column) => error.in_column(&column.spec.name),
            None => error,
        }
    }

    /// `sink`, with a look at the stop signs before every page.
    pub(crate) fn watched<S>(&self, sink: S) -> WatchfulSink<'e, S> {
        WatchfulSink {
            sink,
            running: self.manners.running,
            anon_peak: self.anon_peak,
        }
    }

    /// Encodes column `idx` of `group` into `sink`, with the buffers that `kept` holds from the last
    /// chunk of this thread.
    pub(crate) fn encode(
        &self,
        group: &PendingGroup,
        idx: usize,
        sink: impl PageSink,
        kept: &mut Option<ChunkEncoder>,
    ) -> Result<EncodedChunk> {
        let Some(column) = self.columns.get(idx) else {
            let (call, expected) = ("encode", "finish_row_group");
            return Err(Cause::Assemble(AssembleError::OutOfOrder { call, expected }).into());
        };
        // Given back when the decoded rows are gone: declared before what holds them.
        let (taken, group) = rows_of(group, idx, self.manners)?;
        let value_bytes = taken.as_ref().map(|taken| taken.value_bytes);
        let rows = match group.column(idx) {
            Ok(rows) => rows,
            error => group.verified(idx, error)?,
        };
        // Counted while the ends of the rows are needed anyway: afterwards they would be read again.
        let native_bytes = rows.native_bytes();
        let mut sink = self.watched(sink);
        let encoder = match kept.take() {
            Some(last) => last.for_column(&column.spec),
            None => ChunkEncoder::new(&column.spec, self.options),
        };
        let encoder = encoder.map_err(|error| option_error(&error))?;
        let most = self.manners.budget.named_dictionary_bytes();
        let mut encoder = encoder.with_named_dictionary_max(most);
        let lookout = Lookout::new(self.manners, &group, idx, native_bytes, value_bytes);
        let symbols = column.symbols.as_deref();
        let encoded = encoder
            .encode_watched(&rows.slices, symbols, Some(&lookout), &mut sink)
            .map_err(|error| {
                let stopped = lookout.error();
                stopped.unwrap_or_else(|| self.encode_error(error, &rows))
            });
        let summary = group.verified(idx, encoded)?;
        // Before the memory for them is given back.
        encoder.trim();
        lookout.finish()?;
        self.anon_peak.look();
        *kept = Some(encoder);
        Ok(EncodedChunk {
            summary,
            native_bytes,
        })
    }

    /// Says in which partition an encoder stumbled, and unwraps what the sink has to say.
    fn encode_error(&self, error: EncodeError, rows: &ColumnRows<'_>) -> EngineError {
        let (slice, cause) = match error {
            EncodeError::Sink(error) => return sink_error(error),
            EncodeError::Option(error) => return option_error(&error),
            EncodeError::Layout { slice, source, .. } => (Some(slice), Cause::Column(source)),
            error @ EncodeError::SymbolKey { slice, .. } => (Some(slice), Cause::Encode(error)),
            error => (None, Cause::Encode(error)),
        };
        let partition = slice
            .and_then(|slice| rows.partition_of(slice))
            .and_then(|partition| self.partitions.get(partition));
        match partition {
            Some(partition) => EngineError::from(cause).in_partition(&partition.name),
            None => cause.into(),
        }
    }
}

fn spec(column: &TableColumn) -> ColumnSpec {
    let spec =
        ColumnSpec::new(column.name.as_str(), column.column_type).with_field_id(column.field_id);
    if column.designated {
        spec.as_designated()
    } else {
        spec
    }
}

pub(crate) fn option_error(error: &OptionError) -> EngineError {
    Cause::BadOption {
        option: "export",
        reason: error.to_string(),
    }
    .into()
}
