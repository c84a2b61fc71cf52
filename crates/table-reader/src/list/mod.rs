//! Listings: the tables of a database root, the columns and partitions of a table.
//!
//! They carry what `SHOW TABLES | COLUMNS | PARTITIONS` of QuestDB carry, as numbers and flags;
//! how a timestamp or a size is printed is the business of whoever prints it.

mod columns;
mod detached;
mod partitions;
mod tables;

pub use columns::ColumnListing;
pub use partitions::PartitionListing;
pub use tables::{TableDetail, TableListing, list_tables};

use mmap_io::{FileKind, RootDir};

use crate::error::ReadError;

/// Bytes of the regular files of a directory, as their lengths say; 0 if it does not exist.
fn disk_bytes(table: &RootDir, directory: &str) -> Result<u64, ReadError> {
    let dir = match table.dir(directory) {
        Ok(dir) => dir,
        Err(mmap_io::IoError::NotFound { .. }) => return Ok(0),
        Err(e) => return Err(ReadError::Io(e)),
    };
    let mut sum = 0u64;
    for entry in dir.list().map_err(ReadError::Io)? {
        let Some(name) = entry.name.to_str() else {
            continue;
        };
        // A file may vanish between the listing and the question.
        if let Ok(stat) = dir.stat(name)
            && stat.kind == FileKind::File
        {
            sum = sum.saturating_add(stat.len);
        }
    }
    Ok(sum)
}
