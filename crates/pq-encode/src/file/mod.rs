//! From chunks to a file: magic, chunks in order, page index, footer.

mod assembler;
mod chunks;
mod error;
mod footer;
mod output;
mod properties;
mod waiting;

pub use assembler::{ColumnSink, FileAssembler};
pub use error::AssembleError;
pub use properties::{FileProperties, FileSummary};
