//! Native partitions turned into Parquet ones, for tests that need larger ones than the stored
//! tables have.
//!
//! The file comes from outside (an export of exactly these rows); here is what a conversion does to
//! the table around it. No crash safety, and no sidecar.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use txn::Txn;

/// Puts `file` in the place of the column files of partition number `partition` of a table whose
/// partitions follow each other in the order of their names.
///
/// # Errors
/// The file system's; no such partition; a `_txn` that cannot be read.
pub fn store_as_parquet(table: &Path, partition: usize, file: &[u8]) -> io::Result<()> {
    let dir = partition_dirs(table)?;
    let dir = dir.get(partition).ok_or(io::ErrorKind::NotFound)?;
    for entry in fs::read_dir(dir)? {
        fs::remove_file(entry?.path())?;
    }
    fs::write(dir.join("data.parquet"), file)?;
    let path = table.join("_txn");
    let mut txn = Txn::parse(&fs::read(&path)?).map_err(io::Error::other)?;
    let entry = txn.entries.get_mut(partition);
    let entry = entry.ok_or(io::ErrorKind::NotFound)?;
    entry.masked_size = entry.masked_size.with_parquet(true);
    entry.parquet_file_size = i64::try_from(file.len()).map_err(io::Error::other)?;
    // The lag record may repeat the entries.
    txn.seal_lag();
    fs::write(path, txn.to_file().map_err(io::Error::other)?)
}

/// Directories of partitions, in the order of their names.
///
/// # Errors
/// The file system's.
pub fn partition_dirs(table: &Path) -> io::Result<Vec<PathBuf>> {
    let mut dirs = Vec::new();
    for entry in fs::read_dir(table)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            dirs.push(entry.path());
        }
    }
    dirs.sort();
    Ok(dirs)
}
