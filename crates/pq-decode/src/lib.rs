#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod chunk;
mod decoded;
mod decoder;
mod encodings;
mod error;
mod facts;
mod limits;
mod page;
mod values;

pub use decoded::DecodedColumn;
pub use decoder::{Decoder, SymbolKeys};
pub use error::{DecodeError, FactsError, Fault};
pub use facts::{ChunkFacts, FileFacts, GroupFacts, LeafFacts, Stored};
pub use limits::Limits;
