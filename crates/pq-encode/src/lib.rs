#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod array;
mod bits;
mod bloom;
mod choose;
mod chunk;
mod copy;
pub mod encoders;
mod encoding;
mod error;
mod file;
mod fixed;
mod options;
mod page;
mod probe;
mod push;
mod rows;
mod sample;
mod sink;
mod slots;
mod source;
mod store;
mod summary;
mod symbol;
mod tally;
mod text;
mod type_map;
mod watch;

pub use bloom::BloomRate;
pub use choose::candidates;
pub use chunk::ChunkEncoder;
pub use copy::{ChunkSource, ChunkWalk, CopiedChunk, CopyError};
pub use encoding::{Encoding, UnknownEncoding};
pub use error::EncodeError;
pub use file::{AssembleError, ColumnSink, FileAssembler, FileProperties, FileSummary};
pub use options::{
    ColumnSpec, OptionError, PAGE_BYTES_MAX, PAGE_BYTES_MIN, PAGE_ROWS_MAX, PageVersion,
    WriterOptions,
};
pub use pq_format::Codec;
pub use push::{PushEncoder, PushError, PushOptions, PushWriter};
#[cfg(feature = "arrow")]
pub use push::{RecordBatchWriter, columns_of};
pub use sink::{PIECE_BYTES_MAX, PageSink, SinkError};
pub use store::{
    BudgetedStores, ChunkSpool, MemoryBudget, MemoryStores, PageKey, PageStore, PageStoreFactory,
    SpillFile, SpooledChunk, StoreError, TempFileStores,
};
pub use summary::{ChunkSummary, PageBounds, PageOrder, PageSummary, RowOrder};
pub use type_map::{logical_type, physical_type, schema_node};
pub use watch::RowWatch;
