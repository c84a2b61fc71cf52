#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

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

pub use decoded::DecodedColumn;
pub use decoder::{Decoder, SymbolKeys};
pub use error::{DecodeError, FactsError, Fault};
pub use facts::{
    BloomPlace, ChunkFacts, ChunkIndexes, FileFacts, FileIndexes, GroupFacts, LeafFacts, Stored,
};
pub use index::{ChunkBloom, ChunkPages, IndexError, PageBounds, PageFacts, PagePlan};
pub use limits::Limits;
