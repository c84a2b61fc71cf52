//! Which Parquet files a path means, and how much of each is committed.
//!
//! `_txn` says where `data.parquet` ends; the file system only bounds it. A Parquet file that
//! belongs to no table is committed as a whole.

use std::path::{Path, PathBuf};

use mmap_io::{Root, RootFile};
use table_reader::{OpenOptions, TableReader};

use crate::error::{Cause, Result};
use crate::root::open_root;

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
pub(super) fn find(target: &Path) -> Result<Found> {
    let mut found = Found::default();
    if target.is_dir() {
        let root = open_root(target)?;
        if is_table(&root)? {
            of_table(&root, &mut found)?;
        } else {
            of_database(&root, &mut found)?;
        }
        return Ok(found);
    }
    found.files.push(single(target)?);
    Ok(found)
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
fn of_database(root: &Root, found: &mut Found) -> Result<()> {
    let entries = root.list("").map_err(Cause::Io)?;
    let mut names: Vec<String> = entries
        .into_iter()
        .filter_map(|e| e.name.into_string().ok())
        .collect();
    names.sort();
    let mut tables = 0usize;
    for name in names.iter().filter(|n| !n.starts_with('.')) {
        let path = root.path().join(name);
        if !root.exists(&format!("{name}/_txn")).unwrap_or(false) {
            continue;
        }
        tables += 1;
        let result = open_root(&path).and_then(|table| of_table(&table, found));
        if let Err(error) = result {
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
fn single(path: &Path) -> Result<ParquetFile> {
    let dir = path
        .parent()
        .filter(|d| !d.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let length = open_file(path)?.len().map_err(Cause::Io)?;
    let of_its_table = || {
        let dir = std::path::absolute(dir).ok()?;
        let root = open_root(dir.parent()?)
            .ok()
            .filter(|r| is_table(r).unwrap_or(false))?;
        let reader = TableReader::open(&root, &metadata_only()).ok()?;
        let name = dir.file_name()?.to_str()?;
        let partition = reader.partitions().iter().find(|p| p.directory == name)?;
        partition.parquet_len.filter(|_| partition.parquet)
    };
    let is_data = path.file_name().is_some_and(|n| n == PARQUET_NAME);
    let committed = is_data.then(of_its_table).flatten().unwrap_or(length);
    Ok(ParquetFile {
        dir: dir.to_path_buf(),
        path: path.to_path_buf(),
        committed,
    })
}

/// Opens any file for reading, through a root on its directory.
pub(super) fn open_file(path: &Path) -> Result<RootFile> {
    let dir = path
        .parent()
        .filter(|d| !d.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let name = path
        .file_name()
        .and_then(|n| n.to_str())
        .unwrap_or_default();
    let root = open_root(dir)?;
    root.file(name).map_err(|e| Cause::Io(e).into())
}
