//! `TableReader`: one table at one commit.
//!
//! Opening takes the snapshot and every descriptor that reading it will need; what happens to the
//! directory afterwards is answered by [`TableReader::revalidate`], once the last byte was read.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;

use column_format::SymbolDict;
use mmap_io::Root;

use crate::column::TableColumn;
use crate::cursor::{Direction, FrameCursor};
use crate::error::ReadError;
use crate::options::OpenOptions;
use crate::partition::PartitionInfo;
use crate::patience::Patience;
use crate::selection::{PartitionRows, RowSelection};
use crate::shared::Shared;
use crate::small;
use crate::snapshot::{Snapshot, stand_still};
use crate::time_range;

/// A consistent snapshot of one table, ready to be read. Cheap to clone; clones and cursors share
/// the descriptors and the open partitions.
#[derive(Clone, Debug)]
pub struct TableReader {
    shared: Arc<Shared>,
}

impl TableReader {
    /// Takes a snapshot of the table directory `root` (table-dir.md §8), and opens the files of
    /// the selected columns in all native partitions, as far as the descriptor limit allows.
    /// Nothing is mapped yet.
    ///
    /// # Errors
    /// Not a table, a view, an unknown column; damage, with the file at fault; [`ReadError::Busy`]
    /// when a writer never let the snapshot stand still.
    pub fn open(root: &Root, opts: &OpenOptions) -> Result<Self, ReadError> {
        let patience = Patience::new(opts.deadline, opts.query.as_ref());
        let shared = stand_still(root.top(), patience, |patience, settled| {
            Shared::attempt(root, opts, patience, settled)
        })?;
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The metadata of the commit.
    #[must_use]
    pub fn snapshot(&self) -> &Snapshot {
        self.shared.snapshot()
    }

    /// The table directory.
    #[must_use]
    pub fn root(&self) -> &Root {
        self.shared.root()
    }

    /// The selected columns, in the order asked for.
    #[must_use]
    pub fn columns(&self) -> &[TableColumn] {
        self.shared.columns()
    }

    /// The partitions in table order; empty ones and Parquet ones included.
    #[must_use]
    pub fn partitions(&self) -> &[PartitionInfo] {
        self.shared.partitions()
    }

    /// Visible rows of the table.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.partitions()
            .iter()
            .fold(0u64, |sum, p| sum.saturating_add(p.rows))
    }

    /// Every row.
    #[must_use]
    pub fn all_rows(&self) -> RowSelection {
        let whole = |(partition, p): (usize, &PartitionInfo)| PartitionRows {
            partition,
            row_lo: 0,
            row_hi: p.rows,
        };
        RowSelection::from_parts(self.partitions().iter().enumerate().map(whole))
    }

    /// Every row of some partitions (indexes into [`TableReader::partitions`]).
    #[must_use]
    pub fn rows_of_partitions(&self, range: &Range<usize>) -> RowSelection {
        self.all_rows().in_partitions(range)
    }

    /// The rows with `from ≤ timestamp < to`, in ticks of [`Snapshot::timestamp_unit`].
    ///
    /// # Errors
    /// [`ReadError::NoDesignatedTimestamp`]; a partition at an edge of the range cannot be read.
    pub fn rows_between(
        &self,
        from: Option<i64>,
        to: Option<i64>,
    ) -> Result<RowSelection, ReadError> {
        time_range::rows_between(&self.shared, from, to)
    }

    /// Smallest and largest designated timestamp of a partition; `None` without rows.
    ///
    /// # Errors
    /// [`ReadError::NoDesignatedTimestamp`], files.
    pub fn timestamp_extremes(&self, partition: usize) -> Result<Option<(i64, i64)>, ReadError> {
        match self.partitions().get(partition) {
            Some(p) if p.rows == 0 => Ok(None),
            _ => time_range::extremes(&self.shared, partition).map(Some),
        }
    }

    /// A cursor over `rows`. Frames have `frame_rows` rows (the last of a partition's range may
    /// have fewer), `None`: one frame per partition. Opens nothing before the first frame.
    #[must_use]
    pub fn cursor(
        &self,
        direction: Direction,
        frame_rows: Option<NonZeroUsize>,
        rows: &RowSelection,
    ) -> FrameCursor {
        FrameCursor::new(Arc::clone(&self.shared), direction, frame_rows, rows)
    }

    /// The dictionary of a SYMBOL column (position in [`TableReader::columns`]), read once up to
    /// the committed count; empty for columns of other types.
    ///
    /// # Errors
    /// [`ReadError::NoSuchColumn`]; a damaged or shortened dictionary.
    pub fn symbols(&self, column: usize) -> Result<Arc<SymbolDict>, ReadError> {
        self.shared.symbols(column)
    }

    /// To be asked after the last byte was consumed and before a result is published: is what was
    /// read still exactly this commit (table-dir.md §8.3)?
    ///
    /// # Errors
    /// [`ReadError::SnapshotChanged`]: throw the result away and open again.
    pub fn revalidate(&self) -> Result<(), ReadError> {
        self.shared.revalidate()
    }

    /// Looks whether there is a new commit, and what it did. Cursors do so by themselves; an
    /// exporter that works long on one frame may call this in between, to stop early and, under
    /// [`crate::Validation::Observed`], to miss no commit. Cheap: one small read if nothing changed.
    ///
    /// # Errors
    /// As [`TableReader::revalidate`].
    pub fn observe(&self) -> Result<(), ReadError> {
        self.shared.observe()
    }

    /// Partitions that this reader holds open, on behalf of all its cursors.
    #[must_use]
    pub fn open_partition_count(&self) -> usize {
        self.shared.open_partition_count()
    }

    /// Partitions that are mapped: held open, or by a frame somewhere.
    #[must_use]
    pub fn mapped_partition_count(&self) -> usize {
        self.shared.mapped_partition_count()
    }

    /// Drops the reader's hold on one partition; `false` if there was none.
    pub fn close_partition(&self, partition: usize) -> bool {
        self.shared.close(partition)
    }

    /// Drops the reader's hold on every partition.
    pub fn close_all_partitions(&self) {
        self.shared.release_all_but(None);
    }

    /// Transactions that the WAL holds and this commit does not show; `None` for a table without a
    /// WAL.
    ///
    /// # Errors
    /// The log cannot be read, or is damaged.
    pub fn pending_wal_transactions(&self) -> Result<Option<u64>, ReadError> {
        if !self.snapshot().meta.wal {
            return Ok(None);
        }
        small::pending_transactions(self.root().top(), &self.snapshot().txn)
    }
}
