//! What was measured, and what is kept of it.
//!
//! Memory and residue are told by the worst run, speed by the middle one, flatness by the slowest:
//! each by the run that says least for us.

use serde_json::{Map, Value, json};

use super::contestant::{Contestant, Effort};
use super::neighbour::Latency;
use super::pace::{Step, last_to_first};
use super::watch::Peaks;
use super::{Limit, MIB};

/// A run that ended well.
#[derive(Clone, Debug)]
pub struct Run {
    /// How the contestant was told to.
    pub effort: Effort,
    /// Seconds of work.
    pub wall_s: f64,
    /// Seconds of all cores in that time; 0 where there are no groups.
    pub cpu_s: f64,
    /// By partition.
    pub steps: Vec<Step>,
    /// Memory of the process.
    pub peaks: Peaks,
    /// Memory of its group, pages of files included; none where there are no groups.
    pub group_peak: Option<u64>,
    /// Bytes of what it read that are in the page cache afterwards.
    pub source_left: u64,
    /// Bytes of what it wrote that are.
    pub output_left: u64,
    /// Bytes that it wrote.
    pub out_bytes: u64,
    /// Its own report, if it makes one.
    pub said: Value,
}

/// What its neighbour felt.
#[derive(Clone, Copy, Debug)]
pub struct Felt {
    /// Reads while nobody else was there.
    pub alone: Latency,
    /// Reads while the contestant was at work.
    pub beside: Latency,
    /// Part of the neighbour's file that was still in memory at the end.
    pub kept: f64,
}

/// A contestant under a limit.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Who.
    pub contestant: Contestant,
    /// Under which limit.
    pub limit: Limit,
    /// What went well.
    pub runs: Vec<Run>,
    /// What did not, in order: how it was told to, and how it ended.
    pub failures: Vec<(Effort, String)>,
    /// Once, beside a neighbour: what that felt, or how the contestant ended.
    pub felt: Option<Result<Felt, String>>,
}

impl Entry {
    /// Nothing measured yet.
    #[must_use]
    pub fn new(contestant: Contestant, limit: Limit) -> Entry {
        Entry {
            contestant,
            limit,
            runs: Vec::new(),
            failures: Vec::new(),
            felt: None,
        }
    }

    /// The middle run by wall clock.
    #[must_use]
    pub fn middle(&self) -> Option<&Run> {
        let mut runs: Vec<&Run> = self.runs.iter().collect();
        runs.sort_by(|a, b| a.wall_s.total_cmp(&b.wall_s));
        runs.get(runs.len().saturating_sub(1) / 2).copied()
    }

    /// The greatest of a figure.
    #[must_use]
    pub fn most(&self, figure: fn(&Run) -> f64) -> f64 {
        self.runs.iter().map(figure).fold(f64::NAN, f64::max)
    }

    /// The least of a figure.
    #[must_use]
    pub fn least(&self, figure: fn(&Run) -> f64) -> f64 {
        self.runs.iter().map(figure).fold(f64::NAN, f64::min)
    }
}

impl Felt {
    /// How many times longer a read takes.
    #[must_use]
    pub fn slowdown(&self) -> f64 {
        self.beside.mean_us / self.alone.mean_us
    }
}

impl Run {
    /// Speed of the last partition in relation to the first.
    #[must_use]
    pub fn last_to_first(&self) -> f64 {
        last_to_first(&self.steps, 1, |step| step.wall_s)
    }

    /// The same for the last and first thirds of the partitions.
    #[must_use]
    pub fn last_to_first_third(&self) -> f64 {
        last_to_first(&self.steps, self.steps.len().div_ceil(3), |step| {
            step.wall_s
        })
    }

    /// The same by CPU time, which other work on the machine hardly moves.
    #[must_use]
    pub fn last_to_first_cpu(&self) -> f64 {
        last_to_first(&self.steps, self.steps.len().div_ceil(3), |step| step.cpu_s)
    }
}

/// Bytes in MiB.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "memory is below 2^53 bytes")]
pub fn mib(bytes: u64) -> f64 {
    bytes as f64 / MIB as f64
}

/// One number a name, for `--save` and `--compare`.
#[must_use]
pub fn flat(entries: &[Entry]) -> Map<String, Value> {
    let mut figures = Map::new();
    for entry in entries {
        let mut put = |name: &str, value: f64| {
            if value.is_finite() {
                let key = format!("{}.{}.{name}", entry.contestant, entry.limit.key());
                figures.insert(key, json!(value));
            }
        };
        if let Some(run) = entry.middle() {
            put("wall_s", run.wall_s);
            put("cpu_s", run.cpu_s);
        }
        put("last_to_first", entry.least(Run::last_to_first));
        put("anon_mib", entry.most(|run| mib(run.peaks.anon)));
        put("file_mib", entry.most(|run| mib(run.peaks.file)));
        put("source_left_mib", entry.most(|run| mib(run.source_left)));
        if let Some(Ok(felt)) = &entry.felt {
            put("neighbour_slowdown", felt.slowdown());
        }
    }
    figures
}

