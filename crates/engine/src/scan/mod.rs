//! `scan`: rows of a table as text.
//!
//! The slow and exact way through a table: one value at a time, by the same rules as QuestDB's
//! `/exp`. It is what people look at, and the oracle that exports are compared with.

mod request;
mod rows;

use std::io::Write;
use std::num::NonZeroUsize;

use mmap_io::{RealVfs, Root, Vfs};
use table_reader::{CancelToken, Cursor, Direction, TableReader};

pub use request::{ScanFormat, ScanReport, ScanRequest};

use crate::error::Result;
use crate::progress::{Done, Progress, Totals};
use crate::reading::{check_columns, open_reader_as, select_rows, stale_or};
use crate::running::{Counted, Running};
use crate::target::{Publish, write_to, writeback};

/// Rows that are given back to the page cache at a time under the evicting profile.
const FRAME_ROWS: usize = 64 << 10;

/// Prints the rows that `request` asks for.
///
/// ```no_run
/// use engine::{CancelToken, NoProgress, Output, ScanRequest};
///
/// let mut request = ScanRequest::new("db/trades", Output::Writer(Box::new(std::io::stdout())));
/// request.limit = Some(10);
/// let report = engine::scan(request, &NoProgress, &CancelToken::new())?;
/// assert!(report.rows <= 10);
/// # Ok::<(), engine::EngineError>(())
/// ```
///
/// # Errors
/// Whatever [`Cause`](crate::Cause) names. A stream may have got rows before the error.
pub fn scan(
    request: ScanRequest,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<ScanReport> {
    let root = crate::root::open_root(&request.table)?;
    scan_in(&root, &RealVfs, request, progress, cancel)
}

/// [`scan`] of a root that is open already, with the output behind `vfs`.
///
/// # Errors
/// As [`scan`].
pub fn scan_in(
    root: &Root,
    vfs: &dyn Vfs,
    mut request: ScanRequest,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<ScanReport> {
    check_columns(request.columns.as_deref())?;
    let name = format!("scan {}", root.path().display());
    let running = Running::start(&request.registry, name, cancel, request.timeout);
    let output = request.output.take();
    let publish = Publish {
        force: request.force,
        sync: request.sync,
        writeback: writeback(request.sync, request.profile.evicts()),
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
        let reader = open_reader_as(root, columns, request.profile, read_mode, &running)?;
        let scanner = Scanner {
            reader: &reader,
            request: &request,
            progress,
            running: &running,
        };
        scanner.run(out).map_err(|error| stale_or(&reader, error))
    });
    progress.end();
    done.map_err(|error| error.in_table(root.path()))
}

/// One attempt over one snapshot.
struct Scanner<'a> {
    reader: &'a TableReader,
    request: &'a ScanRequest,
    progress: &'a dyn Progress,
    running: &'a Running,
}

impl Scanner<'_> {
    fn run(&self, out: &mut dyn Write) -> Result<ScanReport> {
        let (reader, request) = (self.reader, self.request);
        let mut selection = select_rows(reader, &request.range)?;
        if let Some(limit) = request.limit {
            selection = if request.reverse {
                selection.last(limit)
            } else {
                selection.first(limit)
            };
        }
        let snapshot_txn = reader.snapshot().txn.txn;
        self.progress.begin(Totals {
            snapshot_txn,
            rows: selection.rows(),
            partitions: selection.parts().len(),
        });
        let direction = if request.reverse {
            Direction::Backward
        } else {
            Direction::Forward
        };
        let mut cursor = reader.cursor(direction, NonZeroUsize::new(FRAME_ROWS), &selection);
        let mut printer = rows::RowPrinter::new(reader, request.format)?;
        printer.header(out)?;
        let mut done = Done::default();
        let mut partition = None;
        while let Some(frame) = cursor.next_frame()? {
            let mut go_on = || self.running.go_on();
            printer.print(&frame, request.reverse, out, &mut go_on)?;
            for column in 0..frame.columns().len() {
                frame.done(column)?;
            }
            cursor.release_open_partitions();
            let rows = u64::try_from(frame.rows()).unwrap_or(u64::MAX);
            let bytes = frame.native_bytes().unwrap_or(0);
            let index = frame.partition_index();
            let entered = partition.replace(index) != Some(index);
            self.running.took_frame(entered);
            done.rows += rows;
            done.bytes_in = done.bytes_in.saturating_add(bytes);
            done.bytes_out = printer.bytes_out();
            self.progress.advance(done);
        }
        reader.revalidate()?;
        Ok(ScanReport {
            rows: done.rows,
            snapshot_txn,
            bytes_out: printer.bytes_out(),
        })
    }
}
