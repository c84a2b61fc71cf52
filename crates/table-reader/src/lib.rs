#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod cancel;
mod column;
mod copied;
mod cursor;
mod cuts;
mod error;
mod files;
mod frame;
mod meta_fallback;
mod open_partition;
mod options;
mod parquet;
mod partition;
mod patience;
mod pins;
mod reader;
mod registry;
mod release_level;
mod selection;
mod shared;
mod slot;
mod small;
mod snapshot;
mod survey;
mod symbols;
mod time_range;
mod validity;
mod watch;
mod wrap;

pub use cancel::CancelToken;
pub use column::TableColumn;
pub use cursor::{Cursor, CursorColumn, Direction, FrameCursor};
pub use error::ReadError;
pub use frame::{Frame, Slices};
pub use options::{OpenOptions, ParquetFacts, Validation};
pub use parquet::{DecodeBytes, StoredChunk, StoredGroup};
pub use partition::PartitionInfo;
pub use reader::TableReader;
pub use registry::{QueryHandle, QueryId, QueryInfo, QueryRegistry, Stop};
pub use selection::{PartitionRows, RowSelection};
pub use snapshot::Snapshot;
pub use wrap::{ExtraNulls, Projection, RegisteredQuery};
