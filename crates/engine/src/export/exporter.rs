//! One attempt to export one snapshot.
//!
//! Frames are gathered into a row group until the planner closes it; then the group is written and
//! the frames go. So the partitions that are mapped are those of the group in the making and the
//! one that the cursor is in.

use mmap_io::ReadMode;
use pq_encode::TempFileStores;
use table_reader::{Cursor, Direction, Frame, RowSelection, TableReader};

use super::budget::Budget;
use super::chunks::Chunks;
use super::crew::Crew;
use super::group::PendingGroup;
use super::planner::{Cutter, Targets};
use super::request::ExportRequest;
use super::row_bytes::RowMeter;
use super::stats::resident_bytes;
use super::writing::{Out, Writing, Written};
use crate::error::{EngineError, Result};
use crate::progress::{Progress, Totals};
use crate::reading::{select_rows, verified};
use crate::running::Running;
use crate::usage::AnonPeak;

/// Rows that are measured between two looks at the stop signs: their lengths may stand in the data
/// files, and those may be large.
const OFFERED_ROWS_MAX: usize = 16 << 10;

/// What an attempt works with.
pub(crate) struct Exporter<'a> {
    pub(crate) reader: &'a TableReader,
    pub(crate) request: &'a ExportRequest,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) running: &'a Running,
    pub(crate) anon_peak: &'a AnonPeak,
    pub(crate) read_mode: ReadMode,
    /// Where what does not fit into the budget goes.
    pub(crate) spill: &'a TempFileStores,
}

impl Exporter<'_> {
    /// Writes a complete file to `out` and validates the snapshot. The footer is written last, and
    /// only if the snapshot still stands: what a failed attempt leaves in a stream is no file.
    pub(crate) fn run(&self, out: Out<'_>) -> Result<Written> {
        let selection = select_rows(self.reader, &self.request.range)?;
        self.progress.begin(Totals {
            snapshot_txn: self.reader.snapshot().txn.txn,
            rows: selection.rows(),
            partitions: selection.parts().len(),
        });
        let budget = self.budget(&selection)?;
        let chunks = Chunks::new(self.reader, self.request, self.running, self.anon_peak)?;
        let mut writing = Writing::start(self, &chunks, &budget, out, &selection)?;
        let look = || {
            let told = self
                .request
                .stats
                .then(|| self.reader.residency(&selection));
            told.and_then(resident_bytes)
        };
        let resident_before_bytes = look();
        let mut cursor =
            self.reader
                .cursor(Direction::Forward, self.request.frame_rows, &selection);
        let mut peak_mapped_partitions = 0;
        if budget.threads() == 1 {
            peak_mapped_partitions = self.cut_groups(&mut cursor, &budget, |group| {
                self.write_group(&chunks, &group, &mut writing)
            })?;
        } else {
            let stores = budget.stores();
            let crew = Crew::new(&chunks, stores, self.progress, self.running, writing);
            writing = crew.run(budget.threads(), |crew| {
                peak_mapped_partitions =
                    self.cut_groups(&mut cursor, &budget, |group| crew.submit(group))?;
                Ok(())
            })?;
        }
        // Nothing is read any more: what is still mapped goes before the footer is written.
        self.reader.close_all_partitions();
        writing.written.peak_mapped_partitions = peak_mapped_partitions;
        writing.written.resident_before_bytes = resident_before_bytes;
        writing.written.resident_after_bytes = look();
        self.running.go_on()?;
        self.reader.revalidate()?;
        let written = writing.finish()?;
        Ok(Written {
            spilled_bytes: self.spill.spilled_bytes(),
            ..written
        })
    }

    fn budget(&self, selection: &RowSelection) -> Result<Budget> {
        let (request, spill) = (self.request, self.spill.clone());
        Budget::plan(self.reader, request, selection, self.read_mode, spill)
    }

    /// Cuts the rows of `cursor` into row groups and hands them to `write`, in order; returns the
    /// most partitions that were mapped at once.
    fn cut_groups(
        &self,
        cursor: &mut impl Cursor,
        budget: &Budget,
        mut write: impl FnMut(PendingGroup) -> Result<()>,
    ) -> Result<usize> {
        let mut peak_mapped = 0;
        let mut cutter = Cutter::new(Targets {
            rows: self.request.row_group_rows,
            native_bytes: self.request.row_group_bytes,
        });
        let meter = RowMeter::new(cursor);
        let mut group = PendingGroup::default();
        let mut partition = None;
        while let Some(frame) = cursor.next_frame()? {
            self.running.go_on()?;
            peak_mapped = peak_mapped.max(cursor.mapped_partition_count());
            // Rows from `taken` on are not in a group yet.
            let (mut row_lo, mut taken) = (0, 0);
            while row_lo < frame.rows() {
                self.running.go_on()?;
                let offered_hi = frame.rows().min(row_lo + OFFERED_ROWS_MAX);
                let offered = cutter.offer(&meter.of(&frame), row_lo, offered_hi);
                let cut = match offered {
                    Ok(cut) => cut,
                    error => {
                        verified(&frame, error).map_err(|e| self.in_partition_of(e, &frame))?
                    }
                };
                row_lo += cut.rows;
                if cut.closes {
                    if taken < row_lo {
                        group.push(&frame, taken..row_lo);
                    }
                    taken = row_lo;
                    budget.check_value(&self.request.writer, meter.largest_value())?;
                    write(std::mem::take(&mut group))?;
                    cursor.release_open_partitions();
                }
            }
            if taken < row_lo {
                group.push(&frame, taken..row_lo);
            }
            self.count(&frame, &mut partition);
        }
        if !group.is_empty() {
            budget.check_value(&self.request.writer, meter.largest_value())?;
            write(group)?;
        }
        Ok(peak_mapped)
    }

    /// Encodes a row group on this thread, straight into the file.
    fn write_group(
        &self,
        chunks: &Chunks<'_>,
        group: &PendingGroup,
        writing: &mut Writing<'_>,
    ) -> Result<()> {
        let index = writing.written.row_groups;
        for column in 0..chunks.count() {
            let sink = writing.sink(group.rows());
            let chunk = sink.and_then(|sink| chunks.encode(group, column, sink));
            let written = chunk.and_then(|chunk| writing.finish_chunk(&chunk));
            written.map_err(|e| chunks.in_column(column, e).in_row_group(index))?;
            self.progress.advance(writing.done());
            self.running.go_on()?;
        }
        Ok(())
    }

    /// Tells the registry of a frame that was planned. Bytes of Parquet partitions are left out: to
    /// know them, all columns would have to be decoded, here and now.
    fn count(&self, frame: &Frame, partition: &mut Option<usize>) {
        let rows = u64::try_from(frame.rows()).unwrap_or(u64::MAX);
        let index = frame.partition_index();
        let entered = partition.replace(index) != Some(index);
        let bytes = frame.known_bytes().unwrap_or(0);
        self.running.delivered(rows, bytes, entered);
    }

    fn in_partition_of(&self, error: EngineError, frame: &Frame) -> EngineError {
        match self.reader.partitions().get(frame.partition_index()) {
            Some(partition) => error.in_partition(&partition.name),
            None => error,
        }
    }
}
