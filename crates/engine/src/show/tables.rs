//! `show tables`: what `tables()` answers, as far as the files tell.
//!
//! QuestDB's `tables()` mixes facts on disk with counters of the running server. Only the former
//! are here, under the same names, and one more: how many transactions wait.

use std::path::Path;
use std::sync::Arc;

use mmap_io::{FileKind, IoError, RealVfs, Root, Vfs};
use table_reader::{ReadError, TableReader};
use txn::{TableKind, TablesRegistry};

use super::partitions::timestamp_text;
use super::{Cell, Listed};
use crate::error::{Cause, EngineError, Result};
use crate::reading::open_reader;
use crate::root::open_root_with;

/// The registry of a root with a hundred thousand tables is smaller.
const REGISTRY_BYTES_MAX: u64 = 256 << 20;

/// A table as `tables()` describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableInfo {
    /// Table id.
    pub id: i32,
    /// Current name.
    pub table_name: String,
    /// Name of the designated timestamp.
    pub designated_timestamp: Option<String>,
    /// Unit of partitioning.
    pub partition_by: String,
    /// Rows go through a write-ahead log.
    pub wal_enabled: bool,
    /// Duplicate keys replace each other.
    pub dedup: bool,
    /// Time to live, in `ttl_unit`; 0 for ever.
    pub ttl_value: i32,
    /// `HOUR`, `DAY`, `WEEK`, `MONTH` or `YEAR`.
    pub ttl_unit: &'static str,
    /// A materialized view.
    pub mat_view: bool,
    /// Name of the directory.
    pub directory_name: String,
    /// Setting of the table.
    pub max_uncommitted_rows: i32,
    /// Setting of the table, in microseconds.
    pub o3_max_lag: i64,
    /// Committed rows.
    pub table_row_count: u64,
    /// First timestamp of the table, ISO 8601.
    pub table_min_timestamp: Option<String>,
    /// Last timestamp of the table.
    pub table_max_timestamp: Option<String>,
    /// Transaction of the snapshot.
    pub table_txn: i64,
    /// Last transaction of the write-ahead log.
    pub wal_txn: Option<i64>,
    /// Transactions of the log that are not part of the table yet (`wal_txn` minus those applied).
    pub wal_pending_txn_count: Option<u64>,
}

impl Listed for TableInfo {
    const HEADINGS: &'static [&'static str] = &[
        "id",
        "table_name",
        "designatedTimestamp",
        "partitionBy",
        "walEnabled",
        "dedup",
        "ttlValue",
        "ttlUnit",
        "matView",
        "directoryName",
        "maxUncommittedRows",
        "o3MaxLag",
        "table_row_count",
        "table_min_timestamp",
        "table_max_timestamp",
        "table_txn",
        "wal_txn",
        "wal_pending_txn_count",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            self.id.into(),
            self.table_name.as_str().into(),
            self.designated_timestamp.as_deref().into(),
            self.partition_by.as_str().into(),
            self.wal_enabled.into(),
            self.dedup.into(),
            self.ttl_value.into(),
            self.ttl_unit.into(),
            self.mat_view.into(),
            self.directory_name.as_str().into(),
            self.max_uncommitted_rows.into(),
            self.o3_max_lag.into(),
            self.table_row_count.into(),
            self.table_min_timestamp.as_deref().into(),
            self.table_max_timestamp.as_deref().into(),
            self.table_txn.into(),
            self.wal_txn.into(),
            self.wal_pending_txn_count.into(),
        ]
    }
}

/// The tables of a root. One that cannot be read does not hide the others.
#[derive(Debug)]
pub struct TablesShown {
    /// Tables by name.
    pub tables: Vec<TableInfo>,
    /// Why the others are missing.
    pub errors: Vec<EngineError>,
}

/// The tables below the database root `dir`.
///
/// # Errors
/// The directory cannot be listed, or is a table itself.
pub fn show_tables(dir: impl AsRef<Path>) -> Result<TablesShown> {
    show_tables_with(&(Arc::new(RealVfs) as Arc<dyn Vfs>), dir)
}

/// [`show_tables`] behind `vfs`.
///
/// # Errors
/// As [`show_tables`].
pub fn show_tables_with(vfs: &Arc<dyn Vfs>, dir: impl AsRef<Path>) -> Result<TablesShown> {
    let root = &open_root_with(Arc::clone(vfs), dir)?;
    if root.exists("_txn").map_err(Cause::Io)? {
        return Err(Cause::NotARoot {
            path: root.path().to_path_buf(),
        }
        .into());
    }
    let registry = registry(root)?;
    let mut shown = TablesShown {
        tables: Vec::new(),
        errors: Vec::new(),
    };
    for entry in root.list("").map_err(Cause::Io)? {
        let Some(directory) = entry.name.to_str() else {
            continue;
        };
        let is_dir = matches!(entry.kind, FileKind::Dir | FileKind::Symlink);
        if !is_dir || directory.starts_with('.') {
            continue;
        }
        let described = match holds_table(root, directory) {
            Ok(false) => continue,
            Ok(true) => describe(vfs, root, directory, &registry),
            Err(error) => Err(error),
        };
        match described {
            Ok(Some(table)) => shown.tables.push(table),
            Ok(None) => {}
            Err(error) => shown
                .errors
                .push(error.in_table(&root.path().join(directory))),
        }
    }
    shown.tables.sort_by(|a, b| a.table_name.cmp(&b.table_name));
    Ok(shown)
}

