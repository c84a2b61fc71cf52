//! Tables for benchmarks and tests: `cargo xtask gen trades|cpu|wide`.
//!
//! The same bytes for the same request, on any day and whatever the memory: every column has a
//! random stream of its own, is produced in batches and written through column-format's writers
//! straight to its files, one column after the other. QuestDB opens a copy of the result
//! (`cargo xtask interop questdb` shows it).

mod column;
mod cpu;
mod error;
mod many;
mod plan;
mod random;
mod table;
mod trades;
mod wide;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use mmap_io::Vfs;

pub use error::GenError;
pub use many::{generate_large, generate_many, generate_texts};

/// Which table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// Seven columns of a market: 500 symbols, prices, order ids.
    Trades,
    /// The devops shape: ten tags and ten gauges of 4,000 hosts.
    Cpu,
    /// 300 columns of every type, sparse, half of them added late.
    Wide,
}

impl Workload {
    /// All of them.
    pub const ALL: [Workload; 3] = [Workload::Trades, Workload::Cpu, Workload::Wide];
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Workload::Trades => "trades",
            Workload::Cpu => "cpu",
            Workload::Wide => "wide",
        })
    }
}

impl FromStr for Workload {
    type Err = GenError;

    fn from_str(name: &str) -> Result<Self, GenError> {
        let found = Workload::ALL
            .into_iter()
            .find(|workload| workload.to_string() == name);
        found.ok_or_else(|| GenError::NoSuchWorkload {
            name: name.to_owned(),
        })
    }
}

/// What to make.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which table.
    pub workload: Workload,
    /// Rows of the whole table.
    pub rows: u64,
    /// Days over which the rows are spread evenly, the first ones getting what does not divide.
    pub partitions: u64,
    /// The table directory: must not exist, or be empty.
    pub out: PathBuf,
    /// Where randomness starts.
    pub seed: u64,
}

impl Request {
    /// A request with seed 1.
    #[must_use]
    pub fn new(workload: Workload, rows: u64, partitions: u64, out: impl Into<PathBuf>) -> Request {
        Request {
            workload,
            rows,
            partitions,
            out: out.into(),
            seed: 1,
        }
    }
}

/// What was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Generated {
    /// Rows of the table.
    pub rows: u64,
    /// Partitions that have rows.
    pub partitions: usize,
    /// Columns, the designated timestamp included.
    pub columns: usize,
    /// Bytes of all files of the table.
    pub bytes: u64,
}

/// Makes a table.
///
/// # Errors
/// The directory is not empty, the rows do not fit into the days, or the file system's.
pub fn generate(vfs: &dyn Vfs, request: &Request) -> Result<Generated, GenError> {
    let spans = plan::spans(request)?;
    let table = match request.workload {
        Workload::Trades => trades::table(request.seed)?,
        Workload::Cpu => cpu::table(request.seed)?,
        Workload::Wide => wide::table(request.seed, &spans)?,
    };
    table.write(vfs, &request.out, &spans)
}
