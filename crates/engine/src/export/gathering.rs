//! From frames to row groups.
//!
//! Rows of native partitions fill row groups up to their targets, whatever partition they are from. A
//! row group of a Parquet partition of which chunks can be copied is a row group of its own: the one
//! under way ends before it.

use table_reader::{Cursor, Frame, RowSelection};

use super::budget::Budget;
use super::copy::{CopyPlanner, Reasons};
use super::exporter::Exporter;
use super::group::PendingGroup;
use super::planner::{Cut, Cutter, RowBytes, Targets};
use super::row_bytes::RowMeter;
use crate::error::{EngineError, Result};
use crate::reading::verified;
use pq_encode::ColumnSpec;

/// Rows that are measured between two looks at the stop signs: their lengths may stand in the data
/// files, and those may be large.
const OFFERED_ROWS_MAX: usize = 16 << 10;

/// What there is to say when all rows are in row groups.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// The most partitions that were mapped at once.
    pub(crate) peak_mapped_partitions: usize,
    /// Why chunks of Parquet partitions were not copied.
    pub(crate) reasons: Reasons,
}

/// Gathers the rows of a cursor.
pub(crate) struct Gathering<'a> {
    exporter: &'a Exporter<'a>,
    budget: &'a Budget,
    cutter: Cutter,
    meter: RowMeter<'a>,
    copies: CopyPlanner<'a>,
    group: PendingGroup,
    /// Row of the partition behind the row group that is being gathered to be copied.
    copied_to: Option<u64>,
    partition: Option<usize>,
    columns: usize,
}

impl<'a> Gathering<'a> {
    pub(crate) fn new(
        exporter: &'a Exporter<'a>,
        cursor: &impl Cursor,
        budget: &'a Budget,
        specs: Vec<ColumnSpec>,
        selection: &RowSelection,
    ) -> Self {
        let request = exporter.request;
        Self {
            exporter,
            budget,
            cutter: Cutter::new(Targets {
                rows: request.row_group_rows,
                native_bytes: request.row_group_bytes,
            }),
            meter: RowMeter::new(cursor, budget, exporter.running),
            copies: CopyPlanner::new(request, exporter.running, specs, selection),
            group: PendingGroup::default(),
            copied_to: None,
            partition: None,
            columns: cursor.columns().len(),
        }
    }

    /// Cuts the rows of `cursor` into row groups and hands them to `write`, in order.
    pub(crate) fn run(
        mut self,
        cursor: &mut impl Cursor,
        mut write: impl FnMut(PendingGroup) -> Result<()>,
    ) -> Result<Gathered> {
        let mut peak_mapped_partitions = 0;
        while let Some(frame) = cursor.next_frame()? {
            self.exporter.running.go_on()?;
            peak_mapped_partitions = peak_mapped_partitions.max(cursor.mapped_partition_count());
            // Now, since its ends are read for it: later they may have left memory.
            self.count(&frame);
            let place = |error| in_partition_of(self.exporter, error, &frame);
            if self.copied_to.is_none()
                && let Some(copy) = self.copies.plan(&frame).map_err(place)?
            {
                self.close(cursor, &mut write)?;
                self.copied_to = Some(copy.stored.rows().end);
                self.group.copy_from(copy);
            }
            if let Some(end) = self.copied_to {
                self.group.push(&frame, 0..frame.rows());
                if frame.row_hi() >= end {
                    self.copied_to = None;
                    self.close(cursor, &mut write)?;
                }
            } else {
                self.cut(&frame, cursor, &mut write)?;
            }
        }
        self.close(cursor, &mut write)?;
        Ok(Gathered {
            peak_mapped_partitions,
            reasons: self.copies.reasons,
        })
    }

    /// Puts the rows of a frame into row groups.
    fn cut(
        &mut self,
        frame: &Frame,
        cursor: &mut impl Cursor,
        write: &mut impl FnMut(PendingGroup) -> Result<()>,
    ) -> Result<()> {
        // Rows from `taken` on are not in a group yet.
        let (mut row_lo, mut taken) = (0, 0);
        while row_lo < frame.rows() {
            self.exporter.running.go_on()?;
            let metered = self.meter.unmeasured(frame);
            let offered = self.cutter.offer_unmeasured(&metered, row_lo, frame.rows());
            let cut = match self.in_frame(frame, offered)? {
                Some(cut) => cut,
                None => {
                    self.group.push(frame, taken..row_lo);
                    taken = row_lo;
                    let measured = self.measure(frame, row_lo);
                    self.in_frame(frame, measured)?
                }
            };
            row_lo += cut.rows;
            if cut.closes {
                self.group.push(frame, taken..row_lo);
                taken = row_lo;
                self.close(cursor, write)?;
            }
        }
        self.group.push(frame, taken..row_lo);
        Ok(())
    }

    /// Offers the next rows of a frame by their exact bytes.
    fn measure(&mut self, frame: &Frame, row_lo: usize) -> Result<Cut> {
        if !self.cutter.is_exact() {
            let mut native_bytes = 0_u64;
            for (frame, rows) in self.group.parts() {
                for lo in rows.clone().step_by(OFFERED_ROWS_MAX) {
                    self.exporter.running.go_on()?;
                    let hi = rows.end.min(lo + OFFERED_ROWS_MAX);
                    let bytes = self.meter.of(frame, lo..hi)?.sum(lo, hi)?;
                    native_bytes = native_bytes.saturating_add(bytes);
                }
            }
            self.cutter.measured(native_bytes);
        }
        let offered_hi = frame.rows().min(row_lo + OFFERED_ROWS_MAX);
        let metered = self.meter.of(frame, row_lo..offered_hi)?;
        self.cutter.offer(&metered, row_lo, offered_hi)
    }

    /// What was read of `frame`, unless its bytes went away meanwhile.
    fn in_frame<T>(&self, frame: &Frame, read: Result<T>) -> Result<T> {
        match read {
            Ok(read) => Ok(read),
            error => verified(frame, error).map_err(|e| in_partition_of(self.exporter, e, frame)),
        }
    }

    /// Hands over the row group under way, if there are rows in it.
    fn close(
        &mut self,
        cursor: &mut impl Cursor,
        write: &mut impl FnMut(PendingGroup) -> Result<()>,
    ) -> Result<()> {
        self.cutter.close();
        if self.group.is_empty() {
            return Ok(());
        }
        let mut largest = 0;
        for column in 0..self.columns {
            if self.group.copy_of(column).is_none() {
                largest = self.group.decode_bytes(column)?.max(largest);
            }
        }
        self.budget.check_decoding(largest)?;
        write(std::mem::take(&mut self.group))?;
        cursor.release_open_partitions();
        Ok(())
    }

    /// Tells the registry of a frame that was planned.
    fn count(&mut self, frame: &Frame) {
        let index = frame.partition_index();
        let entered = self.partition.replace(index) != Some(index);
        self.exporter.running.took_frame(entered);
    }
}

fn in_partition_of(exporter: &Exporter<'_>, error: EngineError, frame: &Frame) -> EngineError {
    match exporter.reader.partitions().get(frame.partition_index()) {
        Some(partition) => error.in_partition(&partition.name),
        None => error,
    }
}
