//! What was measured of one case, kept from run to run.
//!
//! A full matrix takes hours, and a machine gets them in pieces: every run is written down when it
//! ends, and `--resume` goes on from there. A case is a workload, its rows and a codec.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde_json::{Map, Value, json};
use testkit::generate::Workload;

use super::contestant::{Contestant, Role};
use crate::measure::Cost;

/// What is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Which table.
    pub workload: Workload,
    /// Its rows.
    pub rows: u64,
    /// Its partitions.
    pub partitions: u64,
    /// The codec, as we spell it.
    pub codec: String,
}

impl Case {
    fn file(&self, dir: &Path) -> PathBuf {
        let codec = self.codec.replace(':', "-");
        dir.join(format!("{}-{}-{codec}.json", self.workload, self.rows))
    }
}

/// The runs of a contestant.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// What it is to us.
    pub role: Role,
    /// What each run cost.
    pub runs: Vec<Cost>,
    /// How it ended when it did not end well; it is not tried again.
    pub failure: Option<String>,
}

impl Entry {
    /// The middle of the runs; of an even number the lower one. Not a number without runs.
    #[must_use]
    pub fn median(&self, figure: fn(&Cost) -> f64) -> f64 {
        let values = self.sorted(figure);
        let middle = values.len().saturating_sub(1) / 2;
        values.get(middle).copied().unwrap_or(f64::NAN)
    }

    /// The figure of each run, the least first.
    #[must_use]
    pub fn sorted(&self, figure: fn(&Cost) -> f64) -> Vec<f64> {
        let mut values: Vec<f64> = self.runs.iter().map(figure).collect();
        values.sort_by(f64::total_cmp);
        values
    }
}

/// A case and what was measured of it.
#[derive(Clone, Debug)]
pub struct State {
    /// The case.
    pub case: Case,
    /// By contestant, in the order in which they are told.
    pub entries: Vec<Entry>,
}

impl State {
    /// Everything unmeasured, but for what stands in the file if that counts.
    ///
    /// # Errors
    /// The file system's; a file that is not one of ours.
    pub fn load(case: &Case, all: &[Contestant], dir: &Path, resume: bool) -> io::Result<State> {
        let kept = match fs::read(case.file(dir)) {
            Ok(kept) if resume => serde_json::from_slice(&kept)?,
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => Value::Null,
        };
        let entry = |contestant: &Contestant| {
            let name = contestant.to_string();
            let said = &kept["contestants"][&name];
            let runs = said["runs"].as_array().into_iter().flatten();
            Entry {
                runs: runs.map(Cost::from_json).collect(),
                failure: said["failure"].as_str().map(str::to_owned),
                role: contestant.role(),
                name,
            }
        };
        Ok(State {
            case: case.clone(),
            entries: all.iter().map(entry).collect(),
        })
    }

    /// Whether anything was measured.
    #[must_use]
    pub fn is_measured(&self) -> bool {
        self.entries.iter().any(|entry| !entry.runs.is_empty())
    }

    /// Writes everything down.
    ///
    /// # Errors
    /// The file system's.
    pub fn save(&self, dir: &Path) -> io::Result<()> {
        let mut contestants = Map::new();
        for entry in &self.entries {
            let runs: Vec<Value> = entry.runs.iter().map(Cost::to_json).collect();
            let told = json!({"runs": runs, "failure": entry.failure});
            contestants.insert(entry.name.clone(), told);
        }
        let case = &self.case;
        let told = json!({
            "workload": case.workload.to_string(),
            "rows": case.rows,
            "partitions": case.partitions,
            "codec": case.codec,
            "contestants": contestants,
        });
        let part = case.file(dir).with_extension("part");
        fs::write(&part, serde_json::to_vec_pretty(&told)?)?;
        fs::rename(&part, case.file(dir))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_there_after_a_resumption_and_only_then() {
        let dir = tempfile::tempdir().unwrap();
        let case = Case {
            workload: Workload::Cpu,
            rows: 7,
            partitions: 1,
            codec: "zstd:1".to_owned(),
        };
        let all = [Contestant::Sluice(1), Contestant::Cp];
        let mut state = State::load(&case, &all, dir.path(), true).unwrap();
        let cost = Cost {
            wall_s: 2.0,
            cpu_s: 1.0,
            ..Cost::default()
        };
        state.entries[0].runs.push(cost);
        state.entries[1].failure = Some("killed".to_owned());
        state.save(dir.path()).unwrap();
        let resumed = State::load(&case, &all, dir.path(), true).unwrap();
        assert_eq!(resumed.entries, state.entries);
        let fresh = State::load(&case, &all, dir.path(), false).unwrap();
        assert!(fresh.entries.iter().all(|entry| entry.runs.is_empty()));
    }

    #[test]
    fn the_median_is_a_run_that_happened() {
        let runs = [5.0, 1.0, 3.0, 2.0].map(|wall_s| Cost {
            wall_s,
            ..Cost::default()
        });
        let entry = Entry {
            name: "x".to_owned(),
            role: Role::Ours,
            runs: runs.to_vec(),
            failure: None,
        };
        assert!((entry.median(|cost| cost.wall_s) - 2.0).abs() < f64::EPSILON);
    }
}
