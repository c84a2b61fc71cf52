//! What stops the encoding of a chunk.
//!
//! Rows are counted from the start of the chunk and slices by their place in the list that the
//! caller gave: whoever planned the row group turns both into a partition and a path.

use column_format::LayoutError;
use pq_format::{CodecError, FormatError};

use crate::{OptionError, SinkError};

/// A chunk could not be encoded. The pages already handed to the sink are useless.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Bytes of the column do not mean what the format says.
    #[error("row {row} of the chunk, slice {slice}: {source}")]
    Layout {
        /// Index of the slice in the list given.
        slice: usize,
        /// Row of the chunk at which reading had arrived; the row of the file is in the source.
        row: u64,
        /// What is wrong.
        source: LayoutError,
    },
    /// A symbol key that the dictionary does not have (columns.md §7.3).
    #[error(
        "row {row} of the chunk, slice {slice}: symbol key {found}, the dictionary has {count}"
    )]
    SymbolKey {
        /// Index of the slice in the list given.
        slice: usize,
        /// Row of the chunk.
        row: u64,
        /// The key.
        found: i32,
        /// Entries of the dictionary.
        count: u32,
    },
    /// A symbol column came without a dictionary.
    #[error("a SYMBOL column needs its dictionary")]
    NoDictionary,
    /// A slice does not have the layout of the column's type.
    #[error("slice {slice}: expected {expected}, found {found}")]
    WrongLayout {
        /// Index of the slice in the list given.
        slice: usize,
        /// What the column's type needs.
        expected: String,
        /// What was given.
        found: String,
    },
    /// A null in a column of variable size that is REQUIRED.
    #[error("row {row} of the chunk, slice {slice}: null in a REQUIRED column")]
    NullInRequired {
        /// Index of the slice in the list given.
        slice: usize,
        /// Row of the chunk.
        row: u64,
    },
    /// A value that the first pass over the rows did not see: the slices changed under the encoder.
    #[error("the rows changed between the two passes of a dictionary")]
    SourceChanged,
    /// A page, value or dictionary exceeds the 31 bits that Parquet has for it.
    #[error("{what} of {found} exceeds the format's limit of {limit}")]
    TooLarge {
        /// What was measured, with its unit.
        what: &'static str,
        /// The greatest possible.
        limit: u64,
        /// What was found.
        found: u64,
    },
    /// A dictionary that was asked for by name, of rows that are seen once, has no more room.
    #[error(
        "row {row} of the chunk: the dictionary, asked for by name, exceeds the {limit} bytes of \
         dictionary-bytes"
    )]
    DictionaryFull {
        /// Bytes allowed.
        limit: usize,
        /// Row of the chunk at which the page under way began, or later.
        row: u64,
    },
    /// Whoever watches the rows stopped the encoder, and knows why.
    #[error("stopped by whoever watches the rows")]
    Stopped,
    /// The codec failed.
    #[error(transparent)]
    Codec(#[from] CodecError),
    /// The metadata of a page could not be written.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// An option that cannot be honoured.
    #[error(transparent)]
    Option(#[from] OptionError),
    /// The sink did not take a page.
    #[error(transparent)]
    Sink(#[from] SinkError),
}