/// Everything, by partition too; also what the plot is drawn from.
#[must_use]
pub fn full(entries: &[Entry], rows: u64, partitions: u64) -> Value {
    let told: Vec<Value> = entries.iter().map(entry_json).collect();
    json!({"rows": rows, "partitions": partitions, "entries": told})
}

fn entry_json(entry: &Entry) -> Value {
    let failures: Vec<Value> = entry
        .failures
        .iter()
        .map(|(effort, why)| json!({"effort": effort_name(*effort), "why": why}))
        .collect();
    let middle = entry.middle().map(|run| {
        let seconds: Vec<f64> = run.steps.iter().map(|step| step.wall_s).collect();
        json!(seconds)
    });
    let felt = entry.felt.as_ref().map(|felt| match felt {
        Ok(felt) => json!({
            "alone_us": felt.alone.mean_us,
            "alone_p99_us": felt.alone.p99_us,
            "beside_us": felt.beside.mean_us,
            "beside_p99_us": felt.beside.p99_us,
            "kept": felt.kept,
        }),
        Err(why) => json!({ "why": why }),
    });
    json!({
        "contestant": entry.contestant.to_string(),
        "limit": entry.limit.to_string(),
        "limit_bytes": entry.limit.0,
        "runs": entry.runs.iter().map(run_json).collect::<Vec<_>>(),
        "failures": failures,
        "neighbour": felt,
        "middle_partition_s": middle,
    })
}

fn run_json(run: &Run) -> Value {
    let steps = run.steps.iter();
    // Where the output stood is of no use on another machine.
    let mut said = run.said.clone();
    if let Some(said) = said.as_object_mut() {
        said.remove("output");
    }
    json!({
        "effort": effort_name(run.effort),
        "wall_s": run.wall_s,
        "cpu_s": run.cpu_s,
        "partition_wall_s": steps.clone().map(|step| step.wall_s).collect::<Vec<_>>(),
        "partition_cpu_s": steps.map(|step| step.cpu_s).collect::<Vec<_>>(),
        "rss_mib": mib(run.peaks.rss),
        "anon_mib": mib(run.peaks.anon),
        "file_mib": mib(run.peaks.file),
        "group_peak_mib": run.group_peak.map(mib),
        "source_left_mib": mib(run.source_left),
        "output_left_mib": mib(run.output_left),
        "out_bytes": run.out_bytes,
        "said": said,
    })
}

/// Its name.
#[must_use]
pub fn effort_name(effort: Effort) -> &'static str {
    match effort {
        Effort::Usual => "usual",
        Effort::Frugal => "frugal",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(wall_s: f64, seconds: &[f64]) -> Run {
        let step = |&wall_s: &f64| Step { wall_s, cpu_s: 1.0 };
        Run {
            effort: Effort::Usual,
            wall_s,
            cpu_s: 0.0,
            steps: seconds.iter().map(step).collect(),
            peaks: Peaks::default(),
            group_peak: None,
            source_left: 0,
            output_left: 0,
            out_bytes: 0,
            said: Value::Null,
        }
    }

    #[test]
    fn speed_is_of_the_middle_run_and_flatness_of_the_slowest() {
        let entry = Entry {
            contestant: Contestant::Sluice,
            limit: Limit(Some(64 * MIB)),
            runs: vec![
                run(3.0, &[1.0, 2.0]),
                run(1.0, &[1.0, 1.0]),
                run(2.0, &[1.0, 1.0]),
            ],
            failures: Vec::new(),
            felt: None,
        };
        let figures = flat(&[entry]);
        assert_eq!(figures["sluice.64MiB.wall_s"], 2.0);
        assert_eq!(figures["sluice.64MiB.last_to_first"], 0.5);
    }

    #[test]
    fn who_did_not_end_has_no_figures() {
        let entry = Entry {
            contestant: Contestant::Polars,
            limit: Limit(None),
            runs: Vec::new(),
            failures: vec![(Effort::Usual, "killed".to_owned())],
            felt: None,
        };
        assert!(flat(std::slice::from_ref(&entry)).is_empty());
        assert_eq!(
            full(&[entry], 1, 1)["entries"][0]["failures"][0]["why"],
            "killed"
        );
    }
}
