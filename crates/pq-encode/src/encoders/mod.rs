//! The value encodings, each over plain slices: no nulls, no types, no pages.
//!
//! PLAIN has no module: gathering a page's values *is* PLAIN (`fixed::gather`, `text::stage`).

mod alone;
pub(crate) mod byte_stream_split;
pub(crate) mod delta_binary_packed;
pub(crate) mod dictionary;
pub(crate) mod key_cache;
pub(crate) mod rle_bool;
pub(crate) mod seen;

pub use alone::{KeyError, byte_stream_split, delta_binary_packed, dictionary_keys};
