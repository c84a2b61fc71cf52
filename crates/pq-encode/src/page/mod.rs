//! Pages: their bytes, their headers, and their way to the sink.

pub(crate) mod buf;
mod repeats;
pub(crate) mod writer;
