//! The end of a chunk: its entry of the footer and of the page index.
//!
//! Chunks that were encoded and chunks that came from another file end here alike: rows and bytes are
//! compared with what arrived, and offsets become those of the file.

use std::io::Write;
use std::sync::Arc;

use pq_format::{ColumnChunk, SortingColumn};

use super::assembler::FileAssembler;
use super::error::AssembleError;
use super::footer::{PageIndex, column_chunk, copied_chunk, copied_index, page_index};
use crate::{ChunkSummary, CopiedChunk, RowOrder};

impl<W: Write> FileAssembler<W> {
    /// Ends the chunk under way.
    ///
    /// # Errors
    /// The summary has other rows than the group, or other bytes than arrived.
    pub fn finish_column(&mut self, summary: &ChunkSummary) -> Result<(), AssembleError> {
        let (idx, start) = self.end_chunk(summary.rows, summary.compressed_len)?;
        let (Some(spec), Some(path)) = (self.columns.get(idx), self.paths.get(idx)) else {
            return Err(no_column());
        };
        let path = Arc::clone(path);
        let chunk = column_chunk(spec, &self.options, &path, summary, start);
        self.keep_claims(idx, summary.row_order);
        let index = match self.indexes {
            true => page_index(summary, start)?,
            false => None,
        };
        self.add_chunk(chunk, index, summary.bloom_filter.as_ref());
        Ok(())
    }

    /// Ends the chunk under way, whose bytes came from another file: `copied` was made while they
    /// passed by. Its pages are those of the columns that [`FileAssembler::new`] was given, which
    /// only the caller can know.
    ///
    /// # Errors
    /// The chunk has other rows than the group, or other bytes than arrived.
    pub fn finish_copied(&mut self, copied: &CopiedChunk) -> Result<(), AssembleError> {
        let (idx, start) = self.end_chunk(copied.rows, copied.compressed_len())?;
        let (Some(spec), Some(path)) = (self.columns.get(idx), self.paths.get(idx)) else {
            return Err(no_column());
        };
        let path = Arc::clone(path);
        let mut chunk = copied_chunk(spec, &self.options, &path, copied, start);
        self.keep_claims(idx, copied.row_order);
        if !self.options.statistics
            && let Some(statistics) = &mut chunk.meta.statistics
        {
            statistics.min_value = None;
            statistics.max_value = None;
            statistics.is_min_exact = None;
            statistics.is_max_exact = None;
        }
        let index = match self.indexes {
            true => copied_index(copied, start)?,
            false => None,
        };
        self.add_chunk(chunk, index, copied.bloom_filter.as_ref());
        Ok(())
    }

    /// Sortedness is claimed only of rows that are known to be in order.
    fn keep_claims(&mut self, idx: usize, order: RowOrder) {
        if let Some(current) = &mut self.current {
            let held = |claim: &SortingColumn| order.holds(claim.descending);
            let claims = &mut current.group.sorting_columns;
            claims.retain(|claim| claim.column_idx as usize != idx || held(claim));
        }
    }

    /// Index and start of the chunk under way, if it has these rows and bytes.
    fn end_chunk(&mut self, rows: u64, len: u64) -> Result<(usize, u64), AssembleError> {
        let end = self.out.position();
        let Some((current, start)) = self
            .current
            .as_mut()
            .and_then(|c| c.chunk_start.take().map(|start| (c, start)))
        else {
            return Err(AssembleError::OutOfOrder {
                call: CALL,
                expected: "column",
            });
        };
        let idx = current.group.columns.len();
        let Some(spec) = self.columns.get(idx) else {
            return Err(no_column());
        };
        let column = || spec.name.clone();
        if rows != current.rows {
            return Err(AssembleError::Rows {
                column: column(),
                expected: current.rows,
                found: rows,
            });
        }
        if len != end - start {
            return Err(AssembleError::Length {
                column: column(),
                expected: len,
                found: end - start,
            });
        }
        Ok((idx, start))
    }

    fn add_chunk(&mut self, chunk: ColumnChunk, index: Option<PageIndex>, bloom: Option<&Vec<u8>>) {
        let Some(current) = &mut self.current else {
            return;
        };
        let group = &mut current.group;
        group.total_byte_size += chunk.meta.total_uncompressed_size;
        let compressed = group.total_compressed_size.unwrap_or(0);
        group.total_compressed_size = Some(compressed + chunk.meta.total_compressed_size);
        if let Some(bloom) = bloom {
            current.blooms.push((group.columns.len(), bloom.clone()));
        }
        group.columns.push(chunk);
        match index {
            Some(index) => current.indexes.push(index),
            // All chunks or none: readers refuse what is in between.
            None => self.indexes = false,
        }
    }
}

/// The call, as errors name it.
const CALL: &str = "finish_column";

fn no_column() -> AssembleError {
    AssembleError::OutOfOrder {
        call: CALL,
        expected: "finish_row_group",
    }
}
