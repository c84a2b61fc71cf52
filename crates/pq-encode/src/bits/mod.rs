//! Bits on their way into a page: packing, the run-length hybrid, validity, levels.
//!
//! Everything here works on one page at a time and knows nothing of types, nulls or statistics; it
//! is the part of the encoder that must run at memory speed.

pub(crate) mod hybrid;
pub(crate) mod pack;
pub(crate) mod validity;
pub(crate) mod varint;

#[cfg(test)]
pub(crate) mod oracle;
