//! Exports a table and says how it went: `cargo run -p engine --example export -- TABLE OUT`.
//!
//! Without arguments it exports a stored table to nowhere.

use std::io::Write;
use std::path::PathBuf;

use engine::{CancelToken, Done, ExportRequest, Output, Progress, Totals};

/// Prints a line per row group's worth of progress.
struct Lines;

impl Progress for Lines {
    fn begin(&self, totals: Totals) {
        say(&format!(
            "{} rows in {} partitions",
            totals.rows, totals.partitions
        ));
    }

    fn advance(&self, done: Done) {
        say(&format!("{} rows, {} bytes out", done.rows, done.bytes_out));
    }
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn main() -> Result<(), engine::EngineError> {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let stored = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/questdb/trades/table/trades~6"
    );
    let table = args.next().unwrap_or_else(|| stored.into());
    let output = match args.next() {
        Some(path) => Output::File(path),
        None => Output::Writer(Box::new(std::io::sink())),
    };
    let mut request = ExportRequest::new(table, output);
    request.row_group_rows = 100_000;
    let report = engine::export(request, &Lines, &CancelToken::new())?;
    say(&format!(
        "{} -> {}: {} row groups",
        report.table, report.output, report.row_groups
    ));
    Ok(())
}
