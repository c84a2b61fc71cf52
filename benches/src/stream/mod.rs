//! `bench stream`: is an export flat and small when memory is short?
//!
//! The parts of one measurement, each in a file: a memory limit ([`group`]), a contestant under
//! it ([`contestant`]), what it did over time ([`watch`]), when each partition was done
//! ([`pace`]), what its neighbour felt ([`neighbour`]), and how it is told ([`figures`],
//! [`markdown`]). The program `stream` puts them together.

pub mod contestant;
pub mod figures;
pub mod files;
pub mod group;
pub mod kept;
pub mod markdown;
pub mod neighbour;
pub mod pace;
pub mod page_cache;
pub mod watch;

use testkit::generate::Workload;

use crate::TableParams;
use crate::args::Args;

/// Bytes of a MiB.
pub const MIB: u64 = 1024 * 1024;

/// Limits under which everyone runs once more, beside a neighbour: the smallest, and none.
pub const BESIDE: [Option<u64>; 2] = [Some(64 * MIB), None];

/// What is measured.
#[derive(Clone, Debug)]
pub struct StreamParams {
    /// The table, and how often each contestant exports it under each limit.
    pub table: TableParams,
    /// Memory limits, the smallest first.
    pub limits: Vec<Limit>,
    /// Rows of a row group, for all.
    pub row_group_rows: u64,
    /// Seconds after which a contestant is stopped.
    pub seconds_max: u64,
    /// Milliseconds for which the neighbour reads alone before a contestant starts.
    pub alone_ms: u64,
}

/// Parameters in full and small size.
#[must_use]
pub fn params(args: &Args, smoke: bool) -> StreamParams {
    let (rows, partitions, runs) = if smoke {
        (20_000, 4, 1)
    } else {
        (34_000_000, 17, 1)
    };
    let table = TableParams {
        workload: Workload::Trades,
        rows: args.rows.unwrap_or(rows),
        partitions,
        runs: args.runs.unwrap_or(runs),
    };
    let all = [Some(64), Some(128), Some(256), None];
    let asked = match args.limits.as_slice() {
        [] if smoke => &[None],
        [] => &all[..],
        asked => asked,
    };
    let limits = asked.iter().map(|mib| Limit(mib.map(|mib| mib * MIB)));
    StreamParams {
        table,
        limits: limits.collect(),
        row_group_rows: if smoke { 3_000 } else { 1_000_000 },
        seconds_max: args.seconds.unwrap_or(if smoke { 60 } else { 120 }),
        alone_ms: if smoke { 50 } else { 1_500 },
    }
}

/// Bytes of memory that a contestant may use together with the pages of files that it brings in;
/// none is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Option<u64>);

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(bytes) => f.pad(&format!("{} MiB", bytes / MIB)),
            None => f.pad("no limit"),
        }
    }
}

impl Limit {
    /// The limit as part of the name of a figure.
    #[must_use]
    pub fn key(self) -> String {
        self.0
            .map_or_else(|| "none".to_owned(), |bytes| format!("{}MiB", bytes / MIB))
    }
}
