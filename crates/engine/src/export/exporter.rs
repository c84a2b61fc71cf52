//! One attempt to export one snapshot.
//!
//! Frames are gathered into a row group until the planner closes it; then the group is encoded, and its
//! frames go with its last chunk. So the partitions that are mapped are those of the groups under way
//! (one; two, and one that is being gathered, where several threads encode) and the one that the cursor
//! is in.

use std::thread;

use mmap_io::{ReadMode, ScanProfile};
use pq_encode::{ChunkEncoder, TempFileStores};
use table_reader::{Direction, RowSelection, TableReader};

use super::budget::Budget;
use super::chunks::Chunks;
use super::crew::Crew;
use super::fetcher::Fetcher;
use super::gathering::{Gathered, Gathering};
use super::group::PendingGroup;
use super::lookout::Manners;
use super::request::ExportRequest;
use super::room::Room;
use super::stats::resident_bytes;
use super::writing::{Out, Writing, Written};
use crate::error::Result;
use crate::progress::{Progress, Totals};
use crate::reading::select_rows;
use crate::running::Running;
use crate::usage::AnonPeak;

/// What an attempt works with.
pub(crate) struct Exporter<'a> {
    pub(crate) reader: &'a TableReader,
    pub(crate) request: &'a ExportRequest,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) running: &'a Running,
    pub(crate) anon_peak: &'a AnonPeak,
    pub(crate) read_mode: ReadMode,
    pub(crate) room: Room,
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
        let look = || {
            let told = self
                .request
                .stats
                .then(|| self.reader.residency(&selection));
            told.and_then(resident_bytes)
        };
        // Before anything but the snapshot is read.
        let resident_before_bytes = look();
        let budget = self.budget(&selection)?;
        let fetcher = Fetcher::default();
        let (mut writing, gathered) = thread::scope(|scope| {
            let frugal = self.room.profile() == ScanProfile::Frugal;
            let _ends = frugal.then(|| fetcher.start(scope, budget.threads()));
            self.encode(&budget, &fetcher, out, &selection)
        })?;
        // Nothing is read any more: what is still mapped goes before the footer is written.
        self.reader.close_all_partitions();
        writing.written.peak_mapped_partitions = gathered.peak_mapped_partitions;
        writing.written.reasons = gathered.reasons;
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

    /// Writes everything but the footer.
    fn encode<'w>(
        &self,
        budget: &Budget,
        fetcher: &Fetcher,
        out: Out<'w>,
        selection: &RowSelection,
    ) -> Result<(Writing<'w>, Gathered)> {
        let manners = Manners {
            running: self.running,
            budget,
            fetcher,
            keep_bytes: self.room.keep_bytes(budget.threads()),
        };
        let chunks = Chunks::new(self.reader, self.request, manners, self.anon_peak)?;
        let mut writing = Writing::start(self, &chunks, budget, out, selection)?;
        let mut cursor = self
            .reader
            .cursor(Direction::Forward, self.request.frame_rows, selection);
        let gathering = Gathering::new(self, &cursor, budget, chunks.specs(), selection);
        let mut gathered = Gathered::default();
        if budget.threads() == 1 {
            let mut kept = None;
            writing.written.threads = 1;
            gathered = gathering.run(&mut cursor, |group| {
                self.write_group(&chunks, &group, &mut writing, &mut kept)
            })?;
        } else {
            let stores = budget.stores();
            let crew = Crew::new(&chunks, stores, self.progress, self.running, writing);
            writing = crew.run(budget.threads(), |crew| {
                gathered = gathering.run(&mut cursor, |group| crew.submit(group))?;
                Ok(())
            })?;
        }
        Ok((writing, gathered))
    }

    fn budget(&self, selection: &RowSelection) -> Result<Budget> {
        let (request, spill) = (self.request, self.spill.clone());
        let read_mode = self.read_mode;
        Budget::plan(
            self.reader,
            request,
            selection,
            read_mode,
            spill,
            self.running,
        )
    }

    /// Encodes a row group on this thread, straight into the file.
    fn write_group(
        &self,
        chunks: &Chunks<'_>,
        group: &PendingGroup,
        writing: &mut Writing<'_>,
        kept: &mut Option<ChunkEncoder>,
    ) -> Result<()> {
        let index = writing.written.row_groups;
        for column in 0..chunks.count() {
            let written = match group.copy_of(column) {
                Some(copy) => writing.copy_chunk(group.rows(), copy, column, chunks),
                None => {
                    let sink = writing.sink(group.rows());
                    let chunk = sink.and_then(|sink| chunks.encode(group, column, sink, kept));
                    chunk.and_then(|chunk| writing.finish_chunk(&chunk))
                }
            };
            written.map_err(|e| chunks.in_column(column, e).in_row_group(index))?;
            self.progress.advance(writing.done());
            self.running.go_on()?;
        }
        Ok(())
    }
}
