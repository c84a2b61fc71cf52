//! `export`: a snapshot of a table as one Parquet file.
//!
//! Small parts, so that what comes later (workers, budgets, passthrough) has a place: the request,
//! the planner that cuts row groups, the group that is being gathered, the exporter that encodes it
//! column by column, the report.

mod exporter;
mod group;
mod key_values;
mod planner;
mod report;
mod request;
mod row_bytes;

use std::time::Instant;

use mmap_io::{RealVfs, Root, Vfs};
use table_reader::CancelToken;

pub use report::ExportReport;
pub use request::{ExportRequest, ROW_GROUP_BYTES_DEFAULT, ROW_GROUP_ROWS_DEFAULT};

use crate::error::Result;
use crate::progress::Progress;
use crate::reading::{open_reader, stale_or};
use crate::target::{Output, Publish, write_to};
use crate::usage;
use exporter::{Exporter, Written};

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
    let started = (Instant::now(), usage::cpu_time());
    let output = std::mem::replace(
        &mut request.output,
        Output::Writer(Box::new(std::io::sink())),
    );
    let named = match &output {
        Output::File(path) => path.display().to_string(),
        Output::Writer(_) => "-".to_owned(),
    };
    let publish = Publish {
        force: request.force,
        sync: request.sync,
    };
    let done = write_to(vfs, output, publish, progress, |out| {
        let reader = open_reader(root, request.columns.as_deref())?;
        let exporter = Exporter {
            reader: &reader,
            request: &request,
            progress,
            cancel,
        };
        exporter.run(out).map_err(|error| stale_or(&reader, error))
    });
    progress.end();
    let written = done.map_err(|error| error.in_table(root.path()))?;
    Ok(report(written, named, started))
}

fn report(
    written: Written,
    output: String,
    (started, cpu_before): (Instant, Option<std::time::Duration>),
) -> ExportReport {
    let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(0);
    let cpu = usage::cpu_time()
        .zip(cpu_before)
        .map(|(now, then)| now.saturating_sub(then));
    ExportReport {
        table: written.table,
        output,
        snapshot_txn: written.snapshot_txn,
        rows: written.rows,
        partitions: written.partitions,
        row_groups: written.row_groups,
        columns: written.columns,
        bytes_in: written.bytes_in,
        bytes_out: written.bytes_out,
        wall_ms: millis(started.elapsed()),
        cpu_ms: cpu.map_or(0, millis),
        peak_rss_bytes: usage::peak_rss_bytes().unwrap_or(0),
        encoded_chunks: written.encoded_chunks,
        replaced_texts: written.replaced_texts,
    }
}
