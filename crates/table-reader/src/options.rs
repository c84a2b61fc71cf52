//! How a table is opened: projection, scan profile, patience and proof.
//!
//! Everything here is a choice of the caller that cannot be read from the table, so it has a default
//! that is right for a one-off read and a documented reason to differ.

use std::sync::Arc;
use std::time::Duration;

use mmap_io::{ReadMode, ScanProfile};

use crate::registry::QueryHandle;

/// What [`crate::TableReader::open`] needs to know beyond the table itself.
///
/// ```
/// use table_reader::OpenOptions;
///
/// let opts = OpenOptions { columns: Some(vec!["price".to_owned()]), ..OpenOptions::default() };
/// assert!(opts.descriptor_max.is_none());
/// ```
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Columns to read, in this order; `None` = all live columns in visible order. An empty list
    /// opens metadata only: no partition is looked at before something of it is asked for. Names match exactly, else without regard to letter case.
    pub columns: Option<Vec<String>>,
    /// Profile of the mappings made by cursors, until a cursor says otherwise.
    pub profile: ScanProfile,
    /// Whether column files are mapped or copied into memory.
    pub read_mode: ReadMode,
    /// How long to wait for a writer to let a snapshot stand still. A damaged table is reported
    /// after a quarter of it without a new commit; whoever was late at the first look takes a second one,
    /// whatever the time. Zero: one attempt.
    pub deadline: Duration,
    /// What [`crate::TableReader::revalidate`] accepts.
    pub validation: Validation,
    /// Where the facts about a Parquet partition come from.
    pub parquet_facts: ParquetFacts,
    /// The query on whose behalf the table is opened and read. It is asked whether to go on wherever
    /// opening, waiting for a writer and choosing rows may take long; it stays listed while the reader
    /// or a cursor of it lives.
    pub query: Option<Arc<QueryHandle>>,
    /// Most descriptors to keep open; `None` asks the process limit. Partitions past it are opened
    /// by name when a cursor reaches them, and can vanish beside a busy writer.
    pub descriptor_max: Option<usize>,
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            columns: None,
            profile: ScanProfile::Cached,
            read_mode: ReadMode::Auto,
            deadline: Duration::from_secs(2),
            validation: Validation::Covered,
            parquet_facts: ParquetFacts::Auto,
            query: None,
            descriptor_max: None,
        }
    }
}

/// What says where the columns of a Parquet partition are: the rows do not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ParquetFacts {
    /// The `_pm` sidecar if it describes exactly what is committed, otherwise the footer.
    #[default]
    Auto,
    /// The footer of `data.parquet`.
    Footer,
    /// The sidecar; without a sound one the partition cannot be read.
    Sidecar,
}

/// Which newer commits leave a finished read valid (table-dir.md §8.3).
///
/// A table that a release without squash counter writes is held to [`Validation::Unchanged`] whatever
/// is asked: one whose `_meta` predates 8.2.2, or that lies in a database root of 7.1 to 9.2. The
/// files of 9.3.0 and 9.3.1 cannot be told from those of 9.3.2: ask for it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validation {
    /// The rule of table-dir.md §8.3: newer commits are fine as long as the last of them lists
    /// every partition that was read in the same directory, with the same flags and no fewer rows.
    Covered,
    /// As [`Validation::Covered`], and a partition may move to another directory in a commit that
    /// the reader sees right after the one before it: out-of-order rows rewrite partitions all the
    /// time, and the open descriptors keep the old one. `_txn` is looked at for every frame.
    Observed,
    /// No commit at all since the snapshot. Releases before 9.3.2 have no squash counter, so a split
    /// followed by a squash leaves no trace in `_txn`.
    Unchanged,
}