/// An entry of a root is a table if it is a directory with a `_txn` (`table-dir.md` §1).
///
/// A link that leads nowhere, or to a file, is none. Anything else that is in the way is told: a
/// table that may not be looked at must not be missing without a word.
fn holds_table(root: &Root, directory: &str) -> Result<bool> {
    match root.exists(&format!("{directory}/_txn")) {
        Err(IoError::NotADirectory { .. }) => Ok(false),
        known => Ok(known.map_err(Cause::Io)?),
    }
}

/// The registry with the largest number; an empty one where there is none.
fn registry(root: &Root) -> Result<TablesRegistry> {
    let entries = root.list("").map_err(Cause::Io)?;
    let newest = entries
        .iter()
        .filter_map(|entry| entry.name.to_str())
        .filter_map(|name| Some((TablesRegistry::file_number(name)?, name)))
        .max();
    let Some((_, name)) = newest else {
        return Ok(TablesRegistry::default());
    };
    let bytes = root
        .read_small(name, REGISTRY_BYTES_MAX)
        .map_err(Cause::Io)?;
    TablesRegistry::parse(&bytes).map_err(|error| {
        let path = root.path().join(name);
        Cause::Damaged {
            path,
            detail: error.to_string(),
        }
        .into()
    })
}

/// `None` for a view, which has no data.
fn describe(
    vfs: &Arc<dyn Vfs>,
    root: &Root,
    directory: &str,
    registry: &TablesRegistry,
) -> Result<Option<TableInfo>> {
    let table = open_root_with(Arc::clone(vfs), root.path().join(directory))?;
    let reader = match open_reader(&table, Some(&[])) {
        Ok(reader) => reader,
        Err(error) => {
            return match error.cause() {
                Cause::Read(ReadError::View { .. }) => Ok(None),
                _ => Err(error),
            };
        }
    };
    let registered = registry.by_directory(directory);
    let registered_mat_view = registered.map(|entry| entry.kind == TableKind::MatView);
    let mat_view = match registered_mat_view {
        Some(mat_view) => mat_view,
        None => table.exists("_mv").map_err(Cause::Io)?,
    };
    let mut info = from_snapshot(&reader, directory);
    if let Some(entry) = registered {
        info.table_name.clone_from(&entry.name);
    }
    info.mat_view = mat_view;
    info.wal_pending_txn_count = reader.pending_wal_transactions()?;
    info.wal_txn = info.wal_pending_txn_count.and_then(|pending| {
        reader
            .snapshot()
            .txn
            .seq_txn
            .checked_add(i64::try_from(pending).ok()?)
    });
    Ok(Some(info))
}

fn from_snapshot(reader: &TableReader, directory: &str) -> TableInfo {
    let snapshot = reader.snapshot();
    let (meta, txn) = (&snapshot.meta, &snapshot.txn);
    let designated = meta.designated.and_then(|idx| meta.columns.get(idx));
    let (ttl_value, ttl_unit) = ttl(meta.ttl);
    let extreme = |ticks| {
        let known = designated.is_some() && txn.rows() > 0;
        known.then(|| timestamp_text(ticks, snapshot.timestamp_unit()))
    };
    TableInfo {
        id: meta.table_id,
        table_name: snapshot.name.clone(),
        designated_timestamp: designated.map(|column| column.name.clone()),
        partition_by: meta.partition_by.to_string(),
        wal_enabled: meta.wal,
        dedup: meta
            .columns
            .iter()
            .any(|c| !c.deleted && c.flags.dedup_key()),
        ttl_value,
        ttl_unit,
        mat_view: false,
        directory_name: directory.to_owned(),
        max_uncommitted_rows: meta.max_uncommitted_rows,
        o3_max_lag: meta.o3_max_lag,
        table_row_count: txn.rows(),
        table_min_timestamp: extreme(txn.min_timestamp),
        table_max_timestamp: extreme(txn.max_timestamp),
        table_txn: txn.txn,
        wal_txn: None,
        wal_pending_txn_count: None,
    }
}

/// Hours are positive and months negative in `_meta`; QuestDB shows the largest unit that fits.
fn ttl(stored: i32) -> (i32, &'static str) {
    const UNITS_OF_HOURS: [(i32, &str); 3] = [(168, "WEEK"), (24, "DAY"), (1, "HOUR")];
    const UNITS_OF_MONTHS: [(i32, &str); 2] = [(12, "YEAR"), (1, "MONTH")];
    let largest = |value: i32, units: &[(i32, &'static str)]| {
        let fits = units.iter().find(|(unit, _)| value % unit == 0);
        fits.map_or((value, "HOUR"), |&(unit, name)| (value / unit, name))
    };
    match stored {
        0 => (0, "HOUR"),
        hours @ 1.. => largest(hours, &UNITS_OF_HOURS),
        months => largest(months.saturating_neg(), &UNITS_OF_MONTHS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_to_live_is_shown_in_its_largest_unit() {
        assert_eq!(ttl(0), (0, "HOUR"));
        assert_eq!(ttl(5), (5, "HOUR"));
        assert_eq!(ttl(48), (2, "DAY"));
        assert_eq!(ttl(336), (2, "WEEK"));
        assert_eq!(ttl(-24), (2, "YEAR"));
        assert_eq!(ttl(-5), (5, "MONTH"));
        assert_eq!(ttl(i32::MIN), (i32::MAX, "MONTH"));
    }
}
