//! An ordered file: chunks go in one after the other, the footer knows where each is.
//!
//! Encoding may happen anywhere and in any order; the assembler takes finished chunks in file order
//! and is the only one that knows an offset of the file. It never reads back what it wrote.

use std::io::Write;
use std::sync::Arc;

use pq_format::{
    ColumnOrder, FileMetaData, KeyValue, MAGIC, RowGroup, Schema, SortingColumn, footer_end,
    footer_head,
};

use super::error::AssembleError;
use super::footer::PageIndex;
use super::output::Output;
use super::properties::{FileProperties, FileSummary, check_names, created_by};
use super::waiting::{IndexOffsets, Waiting};
use crate::type_map::schema_node;
use crate::{ColumnSpec, PageSink, PageStore, SinkError, SpooledChunk, StoreError, WriterOptions};

/// A row group under way.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) rows: u64,
    /// Where the chunk that is under way starts, once its sink was asked for.
    pub(super) chunk_start: Option<u64>,
    pub(super) group: RowGroup,
    /// One a chunk.
    pub(super) indexes: Vec<PageIndex>,
    /// Bloom filters of chunks, which stand behind the last of them.
    pub(super) blooms: Vec<(usize, Vec<u8>)>,
}

/// Writes one Parquet file to `W`, chunk by chunk in file order.
#[derive(Debug)]
pub struct FileAssembler<W> {
    pub(super) out: Output<W>,
    pub(super) columns: Vec<ColumnSpec>,
    pub(super) paths: Vec<Arc<[String]>>,
    pub(super) options: WriterOptions,
    sorting: Vec<SortingColumn>,
    /// Without its row groups, which wait.
    metadata: FileMetaData,
    pub(super) current: Option<Group>,
    /// Finished row groups: what the footer will say about them, and their page indexes.
    waiting: Waiting,
    /// Write page indexes; not any more once a chunk cannot have one.
    pub(super) indexes: bool,
}

impl<W: Write> FileAssembler<W> {
    /// Starts a file with these columns.
    ///
    /// # Errors
    /// Columns that make no schema, an option out of its range, or an output that takes no bytes.
    pub fn new(
        out: W,
        columns: &[ColumnSpec],
        options: &WriterOptions,
        properties: FileProperties,
    ) -> Result<Self, AssembleError> {
        options.check()?;
        check_names(columns)?;
        let schema = Schema::new(
            columns
                .iter()
                .map(|spec| schema_node(spec, options))
                .collect(),
        );
        schema.check()?;
        let paths: Vec<Arc<[String]>> = schema
            .leaves()
            .iter()
            .map(|leaf| leaf.path.iter().map(|&name| name.to_owned()).collect())
            .collect();
        let designated = columns.iter().position(|spec| spec.designated);
        let sorting = designated
            .and_then(|idx| u32::try_from(idx).ok())
            .map(|column_idx| SortingColumn {
                column_idx,
                descending: properties.descending,
                nulls_first: false,
            });
        let mut assembler = Self {
            out: Output::new(out),
            columns: columns.to_vec(),
            options: options.clone(),
            sorting: sorting.into_iter().collect(),
            metadata: FileMetaData {
                version: 2,
                schema,
                num_rows: 0,
                row_groups: Vec::new(),
                key_value_metadata: properties
                    .key_values
                    .into_iter()
                    .map(|(key, value)| KeyValue::new(key, value))
                    .collect(),
                created_by: Some(properties.created_by.unwrap_or_else(created_by)),
                column_orders: vec![ColumnOrder::TypeDefined; paths.len()],
            },
            paths,
            current: None,
            waiting: Waiting::in_memory()?,
            indexes: options.page_index && options.statistics,
        };
        assembler.put(&MAGIC)?;
        Ok(assembler)
    }

    /// Keeps what waits for the footer (page indexes, and what it says about finished chunks: some
    /// 300 bytes a chunk and 50 a page) in `store` and not on the heap.
    #[must_use]
    pub fn with_store(mut self, store: Box<dyn PageStore>) -> Self {
        self.waiting = Waiting::in_store(store);
        self
    }

