//! `Cursor`: what every source of frames can do, and `FrameCursor`, the one that reads a table.
//!
//! No method of the trait has a default. A wrapper that forgot to forward `release_open_partitions`
//! would look right and keep a whole table mapped; without a default it does not compile.

use std::num::NonZeroUsize;
use std::sync::Arc;

use column_format::ColumnType;
use mmap_io::ScanProfile;

use crate::cuts::Cuts;
use crate::error::ReadError;
use crate::frame::Frame;
use crate::parquet::{DecodedGroup, ParquetPartition};
use crate::selection::{PartitionRows, RowSelection};
use crate::shared::Shared;

/// Order in which a cursor delivers frames. Rows inside a frame always ascend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// First row first.
    Forward,
    /// Last frame first: exactly the forward frames, reversed.
    Backward,
}

/// A column that a cursor delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorColumn {
    /// Name.
    pub name: String,
    /// Type; also of a column that exists in no table and is all null.
    pub column_type: ColumnType,
    pub(crate) source: Source,
}

/// Where the values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Column of the reader, by position.
    Stored {
        /// Index into `TableReader::columns`.
        slot: usize,
    },
    /// Nowhere: asked for by the query, absent in the table.
    Nulls,
}

impl CursorColumn {
    /// A column that no table has: every row is null.
    #[must_use]
    pub fn null(name: impl Into<String>, column_type: ColumnType) -> Self {
        Self {
            name: name.into(),
            column_type,
            source: Source::Nulls,
        }
    }

    /// Position in [`crate::TableReader::columns`] (for [`crate::TableReader::symbols`]); `None`
    /// for a column that exists in no table.
    #[must_use]
    pub fn reader_index(&self) -> Option<usize> {
        match self.source {
            Source::Stored { slot } => Some(slot),
            Source::Nulls => None,
        }
    }
}

/// A source of frames over one snapshot.
///
/// Partitions open when a frame of them is first asked for, and stay open (so that another pass is
/// cheap) until released. Frames that are still held keep their partition mapped, whatever is
/// released.
pub trait Cursor: Send {
    /// The columns of every frame, in order.
    fn columns(&self) -> &Arc<[CursorColumn]>;

    /// The next frame; `None` after the last one, and from then on until [`Cursor::to_top`].
    ///
    /// # Errors
    /// The partition cannot be opened, or the query was stopped. The cursor stays where it is, so
    /// that a second call tries the same frame again.
    fn next_frame(&mut self) -> Result<Option<Frame>, ReadError>;

    /// Back to before the first frame. Open partitions stay open.
    fn to_top(&mut self);

    /// Drops the reader's hold on all partitions but the one of the last frame.
    fn release_open_partitions(&mut self);

    /// Drops the reader's hold on one partition (index into [`crate::TableReader::partitions`]);
    /// `false` if there was none.
    fn close_partition(&mut self, partition: usize) -> bool;

    /// Partitions that the reader holds open.
    fn open_partition_count(&self) -> usize;

    /// Partitions that are mapped: held by the reader, or by a frame somewhere.
    fn mapped_partition_count(&self) -> usize;

    /// Profile of the partitions that this cursor opens from now on; open ones keep theirs.
    fn set_scan_profile(&mut self, profile: ScanProfile);
}

