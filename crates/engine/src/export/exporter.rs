//! One attempt to export one snapshot.
//!
//! Frames are gathered into a row group until the planner closes it; then each column is encoded in
//! turn, straight into the file; then the frames go. So the partitions that are mapped are those of
//! the group in the making and the one that the cursor is in.

use std::io::Write;
use std::sync::Arc;

use column_format::{ColumnType, SymbolDict};
use pq_encode::{
    AssembleError, ChunkEncoder, ColumnSpec, EncodeError, FileAssembler, FileProperties,
    OptionError, PageSink, SinkError,
};
use table_reader::{CancelToken, Cursor, Direction, Frame, RowSelection, TableColumn, TableReader};

use super::group::{ColumnRows, PendingGroup};
use super::key_values;
use super::planner::{Cutter, Targets};
use super::request::ExportRequest;
use super::row_bytes::RowMeter;
use crate::error::{Cause, EngineError, Result};
use crate::progress::{Done, Progress, Totals};
use crate::reading::select_rows;

/// What an attempt works with.
pub(crate) struct Exporter<'a> {
    pub(crate) reader: &'a TableReader,
    pub(crate) request: &'a ExportRequest,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) cancel: &'a CancelToken,
}

/// What an attempt wrote.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) table: String,
    pub(crate) snapshot_txn: i64,
    pub(crate) rows: u64,
    pub(crate) partitions: usize,
    pub(crate) row_groups: usize,
    pub(crate) columns: usize,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) encoded_chunks: u64,
    pub(crate) replaced_texts: u64,
}

/// A column with what it needs in every row group.
struct OutputColumn {
    name: String,
    encoder: ChunkEncoder,
    symbols: Option<Arc<SymbolDict>>,
}

/// The file in the making.
struct File<'w> {
    assembler: FileAssembler<&'w mut dyn Write>,
    columns: Vec<OutputColumn>,
    written: Written,
}

