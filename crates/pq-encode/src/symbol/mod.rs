//! SYMBOL columns: keys of the table's dictionary become keys of the chunk's.
//!
//! The table's keys are global and sparse; a chunk's dictionary holds exactly the entries that its
//! rows use, whichever partitions they come from. `used` finds them, `entries` holds their text,
//! `chunk` writes pages.

pub(crate) mod chunk;
pub(crate) mod entries;
pub(crate) mod used;
