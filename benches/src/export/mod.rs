//! `bench export`: the whole way from a table to Parquet, by everybody who can do it.
//!
//! Who ([`contestant`]), what was measured so far ([`state`]), and how it is told ([`markdown`]).
//! The program `export` puts them together.

pub mod contestant;
pub mod markdown;
pub mod state;

use testkit::generate::Workload;

use crate::args::Args;
use state::Case;

/// Codecs of the full matrix.
pub const CODECS: [&str; 4] = ["none", "lz4_raw", "zstd:1", "zstd:3"];

/// Rows and partitions for which figures of a workload are quoted.
#[must_use]
pub fn full_size(workload: Workload) -> (u64, u64) {
    match workload {
        Workload::Trades => (34_000_000, 17),
        Workload::Cpu => (10_000_000, 5),
        Workload::Wide => (1_000_000, 4),
    }
}

/// What is to be measured, in order.
#[must_use]
pub fn cases(args: &Args, smoke: bool) -> Vec<Case> {
    let all = &Workload::ALL[..];
    let workloads = match args.workloads.as_slice() {
        [] => all,
        asked => asked,
    };
    let codecs: Vec<String> = match args.codecs.as_slice() {
        [] if smoke => vec!["zstd:1".to_owned()],
        [] => CODECS.map(str::to_owned).to_vec(),
        asked => asked.to_vec(),
    };
    let case = |workload: Workload, codec: &String| {
        let (rows, partitions) = full_size(workload);
        let small = if workload == Workload::Wide {
            500
        } else {
            20_000
        };
        let (rows, partitions) = if smoke {
            (small, 3)
        } else {
            (rows, partitions)
        };
        Case {
            workload,
            rows: args.rows.unwrap_or(rows),
            partitions,
            codec: codec.clone(),
        }
    };
    let of = |workload: &Workload| codecs.iter().map(|codec| case(*workload, codec)).collect();
    workloads
        .iter()
        .map(of)
        .collect::<Vec<Vec<Case>>>()
        .concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_cut_by_what_was_asked() {
        assert_eq!(cases(&Args::default(), false).len(), 12);
        let args = Args {
            workloads: vec![Workload::Cpu],
            codecs: vec!["none".to_owned()],
            rows: Some(5),
            ..Args::default()
        };
        let found = cases(&args, false);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].rows, found[0].partitions), (5, 5));
    }
}
