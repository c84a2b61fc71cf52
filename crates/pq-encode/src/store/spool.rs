//! The pages of a chunk that waits for its turn.
//!
//! A spool is a sink like any other while a chunk is encoded; when the chunk's turn comes its pages
//! go to the file one by one, each taken from the store once and forgotten at once. If the turn
//! comes while the chunk is still under way, what is there goes first and the rest straight after
//! it.

use std::collections::VecDeque;
use std::fmt;

use super::{PageKey, PageStore, PageStoreFactory, StoreError};
use crate::{ChunkSummary, PageSink, SinkError};

/// Collects the pages of one chunk in a store. `Send`.
///
/// ```
/// use std::sync::Arc;
/// use column_format::{ColumnSlice, ColumnType, Layout};
/// use pq_encode::{
///     BudgetedStores, ChunkEncoder, ChunkSpool, ColumnSpec, FileAssembler, FileProperties, MemoryBudget,
///     TempFileStores, WriterOptions,
/// };
///
/// let stores = BudgetedStores::new(
///     Arc::new(MemoryBudget::new(64 << 20)),
///     TempFileStores::in_dir(std::env::temp_dir()),
/// );
/// let (columns, options) = ([ColumnSpec::new("n", ColumnType::Long)], WriterOptions::default());
/// let data: Vec<u8> = (0..9_i64).flat_map(i64::to_le_bytes).collect();
///
/// // On any thread:
/// let mut spool = ChunkSpool::new(&stores)?;
/// let slices = [ColumnSlice::new(Layout::Fixed(8), &[], &data, 9)?];
/// let summary = ChunkEncoder::new(&columns[0], &options)?.encode(&slices, None, &mut spool)?;
/// let chunk = spool.finish(summary);
///
/// // On the one that writes, when the chunk's turn comes:
/// let mut file = FileAssembler::new(Vec::new(), &columns, &options, FileProperties::default())?;
/// file.begin_row_group(9)?;
/// file.splice(chunk)?;
/// file.finish_row_group()?;
/// file.finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ChunkSpool {
    store: Box<dyn PageStore>,
    pages: VecDeque<PageKey>,
    bytes: u64,
    buffer: Vec<u8>,
}

impl fmt::Debug for ChunkSpool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChunkSpool")
            .field("pages", &self.pages.len())
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}

impl ChunkSpool {
    /// An empty spool in a store of its own.
    ///
    /// # Errors
    /// The factory has no store.
    pub fn new(stores: &dyn PageStoreFactory) -> Result<Self, StoreError> {
        Ok(Self {
            store: stores.store()?,
            pages: VecDeque::new(),
            bytes: 0,
            buffer: Vec::new(),
        })
    }

    /// Bytes that wait.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Hands all pages that wait to `sink`, in order, one in memory at a time. The spool is empty
    /// then; pages that come later are pages behind these.
    ///
    /// # Errors
    /// A page that the store does not give back, or that the sink does not take.
    pub fn drain(&mut self, sink: &mut dyn PageSink) -> Result<(), SinkError> {
        while let Some(key) = self.pages.pop_front() {
            self.store.take(key, &mut self.buffer)?;
            self.bytes = self.bytes.saturating_sub(self.buffer.len() as u64);
            sink.whole_page(&mut self.buffer, 0)?;
        }
        self.buffer = Vec::new();
        Ok(())
    }

    /// The chunk is complete.
    #[must_use]
    pub fn finish(self, summary: ChunkSummary) -> SpooledChunk {
        SpooledChunk {
            spool: self,
            summary,
        }
    }

    /// A sink for the page that goes before all others: a dictionary that is known last.
    pub(crate) fn front(&mut self) -> impl PageSink {
        Front(self)
    }

    fn put(&mut self, page: &mut Vec<u8>) -> Result<(), StoreError> {
        let len = page.len() as u64;
        self.pages.push_back(self.store.put(page)?);
        self.bytes += len;
        Ok(())
    }
}

impl PageSink for ChunkSpool {
    fn page(&mut self, header_and_body: &[u8]) -> Result<(), SinkError> {
        let mut page = std::mem::take(&mut self.buffer);
        page.clear();
        page.extend_from_slice(header_and_body);
        let put = self.put(&mut page);
        self.buffer = page;
        Ok(put?)
    }

    fn whole_page(&mut self, buffer: &mut Vec<u8>, start: usize) -> Result<(), SinkError> {
        buffer.drain(..start.min(buffer.len()));
        Ok(self.put(buffer)?)
    }
}

struct Front<'s>(&'s mut ChunkSpool);

impl PageSink for Front<'_> {
    fn page(&mut self, header_and_body: &[u8]) -> Result<(), SinkError> {
        self.whole_page(&mut header_and_body.to_vec(), 0)
    }

    fn whole_page(&mut self, buffer: &mut Vec<u8>, start: usize) -> Result<(), SinkError> {
        let spool = &mut *self.0;
        buffer.drain(..start.min(buffer.len()));
        let len = buffer.len() as u64;
        spool.pages.push_front(spool.store.put(buffer)?);
        spool.bytes += len;
        Ok(())
    }
}

/// A chunk whose pages wait in a store. `Send`: one thread encodes it, another writes it.
#[derive(Debug)]
pub struct SpooledChunk {
    spool: ChunkSpool,
    summary: ChunkSummary,
}

impl SpooledChunk {
    /// What is known about the chunk.
    #[must_use]
    pub fn summary(&self) -> &ChunkSummary {
        &self.summary
    }

    /// Bytes that wait.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.spool.bytes()
    }

    /// The pages and the summary apart, for a sink that is not the assembler's own.
    #[must_use]
    pub fn into_parts(self) -> (ChunkSpool, ChunkSummary) {
        (self.spool, self.summary)
    }
}
