//! The metadata of a Parquet file as plain values.
//!
//! One module a structure of `parquet.thrift`, each with its reader and writer side by side.
//! Counts and offsets are unsigned here and signed on disk: negative ones are refused when read,
//! too large ones when written. An empty list stands for an absent optional one.

mod column;
mod enums;
mod file;
mod index;
mod logical;
mod page;
mod row_group;
mod schema;
mod schema_check;
mod schema_wire;
mod statistics;

pub use column::{ColumnChunk, ColumnMetaData, IndexRange, PageEncodingStats};
pub use enums::{
    BoundaryOrder, CodecId, ColumnOrder, Encoding, PageType, PhysicalKind, Repetition,
};
pub use file::{FileMetaData, KeyValue};
pub use index::{ColumnIndex, OffsetIndex, PageLocation};
pub use logical::{ConvertedType, LogicalType, TimeUnit};
pub use page::{DataPageHeader, DataPageHeaderV2, DictionaryPageHeader, PageHeader, PageKind};
pub use row_group::{RowGroup, SortingColumn};
pub use schema::{Leaf, NodeKind, PhysicalType, SCHEMA_DEPTH_MAX, Schema, SchemaNode};
pub use statistics::{SizeStatistics, Statistics};
