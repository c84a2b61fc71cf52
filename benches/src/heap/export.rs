//! Whole exports: the budget of pages, indexes and footers in flight, and 8 MiB for the rest.

use std::io;
use std::path::{Path, PathBuf};

use column_format::ColumnType;
use engine::{CancelToken, ExportRequest, NoProgress, Output};
use mmap_io::RealVfs;
use testkit::generate::{Workload, generate_large};

use super::{Job, MIB, Measured};
use crate::{TableParams, table};

/// What an export may have beside its budget.
const BESIDE: u64 = 8 * MIB;
/// Exports of each workload, with the default budget and with half of it.
pub const JOBS: [[Job; 3]; 2] = [
    jobs::<64>(["export-trades", "export-cpu", "export-wide"]),
    jobs::<32>(["export-trades-32", "export-cpu-32", "export-wide-32"]),
];

const fn jobs<const BUDGET_MIB: u64>([trades, cpu, wide]: [&'static str; 3]) -> [Job; 3] {
    let bound = BUDGET_MIB * MIB + BESIDE;
    [
        Job {
            name: trades,
            what: "2,000,000 rows in 4 partitions, zstd:1, a budget of 8 MiB less than the bound",
            bound,
            prepare: |data| prepare(data, Workload::Trades, 2_000_000, BUDGET_MIB * MIB),
        },
        Job {
            name: cpu,
            what: "1,000,000 rows of 21 columns, the same",
            bound,
            prepare: |data| prepare(data, Workload::Cpu, 1_000_000, BUDGET_MIB * MIB),
        },
        Job {
            name: wide,
            what: "60,000 rows of 300 columns, the same",
            bound,
            prepare: |data| prepare(data, Workload::Wide, 60_000, BUDGET_MIB * MIB),
        },
    ]
}

/// Values of 10 MiB.
pub const LARGE: [Job; 1] = [Job {
    name: "export-large",
    what: "6 rows of a VARCHAR and a BINARY of 10 MiB each, a budget of 64 MiB",
    bound: 64 * MIB + BESIDE,
    prepare: large,
}];

fn large(data: &Path) -> io::Result<Measured> {
    let table = data.join("large-6");
    if !table.join("_txn").is_file() {
        let columns = [
            (ColumnType::Varchar, 10 << 20),
            (ColumnType::Binary, 10 << 20),
        ];
        let made = generate_large(&RealVfs, (6, 1), &columns, &table);
        made.map_err(io::Error::other)?;
    }
    measured(table, 6, 64 * MIB)
}

fn prepare(data: &Path, workload: Workload, rows: u64, memory_bytes: u64) -> io::Result<Measured> {
    let params = TableParams {
        workload,
        rows,
        partitions: 4,
        runs: 1,
    };
    measured(table(data, &params)?, rows, memory_bytes)
}

fn measured(table: PathBuf, rows: u64, memory_bytes: u64) -> io::Result<Measured> {
    let mut request = ExportRequest::new(table, Output::Writer(Box::new(io::sink())));
    request.memory_bytes = memory_bytes;
    Ok(Box::new(move || {
        let report = engine::export(request, &NoProgress, &CancelToken::new());
        let report = report.map_err(io::Error::other)?;
        assert_eq!(report.rows, rows, "exported another number of rows");
        Ok(())
    }))
}
