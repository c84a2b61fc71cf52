//! `scan`: rows of a table as text.
//!
//! The slow and exact way through a table: one value at a time, by the same rules as QuestDB's
//! `/exp`. It is what people look at, and the oracle that exports are compared with.

mod request;
mod rows;

use std::io::Write;
use std::sync::Arc;

use mmap_io::{RealVfs, Root, Vfs};
use table_reader::{CancelToken, Cursor, Direction};

pub use request::{ScanFormat, ScanReport, ScanRequest};

use crate::error::{Cause, Result};
use crate::progress::{Done, Progress, Totals};
use crate::reading::{check_columns, open_reader, select_rows, stale_or};
use crate::target::{Output, Publish, write_to};

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
/// Whatever [`Cause`] names. A stream may have got rows before the error.
pub fn scan(
    request: ScanRequest,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<ScanReport> {
    let vfs: Arc<dyn Vfs> = Arc::new(RealVfs);
    let root = crate::root::open_root(&request.table)?;
    scan_in(&root, &*vfs, request, progress, cancel)
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
    let output = std::mem::replace(
        &mut request.output,
        Output::Writer(Box::new(std::io::sink())),
    );
    let publish = Publish {
        force: request.force,
        sync: request.sync,
    };
    let done = write_to(vfs, output, publish, progress, |out| {
        print_rows(root, &request, out, progress, cancel)
    });
    progress.end();
    done.map_err(|error| error.in_table(root.path()))
}

/// One attempt over one snapshot.
fn print_rows(
    root: &Root,
    request: &ScanRequest,
    out: &mut dyn Write,
    progress: &dyn Progress,
    cancel: &CancelToken,
) -> Result<ScanReport> {
    let reader = open_reader(root, request.columns.as_deref())?;
    let mut selection = select_rows(&reader, &request.range)?;
    if let Some(limit) = request.limit {
        selection = if request.reverse {
            selection.last(limit)
        } else {
            selection.first(limit)
        };
    }
    reader.require_native(&selection)?;
    let snapshot_txn = reader.snapshot().txn.txn;
    progress.begin(Totals {
        snapshot_txn,
        rows: selection.rows(),
        partitions: selection.parts().len(),
    });
    let direction = if request.reverse {
        Direction::Backward
    } else {
        Direction::Forward
    };
    let mut cursor = reader.cursor(direction, None, &selection);
    let mut printer = rows::RowPrinter::new(&reader, request.format)?;
    printer.header(out)?;
    let mut done = Done::default();
    while let Some(frame) = cursor
        .next_frame()
        .map_err(|e| stale_or(&reader, e.into()))?
    {
        let count = u64::try_from(frame.rows()).unwrap_or(u64::MAX);
        let printed = printer.print(&frame, request.reverse, out, &mut || {
            if cancel.is_cancelled() {
                Err(Cause::Cancelled.into())
            } else {
                Ok(())
            }
        });
        printed.map_err(|error| stale_or(&reader, error))?;
        cursor.release_open_partitions();
        done.rows += count;
        done.bytes_out = printer.bytes_out();
        progress.advance(done);
    }
    reader.revalidate()?;
    Ok(ScanReport {
        rows: done.rows,
        snapshot_txn,
        bytes_out: printer.bytes_out(),
    })
}
