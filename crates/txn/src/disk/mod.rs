//! The on-disk structs, byte for byte.
//!
//! Nothing here decides anything: these are the layouts of txn.md, cv.md and meta.md as zerocopy structs of
//! unaligned little-endian words, with the size and every offset asserted at compile time. Reserved bytes are
//! named and written as zero.

pub(crate) mod cv;
pub(crate) mod meta;
pub(crate) mod txn;
