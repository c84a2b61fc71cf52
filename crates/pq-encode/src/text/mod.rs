//! Byte strings: VARCHAR, STRING, BINARY, raw arrays, and SYMBOL when its dictionary does not pay.
//!
//! `stage` collects the values of a page as lengths and bytes, which is what
//! `DELTA_LENGTH_BYTE_ARRAY` is made of; `reader` fills it from each layout, `chunk` makes pages;
//! `keyed` makes dictionary pages from keys, of text and symbols alike. `bounds` are those of its
//! statistics, `cut` makes them short.

pub(crate) mod bounds;
pub(crate) mod chunk;
pub(crate) mod cut;
pub(crate) mod dictionary;
pub(crate) mod keyed;
pub(crate) mod plain;
pub(crate) mod reader;
pub(crate) mod stage;
pub(crate) mod tracker;
pub(crate) mod utf8;
pub(crate) mod varchar;
