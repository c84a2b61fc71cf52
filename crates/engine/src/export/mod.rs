//! `export`: a snapshot of a table as one Parquet file.
//!
//! Small parts, so that what comes later (workers, budgets, passthrough) has a place: the request,
//! the planner that cuts row groups, the group that is being gathered, the exporter that gathers it,
//! the file that it is written into column by column, the report.

mod budget;
mod chunks;
mod copy;
mod crew;
mod decoded;
mod exporter;
mod fetcher;
mod gathering;
mod group;
mod key_values;
mod lookout;
mod needs;
mod overrides;
mod planner;
mod pool;
mod report;
mod request;
mod room;
mod row_bytes;
mod sink;
mod spare;
mod spill;
mod stats;
mod writing;

use std::sync::Arc;
use std::time::{Duration, Instant};

use mmap_io::{IoStats, MappedPeak, RealVfs, Root, Vfs};
use table_reader::CancelToken;

pub use overrides::ColumnOverrides;
pub use report::ExportReport;
pub use request::{
    ExportRequest, MEMORY_BYTES_DEFAULT, ROW_GROUP_BYTES_DEFAULT, ROW_GROUP_ROWS_DEFAULT,
};
pub use stats::{ColumnStats, ExportStats};

use crate::error::Result;
use crate::progress::Progress;
use crate::reading::{open_reader_as, stale_or};
use crate::running::{Counted, Running};
use crate::target::{Output, Publish, write_to};
use crate::usage::{self, AnonPeak};
use exporter::Exporter;
use room::Room;
use writing::Written;

/// Exports the rows that `request` asks for.
///
/// A file appears complete, durable and under its name, or not at all; whatever fails or cancels
/// leaves nothing behind. If a writer changes the table so that a snapshot is lost, a file starts
/// over with a new one, and a stream fails.
///
/// # Errors
/// Whatever [`Cause`](crate::Cause) names.
pub fn export(
    request: ExportRequest,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<ExportReport> {
    request.check()?;
    let root = crate::root::open_root(&request.table)?;
    export_in(&root, &RealVfs, request, progress, cancel)
}

/// [`export`] of a root that is open already, with the output behind `vfs`.
///
/// # Errors
/// As [`export`].
pub fn export_in(
    root: &Root,
    vfs: &dyn Vfs,
    mut request: ExportRequest,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<ExportReport> {
    request.check()?;
    let spent = Spent::start(root.stats());
    let name = format!("export {}", root.path().display());
    let running = Running::start(&request.registry, name, cancel, request.timeout);
    let output = request.output.take();
    let named = match &output {
        Output::File(path) => path.display().to_string(),
        Output::Writer(_) => "-".to_owned(),
    };
    let room = Room::of(&request);
    let spill = spill::stores_beside(&output, vfs, room.is_limited());
    let publish = Publish {
        force: request.force,
        sync: request.sync,
        writeback: room.writeback(request.sync),
        read_mode: request.read_mode,
        unfinished: &request.unfinished.clone(),
    };
    let progress = &Counted {
        progress,
        running: &running,
    };
    let done = write_to(vfs, output, publish, progress, |out, reads| {
        running.go_on()?;
        let read_mode = reads.mode(request.read_mode);
        let columns = request.columns.as_deref();
        let reader = open_reader_as(root, columns, room.profile(), read_mode, &running)?;
        let exporter = Exporter {
            reader: &reader,
            request: &request,
            progress,
            running: &running,
            anon_peak: &spent.anon_peak,
            read_mode,
            room,
            spill: &spill,
        };
        exporter.run(out).map_err(|error| stale_or(&reader, error))
    });
    progress.end();
    let written = done.map_err(|error| error.in_table(root.path()))?;
    Ok(spent.report(written, named, root.stats(), request.stats))
}

/// What there was before the export, to tell what the export cost.
struct Spent {
    started: Instant,
    cpu: Option<Duration>,
    anon_peak: AnonPeak,
    evicted_bytes: u64,
    mappings_opened: u64,
    mapped_peak: Arc<MappedPeak>,
}

impl Spent {
    fn start(io: &IoStats) -> Self {
        Self {
            started: Instant::now(),
            cpu: usage::cpu_time(),
            anon_peak: AnonPeak::start(),
            evicted_bytes: io.bytes_evicted(),
            mappings_opened: io.mappings_opened(),
            mapped_peak: io.watch_peak(),
        }
    }

    fn report(self, written: Written, output: String, io: &IoStats, stats: bool) -> ExportReport {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(0);
        let cpu = usage::cpu_time()
            .zip(self.cpu)
            .map(|(now, then)| now.saturating_sub(then));
        ExportReport {
            table: written.table,
            output,
            snapshot_txn: written.snapshot_txn,
            rows: written.rows,
            partitions: written.partitions,
            row_groups: written.row_groups,
            columns: written.columns.len(),
            threads: written.threads,
            bytes_in: written.bytes_in,
            bytes_out: written.bytes_out,
            wall_ms: millis(self.started.elapsed()),
            cpu_ms: cpu.map_or(0, millis),
            peak_rss_bytes: usage::peak_rss_bytes().unwrap_or(0),
            peak_anon_bytes: self.anon_peak.bytes(),
            peak_mapped_partitions: written.peak_mapped_partitions,
            spilled_bytes: written.spilled_bytes,
            evicted_bytes: io.bytes_evicted().saturating_sub(self.evicted_bytes),
            passthrough_chunks: written.passthrough_chunks,
            encoded_chunks: written.encoded_chunks,
            codec: written.codec,
            replaced_texts: written.replaced_texts,
            stats: stats.then(|| ExportStats {
                mappings_opened: io.mappings_opened().saturating_sub(self.mappings_opened),
                peak_mappings: self.mapped_peak.mappings(),
                peak_mapped_bytes: self.mapped_peak.bytes(),
                resident_before_bytes: written.resident_before_bytes,
                resident_after_bytes: written.resident_after_bytes,
                reencoded_chunks: written.reasons.into_map(),
                per_column: written.columns,
            }),
        }
    }
}
