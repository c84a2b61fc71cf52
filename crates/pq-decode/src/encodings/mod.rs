//! Encodings of values, each as a loop over a page and not as a step per value.
//!
//! They take bytes and a count and know nothing of types, nulls or pages.

mod delta;
mod delta_bytes;
mod split;
mod unpack;

pub(crate) use delta::{delta, lengths};
pub(crate) use delta_bytes::prefixed;
pub(crate) use split::merge;
pub(crate) use unpack::LANES;
