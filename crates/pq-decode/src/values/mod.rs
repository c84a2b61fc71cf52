//! Values of a page as values of a column file.
//!
//! A [`Column`] turns the values of one page (or of the dictionary) into entries that only need to
//! be put in their rows: fixed-width values, offsets, 16-byte entries, symbol keys. What all
//! columns have in common (pages, levels, dictionaries, nulls) is in `chunk.rs`, once.

mod boolean;
mod bytes;
mod convert;
mod entries;
mod fixed;

use pq_format::Encoding;

use crate::decoded::DecodedColumn;
use crate::error::Fault;

pub(crate) use boolean::BooleanColumn;
pub(crate) use bytes::{BytesColumn, Entries};
pub(crate) use convert::{
    Copied, Narrow, Rescaled, Reversed, Swapped, ToDouble, ToFloat, ToWide, Unsigned16,
};
pub(crate) use entries::{
    ArrayEntries, BinaryEntries, StringEntries, SymbolEntries, VarcharEntries, array_entry,
};
pub(crate) use fixed::{Convert, FixedColumn};

/// Turns stored values into entries of a column.
pub(crate) trait Column {
    /// One row.
    type Entry: Copy;

    /// A row without a value.
    fn null(&mut self) -> Self::Entry;

    /// Whether that row is the null of the column's type, if the type has one.
    fn absent_is_null(&self) -> bool {
        true
    }

    /// The chunk has values outside of its dictionary, of at most about its stored bytes.
    fn expect(&mut self, _bytes: usize) {}

    /// Appends the entries of exactly `count` values; `count` is not 0.
    fn values(
        &mut self,
        encoding: Encoding,
        bytes: &[u8],
        count: usize,
        out: &mut Vec<Self::Entry>,
    ) -> Result<(), Fault>;

    /// Looks at entries that came from the dictionary.
    fn check(&self, _entries: &[Self::Entry]) -> Result<(), Fault> {
        Ok(())
    }

    /// The rows as a column.
    fn finish(self, entries: Vec<Self::Entry>) -> DecodedColumn;
}

/// The encoding is one that values of this kind do not have.
pub(crate) fn no_such_encoding(encoding: Encoding) -> Fault {
    Fault::unsupported("encoding of these values", encoding)
}
