//! What was measured before, read back from what [`super::figures::full`] made of it.
//!
//! A full run takes longer than a machine is quiet: with `--resume` it goes on where it stopped,
//! and what is told covers both.

use serde_json::Value;

use super::contestant::{Contestant, Effort};
use super::figures::{Entry, Felt, Run, effort_name};
use super::neighbour::Latency;
use super::pace::Step;
use super::watch::Peaks;
use super::{Limit, MIB};

/// The entries of a kept run over the same table; none of another one.
#[must_use]
pub fn from_full(kept: &Value, rows: u64, partitions: u64) -> Vec<Entry> {
    if kept["rows"] != rows || kept["partitions"] != partitions {
        return Vec::new();
    }
    let entries = kept["entries"].as_array().into_iter().flatten();
    entries.filter_map(entry).collect()
}

fn entry(kept: &Value) -> Option<Entry> {
    let name = kept["contestant"].as_str()?;
    let mut all = Contestant::ALL.into_iter();
    let contestant = all.find(|contestant| contestant.to_string() == name)?;
    let failure = |kept: &Value| {
        let why = kept["why"].as_str()?.to_owned();
        Some((effort(kept)?, why))
    };
    let list = |key: &str| kept[key].as_array().into_iter().flatten();
    Some(Entry {
        contestant,
        limit: Limit(kept["limit_bytes"].as_u64()),
        runs: list("runs").filter_map(run).collect(),
        failures: list("failures").filter_map(failure).collect(),
        felt: felt(&kept["neighbour"]),
    })
}

fn effort(kept: &Value) -> Option<Effort> {
    let mut all = [Effort::Usual, Effort::Frugal].into_iter();
    all.find(|effort| kept["effort"] == effort_name(*effort))
}

fn run(kept: &Value) -> Option<Run> {
    let seconds = |key: &str| {
        let list = kept[key].as_array().into_iter().flatten();
        list.map(|second| second.as_f64().unwrap_or(f64::NAN))
    };
    let steps = seconds("partition_wall_s").zip(seconds("partition_cpu_s"));
    let bytes = |key: &str| kept[key].as_f64().map_or(0, bytes);
    Some(Run {
        effort: effort(kept)?,
        wall_s: kept["wall_s"].as_f64()?,
        cpu_s: kept["cpu_s"].as_f64()?,
        steps: steps
            .map(|(wall_s, cpu_s)| Step { wall_s, cpu_s })
            .collect(),
        peaks: Peaks {
            rss: bytes("rss_mib"),
            anon: bytes("anon_mib"),
            file: bytes("file_mib"),
        },
        group_peak: kept["group_peak_mib"].as_f64().map(self::bytes),
        source_left: bytes("source_left_mib"),
        output_left: bytes("output_left_mib"),
        out_bytes: kept["out_bytes"].as_u64()?,
        said: kept["said"].clone(),
    })
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "memory in MiB, made from bytes"
)]
fn bytes(mib: f64) -> u64 {
    (mib * MIB as f64).round() as u64
}

fn felt(kept: &Value) -> Option<Result<Felt, String>> {
    if let Some(why) = kept["why"].as_str() {
        return Some(Err(why.to_owned()));
    }
    let number = |key: &str| kept[key].as_f64();
    let latency = |mean, p99| {
        Some(Latency {
            mean_us: number(mean)?,
            p99_us: number(p99)?,
        })
    };
    Some(Ok(Felt {
        alone: latency("alone_us", "alone_p99_us")?,
        beside: latency("beside_us", "beside_p99_us")?,
        kept: number("kept")?,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::figures::full;
    use super::*;

    #[test]
    fn what_is_kept_comes_back() {
        let mut measured = Entry::new(Contestant::DuckDb, Limit(Some(64 * MIB)));
        measured.failures.push((Effort::Usual, "killed".to_owned()));
        let step = Step {
            wall_s: 0.5,
            cpu_s: 0.25,
        };
        measured.runs.push(Run {
            effort: Effort::Frugal,
            wall_s: 2.0,
            cpu_s: 1.0,
            steps: vec![step; 3],
            peaks: Peaks {
                rss: 7 * MIB,
                anon: 5 * MIB + 4096,
                file: 2 * MIB,
            },
            group_peak: None,
            source_left: 12_288,
            output_left: 0,
            out_bytes: 99,
            said: Value::Null,
        });
        let latency = Latency {
            mean_us: 10.0,
            p99_us: 20.0,
        };
        measured.felt = Some(Ok(Felt {
            alone: latency,
            beside: latency,
            kept: 0.5,
        }));
        let nothing = Entry::new(Contestant::Polars, Limit(None));
        let entries = [measured, nothing];
        let kept = full(&entries, 10, 2);
        let back = from_full(&kept, 10, 2);
        assert_eq!(format!("{back:?}"), format!("{entries:?}"));
        assert!(from_full(&kept, 11, 2).is_empty());
    }
}
