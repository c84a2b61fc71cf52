//! Who exports the table, and how each is told to.
//!
//! All write zstd at level 1, in row groups of the same size where that works, to the same file
//! system, without a final sync. Peers start from the form in which they hold data themselves.
//! One that does not survive is tried once more in the frugal way that its manual offers, because
//! a table of corpses says little.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::{Limit, MIB, StreamParams};
use crate::measure::script;

/// A contestant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contestant {
    /// `sluice export`.
    Sluice,
    /// pyarrow, from a mapped Arrow IPC file.
    Pyarrow,
    /// `DuckDB`, from its own file.
    DuckDb,
    /// Polars' streaming engine, from an Arrow IPC file.
    Polars,
    /// `COPY … TO` of `QuestDB`, a file a partition.
    QuestDbCopy,
    /// `/exp` of `QuestDB`, one file over HTTP.
    QuestDbExp,
}

impl fmt::Display for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Contestant::Sluice => "sluice",
            Contestant::Pyarrow => "pyarrow",
            Contestant::DuckDb => "duckdb",
            Contestant::Polars => "polars",
            Contestant::QuestDbCopy => "questdb-copy",
            Contestant::QuestDbExp => "questdb-exp",
        })
    }
}

/// How hard a peer tries to be small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// As the others: same row groups, its own defaults.
    Usual,
    /// Small row groups, one thread, and limits of its own where it has them.
    Frugal,
}

impl Effort {
    /// Rows of a row group.
    #[must_use]
    pub fn row_group_rows(self, params: &StreamParams) -> u64 {
        match self {
            Effort::Usual => params.row_group_rows,
            Effort::Frugal => params.row_group_rows.min(122_880),
        }
    }
}

/// Where everything is.
#[derive(Clone, Debug)]
pub struct Places {
    /// A Python that has the peers.
    pub python: PathBuf,
    /// Our program.
    pub sluice: PathBuf,
    /// The table.
    pub table: PathBuf,
    /// The rows as Arrow IPC.
    pub ipc: PathBuf,
    /// The rows as `DuckDB` keeps them.
    pub duckdb: PathBuf,
    /// The server, if there is one.
    pub questdb: Option<QuestDb>,
    /// Where outputs go; empty before each run.
    pub output: PathBuf,
    /// Where temporary files go.
    pub scratch: PathBuf,
}

/// A `QuestDB` that can be started.
#[derive(Clone, Debug)]
pub struct QuestDb {
    /// The Java program.
    pub java: PathBuf,
    /// The server's jar.
    pub jar: PathBuf,
    /// Its root directory; the table is in `db`.
    pub root: PathBuf,
}

/// Name of the table in the database root of the server.
pub const QUESTDB_TABLE: &str = "trades";

impl Contestant {
    /// Every one.
    pub const ALL: [Contestant; 6] = [
        Contestant::Sluice,
        Contestant::Pyarrow,
        Contestant::DuckDb,
        Contestant::Polars,
        Contestant::QuestDbCopy,
        Contestant::QuestDbExp,
    ];

    /// Those that can run.
    #[must_use]
    pub fn all(places: &Places) -> Vec<Contestant> {
        let mut all = Contestant::ALL.to_vec();
        all.retain(|contestant| places.questdb.is_some() || !contestant.is_server());
        all
    }

    /// Whether a server does the work.
    #[must_use]
    pub fn is_server(self) -> bool {
        matches!(self, Contestant::QuestDbCopy | Contestant::QuestDbExp)
    }

    /// Ways to try, in this order, until one succeeds.
    #[must_use]
    pub fn efforts(self) -> &'static [Effort] {
        match self {
            Contestant::Sluice => &[Effort::Usual],
            _ => &[Effort::Usual, Effort::Frugal],
        }
    }

    /// What it reads.
    ///
    /// # Errors
    /// A server that there is none of.
    pub fn source(self, places: &Places) -> io::Result<PathBuf> {
        Ok(match self {
            Contestant::Sluice => places.table.clone(),
            Contestant::Pyarrow | Contestant::Polars => places.ipc.clone(),
            Contestant::DuckDb => places.duckdb.clone(),
            Contestant::QuestDbCopy | Contestant::QuestDbExp => {
                places.server()?.root.join("db").join(QUESTDB_TABLE)
            }
        })
    }

    /// Program and arguments. A server takes `java`, a program that enters the group first.
    ///
    /// # Errors
    /// Paths that are no text; a server that there is none of.
    pub fn command(
        self,
        places: &Places,
        limit: Limit,
        effort: Effort,
        params: &StreamParams,
        java: &Path,
    ) -> io::Result<Vec<String>> {
        let source = text(&self.source(places)?)?;
        let rows = effort.row_group_rows(params).to_string();
        let python = text(&places.python)?;
        let bytes = limit.0.unwrap_or(0).to_string();
        Ok(match self {
            Contestant::Sluice => {
                let output = text(&places.output.join("sluice.parquet"))?;
                let mut command = vec![text(&places.sluice)?, "export".into(), source];
                command.extend(["-o".into(), output, "--no-sync".into(), "--json".into()]);
                command.extend(["--codec".into(), "zstd:1".into()]);
                command.extend(["--row-group-rows".into(), rows]);
                if limit.0.is_some() {
                    command.extend(["--memory".into(), format!("{}MiB", budget_mib(limit))]);
                }
                command
            }
            Contestant::QuestDbCopy | Contestant::QuestDbExp => {
                let server = places.server()?;
                let program = text(&script("stream_questdb.py"))?;
                let (root, jar) = (text(&server.root)?, text(&server.jar)?);
                let (output, java) = (text(&places.output)?, text(java)?);
                let mut command = vec![python, program, self.to_string(), QUESTDB_TABLE.into()];
                command.extend([java, jar, root, output, rows]);
                command
            }
            _ => {
                let output = places.output.join(format!("{self}.parquet"));
                let program = text(&script("stream_peer.py"))?;
                let scratch = text(&places.scratch)?;
                let mut command = vec![python, program, self.to_string(), source, text(&output)?];
                command.extend([rows, scratch]);
                if effort == Effort::Frugal {
                    command.push(bytes);
                }
                command
            }
        })
    }

    /// Flags for Java. The machine sizes its heap by the group by itself; frugal is what an
    /// operator would write for a small container.
    #[must_use]
    pub fn java_flags(limit: Limit, effort: Effort) -> String {
        match (effort, limit.0) {
            (Effort::Frugal, Some(bytes)) => {
                let heap = bytes / 4 / MIB;
                format!("-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xss256k -Xmx{heap}m")
            }
            _ => String::new(),
        }
    }
}

impl Places {
    fn server(&self) -> io::Result<&QuestDb> {
        let server = self.questdb.as_ref();
        server.ok_or_else(|| io::Error::other("there is no QuestDB"))
    }
}

/// `--memory` for `sluice`: its default, or half of a smaller limit; the other half is for the
/// program itself and for the pages that it is reading.
#[must_use]
pub fn budget_mib(limit: Limit) -> u64 {
    const DEFAULT_MIB: u64 = 64;
    limit
        .0
        .map_or(DEFAULT_MIB, |bytes| DEFAULT_MIB.min(bytes / 2 / MIB))
}

fn text(path: &Path) -> io::Result<String> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| io::Error::other(format!("{}: not UTF-8", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_budget_leaves_half_of_a_small_limit() {
        let budgets = [Some(64), Some(128), Some(256), None]
            .map(|mib| budget_mib(Limit(mib.map(|mib| mib * MIB))));
        assert_eq!(budgets, [32, 64, 64, 64]);
    }
}
