//! Pages: their bytes, their headers, and their way to the sink.

pub(crate) mod buf;
pub(crate) mod writer;
