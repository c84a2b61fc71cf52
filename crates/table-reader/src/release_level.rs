//! Whether the release that writes a table counts squashes.
//!
//! A split followed by a squash overwrites rows in place. Since 9.3.2 the partition's squash counter
//! tells; before, only an unchanged version proves that it did not happen (table-dir.md §8.3).

use mmap_io::{Access, Root};

use crate::snapshot::Snapshot;

/// Name of the file in the database root that holds the migration level (table-dir.md §1).
const LEVEL_FILE: &str = "_upgrade.d";
const LEVEL_OFF: u64 = 4;
/// Releases 7.1 to 9.2 (table-dir.md §10). 9.3.0 and 9.3.1 share their level, 426, with those that
/// count.
const LEVEL_BEFORE_COUNTER: i32 = 427;

/// Whether a squash would show in `_txn`, as far as the files tell: a table without a minor version
/// was last altered before 8.2.2, a counter that is not zero was written by 9.3.2 or later, and
/// between the two the database root says. A table without a database root is taken to be written
/// by nobody, or by a present release.
pub(crate) fn counts_squashes(root: &Root, snapshot: &Snapshot) -> bool {
    if snapshot.meta.minor_version == 0 {
        return false;
    }
    let counted = |p: &txn::Partition| p.flags.squash_count() > 0;
    snapshot.partitions.iter().any(counted) || migration_level(root) != Some(LEVEL_BEFORE_COUNTER)
}

/// The migration level of the database root above the table.
fn migration_level(root: &Root) -> Option<i32> {
    let table = std::path::absolute(root.path()).ok()?;
    let dir = root.vfs().open_dir(table.parent()?).ok()?;
    let file = dir.open_file(LEVEL_FILE.as_ref(), Access::Read).ok()?;
    let mut level = [0u8; 4];
    let read = file.read_at(LEVEL_OFF, &mut level).ok()?;
    (read == level.len()).then(|| i32::from_le_bytes(level))
}
