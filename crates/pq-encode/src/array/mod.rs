//! DOUBLE[] as LIST: levels and elements.
//!
//! A row of `n` dimensions is a list of lists; `levels` turns a shape into repetition and definition
//! levels, `chunk` collects elements and makes pages, which begin at row starts only.

pub(crate) mod chunk;
pub(crate) mod levels;