    /// Bytes handed to the assembler so far.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.out.position()
    }

    /// Starts a row group of `rows` rows (> 0).
    ///
    /// # Errors
    /// [`AssembleError::OutOfOrder`] inside of another row group, or without rows.
    pub fn begin_row_group(&mut self, rows: u64) -> Result<(), AssembleError> {
        const CALL: &str = "begin_row_group";
        if self.current.is_some() {
            return Err(AssembleError::OutOfOrder {
                call: CALL,
                expected: "finish_row_group",
            });
        }
        if rows == 0 {
            return Err(AssembleError::OutOfOrder {
                call: CALL,
                expected: "at least one row",
            });
        }
        let group = RowGroup {
            num_rows: rows,
            sorting_columns: self.sorting.clone(),
            file_offset: i64::try_from(self.out.position()).ok(),
            ordinal: i16::try_from(self.waiting.groups()).ok(),
            ..RowGroup::default()
        };
        self.current = Some(Group {
            rows,
            chunk_start: None,
            group,
            indexes: Vec::new(),
            blooms: Vec::new(),
        });
        Ok(())
    }

    /// The sink of the next chunk, in order of the columns. May be asked for again to go on with the
    /// same chunk.
    ///
    /// # Errors
    /// [`AssembleError::OutOfOrder`] outside of a row group, or when it has all its chunks.
    pub fn column(&mut self) -> Result<ColumnSink<'_, W>, AssembleError> {
        const CALL: &str = "column";
        let position = self.out.position();
        let Some(current) = &mut self.current else {
            return Err(AssembleError::OutOfOrder {
                call: CALL,
                expected: "begin_row_group",
            });
        };
        if current.group.columns.len() >= self.columns.len() {
            return Err(AssembleError::OutOfOrder {
                call: CALL,
                expected: "finish_row_group",
            });
        }
        current.chunk_start.get_or_insert(position);
        Ok(ColumnSink { out: &mut self.out })
    }

    /// Writes the next chunk from the store that its pages wait in, one page in memory at a time.
    ///
    /// # Errors
    /// As for [`FileAssembler::column`] and [`FileAssembler::finish_column`]; a page that the store
    /// does not give back.
    pub fn splice(&mut self, chunk: SpooledChunk) -> Result<(), AssembleError> {
        let (mut spool, summary) = chunk.into_parts();
        let drained = spool.drain(&mut self.column()?);
        match drained.map_err(|error| error.into_cause().downcast::<StoreError>()) {
            Ok(()) => self.finish_column(&summary),
            Err(Ok(source)) => Err(AssembleError::Store {
                column: self.next_column_name(),
                source: *source,
            }),
            Err(Err(cause)) => Err(AssembleError::Io {
                offset: self.out.position(),
                source: match cause.downcast::<std::io::Error>() {
                    Ok(error) => *error,
                    Err(other) => std::io::Error::other(other),
                },
            }),
        }
    }

    fn next_column_name(&self) -> String {
        let idx = self.current.as_ref().map_or(0, |c| c.group.columns.len());
        self.columns
            .get(idx)
            .map_or_else(String::new, |spec| spec.name.clone())
    }

    /// Ends the row group.
    ///
    /// # Errors
    /// [`AssembleError::OutOfOrder`] if chunks are missing.
    pub fn finish_row_group(&mut self) -> Result<(), AssembleError> {
        const CALL: &str = "finish_row_group";
        match self.current.take() {
            None => Err(AssembleError::OutOfOrder {
                call: CALL,
                expected: "begin_row_group",
            }),
            Some(current) if current.chunk_start.is_some() => Err(AssembleError::OutOfOrder {
                call: CALL,
                expected: "finish_column",
            }),
            Some(current) if current.group.columns.len() < self.columns.len() => {
                Err(AssembleError::OutOfOrder {
                    call: CALL,
                    expected: "column",
                })
            }
            Some(mut current) => {
                self.put_blooms(&mut current)?;
                self.metadata.num_rows += current.rows;
                let indexes = if self.indexes {
                    &current.indexes[..]
                } else {
                    &[]
                };
                self.waiting.put(&current.group, indexes)
            }
        }
    }

    /// Writes the bloom filters of a row group behind it.
    fn put_blooms(&mut self, group: &mut Group) -> Result<(), AssembleError> {
        for (idx, bloom) in std::mem::take(&mut group.blooms) {
            let offset = self.out.position();
            self.put(&bloom)?;
            if let Some(chunk) = group.group.columns.get_mut(idx) {
                chunk.meta.bloom_filter_offset = Some(offset);
                chunk.meta.bloom_filter_length = u32::try_from(bloom.len()).ok();
            }
        }
        Ok(())
    }

    /// Writes page index and footer and gives the output back.
    ///
    /// # Errors
    /// [`AssembleError::OutOfOrder`] inside of a row group; an output that takes no more bytes.
    pub fn finish(mut self) -> Result<(W, FileSummary), AssembleError> {
        if self.current.is_some() {
            return Err(AssembleError::OutOfOrder {
                call: "finish",
                expected: "finish_row_group",
            });
        }
        let offsets = match self.indexes {
            true => Some(self.put_indexes()?),
            false => None,
        };
        self.put_footer(offsets)?;
        let offset = self.out.position();
        let summary = FileSummary {
            bytes: offset,
            rows: self.metadata.num_rows,
            row_groups: self.waiting.groups(),
        };
        let out = self.out.finish();
        let out = out.map_err(|source| AssembleError::Io { offset, source })?;
        Ok((out, summary))
    }

    /// All column indexes, then all offset indexes: a reader fetches one kind in one range.
    fn put_indexes(&mut self) -> Result<IndexOffsets, AssembleError> {
        let mut offsets = IndexOffsets {
            columns: self.out.position(),
            offsets: 0,
        };
        let mut bytes = Vec::new();
        while self.waiting.next_column_indexes(&mut bytes)? {
            self.put(&bytes)?;
        }
        offsets.offsets = self.out.position();
        while self.waiting.next_offset_indexes(&mut bytes)? {
            self.put(&bytes)?;
        }
        Ok(offsets)
    }

    /// The footer, one row group in memory at a time.
    fn put_footer(&mut self, mut offsets: Option<IndexOffsets>) -> Result<(), AssembleError> {
        let start = self.out.position();
        let columns = self.columns.len();
        let count = usize::try_from(self.waiting.groups()).unwrap_or(usize::MAX);
        self.put(&footer_head(&self.metadata, count)?)?;
        let mut bytes = Vec::new();
        while let Some(group) = self.waiting.next_group(offsets.as_mut(), columns)? {
            bytes.clear();
            group.append_to(&mut bytes)?;
            self.put(&bytes)?;
        }
        let before = self.out.position() - start;
        self.put(&footer_end(&self.metadata, before)?)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), AssembleError> {
        let offset = self.out.position();
        self.out
            .write(bytes)
            .map_err(|source| AssembleError::Io { offset, source })
    }
}

/// Takes the pages of one chunk straight to the output.
#[derive(Debug)]
pub struct ColumnSink<'f, W> {
    out: &'f mut Output<W>,
}

impl<W: Write> PageSink for ColumnSink<'_, W> {
    fn page(&mut self, header_and_body: &[u8]) -> Result<(), SinkError> {
        Ok(self.out.write(header_and_body)?)
    }
}
