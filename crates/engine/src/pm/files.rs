//! Which Parquet files a path means, and how much of each is committed.
//!
//! `_txn` says where `data.parquet` ends; the file system only bounds it. A Parquet file that
//! belongs to no table is committed as a whole.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mmap_io::{FileKind, IoError, Root, RootFile, Vfs};
use table_reader::{OpenOptions, TableReader};

use crate::error::{Cause, EngineError, Result};
use crate::root::open_root_with;

/// Name of the Parquet file of a partition.
pub(super) const PARQUET_NAME: &str = "data.parquet";
/// Name of the sidecar beside it.
pub const SIDECAR_NAME: &str = "_pm";

/// One Parquet file and its committed size.
#[derive(Debug)]
pub(super) struct ParquetFile {
    /// Directory that holds it and the sidecar.
    pub(super) dir: PathBuf,
    /// The file.
    pub(super) path: PathBuf,
    /// Committed bytes: by `_txn`, else the file's length.
    pub(super) committed: u64,
}

/// What a path holds: files to work on, and tables or files that cannot be read, with the reason.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) files: Vec<ParquetFile>,
    pub(super) unreadable: Vec<(PathBuf, String)>,
}

/// Resolves a Parquet file, a table directory or a database root.
pub(super) fn find(vfs: &Arc<dyn Vfs>, target: &Path) -> Result<Found> {
    let mut found = Found::default();
    let root = match open_root_with(Arc::clone(vfs), target) {
        Ok(root) => root,
        Err(error) if is_no_directory(&error) => {
            found.files.push(single(vfs, target)?);
            return Ok(found);
        }
        Err(error) => return Err(error),
    };
    if is_table(&root)? {
        of_table(&root, &mut found)?;
    } else {
        of_database(vfs, &root, &mut found)?;
    }
    Ok(found)
}

/// Whether there is nothing of that name.
pub(super) fn is_missing(cause: &Cause) -> bool {
    matches!(cause, Cause::Io(IoError::NotFound { .. }))
}

fn is_no_directory(error: &EngineError) -> bool {
    matches!(error.cause(), Cause::Io(IoError::NotADirectory { .. }))
}

fn is_table(root: &Root) -> Result<bool> {
    root.exists("_txn").map_err(|e| Cause::Io(e).into())
}

fn metadata_only() -> OpenOptions {
    OpenOptions {
        columns: Some(Vec::new()),
        ..OpenOptions::default()
    }
}

fn of_table(root: &Root, found: &mut Found) -> Result<()> {
    let reader = TableReader::open(root, &metadata_only())?;
    for partition in reader.partitions() {
        if let Some(committed) = partition.parquet_len.filter(|_| partition.parquet) {
            let dir = root.path().join(&partition.directory);
            let path = dir.join(PARQUET_NAME);
            found.files.push(ParquetFile {
                dir,
                path,
                committed,
            });
        }
    }
    Ok(())
}

/// Every table below a database root; one that cannot be read does not stop the others.
fn of_database(vfs: &Arc<dyn Vfs>, root: &Root, found: &mut Found) -> Result<()> {
    let entries = root.list("").map_err(Cause::Io)?;
    let mut names: Vec<String> = entries
        .into_iter()
        .filter(|e| matches!(e.kind, FileKind::Dir | FileKind::Symlink))
        .filter_map(|e| e.name.into_string().ok())
        .collect();
    names.sort();
    let mut tables = 0usize;
    for name in names.iter().filter(|n| !n.starts_with('.')) {
        let path = root.path().join(name);
        let table = match open_root_with(Arc::clone(vfs), &path) {
            // A link to a file, or to nothing, is no table.
            Err(error) if is_no_directory(&error) || is_missing(error.cause()) => continue,
            opened => opened.and_then(|table| Ok(is_table(&table)?.then_some(table))),
        };
        let done = match table {
            Ok(None) => continue,
            Ok(Some(table)) => of_table(&table, found),
            Err(error) => Err(error),
        };
        tables += 1;
        if let Err(error) = done {
            found.unreadable.push((path, error.to_line()));
        }
    }
    if tables == 0 {
        let reason = "it holds neither a table nor a Parquet file".to_owned();
        return Err(Cause::BadOption {
            option: "FILE|TABLE|ROOT",
            reason,
        }
        .into());
    }
    Ok(())
}

/// A Parquet file by itself. In a partition directory of a table, the table says how long it is.
fn single(vfs: &Arc<dyn Vfs>, path: &Path) -> Result<ParquetFile> {
    let dir = dir_of(path);
    let length = open_file(vfs, path)?.len().map_err(Cause::Io)?;
    let is_data = path.file_name().is_some_and(|n| n == PARQUET_NAME);
    let by_table = if is_data {
        committed_by_table(vfs, dir)?
    } else {
        None
    };
    Ok(ParquetFile {
        dir: dir.to_path_buf(),
        path: path.to_path_buf(),
        committed: by_table.unwrap_or(length),
    })
}

/// What the table above a partition directory says; `None` when there is none, or when the
/// directory is no Parquet partition of it. A table that cannot be read is no guess.
fn committed_by_table(vfs: &Arc<dyn Vfs>, dir: &Path) -> Result<Option<u64>> {
    let Ok(dir) = std::path::absolute(dir) else {
        return Ok(None);
    };
    let (Some(above), Some(name)) = (dir.parent(), dir.file_name().and_then(|n| n.to_str())) else {
        return Ok(None);
    };
    let root = open_root_with(Arc::clone(vfs), above)?;
    if !is_table(&root)? {
        return Ok(None);
    }
    let reader = TableReader::open(&root, &metadata_only())?;
    let partition = reader.partitions().iter().find(|p| p.directory == name);
    Ok(partition.filter(|p| p.parquet).and_then(|p| p.parquet_len))
}

/// The directory of a file.
fn dir_of(path: &Path) -> &Path {
    path.parent()
        .filter(|d| !d.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Opens any file for reading, through a root on its directory.
pub(super) fn open_file(vfs: &Arc<dyn Vfs>, path: &Path) -> Result<RootFile> {
    let name = path
        .file_name()
        .and_then(|n| n.to_str())
        .unwrap_or_default();
    let root = open_root_with(Arc::clone(vfs), dir_of(path))?;
    root.file(name).map_err(|e| Cause::Io(e).into())
}
