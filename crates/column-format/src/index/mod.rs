//! The bitmap index: i32 keys to ascending lists of i64 values, in `.k` and `.v`.
//!
//! One layout, two uses (symbol-index.md): text hash to dictionary entry for every SYMBOL column,
//! symbol to rows for indexed columns of a partition. A scan needs neither; a writer must make both
//! completely, since QuestDB trusts what they list.

mod header;
mod values;
mod verify;
mod view;
mod writer;

pub use header::{
    INDEX_BLOCK_CAPACITY_DEFAULT, INDEX_BLOCK_CAPACITY_MAX, INDEX_HEADER_LEN, INDEX_KEY_ENTRY_LEN,
    INDEX_SIGNATURE, IndexHeader, KeyEntry, SYMBOL_INDEX_BLOCK_CAPACITY,
};
pub use values::IndexValues;
pub use view::BitmapIndexView;
pub use writer::{BitmapIndexWriter, IndexFiles, index_key};
