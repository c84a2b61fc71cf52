//! Integration tests: what this crate writes, read back by others.
//!
//! Judges are arrow-rs `parquet` (everything) and parquet2 (what it knows); what a column holds is
//! said by the slow, exact path of `column-format`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod arrow_batches;
mod arrow_types;
mod assemble;
mod bloom;
mod cells;
mod choice;
mod claims;
mod copy;
mod counting;
mod cuts;
mod data;
mod edges;
mod hostile;
mod index_reads;
mod judge;
mod judge2;
mod options;
mod page_sizes;
mod pages;
mod push;
mod push_bytes;
mod push_faults;
mod push_hostile;
mod push_values;
mod round_trip;
mod spill_pieces;
mod statistics;
mod stores;
mod watch;
mod write;
mod zeros;
