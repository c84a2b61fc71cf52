//! Passthrough: chunks of Parquet partitions go into the file as they are.
//!
//! A row group of the source that is exported whole becomes a row group of the output. Those of its
//! chunks that the options and the schema allow are copied, the others are decoded and encoded.
//! Which ones, and why not, is decided before a byte of the group is read.

mod bounds;
mod index;
mod pages;
mod plan;
mod reason;
mod rules;
mod write;

pub(crate) use plan::{CopyPlanner, GroupCopy};
pub(crate) use reason::Reasons;
