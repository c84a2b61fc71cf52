//! The file in the making: chunks go in, in the order of the file.
//!
//! Whoever encodes them, on whatever thread: here is one place that writes, counts and knows what
//! comes next.

use std::io::Write;

use pq_encode::{
    AssembleError, ChunkSpool, ColumnSink, CopiedChunk, FileAssembler, FileProperties, PageSink,
    PageStoreFactory, WriterOptions,
};
use table_reader::RowSelection;

use super::budget::Budget;
use super::chunks::{Chunks, EncodedChunk, option_error};
use super::copy::Reasons;
use super::exporter::Exporter;
use super::key_values;
use super::sink::sink_error;
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
    pub(crate) threads: usize,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) encoded_chunks: u64,
    pub(crate) codec: String,
    pub(crate) passthrough_chunks: u64,
    pub(crate) reasons: Reasons,
    pub(crate) replaced_texts: u64,
    pub(crate) peak_mapped_partitions: usize,
    pub(crate) spilled_bytes: u64,
    pub(crate) columns: Vec<ColumnStats>,
    pub(crate) resident_before_bytes: Option<u64>,
    pub(crate) resident_after_bytes: Option<u64>,
}

/// Where output goes: written by whatever thread has the next chunk.
pub(crate) type Out<'w> = &'w mut (dyn Write + Send);

/// The file in the making.
pub(crate) struct Writing<'w> {
    assembler: FileAssembler<Out<'w>>,
    /// Rows of the row group under way, and its chunks that are done.
    group: Option<(u64, usize)>,
    /// The piece of a copied chunk that is on its way.
    pub(super) piece: Vec<u8>,
    pub(crate) written: Written,
}

impl<'w> Writing<'w> {
    pub(crate) fn start(
        exporter: &Exporter<'_>,
        chunks: &Chunks<'_>,
        budget: &Budget,
        out: Out<'w>,
        selection: &RowSelection,
    ) -> Result<Self> {
        let (reader, request) = (exporter.reader, exporter.request);
        let snapshot = reader.snapshot();
        let specs = chunks.specs();
        let source = key_values::Source {
            table: &snapshot.name,
            snapshot_txn: snapshot.txn.txn,
            rows: selection.rows(),
            unit: snapshot.timestamp_unit(),
        };
        let about = key_values::sluicegate(&source, request);
        let properties = FileProperties {
            key_values: vec![
                ("questdb".to_owned(), key_values::questdb(reader.columns())),
                ("sluicegate".to_owned(), about),
            ],
            ..FileProperties::default()
        };
        let options: &WriterOptions = &request.writer;
        let assembler =
            FileAssembler::new(out, &specs, options, properties).map_err(assemble_error)?;
        let footer = budget.stores().store().map_err(Cause::Spill)?;
        let assembler = assembler.with_store(footer);
        let written = Written {
            table: snapshot.name.clone(),
            snapshot_txn: snapshot.txn.txn,
            partitions: selection.parts().len(),
            columns: specs.iter().map(ColumnStats::of).collect(),
            codec: options.codec.to_string(),
            ..Written::default()
        };
        Ok(Self {
            assembler,
            group: None,
            piece: Vec::new(),
            written,
        })
    }

    /// The sink of the next chunk, which is of a row group of `rows` rows.
    pub(crate) fn sink(&mut self, rows: u64) -> Result<ColumnSink<'_, Out<'w>>> {
        if self.group.is_none() {
            self.assembler
                .begin_row_group(rows)
                .map_err(assemble_error)?;
            self.group = Some((rows, 0));
        }
        self.assembler.column().map_err(assemble_error)
    }

    /// Writes the pages of the next chunk that waited for its turn.
    pub(crate) fn drain(
        &mut self,
        rows: u64,
        spool: &mut ChunkSpool,
        chunks: &Chunks<'_>,
    ) -> Result<()> {
        let mut sink = chunks.watched(self.sink(rows)?);
        spool.drain(&mut sink).map_err(sink_error)
    }

    /// Writes a page of the next chunk.
    pub(crate) fn whole_page(
        &mut self,
        rows: u64,
        buffer: &mut Vec<u8>,
        start: usize,
    ) -> Result<()> {
        let mut sink = self.sink(rows)?;
        sink.whole_page(buffer, start).map_err(sink_error)
    }

    /// The next chunk is complete.
    pub(crate) fn finish_chunk(&mut self, chunk: &EncodedChunk) -> Result<()> {
        let summary = &chunk.summary;
        self.assembler
            .finish_column(summary)
            .map_err(assemble_error)?;
        self.written.encoded_chunks += 1;
        self.written.replaced_texts += summary.replaced_values;
        self.written.bytes_in = self.written.bytes_in.saturating_add(chunk.native_bytes);
        if let Some(stats) = self.next_stats() {
            stats.add(summary, chunk.native_bytes);
        }
        self.chunk_done()
    }

    /// The next chunk, which came from another file, is complete.
    pub(super) fn finish_copied(&mut self, chunk: &CopiedChunk, native_bytes: u64) -> Result<()> {
        self.assembler
            .finish_copied(chunk)
            .map_err(assemble_error)?;
        self.written.passthrough_chunks += 1;
        self.written.bytes_in = self.written.bytes_in.saturating_add(native_bytes);
        if let Some(stats) = self.next_stats() {
            stats.add_copied(chunk, native_bytes);
        }
        self.chunk_done()
    }

    fn next_stats(&mut self) -> Option<&mut ColumnStats> {
        let (_, done) = self.group?;
        self.written.columns.get_mut(done)
    }

    fn chunk_done(&mut self) -> Result<()> {
        let Some((rows, done)) = &mut self.group else {
            return Ok(());
        };
        *done += 1;
        if *done == self.written.columns.len() {
            self.written.rows += *rows;
            self.written.row_groups += 1;
            self.group = None;
            self.assembler.finish_row_group().map_err(assemble_error)?;
        }
        Ok(())
    }

    /// How far the file is.
    pub(crate) fn done(&self) -> Done {
        let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let share = self.group.map_or(0, |(rows, done)| {
            rows.saturating_mul(count(done)) / count(self.written.columns.len()).max(1)
        });
        Done {
            rows: self.written.rows + share,
            bytes_in: self.written.bytes_in,
            bytes_out: self.assembler.position(),
        }
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

fn assemble_error(error: AssembleError) -> EngineError {
    match error {
        AssembleError::Io { source, .. } => source.into(),
        AssembleError::Option(error) => option_error(&error),
        AssembleError::Footer(error) | AssembleError::Store { source: error, .. } => {
            Cause::Spill(error).into()
        }
        error => Cause::Assemble(error).into(),
    }
}
