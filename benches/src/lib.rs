//! Workloads, seeds and parameters of every benchmark.
//!
//! One place for what is measured, in two sizes: *full* is what a figure is quoted for, *small*
//! proves in the tests that the benchmark still runs.

#![forbid(unsafe_code)]

pub mod args;
pub mod export;
pub mod heap;
pub mod measure;
pub mod sources;
pub mod stream;

use std::io;
use std::path::{Path, PathBuf};

use mmap_io::RealVfs;
use testkit::generate::{Request, Workload, generate};

/// Seed of every generated table.
pub const SEED: u64 = 1;

/// Variables by which `cargo xtask bench` hands over what it made (restated in `xtask/src/bench.rs`).
pub mod env {
    /// Set for small parameters.
    pub const SMOKE: &str = "BENCH_SMOKE";
    /// Path of `sluice`.
    pub const SLUICE: &str = "BENCH_SLUICE";
    /// A Python that has the peers.
    pub const PYTHON: &str = "BENCH_PYTHON";
    /// Where big inputs are kept between runs.
    pub const DATA: &str = "BENCH_DATA";
    /// Where to write the figures.
    pub const RESULT: &str = "BENCH_RESULT";
    /// A Python that has chDB; missing in smoke runs.
    pub const CHDB: &str = "BENCH_CHDB";
    /// The exporter with arrow-rs; missing in smoke runs.
    pub const ARROW_RS: &str = "BENCH_ARROW_RS";
    /// A Java that starts QuestDB; missing where there is none.
    pub const JAVA: &str = "BENCH_JAVA";
    /// The server's jar; missing with Java.
    pub const JAR: &str = "BENCH_JAR";
    /// A Python that draws; missing in smoke runs.
    pub const PLOTTER: &str = "BENCH_PLOTTER";
}

/// Whether small parameters were asked for.
#[must_use]
pub fn is_smoke() -> bool {
    std::env::var_os(env::SMOKE).is_some()
}

/// A path that `cargo xtask bench` passes.
///
/// # Errors
/// The variable is not set: the program was not started through the door.
pub fn path_of(variable: &str) -> io::Result<PathBuf> {
    let missing = || io::Error::other(format!("{variable} is not set: use `cargo xtask bench`"));
    std::env::var_os(variable)
        .map(PathBuf::from)
        .ok_or_else(missing)
}

/// Size of a bench over a generated table.
#[derive(Clone, Copy, Debug)]
pub struct TableParams {
    /// Which table.
    pub workload: Workload,
    /// Its rows.
    pub rows: u64,
    /// Its partitions.
    pub partitions: u64,
    /// How often each contestant runs.
    pub runs: usize,
}

/// Rows of `bench columns`.
#[must_use]
pub fn column_rows(smoke: bool) -> usize {
    if smoke { 1000 } else { 1_000_000 }
}

/// The generated table of these parameters below `data`; made if it is not there.
///
/// # Errors
/// The generator's.
pub fn table(data: &Path, params: &TableParams) -> io::Result<PathBuf> {
    let TableParams {
        workload,
        rows,
        partitions,
        ..
    } = *params;
    let path = data.join(format!("{workload}-{rows}-{partitions}-{SEED}"));
    // `_txn` is written last: without it an earlier attempt was interrupted.
    if !path.join("_txn").is_file() {
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        let request = Request {
            seed: SEED,
            ..Request::new(workload, rows, partitions, &path)
        };
        generate(&RealVfs, &request).map_err(io::Error::other)?;
    }
    Ok(path)
}
