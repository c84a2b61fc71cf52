//! Whole exports: the budget of pages, indexes and footers in flight, and 8 MiB for the rest.

use std::io;
use std::path::Path;

use engine::{CancelToken, ExportRequest, NoProgress, Output};
use testkit::generate::Workload;

use super::{Job, MIB, Measured};
use crate::{TableParams, table};

/// What an export may have beside its budget.
const BESIDE: u64 = 8 * MIB;
/// The budget without `--memory`.
const DEFAULT_BUDGET: u64 = 64 * MIB;

/// Exports of each workload.
pub const JOBS: [Job; 3] = [
    Job {
        name: "export-trades",
        what: "2,000,000 rows in 4 partitions, zstd:1, the default budget of 64 MiB",
        bound: DEFAULT_BUDGET + BESIDE,
        prepare: |data| prepare(data, Workload::Trades, 2_000_000),
    },
    Job {
        name: "export-cpu",
        what: "1,000,000 rows of 21 columns, the same",
        bound: DEFAULT_BUDGET + BESIDE,
        prepare: |data| prepare(data, Workload::Cpu, 1_000_000),
    },
    Job {
        name: "export-wide",
        what: "60,000 rows of 300 columns, the same",
        bound: DEFAULT_BUDGET + BESIDE,
        prepare: |data| prepare(data, Workload::Wide, 60_000),
    },
];

fn prepare(data: &Path, workload: Workload, rows: u64) -> io::Result<Measured> {
    let params = TableParams {
        workload,
        rows,
        partitions: 4,
        runs: 1,
    };
    let table = table(data, &params)?;
    let request = ExportRequest::new(table, Output::Writer(Box::new(io::sink())));
    Ok(Box::new(move || {
        let report = engine::export(request, &NoProgress, &CancelToken::new());
        let report = report.map_err(io::Error::other)?;
        assert_eq!(report.rows, rows, "exported another number of rows");
        Ok(())
    }))
}
