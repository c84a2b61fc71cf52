//! What the Rust peers of the benches share: a table as Arrow arrays over its mapped files.

#![forbid(unsafe_code)]

pub mod arrays;
