//! The file in the making: row groups go in, column by column.
//!
//! A finished chunk is verified before it counts (mapped bytes may have gone away), and its rows
//! are given back to the page cache; a column's buffers live as long as one chunk, so that memory
//! does not follow the width of the table.

use std::io::Write;
use std::sync::Arc;

use column_format::{ColumnType, SymbolDict};
use pq_encode::{
    AssembleError, ChunkEncoder, ChunkSummary, ColumnSpec, EncodeError, FileAssembler,
    FileProperties, OptionError,
};
use table_reader::{PartitionInfo, RowSelection, TableColumn};

use super::exporter::Exporter;
use super::group::{ColumnRows, PendingGroup};
use super::key_values;
use super::sink::{WatchfulSink, sink_error};
use super::stats::ColumnStats;
use crate::error::{Cause, EngineError, Result};
use crate::progress::Done;

/// What an attempt wrote.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) table: String,
    pub(crate) snapshot_txn: i64,
    pub(crate) rows: u64,
    pub(crate) partitions: usize,
    pub(crate) row_groups: usize,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) encoded_chunks: u64,
    pub(crate) replaced_texts: u64,
    pub(crate) peak_mapped_partitions: usize,
    pub(crate) columns: Vec<ColumnStats>,
    pub(crate) resident_before_bytes: Option<u64>,
    pub(crate) resident_after_bytes: Option<u64>,
}

/// A column with what it needs in every row group.
struct OutputColumn {
    spec: ColumnSpec,
    symbols: Option<Arc<SymbolDict>>,
}

/// The file in the making.
pub(crate) struct Writing<'e, 'w> {
    exporter: &'e Exporter<'e>,
    assembler: FileAssembler<&'w mut dyn Write>,
    columns: Vec<OutputColumn>,
    pub(crate) written: Written,
}

impl<'e, 'w> Writing<'e, 'w> {
    pub(crate) fn start(
        exporter: &'e Exporter<'e>,
        out: &'w mut dyn Write,
        selection: &RowSelection,
    ) -> Result<Self> {
        let (reader, options) = (exporter.reader, &exporter.request.writer);
        let snapshot = reader.snapshot();
        let specs: Vec<ColumnSpec> = reader.columns().iter().map(spec).collect();
        let source = key_values::Source {
            table: &snapshot.name,
            snapshot_txn: snapshot.txn.txn,
            rows: selection.rows(),
            unit: snapshot.timestamp_unit(),
        };
        let about = key_values::sluicegate(&source, exporter.request);
        let properties = FileProperties {
            key_values: vec![
                ("questdb".to_owned(), key_values::questdb(reader.columns())),
                ("sluicegate".to_owned(), about),
            ],
            ..FileProperties::default()
        };
        let mut columns = Vec::with_capacity(specs.len());
        for (idx, spec) in specs.iter().enumerate() {
            // What cannot be encoded is refused before a byte is written.
            ChunkEncoder::new(spec, options).map_err(|error| option_error(&error))?;
            let symbols = match spec.column_type {
                ColumnType::Symbol => Some(reader.symbols(idx)?),
                _ => None,
            };
            let spec = spec.clone();
            columns.push(OutputColumn { spec, symbols });
        }
        let assembler =
            FileAssembler::new(out, &specs, options, properties).map_err(assemble_error)?;
        let written = Written {
            table: snapshot.name.clone(),
            snapshot_txn: snapshot.txn.txn,
            partitions: selection.parts().len(),
            columns: specs.iter().map(ColumnStats::of).collect(),
            ..Written::default()
        };
        Ok(Self {
            exporter,
            assembler,
            columns,
            written,
        })
    }

    /// Encodes and writes a row group.
    pub(crate) fn write_group(&mut self, group: &PendingGroup) -> Result<()> {
        let index = self.written.row_groups;
        let written = self.write_chunks(group);
        written.map_err(|error| error.in_row_group(index))
    }

