//! Integration tests of `table-reader`, over the stored tables of real QuestDB releases.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; the lint exempts test functions only"
)]

mod cursors;
mod faults;
mod hostile;
mod live;
mod parquet;
mod parquet_reads;
mod parts;
mod props;
mod query;
mod release;
mod scarce;
mod support;
mod tables;
mod time;
mod ui;