impl<C: Cursor + ?Sized> Cursor for Box<C> {
    fn columns(&self) -> &Arc<[CursorColumn]> {
        (**self).columns()
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, ReadError> {
        (**self).next_frame()
    }

    fn to_top(&mut self) {
        (**self).to_top();
    }

    fn release_open_partitions(&mut self) {
        (**self).release_open_partitions();
    }

    fn close_partition(&mut self, partition: usize) -> bool {
        (**self).close_partition(partition)
    }

    fn open_partition_count(&self) -> usize {
        (**self).open_partition_count()
    }

    fn mapped_partition_count(&self) -> usize {
        (**self).mapped_partition_count()
    }

    fn set_scan_profile(&mut self, profile: ScanProfile) {
        (**self).set_scan_profile(profile);
    }
}

/// Reads the frames of a [`RowSelection`] of one reader.
#[derive(Debug)]
pub struct FrameCursor {
    shared: Arc<Shared>,
    columns: Arc<[CursorColumn]>,
    parts: Arc<[PartitionRows]>,
    direction: Direction,
    frame_rows: u64,
    profile: ScanProfile,
    /// Parts that are finished, in the order of `direction`.
    done_parts: usize,
    /// Frames of the current part that are finished.
    done_frames: u64,
    /// Partition of the last frame.
    current: Option<usize>,
    /// Row group of the last frame, for the next frame of the same group.
    group: Option<Arc<DecodedGroup>>,
}

impl FrameCursor {
    pub(crate) fn new(
        shared: Arc<Shared>,
        direction: Direction,
        frame_rows: Option<NonZeroUsize>,
        rows: &RowSelection,
    ) -> Self {
        // A selection of another reader must not reach beyond the rows of this one.
        let parts = rows.parts().iter().filter_map(|p| {
            let committed = shared.partitions().get(p.partition)?.rows;
            let row_hi = p.row_hi.min(committed);
            (p.row_lo < row_hi).then_some(PartitionRows { row_hi, ..*p })
        });
        Self {
            columns: shared.cursor_columns(),
            parts: parts.collect(),
            direction,
            // A frame's rows must fit a usize even when no size was asked for.
            frame_rows: frame_rows
                .map_or(u64::MAX, |n| n.get() as u64)
                .min(usize::MAX as u64),
            profile: shared.profile(),
            shared,
            done_parts: 0,
            done_frames: 0,
            current: None,
            group: None,
        }
    }

    /// The rows of the partition that is next, without moving.
    fn peek(&self) -> Option<PartitionRows> {
        let nth = match self.direction {
            Direction::Forward => self.done_parts,
            Direction::Backward => self.parts.len().checked_sub(self.done_parts + 1)?,
        };
        self.parts.get(nth).copied()
    }
}

impl Cursor for FrameCursor {
    fn columns(&self) -> &Arc<[CursorColumn]> {
        &self.columns
    }

    fn next_frame(&mut self) -> Result<Option<Frame>, ReadError> {
        let Some(part) = self.peek() else {
            return Ok(None);
        };
        let partition = self.shared.acquire(part.partition, self.profile)?;
        let parquet = partition.as_parquet();
        let cuts = Cuts::new(
            &part,
            self.frame_rows,
            parquet.map(ParquetPartition::starts),
        );
        let count = cuts.count();
        let nth = match self.direction {
            Direction::Forward => self.done_frames,
            Direction::Backward => count.saturating_sub(self.done_frames + 1),
        };
        let range = cuts.nth(nth);
        let group = parquet.map(|parquet| {
            let group = parquet.group_at(range.start);
            let all = parquet.rows_of(group);
            // The rows of the group that this cursor will ask for.
            let rows = all.start.max(part.row_lo)..all.end.min(part.row_hi);
            let group = parquet.decoded(group, &rows);
            self.group = Some(Arc::clone(&group));
            group
        });
        if group.is_none() {
            self.group = None;
        }
        self.current = Some(part.partition);
        self.done_frames += 1;
        if self.done_frames >= count {
            self.done_parts += 1;
            self.done_frames = 0;
        }
        let rows = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        Ok(Some(Frame::new(
            partition,
            group,
            Arc::clone(&self.columns),
            range.start,
            rows,
        )))
    }

    fn to_top(&mut self) {
        self.done_parts = 0;
        self.done_frames = 0;
        self.current = None;
        self.group = None;
    }

    fn release_open_partitions(&mut self) {
        self.shared.release_all_but(self.current);
    }

    fn close_partition(&mut self, partition: usize) -> bool {
        if self.current == Some(partition) {
            self.group = None;
        }
        self.shared.close(partition)
    }

    fn open_partition_count(&self) -> usize {
        self.shared.open_partition_count()
    }

    fn mapped_partition_count(&self) -> usize {
        self.shared.mapped_partition_count()
    }

    fn set_scan_profile(&mut self, profile: ScanProfile) {
        self.profile = profile;
    }
}
