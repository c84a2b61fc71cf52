#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[cfg(feature = "arrow")]
mod arrow;
mod chunk;
mod decoded;
mod decoder;
mod encodings;
mod error;
mod facts;
mod index;
mod limits;
mod page;
mod values;

#[cfg(feature = "arrow")]
pub use arrow::{ToArrowError, arrow_dictionary, arrow_type};
pub use decoded::DecodedColumn;
pub use decoder::{Decoder, SymbolKeys};
pub use error::{DecodeError, FactsError, Fault};
pub use facts::{
    BloomPlace, ChunkFacts, ChunkIndexes, FOOTER_HEAP_FACTOR, FileFacts, FileIndexes, GroupFacts,
    LeafFacts, Stored,
};
pub use index::{ChunkBloom, ChunkPages, IndexError, PageBounds, PageFacts, PagePlan};
pub use limits::Limits;