    fn write_chunks(&mut self, group: &PendingGroup) -> Result<()> {
        self.assembler
            .begin_row_group(group.rows())
            .map_err(assemble_error)?;
        for idx in 0..self.columns.len() {
            self.write_chunk(group, idx)?;
            self.progress(group, idx);
            self.exporter.running.go_on()?;
        }
        self.assembler.finish_row_group().map_err(assemble_error)?;
        self.written.rows += group.rows();
        self.written.row_groups += 1;
        Ok(())
    }

    fn write_chunk(&mut self, group: &PendingGroup, idx: usize) -> Result<()> {
        let Some(column) = self.columns.get(idx) else {
            return Ok(());
        };
        let exporter = self.exporter;
        let in_column = |error: EngineError| error.in_column(&column.spec.name);
        let rows = group.column(idx).map_err(in_column)?;
        let sink = WatchfulSink {
            sink: self.assembler.column().map_err(assemble_error)?,
            running: exporter.running,
            anon_peak: exporter.anon_peak,
        };
        let encoded = encode(exporter, column, &rows, sink);
        let chunk = group.verified(idx, encoded).map_err(in_column)?;
        self.assembler
            .finish_column(&chunk)
            .map_err(assemble_error)?;
        group.done(idx).map_err(in_column)?;
        let native_bytes = rows.native_bytes();
        self.written.encoded_chunks += 1;
        self.written.replaced_texts += chunk.replaced_values;
        self.written.bytes_in = self.written.bytes_in.saturating_add(native_bytes);
        if let Some(stats) = self.written.columns.get_mut(idx) {
            stats.add(&chunk, native_bytes);
        }
        Ok(())
    }

    fn progress(&self, group: &PendingGroup, idx: usize) {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let share = count(idx + 1);
        self.exporter.anon_peak.look();
        self.exporter.progress.advance(Done {
            rows: self.written.rows
                + group.rows().saturating_mul(share) / count(self.columns.len()).max(1),
            bytes_in: self.written.bytes_in,
            bytes_out: self.assembler.position(),
        });
    }

    /// Writes the footer: from here on the file is one.
    pub(crate) fn finish(self) -> Result<Written> {
        let (_, summary) = self.assembler.finish().map_err(assemble_error)?;
        Ok(Written {
            bytes_out: summary.bytes,
            ..self.written
        })
    }
}

fn encode(
    exporter: &Exporter<'_>,
    column: &OutputColumn,
    rows: &ColumnRows<'_>,
    mut sink: WatchfulSink<'_, impl pq_encode::PageSink>,
) -> Result<ChunkSummary> {
    let mut encoder = ChunkEncoder::new(&column.spec, &exporter.request.writer)
        .map_err(|error| option_error(&error))?;
    encoder
        .encode(&rows.slices, column.symbols.as_deref(), &mut sink)
        .map_err(|error| encode_error(exporter.reader.partitions(), error, rows))
}

/// Says in which partition an encoder stumbled, and unwraps what the sink has to say.
fn encode_error(
    partitions: &[PartitionInfo],
    error: EncodeError,
    rows: &ColumnRows<'_>,
) -> EngineError {
    let (slice, cause) = match error {
        EncodeError::Sink(error) => return sink_error(error),
        EncodeError::Option(error) => return option_error(&error),
        EncodeError::Layout { slice, source, .. } => (Some(slice), Cause::Column(source)),
        error @ EncodeError::SymbolKey { slice, .. } => (Some(slice), Cause::Encode(error)),
        error => (None, Cause::Encode(error)),
    };
    let partition = slice
        .and_then(|slice| rows.partition_of(slice))
        .and_then(|partition| partitions.get(partition));
    match partition {
        Some(partition) => EngineError::from(cause).in_partition(&partition.name),
        None => cause.into(),
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

fn assemble_error(error: AssembleError) -> EngineError {
    match error {
        AssembleError::Io { source, .. } => source.into(),
        AssembleError::Option(error) => option_error(&error),
        error => Cause::Assemble(error).into(),
    }
}

fn option_error(error: &OptionError) -> EngineError {
    Cause::BadOption {
        option: "export",
        reason: error.to_string(),
    }
    .into()
}
