//! Names of partition directories and column files (table-dir.md §3, §4).
//!
//! Names are formatted, never parsed: what exists is said by `_txn` and `_cv`, not by a directory listing.

mod civil;
mod floor;
mod partition;

pub use floor::{partition_ceiling, partition_floor};
pub use partition::partition_dir_name;

/// File name of a column: `<column>.<ext>[.<name_txn>]`; the suffix appears for values above −1. `column` is
/// the current name in its stored letter case, `ext` one of `d`, `i`, `o`, `c`, `k`, `v`.
#[must_use]
pub fn column_file_name(column: &str, ext: &str, name_txn: i64) -> String {
    if name_txn > -1 {
        format!("{column}.{ext}.{name_txn}")
    } else {
        format!("{column}.{ext}")
    }
}
