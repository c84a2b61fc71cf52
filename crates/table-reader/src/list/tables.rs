//! The tables of a database root.
//!
//! A table is a directory, or a link to one, that holds `_txn` (table-dir.md §1). Its name comes
//! from the registry, else from its own `_name`, else from the directory. A table that cannot be
//! read is listed with the reason: one damaged table must not hide the others.

use std::time::Duration;

use mmap_io::{FileKind, Root, RootDir};
use txn::{PartitionBy, RegistryEntry, TableKind, TablesRegistry};

use crate::error::ReadError;
use crate::small::{self, SMALL_LEN_MAX};
use crate::snapshot::{Snapshot, attempt, stand_still};

/// One table, materialized view or view.
#[derive(Debug)]
pub struct TableListing {
    /// `table_name`.
    pub name: String,
    /// `directoryName`.
    pub directory: String,
    /// What it is; from the registry, else from the metadata.
    pub kind: TableKind,
    /// The rest, or why it cannot be read.
    pub detail: Result<TableDetail, ReadError>,
}

/// What the metadata of a table says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDetail {
    /// `id`.
    pub table_id: i32,
    /// `designatedTimestamp`.
    pub designated: Option<String>,
    /// `partitionBy`.
    pub partition_by: PartitionBy,
    /// `walEnabled`.
    pub wal: bool,
    /// `dedup`: some column is part of a dedup key.
    pub dedup: bool,
    /// TTL: positive hours, negative months, 0 none.
    pub ttl: i32,
    /// `maxUncommittedRows`.
    pub max_uncommitted_rows: i32,
    /// `o3MaxLag` in µs.
    pub o3_max_lag: i64,
    /// Live columns.
    pub column_count: usize,
    /// Partitions of the current commit.
    pub partition_count: usize,
    /// Visible rows.
    pub rows: u64,
    /// Transactions that wait in the WAL; `None` without one.
    pub pending_wal_transactions: Option<u64>,
}

/// The tables below a database root, by name. `deadline` is per table.
///
/// # Errors
/// The root cannot be listed, or its registry (`tables.d.N`) is damaged.
pub fn list_tables(root: &Root, deadline: Duration) -> Result<Vec<TableListing>, ReadError> {
    let registry = registry(root.top())?;
    let mut out = Vec::new();
    for entry in root.top().list().map_err(ReadError::Io)? {
        let Some(directory) = entry.name.to_str() else {
            continue;
        };
        let is_dir = matches!(entry.kind, FileKind::Dir | FileKind::Symlink);
        if !is_dir || directory.starts_with('.') {
            continue;
        }
        // A dangling link, or a directory that is gone by now, is no table.
        let Ok(dir) = root.dir(directory) else {
            continue;
        };
        if dir.exists("_txn").unwrap_or(false) {
            out.push(describe(
                &dir,
                directory,
                registry.by_directory(directory),
                deadline,
            ));
        }
    }
    out.sort_by(|a, b| (&a.name, &a.directory).cmp(&(&b.name, &b.directory)));
    Ok(out)
}

/// The registry with the largest number; empty if there is none.
fn registry(root: &RootDir) -> Result<TablesRegistry, ReadError> {
    let entries = root.list().map_err(ReadError::Io)?;
    let numbered = entries.iter().filter_map(|e| {
        let name = e.name.to_str()?;
        Some((TablesRegistry::file_number(name)?, name))
    });
    let Some((_, name)) = numbered.max_by_key(|(number, _)| *number) else {
        return Ok(TablesRegistry::default());
    };
    let bytes = root
        .read_small(name, SMALL_LEN_MAX)
        .map_err(ReadError::Io)?;
    TablesRegistry::parse(&bytes).map_err(|e| ReadError::Metadata {
        file: root.path().join(name),
        detail: e.to_string(),
    })
}

fn describe(
    dir: &RootDir,
    directory: &str,
    registered: Option<&RegistryEntry>,
    deadline: Duration,
) -> TableListing {
    let detail = detail(dir, deadline);
    let (wal, view) = match &detail {
        Ok(d) => (d.wal, d.partition_by == PartitionBy::NotApplicable),
        Err(_) => (false, false),
    };
    let guessed = match (view, wal) {
        (true, _) => TableKind::View,
        (false, true) => TableKind::Wal,
        (false, false) => TableKind::NonWal,
    };
    TableListing {
        name: registered.map_or_else(|| small::table_name(dir), |r| r.name.clone()),
        directory: directory.to_owned(),
        kind: registered.map_or(guessed, |r| r.kind),
        detail,
    }
}

fn detail(dir: &RootDir, deadline: Duration) -> Result<TableDetail, ReadError> {
    let loaded = stand_still(dir, deadline, |patience, settled| {
        attempt(dir, patience, settled)
    });
    let (meta, snapshot) = match loaded {
        Ok(snapshot) => (snapshot.meta.clone(), Some(snapshot)),
        Err(ReadError::View { path }) => match small::read_meta(dir, "_meta")? {
            Some(meta) => (meta, None),
            None => return Err(ReadError::View { path }),
        },
        Err(e) => return Err(e),
    };
    let live = || meta.columns.iter().filter(|c| !c.deleted);
    let pending = match (&snapshot, meta.wal) {
        (Some(s), true) => small::pending_transactions(dir, &s.txn)?,
        _ => None,
    };
    Ok(TableDetail {
        table_id: meta.table_id,
        designated: meta
            .designated
            .and_then(|w| meta.columns.get(w))
            .map(|c| c.name.clone()),
        partition_by: meta.partition_by,
        wal: meta.wal,
        dedup: live().any(|c| c.flags.dedup_key()),
        ttl: meta.ttl,
        max_uncommitted_rows: meta.max_uncommitted_rows,
        o3_max_lag: meta.o3_max_lag,
        column_count: live().count(),
        partition_count: snapshot.as_ref().map_or(0, |s| s.partitions.len()),
        rows: snapshot.as_ref().map_or(0, Snapshot::rows),
        pending_wal_transactions: pending,
    })
}
