//! Medians, ratios, and the JSON that `--save` keeps.
//!
//! Ratios of medians from one interleaved run say something on a shared machine; single numbers
//! are printed with their range so that nobody trusts them too much.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::io;

use crate::measure::Cost;
use crate::{env, path_of};

/// A figure of a run: name and how to read it.
pub type Figure = (&'static str, fn(&Cost) -> f64);

/// All of them.
pub const FIGURES: [Figure; 4] = [
    ("wall_s", |cost| cost.wall_s),
    ("cpu_s", |cost| cost.cpu_s),
    ("peak_rss_mib", |cost| cost.peak_rss_mib),
    ("out_mb", |cost| cost.out_mb),
];

/// The runs of one contestant.
#[derive(Clone, Debug)]
pub struct Contestant {
    /// Its name.
    pub name: &'static str,
    /// One cost a run.
    pub runs: Vec<Cost>,
}

impl Contestant {
    /// A contestant that has not run yet.
    #[must_use]
    pub fn new(name: &'static str) -> Contestant {
        Contestant {
            name,
            runs: Vec::new(),
        }
    }

    fn sorted(&self, figure: fn(&Cost) -> f64) -> Vec<f64> {
        let mut values: Vec<f64> = self.runs.iter().map(figure).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    /// The middle of the runs; of an even number the lower one.
    #[must_use]
    pub fn median(&self, figure: fn(&Cost) -> f64) -> f64 {
        let values = self.sorted(figure);
        let middle = values.len().saturating_sub(1) / 2;
        values.get(middle).copied().unwrap_or(f64::NAN)
    }
}

/// A table of medians with ranges, and the ratios of the first contestant to each other one.
#[must_use]
pub fn table(contestants: &[Contestant]) -> String {
    let mut text = String::new();
    let mut line = |cells: &[String]| {
        let (first, rest) = cells
            .split_first()
            .map_or(("", cells), |(f, r)| (f.as_str(), r));
        let _ = write!(text, "{first:<22}");
        for cell in rest {
            let _ = write!(text, "{cell:>26}");
        }
        text.push('\n');
    };
    let names = FIGURES.map(|(name, _)| name.to_owned());
    line(&[&["".to_owned()], &names[..]].concat());
    for contestant in contestants {
        let cell = |(_, figure): Figure| {
            let sorted = contestant.sorted(figure);
            let (low, high) = (sorted.first(), sorted.last());
            let (low, high) = (
                low.copied().unwrap_or(f64::NAN),
                high.copied().unwrap_or(f64::NAN),
            );
            format!("{:.2} ({low:.2}–{high:.2})", contestant.median(figure))
        };
        line(&[&[contestant.name.to_owned()], &FIGURES.map(cell)[..]].concat());
    }
    if let Some((ours, others)) = contestants.split_first() {
        for other in others {
            let cell =
                |(_, figure): Figure| format!("{:.3}", ours.median(figure) / other.median(figure));
            let name = format!("{} / {}", ours.name, other.name);
            line(&[&[name], &FIGURES.map(cell)[..]].concat());
        }
    }
    text
}

/// Writes all medians where `cargo xtask bench` looks for them.
///
/// # Errors
/// The file system's.
pub fn write(contestants: &[Contestant]) -> io::Result<()> {
    let mut figures = BTreeMap::new();
    for contestant in contestants {
        for (name, figure) in FIGURES {
            figures.insert(
                format!("{}.{name}", contestant.name),
                contestant.median(figure),
            );
        }
    }
    std::fs::write(path_of(env::RESULT)?, serde_json::to_vec_pretty(&figures)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_a_run_that_happened() {
        let runs = [5.0, 1.0, 3.0, 2.0].map(|wall_s| Cost {
            wall_s,
            ..Cost::default()
        });
        let contestant = Contestant {
            name: "x",
            runs: runs.to_vec(),
        };
        assert!((contestant.median(FIGURES[0].1) - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn ratios_are_of_the_first_to_the_others() {
        let of = |name, wall_s| {
            let cost = Cost {
                wall_s,
                cpu_s: 1.0,
                peak_rss_mib: 1.0,
                out_mb: 1.0,
            };
            Contestant {
                name,
                runs: vec![cost],
            }
        };
        let text = table(&[of("ours", 1.0), of("peer", 4.0)]);
        assert!(
            text.contains("ours / peer") && text.contains("0.250"),
            "{text}"
        );
    }
}
