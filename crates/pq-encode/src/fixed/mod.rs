//! Fixed-width columns: from stored bytes to PLAIN values, with nulls and bounds found on the way.
//!
//! `kind` and `decimals` say what the bytes mean, `gather` is the loop, `sorted` watches the order of rows,
//! `column` puts both behind one object so that the rest of the encoder is not generic, `chunk` makes the
//! pages.

pub(crate) mod chunk;
pub(crate) mod column;
mod decimals;
pub(crate) mod dictionary;
pub(crate) mod gather;
mod hash;
pub(crate) mod kind;
mod sorted;
pub(crate) mod values;
