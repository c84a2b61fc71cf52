//! From chunks to a file: magic, chunks in order, page index, footer.

mod assembler;
mod error;
mod footer;
mod output;
mod waiting;

pub use assembler::{ColumnSink, FileAssembler, FileProperties, FileSummary};
pub use error::AssembleError;
