//! Push mode: rows arrive in batches, all columns interleaved, and each is seen once.
//!
//! `values` takes text and bytes that are in no layout yet, `sample` keeps a chunk's first rows until an
//! encoding is chosen, `encoder` makes the pages of one column and keeps them in a page store, `writer`
//! cuts row groups and splices their chunks into a file. What is on the heap is a page and a dictionary a
//! column, whatever the number of rows.

#[cfg(feature = "arrow")]
mod arrow;
mod encoder;
mod error;
mod sample;
mod values;
mod weight;
mod writer;

#[cfg(feature = "arrow")]
pub use arrow::{RecordBatchWriter, columns_of};
pub use encoder::PushEncoder;
pub use error::PushError;
pub use writer::{PushOptions, PushWriter};
