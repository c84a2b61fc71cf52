#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod bloom;
mod codec;
mod crc;
mod error;
mod footer;
mod levels;
mod model;
mod thrift;
mod transpose;

pub use bloom::{BloomError, BloomFilter, BloomFilterHeader};
pub use codec::{Codec, CodecError, Compressor, Decompressor, Search};
pub use crc::{PageCrc, page_crc};
pub use error::FormatError;
pub use footer::{
    MAGIC, MAGIC_ENCRYPTED, METADATA_HEAP_FACTOR, TAIL_LEN, footer_end, footer_head, footer_len,
    read_footer, read_metadata, write_footer,
};
pub use levels::{
    BitRun, HybridDecoder, HybridEncoder, Key, LevelError, bit_width, decode_levels_v1,
    decode_levels_v2, encode_hybrid, encode_levels_v1, encode_levels_v2, encode_run, pack,
};
pub use model::{
    BoundaryOrder, CodecId, ColumnChunk, ColumnIndex, ColumnMetaData, ColumnOrder, ConvertedType,
    DataPageHeader, DataPageHeaderV2, DictionaryPageHeader, Encoding, FileMetaData, IndexRange,
    KeyValue, Leaf, LogicalType, NodeKind, OffsetIndex, PageEncodingStats, PageHeader, PageKind,
    PageLocation, PageType, PhysicalKind, PhysicalType, Repetition, RowGroup, SCHEMA_DEPTH_MAX,
    Schema, SchemaNode, SizeStatistics, SortingColumn, Statistics, TimeUnit,
};
pub use transpose::transpose;
