//! Whole exports: the budget of pages, indexes and footers in flight, and 8 MiB for the rest.

use std::io;
use std::path::Path;

use engine::{CancelToken, ExportRequest, NoProgress, Output};
use testkit::generate::Workload;

use super::{Job, MIB, Measured};
use crate::{TableParams, table};

/// What an export may have beside its budget.
const BESIDE: u64 = 8 * MIB;
/// Exports of each workload, with the default budget and half of it.
pub const JOBS: [Job; 6] = [
    Job {
        name: "export-trades",
        what: "2,000,000 rows in 4 partitions, zstd:1, the default budget of 64 MiB",
        bound: 64 * MIB + BESIDE,
        prepare: |data| prepare(data, Workload::Trades, 2_000_000, 64 * MIB),
    },
    Job {
        name: "export-cpu",
        what: "1,000,000 rows of 21 columns, the same",
        bound: 64 * MIB + BESIDE,
        prepare: |data| prepare(data, Workload::Cpu, 1_000_000, 64 * MIB),
    },
    Job {
        name: "export-wide",
        what: "60,000 rows of 300 columns, the same",
        bound: 64 * MIB + BESIDE,
        prepare: |data| prepare(data, Workload::Wide, 60_000, 64 * MIB),
    },
    Job {
        name: "export-trades-32",
        what: "2,000,000 rows in 4 partitions, zstd:1, a budget of 32 MiB",
        bound: 32 * MIB + BESIDE,
        prepare: |data| prepare(data, Workload::Trades, 2_000_000, 32 * MIB),
    },
    Job {
        name: "export-cpu-32",
        what: "1,000,000 rows of 21 columns, a budget of 32 MiB",
        bound: 32 * MIB + BESIDE,
        prepare: |data| prepare(data, Workload::Cpu, 1_000_000, 32 * MIB),
    },
    Job {
        name: "export-wide-32",
        what: "60,000 rows of 300 columns, a budget of 32 MiB",
        bound: 32 * MIB + BESIDE,
        prepare: |data| prepare(data, Workload::Wide, 60_000, 32 * MIB),
    },
];

fn prepare(data: &Path, workload: Workload, rows: u64, memory_bytes: u64) -> io::Result<Measured> {
    let params = TableParams {
        workload,
        rows,
        partitions: 4,
        runs: 1,
    };
    let table = table(data, &params)?;
    let mut request = ExportRequest::new(table, Output::Writer(Box::new(io::sink())));
    request.memory_bytes = memory_bytes;
    Ok(Box::new(move || {
        let report = engine::export(request, &NoProgress, &CancelToken::new());
        let report = report.map_err(io::Error::other)?;
        assert_eq!(report.rows, rows, "exported another number of rows");
        Ok(())
    }))
}
