//! What became of the partitions of a snapshot in the commits after it.
//!
//! The rule of table-dir.md §8.3 compares the snapshot with one later commit, and so has to give up
//! a partition that moved to another directory: it cannot know whether the old one was overwritten
//! before it was left. Whoever saw *every* commit in between knows more. While a partition is
//! listed unchanged, its rows are where they were; in the commit that moves it, they are copied
//! elsewhere; and a directory that no commit lists is removed, never written. So a partition whose
//! descriptors are open, and that was seen unchanged in one commit and moved in the very next, is
//! *retired*: it stays readable and right, whatever happens to the table.

use txn::{SnapshotChange, Txn};

use crate::options::Validation;
use crate::snapshot::Snapshot;

/// Everything seen since the snapshot was taken.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The last commit that was looked at.
    version: i64,
    /// Why nothing of the snapshot can be trusted any more.
    lost: Option<String>,
    fates: Vec<Fate>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// Listed as it was, in every commit looked at.
    Live,
    /// Left by the writer while our descriptors keep it.
    Retired,
    /// May have been overwritten, for this reason.
    Lost(String),
}

impl Watch {
    pub(crate) fn new(snapshot: &Snapshot) -> Self {
        let fates = vec![Fate::Live; snapshot.partitions.len()];
        Self {
            version: snapshot.txn.version,
            lost: None,
            fates,
        }
    }

    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    /// Looks at the current commit. `pinned` says of which partitions the descriptors are open.
    pub(crate) fn advance(
        &mut self,
        snapshot: &Snapshot,
        newer: &Txn,
        validation: Validation,
        pinned: impl Fn(usize) -> bool,
    ) {
        let (before, now) = (self.version, newer.version);
        if now == before {
            return;
        }
        self.version = now;
        let backwards = now < before;
        if backwards || validation == Validation::Unchanged {
            self.lose_all(format!("version {before} became {now}"));
            return;
        }
        let may_retire = validation == Validation::Observed && before.checked_add(1) == Some(now);
        while let Err(change) = self.compare(snapshot, newer) {
            let moved = matches!(
                change,
                SnapshotChange::PartitionMoved { .. } | SnapshotChange::PartitionGone { .. }
            );
            let index = timestamp_of(&change)
                .and_then(|t| snapshot.partitions.iter().position(|p| p.timestamp == t));
            match (index, index.and_then(|i| self.fates.get_mut(i))) {
                (Some(i), Some(fate)) if moved && may_retire && pinned(i) => *fate = Fate::Retired,
                (_, Some(fate)) => *fate = Fate::Lost(change.to_string()),
                // New column files are none of a retired partition's.
                _ if matches!(change, SnapshotChange::ColumnVersion { .. }) => {
                    self.lose_live(&change.to_string());
                    return;
                }
                _ => {
                    self.lose_all(change.to_string());
                    return;
                }
            }
        }
    }

    /// The first difference that concerns a live partition, or the table.
    fn compare(&self, snapshot: &Snapshot, newer: &Txn) -> Result<(), SnapshotChange> {
        let partitions = snapshot.partitions.iter().zip(&self.fates);
        let live: Vec<_> = partitions
            .filter(|(_, f)| **f == Fate::Live)
            .map(|(p, _)| *p)
            .collect();
        snapshot
            .txn
            .still_covers(newer, snapshot.meta.partition_by, &live)
    }

    /// Why something of what was read may have been overwritten. `read` says what was read.
    pub(crate) fn verdict(&self, read: impl Fn(usize) -> bool) -> Result<(), String> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        for (i, fate) in self.fates.iter().enumerate() {
            if let Fate::Lost(why) = fate
                && read(i)
            {
                return Err(why.clone());
            }
        }
        Ok(())
    }

    fn lose_all(&mut self, why: String) {
        self.lost.get_or_insert(why);
    }

    fn lose_live(&mut self, why: &str) {
        for fate in self.fates.iter_mut().filter(|f| **f == Fate::Live) {
            *fate = Fate::Lost(why.to_owned());
        }
    }
}

/// The partition that a change is about; `None` if it is about the table.
fn timestamp_of(change: &SnapshotChange) -> Option<i64> {
    match *change {
        SnapshotChange::PartitionGone { timestamp }
        | SnapshotChange::PartitionMoved { timestamp, .. }
        | SnapshotChange::PartitionFlags { timestamp, .. }
        | SnapshotChange::ParquetSize { timestamp, .. }
        | SnapshotChange::PartitionShrank { timestamp, .. } => Some(timestamp),
        _ => None,
    }
}
