//! The rows of the row group in the making.
//!
//! Frames wait here, and with them their partitions: nothing that an encoder will read can be
//! unmapped before the group is encoded and dropped. Column slices are cut when they are needed and
//! live as long as one call.

use std::ops::Range;
use std::sync::Arc;

use column_format::ColumnSlice;
use table_reader::Frame;

use super::copy::GroupCopy;
use super::row_bytes::slices_of;
use crate::error::{Cause, Result};

/// Frames and the rows of them that belong to the group, in table order.
#[derive(Debug, Default)]
pub(crate) struct PendingGroup {
    parts: Vec<(Frame, Range<usize>)>,
    rows: u64,
    /// The row group that this is in its file, if chunks are copied from it.
    copy: Option<Arc<GroupCopy>>,
}

/// The rows of one column of a group.
#[derive(Debug)]
pub(crate) struct ColumnRows<'a> {
    pub(crate) slices: Vec<ColumnSlice<'a>>,
    /// For each slice the partition that it is from.
    partitions: Vec<usize>,
}

impl PendingGroup {
    pub(crate) fn push(&mut self, frame: &Frame, rows: Range<usize>) {
        self.rows += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        let len = rows.len();
        self.parts.push((frame.part(rows).apart(), 0..len));
    }

    /// The same rows for one column: what Parquet partitions must decode for it goes with this, and
    /// not with the group. So a group in flight holds no more than the columns at work.
    pub(crate) fn for_one_column(&self) -> Self {
        let parts = self.parts.iter();
        Self {
            parts: parts.map(|(f, rows)| (f.apart(), rows.clone())).collect(),
            rows: self.rows,
            copy: None,
        }
    }

    /// The group is one of a Parquet file, of which chunks are to be copied.
    pub(crate) fn copy_from(&mut self, copy: GroupCopy) {
        self.copy = Some(Arc::new(copy));
    }

    /// Where column `idx` is to be copied from; `None`: it is encoded.
    pub(crate) fn copy_of(&self, idx: usize) -> Option<&Arc<GroupCopy>> {
        let copy = self.copy.as_ref()?;
        let chunk = copy.chunks.get(idx)?;
        chunk.as_ref().map(|_| copy)
    }

    /// Heap bytes that it takes to have column `idx` of all rows.
    pub(crate) fn decode_bytes(&self, idx: usize) -> Result<u64> {
        let (mut kept, mut passing) = (0_u64, 0_u64);
        let mut last: Option<&Frame> = None;
        for (frame, _) in &self.parts {
            if !last.is_some_and(|last| last.shares_group(frame)) {
                let bytes = frame.decode_bytes(idx)?;
                kept = kept.saturating_add(bytes.kept);
                passing = passing.max(bytes.passing);
            }
            last = Some(frame);
        }
        Ok(kept.saturating_add(passing))
    }

    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// What to believe of column `idx` after it was read: `done`, unless mapped bytes went away
    /// meanwhile.
    pub(crate) fn verified<T>(&self, idx: usize, done: Result<T>) -> Result<T> {
        for (frame, _) in &self.parts {
            frame.verify_column(idx).map_err(Cause::Vanished)?;
        }
        done
    }

    /// Nobody reads column `idx` of the group again: whole windows leave the page cache.
    pub(crate) fn done(&self, idx: usize) -> Result<()> {
        for (frame, rows) in &self.parts {
            frame.done_rows(idx, rows.clone())?;
        }
        Ok(())
    }

    /// The slices of column `idx`, in table order.
    pub(crate) fn column(&self, idx: usize) -> Result<ColumnRows<'_>> {
        let mut rows = ColumnRows {
            slices: Vec::new(),
            partitions: Vec::new(),
        };
        for (frame, range) in &self.parts {
            for slice in slices_of(frame, idx, range.clone())? {
                rows.slices.push(slice);
                rows.partitions.push(frame.partition_index());
            }
        }
        Ok(rows)
    }
}

impl ColumnRows<'_> {
    /// Index of the partition that a slice is from.
    pub(crate) fn partition_of(&self, slice: usize) -> Option<usize> {
        self.partitions.get(slice).copied()
    }

    /// Bytes that the rows take in the column's files.
    pub(crate) fn native_bytes(&self) -> u64 {
        self.slices
            .iter()
            .fold(0, |sum, slice| sum.saturating_add(slice.native_bytes()))
    }
}
