//! What the Rust peers of the benches share: a table as Arrow arrays over its mapped files, and
//! columns to encode with three crates.

#![forbid(unsafe_code)]

pub mod arrays;
pub mod input;
pub mod writers;
