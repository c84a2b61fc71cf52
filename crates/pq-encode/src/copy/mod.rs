//! Chunks of other files, taken over as they are.
//!
//! Their bytes pass through untouched; what is said about them is checked against the page headers
//! on the way, so that a damaged source ends the work and is never copied into a file that looks
//! whole.

mod copied;
mod error;
mod walk;

pub use copied::{ChunkSource, CopiedChunk};
pub use error::CopyError;
pub use walk::ChunkWalk;
