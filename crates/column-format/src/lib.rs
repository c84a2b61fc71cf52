#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod bits;
mod column_type;
mod decimal;
mod error;
mod index;
mod layout;
pub mod null;
mod part;
mod slice;
mod symbol;
mod utf16;
mod utf8;
mod value;
mod write;

pub use column_type::{ColumnType, TimestampUnit, UnknownType};
pub use decimal::Decimal;
pub use error::{Expected, FileKind, LayoutError, WriteError};
pub use index::{
    BitmapIndexView, BitmapIndexWriter, INDEX_BLOCK_CAPACITY_DEFAULT, INDEX_BLOCK_CAPACITY_MAX,
    INDEX_HEADER_LEN, INDEX_KEY_ENTRY_LEN, INDEX_SIGNATURE, IndexFiles, IndexHeader, IndexValues,
    KeyEntry, SYMBOL_INDEX_BLOCK_CAPACITY, index_key,
};
pub use layout::{
    ARRAY_DIM_LEN_MAX, AUX_ARRAY_ENTRY_LEN, AUX_OFFSET_LEN, AUX_VARCHAR_ENTRY_LEN, Layout,
    VAR_DATA_LEN_MAX, VARCHAR_INLINE_MAX, VARCHAR_LEN_MAX,
};
pub use part::{Part, PartRows};
pub use slice::{
    ArrayIter, ArraySlice, ArrayValue, BinaryIter, BinarySlice, ColumnSlice, FixedSlice,
    StringIter, StringSlice, VarcharEntry, VarcharIter, VarcharSlice,
};
pub use symbol::{
    SYMBOL_CAPACITY_DEFAULT, SYMBOL_HEADER_LEN, SymbolDict, SymbolFiles, SymbolHeader,
    SymbolWriter, symbol_buckets, symbol_hash,
};
pub use utf8::lossy_utf8_len;
pub use utf16::Utf16;
pub use value::{Value, value};
pub use write::{
    ArrayWriter, BinaryWriter, ColumnWriter, FixedWriter, StringWriter, VarcharWriter,
};
