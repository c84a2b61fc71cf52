//! What the caller of a program asked for, beyond small or full.
//!
//! `cargo xtask bench NAME` hands its arguments over as they are. A full run takes longer than
//! anybody wants to wait for at once, so every dimension of it can be cut down, and what was
//! measured before can be kept.

use std::io;
use std::str::FromStr;

use testkit::generate::Workload;

/// The arguments; what is empty or none was not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// `--rows N`: another table than the one that figures are quoted for.
    pub rows: Option<u64>,
    /// `--runs N` of each contestant.
    pub runs: Option<usize>,
    /// `--workload A,B`.
    pub workloads: Vec<Workload>,
    /// `--codec A,B`.
    pub codecs: Vec<String>,
    /// `--only A,B`: contestants.
    pub only: Vec<String>,
    /// `--limit A,B`: memory limits in MiB, or `none`.
    pub limits: Vec<Option<u64>>,
    /// `--seconds N`: after so many a contestant is stopped.
    pub seconds: Option<u64>,
    /// `--resume`: runs that were measured before count.
    pub resume: bool,
}

impl Args {
    /// Those of this process.
    ///
    /// # Errors
    /// An argument that nobody knows, or a value that is none.
    pub fn of_process() -> io::Result<Args> {
        Args::parse(std::env::args().skip(1))
    }

    fn parse(args: impl Iterator<Item = String>) -> io::Result<Args> {
        let mut found = Args::default();
        let mut args = args;
        while let Some(name) = args.next() {
            if name == "--resume" {
                found.resume = true;
                continue;
            }
            let value = args.next();
            let value = value.ok_or_else(|| io::Error::other(format!("{name} needs a value")))?;
            let words = || value.split(',').map(str::to_owned).collect::<Vec<_>>();
            match name.as_str() {
                "--rows" => found.rows = Some(number(&value)?),
                "--runs" => found.runs = Some(number(&value)?),
                "--seconds" => found.seconds = Some(number(&value)?),
                "--codec" => found.codecs = words(),
                "--only" => found.only = words(),
                "--workload" => {
                    let workloads = value.split(',').map(Workload::from_str);
                    found.workloads = workloads
                        .collect::<Result<_, _>>()
                        .map_err(io::Error::other)?;
                }
                "--limit" => {
                    let limit = |word: &str| match word {
                        "none" => Ok(None),
                        mib => number(mib.trim_end_matches("MiB")).map(Some),
                    };
                    found.limits = value.split(',').map(limit).collect::<io::Result<_>>()?;
                }
                _ => return Err(io::Error::other(format!("unknown argument {name}"))),
            }
        }
        Ok(found)
    }

    /// Whether a contestant takes part.
    #[must_use]
    pub fn wants(&self, contestant: &str) -> bool {
        self.only.is_empty()
            || self
                .only
                .iter()
                .any(|only| contestant.starts_with(only.as_str()))
    }
}

fn number<N: FromStr>(text: &str) -> io::Result<N> {
    text.replace('_', "")
        .parse()
        .map_err(|_| io::Error::other(format!("{text} is no number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> io::Result<Args> {
        Args::parse(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn every_dimension_can_be_cut_down() {
        let args = parsed(
            "--rows 2_000 --workload cpu,wide --codec none,zstd:1 --limit 64MiB,none --resume --seconds 9",
        );
        let args = args.unwrap();
        assert_eq!(args.rows, Some(2000));
        assert_eq!(args.seconds, Some(9));
        assert_eq!(args.workloads, [Workload::Cpu, Workload::Wide]);
        assert_eq!(args.codecs, ["none", "zstd:1"]);
        assert_eq!(args.limits, [Some(64), None]);
        assert!(args.resume && args.wants("anybody"));
        assert!(!parsed("--only duckdb").unwrap().wants("polars-best"));
        assert!(parsed("--only duckdb").unwrap().wants("duckdb-best"));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert!(parsed("--row 1").is_err());
        assert!(parsed("--rows many").is_err());
        assert!(parsed("--workload boats").is_err());
    }
}
