//! Integration tests of `pq-decode`. Data, oracle and judge are those of `pq-encode`'s tests: what
//! they say of a column is written down once.

#![expect(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking, and its data is small"
)]

#[path = "../../../pq-encode/tests/it/cells.rs"]
mod cells;
#[path = "../../../pq-encode/tests/it/data.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod data;
#[path = "../../../pq-encode/tests/it/judge.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod judge;
#[path = "../../../pq-encode/tests/it/write.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
mod write;

mod arrow_arrays;
mod ascii;
mod foreign;
mod foreign_files;
mod hostile;
mod page_index;
mod pages;
mod read;
mod retyped;
mod round_trip;
mod stored;
