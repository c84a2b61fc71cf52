//! Symbol dictionaries: the `.o`, `.c`, `.k` and `.v` files in the root of a table.
//!
//! A partition stores i32 keys; the texts are here, once for the table (columns.md §7,
//! symbol-index.md §3–5).

mod dict;
mod hash;
mod header;
mod writer;

pub use dict::SymbolDict;
pub use hash::{symbol_buckets, symbol_hash};
pub use header::{SYMBOL_HEADER_LEN, SymbolHeader};
pub use writer::{SYMBOL_CAPACITY_DEFAULT, SymbolFiles, SymbolWriter};

/// Value that the index of a dictionary lists for symbol `key`: the offset of its entry in `.o`.
pub(crate) const fn entry_offset(key: u32) -> u64 {
    // At most 64 + 8 · 2^32: no overflow.
    SYMBOL_HEADER_LEN as u64 + 8 * key as u64
}
