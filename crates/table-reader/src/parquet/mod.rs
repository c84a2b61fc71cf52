//! Parquet partitions: rows of `data.parquet` under the columns that the table has now.
//!
//! The committed length comes from `_txn`; what lies in it from the `_pm` sidecar if that describes
//! exactly this length and is sound, otherwise from the footer. Columns are matched by id, through
//! all columns whose place they took over. A row group is the unit of reading: the chunks of the columns
//! that are asked for, or the pages of them that hold the rows if it is known where pages are.

mod cost;
mod decode;
mod facts;
mod group;
mod partition;
mod pinned;
mod reads;
mod stored;
mod times;
mod want;

pub use cost::DecodeBytes;
pub(crate) use facts::footer_heap_bytes;
pub(crate) use group::DecodedGroup;
pub(crate) use partition::{Opening, ParquetPartition};
pub(crate) use pinned::ParquetFiles;
pub use stored::{StoredChunk, StoredGroup};
pub(crate) use times::{extremes, first_at_or_after};
