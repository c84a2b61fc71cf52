//! One attempt to export one snapshot.
//!
//! Frames are gathered into a row group until the planner closes it; then the group is written and
//! the frames go. So the partitions that are mapped are those of the group in the making and the
//! one that the cursor is in.

use std::io::Write;

use table_reader::{Cursor, Direction, Frame, TableReader};

use super::group::PendingGroup;
use super::planner::{Cutter, Targets};
use super::request::ExportRequest;
use super::row_bytes::RowMeter;
use super::stats::resident_bytes;
use super::writing::{Writing, Written};
use crate::error::{EngineError, Result};
use crate::progress::{Progress, Totals};
use crate::reading::{select_rows, verified};
use crate::running::Running;
use crate::usage::AnonPeak;

/// What an attempt works with.
pub(crate) struct Exporter<'a> {
    pub(crate) reader: &'a TableReader,
    pub(crate) request: &'a ExportRequest,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) running: &'a Running,
    pub(crate) anon_peak: &'a AnonPeak,
}

impl Exporter<'_> {
    /// Writes a complete file to `out` and validates the snapshot. The footer is written last, and
    /// only if the snapshot still stands: what a failed attempt leaves in a stream is no file.
    pub(crate) fn run(&self, out: &mut dyn Write) -> Result<Written> {
        let selection = select_rows(self.reader, &self.request.range)?;
        self.reader.require_native(&selection)?;
        self.progress.begin(Totals {
            snapshot_txn: self.reader.snapshot().txn.txn,
            rows: selection.rows(),
            partitions: selection.parts().len(),
        });
        let mut writing = Writing::start(self, out, &selection)?;
        let look = || resident_bytes(self.reader.residency(&selection));
        if self.request.stats {
            writing.written.resident_before_bytes = look();
        }
        let frame_rows = self.request.frame_rows;
        let mut cursor = self
            .reader
            .cursor(Direction::Forward, frame_rows, &selection);
        self.write_groups(&mut cursor, &mut writing)?;
        // Nothing is read any more: what is still mapped goes before the footer is written.
        self.reader.close_all_partitions();
        if self.request.stats {
            writing.written.resident_after_bytes = look();
        }
        self.running.go_on()?;
        self.reader.revalidate()?;
        writing.finish()
    }

    fn write_groups(&self, cursor: &mut impl Cursor, writing: &mut Writing<'_, '_>) -> Result<()> {
        let mut cutter = Cutter::new(Targets {
            rows: self.request.row_group_rows,
            native_bytes: self.request.row_group_bytes,
        });
        let meter = RowMeter::new(cursor);
        let mut group = PendingGroup::default();
        let mut partition = None;
        while let Some(frame) = cursor.next_frame()? {
            self.running.go_on()?;
            let written = &mut writing.written;
            written.peak_mapped_partitions = written
                .peak_mapped_partitions
                .max(cursor.mapped_partition_count());
            let mut row_lo = 0;
            while row_lo < frame.rows() {
                let offered = cutter.offer(&meter.of(&frame), row_lo, frame.rows());
                let cut = match offered {
                    Ok(cut) => cut,
                    error => {
                        verified(&frame, error).map_err(|e| self.in_partition_of(e, &frame))?
                    }
                };
                let row_hi = row_lo + cut.rows;
                if row_lo < row_hi {
                    group.push(frame.clone(), row_lo..row_hi);
                }
                row_lo = row_hi;
                if cut.closes {
                    writing.write_group(&std::mem::take(&mut group))?;
                    cursor.release_open_partitions();
                }
            }
            self.count(&frame, &mut partition);
        }
        if group.is_empty() {
            Ok(())
        } else {
            writing.write_group(&group)
        }
    }

    /// Tells the registry of a frame that was planned.
    fn count(&self, frame: &Frame, partition: &mut Option<usize>) {
        let rows = u64::try_from(frame.rows()).unwrap_or(u64::MAX);
        let entered = partition.replace(frame.partition_index()) != Some(frame.partition_index());
        let bytes = frame.native_bytes().unwrap_or(0);
        self.running.delivered(rows, bytes, entered);
    }

    fn in_partition_of(&self, error: EngineError, frame: &Frame) -> EngineError {
        match self.reader.partitions().get(frame.partition_index()) {
            Some(partition) => error.in_partition(&partition.name),
            None => error,
        }
    }
}
