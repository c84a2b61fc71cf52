//! One consistent snapshot of the metadata: `_txn`, the `_cv` it names, the `_meta` it names.
//!
//! A writer swaps `_meta` first, then `_cv`, then `_txn` (table-dir.md §7.1), so both can be one
//! step ahead of the commit: for a moment beside a live writer, for good after a crash. One attempt
//! is made here; waiting and judging is the caller's.

use std::path::{Path, PathBuf};

use column_format::TimestampUnit;
use mmap_io::RootDir;
use txn::{ColumnVersions, Meta, Partition, PartitionBy, Txn};

use crate::error::ReadError;
use crate::meta_fallback;
use crate::patience::{Patience, Spin, Verdict};
use crate::small::{self, SmallError};

/// What exists at one commit.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The table directory.
    pub dir: PathBuf,
    /// Current table name.
    pub name: String,
    /// The commit.
    pub txn: Txn,
    /// Columns, partitioning and settings of that commit.
    pub meta: Meta,
    /// Column files and tops of that commit.
    pub cv: ColumnVersions,
    /// Partitions as they count: effective rows, flags (txn.md §3.3).
    pub partitions: Vec<Partition>,
}

impl Snapshot {
    /// Unit of the designated timestamp, and of every timestamp in the metadata.
    #[must_use]
    pub fn timestamp_unit(&self) -> TimestampUnit {
        self.meta.timestamp_unit()
    }

    /// Visible rows of the table.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.txn.rows()
    }

    /// Path of a file below the table directory, for messages.
    pub(crate) fn path_of(&self, rel: impl AsRef<Path>) -> PathBuf {
        self.dir.join(rel)
    }
}

/// An attempt that failed, under the commit that it saw.
#[derive(Debug)]
pub(crate) struct Obstacle {
    pub(crate) version: Option<i64>,
    pub(crate) error: Box<ReadError>,
    pub(crate) retry: bool,
    /// A writer that keeps committing is never damage, however long it takes.
    pub(crate) disturbed: bool,
}

impl Obstacle {
    pub(crate) fn fatal(version: Option<i64>, error: ReadError) -> Self {
        Self {
            version,
            error: Box::new(error),
            retry: false,
            disturbed: false,
        }
    }

    pub(crate) fn retry(version: Option<i64>, error: ReadError) -> Self {
        Self {
            version,
            error: Box::new(error),
            retry: true,
            disturbed: false,
        }
    }

    fn small(version: Option<i64>, error: SmallError) -> Self {
        match error {
            SmallError::Retry(e) => Self::retry(version, e),
            SmallError::Disturbed(seen, e) => Self {
                disturbed: true,
                ..Self::retry(Some(seen), e)
            },
            SmallError::Fatal(e) => Self::fatal(version, e),
        }
    }
}

/// Attempts until one succeeds, the table turns out damaged, the deadline passes, or the query that
/// waits must stop. `attempt` is
/// told of a commit that has been in the way for a while.
pub(crate) fn stand_still<T>(
    dir: &RootDir,
    mut patience: Patience,
    mut attempt: impl FnMut(&Patience, Option<i64>) -> Result<T, Obstacle>,
) -> Result<T, ReadError> {
    let mut settled = None;
    loop {
        patience.go_on()?;
        let obstacle = match attempt(&patience, settled) {
            Ok(done) => return Ok(done),
            Err(obstacle) => obstacle,
        };
        if !obstacle.retry {
            return Err(*obstacle.error);
        }
        match patience.judge(obstacle.version) {
            Verdict::Again => {}
            // The writer may have died between two renames: its predecessor's file will do.
            Verdict::Damaged
                if settled != obstacle.version
                    // Without patience, once: a writer that goes on may always be a commit ahead.
                    && (settled.is_none() || !patience.is_none())
                    && matches!(*obstacle.error, ReadError::MetaVersion { .. }) =>
            {
                settled = obstacle.version;
            }
            Verdict::Damaged if !obstacle.disturbed => return Err(*obstacle.error),
            Verdict::Damaged | Verdict::Busy => {
                return Err(ReadError::Busy {
                    path: dir.path().to_path_buf(),
                    waited: patience.waited(),
                    source: obstacle.error,
                });
            }
        }
    }
}

/// Loads the metadata once (table-dir.md §8.1). `settled`: a commit that has been in the way for a
/// while, so that the writer may be dead and a predecessor of `_meta` may be used (§9).
pub(crate) fn attempt(
    dir: &RootDir,
    patience: &Patience,
    settled: Option<i64>,
) -> Result<Snapshot, Obstacle> {
    let txn = small::read_txn(dir, Spin::of(patience)).map_err(|e| {
        // An older storage version has another `_txn`; its `_meta` says so more plainly (§10).
        match small::read_meta(dir, "_meta") {
            Err(from_meta @ ReadError::Metadata { .. }) if is_damage(&e) => {
                Obstacle::fatal(None, from_meta)
            }
            _ => Obstacle::small(None, e),
        }
    })?;
    let version = Some(txn.version);
    let meta = meta_of(dir, &txn, settled)?;
    if meta.partition_by == PartitionBy::NotApplicable {
        return Err(Obstacle::fatal(
            version,
            ReadError::View {
                path: dir.path().to_path_buf(),
            },
        ));
    }
    let cv =
        small::read_cv(dir, &txn, Spin::of(patience)).map_err(|e| Obstacle::small(version, e))?;
    let partitions = txn.partitions(meta.partition_by).map_err(|e| {
        let file = dir.path().join("_txn");
        Obstacle::fatal(
            version,
            ReadError::Metadata {
                file,
                detail: e.to_string(),
            },
        )
    })?;
    if txn.symbol_counts.len() != meta.symbol_column_count() {
        let detail = format!(
            "counts of {} SYMBOL columns, _meta has {}",
            txn.symbol_counts.len(),
            meta.symbol_column_count()
        );
        let file = dir.path().join("_txn");
        return Err(Obstacle::fatal(
            version,
            ReadError::Metadata { file, detail },
        ));
    }
    let name = small::table_name(dir);
    let dir = dir.path().to_path_buf();
    Ok(Snapshot {
        dir,
        name,
        txn,
        meta,
        cv,
        partitions,
    })
}

fn is_damage(e: &SmallError) -> bool {
    matches!(e, SmallError::Fatal(ReadError::Metadata { .. }))
}

/// The `_meta` that `txn` was made with.
fn meta_of(dir: &RootDir, txn: &Txn, settled: Option<i64>) -> Result<Meta, Obstacle> {
    let version = Some(txn.version);
    let found = small::read_meta(dir, "_meta").map_err(|e| Obstacle::fatal(version, e))?;
    let expected = txn.metadata_version();
    let fits = |m: &Meta| m.metadata_version == i64::from(expected);
    let found = match found {
        Some(meta) if fits(&meta) => return Ok(meta),
        other => other.map(|m| m.metadata_version),
    };
    if settled == version && meta_fallback::applies(expected, found) {
        let previous = meta_fallback::find(dir, txn).map_err(|e| Obstacle::fatal(version, e))?;
        // The predecessor is right only while the commit that needs it is still the current one.
        let now = small::read_version(dir).map_err(|e| Obstacle::fatal(version, e))?;
        if let Some(meta) = previous
            && now == version
        {
            return Ok(meta);
        }
    }
    let file = dir.path().join("_meta");
    Err(Obstacle::retry(
        version,
        ReadError::MetaVersion {
            file,
            expected,
            found,
        },
    ))
}
