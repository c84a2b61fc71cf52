#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod append;
mod block;
mod bloom;
mod build;
mod chain;
mod check;
mod checksums;
mod chunk;
mod codes;
mod column;
mod crc;
mod error;
mod facts;
pub mod flags;
mod footer;
mod format_doc;
pub mod layout;
mod open;
mod order;
mod prune;
mod scratchpad;
mod search;
mod span;
mod statistics;
mod view;

pub use append::{AppendStep, RowGroupChange, append};
pub use bloom::{BloomBitset, BloomCell};
pub use build::build;
pub use chain::{ChainLink, chain, has_unknown_bits, resolve, resolve_from};
pub use check::{CheckedChunk, CheckedColumn, CheckedPm};
pub use checksums::{CHUNK_CHECKSUMS_CODE, ChunkChecksums, chunk_checksums_entry, chunk_crc};
pub use chunk::{Chunk, RowGroup, Stat};
pub use codes::{ChunkCodec, PhysicalType, Repetition};
pub use column::Column;
pub use error::{ErrorKind, PmError};
pub use facts::{
    BloomFacts, ChunkFacts, ColumnFacts, HeaderFacts, RowGroupFacts, ScratchpadFacts,
    SnapshotFacts, StatFacts,
};
pub use format_doc::format_markdown;
pub use prune::{Filter, FilterOp, can_skip};
pub use scratchpad::Scratchpad;
pub use search::{ChunkEnd, Position, find_row_group};
pub use span::committed_size;
pub use statistics::{count_from_parquet, native_from_stat, stat_from_native, stat_from_parquet};
pub use view::PmView;