impl Exporter<'_> {
    /// Writes a complete file to `out` and validates the snapshot. The footer is written last, and
    /// only if the snapshot still stands: what a failed attempt leaves in a stream is no file.
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Written> {
        let selection = select_rows(self.reader, &self.request.range)?;
        self.reader.require_native(&selection)?;
        let snapshot = self.reader.snapshot();
        self.progress.begin(Totals {
            snapshot_txn: snapshot.txn.txn,
            rows: selection.rows(),
            partitions: selection.parts().len(),
        });
        let mut file = self.start(out, &selection)?;
        let frame_rows = self.request.frame_rows;
        let mut cursor = self
            .reader
            .cursor(Direction::Forward, frame_rows, &selection);
        self.write_groups(&mut cursor, &mut file)?;
        self.go_on()?;
        self.reader.revalidate()?;
        let (_, summary) = file.assembler.finish().map_err(assemble_error)?;
        Ok(Written {
            bytes_out: summary.bytes,
            ..file.written
        })
    }

    fn start<'w>(&self, out: &'w mut dyn Write, selection: &RowSelection) -> Result<File<'w>> {
        let (reader, snapshot) = (self.reader, self.reader.snapshot());
        let specs: Vec<ColumnSpec> = reader.columns().iter().map(spec).collect();
        let source = key_values::Source {
            table: &snapshot.name,
            snapshot_txn: snapshot.txn.txn,
            rows: selection.rows(),
            unit: snapshot.timestamp_unit(),
        };
        let properties = FileProperties {
            key_values: vec![
                ("questdb".to_owned(), key_values::questdb(reader.columns())),
                (
                    "sluicegate".to_owned(),
                    key_values::sluicegate(&source, self.request),
                ),
            ],
            ..FileProperties::default()
        };
        let mut columns = Vec::with_capacity(specs.len());
        for (idx, spec) in specs.iter().enumerate() {
            let encoder = ChunkEncoder::new(spec, &self.request.writer)
                .map_err(|error| option_error(&error))?;
            let symbols = match spec.column_type {
                ColumnType::Symbol => Some(reader.symbols(idx)?),
                _ => None,
            };
            columns.push(OutputColumn {
                name: spec.name.clone(),
                encoder,
                symbols,
            });
        }
        let assembler = FileAssembler::new(out, &specs, &self.request.writer, properties)
            .map_err(assemble_error)?;
        let written = Written {
            table: snapshot.name.clone(),
            snapshot_txn: snapshot.txn.txn,
            partitions: selection.parts().len(),
            columns: columns.len(),
            ..Written::default()
        };
        Ok(File {
            assembler,
            columns,
            written,
        })
    }

    fn write_groups(&self, cursor: &mut impl Cursor, file: &mut File<'_>) -> Result<()> {
        let mut cutter = Cutter::new(Targets {
            rows: self.request.row_group_rows,
            native_bytes: self.request.row_group_bytes,
        });
        let meter = RowMeter::new(cursor);
        let mut group = PendingGroup::default();
        while let Some(frame) = cursor.next_frame()? {
            self.go_on()?;
            let mut row_lo = 0;
            while row_lo < frame.rows() {
                let cut = cutter
                    .offer(&meter.of(&frame), row_lo, frame.rows())
                    .map_err(|error| self.in_partition_of(error, &frame))?;
                let row_hi = row_lo + cut.rows;
                if row_lo < row_hi {
                    group.push(frame.clone(), row_lo..row_hi);
                }
                row_lo = row_hi;
                if cut.closes {
                    self.write_group(&std::mem::take(&mut group), file)?;
                    cursor.release_open_partitions();
                }
            }
        }
        if group.is_empty() {
            Ok(())
        } else {
            self.write_group(&group, file)
        }
    }

    fn write_group(&self, group: &PendingGroup, file: &mut File<'_>) -> Result<()> {
        let index = file.written.row_groups;
        let result = self.write_chunks(group, file);
        result.map_err(|error| error.in_row_group(index))
    }

    fn write_chunks(&self, group: &PendingGroup, file: &mut File<'_>) -> Result<()> {
        let File {
            assembler,
            columns,
            written,
        } = file;
        assembler
            .begin_row_group(group.rows())
            .map_err(assemble_error)?;
        let column_count = u64::try_from(columns.len()).unwrap_or(u64::MAX).max(1);
        for (idx, column) in columns.iter_mut().enumerate() {
            let rows = group
                .column(idx)
                .map_err(|error| error.in_column(&column.name))?;
            let sink = assembler.column().map_err(assemble_error)?;
            let mut sink = CancellableSink {
                sink,
                cancel: self.cancel,
            };
            let summary = column
                .encoder
                .encode(&rows.slices, column.symbols.as_deref(), &mut sink)
                .map_err(|error| self.encode_error(error, &rows).in_column(&column.name))?;
            assembler.finish_column(&summary).map_err(assemble_error)?;
            written.encoded_chunks += 1;
            written.replaced_texts += summary.replaced_values;
            written.bytes_in = written.bytes_in.saturating_add(rows.native_bytes());
            let share = u64::try_from(idx + 1).unwrap_or(u64::MAX);
            self.progress.advance(Done {
                rows: written.rows + group.rows().saturating_mul(share) / column_count,
                bytes_in: written.bytes_in,
                bytes_out: assembler.position(),
            });
            self.go_on()?;
        }
        assembler.finish_row_group().map_err(assemble_error)?;
        written.rows += group.rows();
        written.row_groups += 1;
        Ok(())
    }

    fn go_on(&self) -> Result<()> {
        if self.cancel.is_cancelled() {
            Err(Cause::Cancelled.into())
        } else {
            Ok(())
        }
    }

    fn in_partition_of(&self, error: EngineError, frame: &Frame) -> EngineError {
        match self.reader.partitions().get(frame.partition_index()) {
            Some(partition) => error.in_partition(&partition.name),
            None => error,
        }
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
            .and_then(|partition| self.reader.partitions().get(partition));
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

/// Passes pages on until somebody cancels: a page is the longest that a cancel waits for.
struct CancellableSink<'a, S> {
    sink: S,
    cancel: &'a CancelToken,
}

/// What a sink says when it was cancelled.
#[derive(Debug, thiserror::Error)]
#[error("cancelled")]
struct Cancelled;

impl<S: PageSink> PageSink for CancellableSink<'_, S> {
    fn page(&mut self, header_and_body: &[u8]) -> Result<(), SinkError> {
        if self.cancel.is_cancelled() {
            return Err(SinkError::new(Cancelled));
        }
        self.sink.page(header_and_body)
    }
}

fn sink_error(error: SinkError) -> EngineError {
    let cause = match error.into_cause().downcast::<std::io::Error>() {
        Ok(error) => return EngineError::from(*error),
        Err(cause) => cause,
    };
    if cause.is::<Cancelled>() {
        return Cause::Cancelled.into();
    }
    Cause::Stream(std::io::Error::other(cause)).into()
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
