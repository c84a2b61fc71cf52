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
use super::row_bytes::{largest_value, slices_of, value_bytes_at_most};
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
        if rows.is_empty() {
            return;
        }
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

    /// Whether chunks of it are copied.
    pub(crate) fn copies(&self) -> bool {
        self.copy.is_some()
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
        let mut last = None;
        for (frame, _) in &self.parts {
            let key = frame.group_key();
            if key.is_none() || key != last {
                let bytes = frame.decode_bytes(idx)?;
                kept = kept.saturating_add(bytes.kept);
                passing = passing.max(bytes.passing);
            }
            last = key;
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

    /// Nobody reads these rows of column `idx` again: whole windows leave the page cache.
    pub(crate) fn done(&self, idx: usize, rows: Range<u64>) -> Result<()> {
        self.parts_of(rows)
            .try_for_each(|(frame, rows)| Ok(frame.done_rows(idx, rows).map(drop)?))
    }

    /// These rows of column `idx` will be read soon.
    pub(crate) fn ahead(&self, idx: usize, rows: Range<u64>) -> Result<()> {
        self.parts_of(rows)
            .try_for_each(|(frame, rows)| Ok(frame.ahead_rows(idx, rows)?))
    }

    /// The most bytes that values of these rows of column `idx` can become, all together; 0 if all values
    /// take the same.
    pub(crate) fn value_bytes_at_most(&self, idx: usize, rows: Range<u64>) -> Result<u64> {
        self.parts_of(rows).try_fold(0_u64, |sum, (frame, rows)| {
            Ok(sum.saturating_add(value_bytes_at_most(frame, idx, rows)?))
        })
    }

    /// Bytes that the largest of these values becomes: no less than that, or no more than `enough`.
    pub(crate) fn largest_value(&self, idx: usize, rows: Range<u64>, enough: u64) -> Result<u64> {
        self.parts_of(rows).try_fold(0, |most, (frame, rows)| {
            Ok(largest_value(frame, idx, rows, enough)?.max(most))
        })
    }

    /// Bytes that the largest value of variable size becomes, in whatever column: no less than that, or no
    /// more than `enough`. Of Parquet partitions in
    /// `column` alone: the others would have to be decoded.
    pub(crate) fn largest_of_all(&self, column: usize, enough: u64) -> Result<u64> {
        let columns = self
            .parts
            .first()
            .map_or(0, |(frame, _)| frame.columns().len());
        (0..columns).try_fold(0, |most, idx| {
            let there = |frame: &Frame| idx == column || frame.group_key().is_none();
            let mut parts = self.parts_of(0..self.rows).filter(|(f, _)| there(f));
            parts.try_fold(most, |most, (frame, rows)| {
                Ok(largest_value(frame, idx, rows, enough)?.max(most))
            })
        })
    }

    /// Frames and rows of them that the rows `rows` of the group are.
    fn parts_of(&self, rows: Range<u64>) -> impl Iterator<Item = (&Frame, Range<usize>)> {
        let mut start = 0_u64;
        self.parts.iter().filter_map(move |(frame, part)| {
            let len = u64::try_from(part.len()).unwrap_or(u64::MAX);
            let at = |row: u64| usize::try_from(row.saturating_sub(start).min(len));
            let (lo, hi) = (at(rows.start).ok()?, at(rows.end).ok()?);
            start = start.saturating_add(len);
            (lo < hi).then(|| (frame, part.start + lo..part.start + hi))
        })
    }

    /// Frames and the rows of them that belong to the group, in table order.
    pub(crate) fn parts(&self) -> &[(Frame, Range<usize>)] {
        &self.parts
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
