//! What `pq-format` promises, each module one part of it.
//!
//! Judges are the `parquet` crate (arrow-rs) and parquet2, and files that QuestDB, arrow-rs, pyarrow
//! and DuckDB wrote.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "test values are small and positive"
)]

mod arbitrary;
mod bloom;
mod codecs;
mod compare;
mod forever;
mod hostile;
mod levels;
mod model;
mod newer;
mod read_foreign;
mod shared_lists;
mod testdata;
mod write_file;
