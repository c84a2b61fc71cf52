//! The figures as tables that a person reads: medians with ranges, and ours against the best.
//!
//! "Best" is taken figure by figure: the fastest peer need not be the smallest, and we are held
//! against whoever leads.

use std::fmt::Write;

use super::contestant::Role;
use super::state::{Entry, State};
use crate::measure::Cost;

type Figure = (&'static str, fn(&Cost) -> f64, usize);

const FIGURES: [Figure; 6] = [
    ("wall s", |cost| cost.wall_s, 2),
    ("CPU s", |cost| cost.cpu_s, 2),
    ("of it sys", |cost| cost.sys_s, 2),
    ("peak RSS MiB", |cost| cost.peak_rss_mib, 0),
    ("anonymous MiB", |cost| cost.peak_anon_mib, 0),
    ("MB out", |cost| cost.out_mb, 1),
];

/// Rivals, by what they are called.
const RIVALS: [(Role, &str); 4] = [
    (Role::Defaults, "best peer at its defaults"),
    (Role::Best, "best peer tuned by hand"),
    (Role::Server, "best of QuestDB's own exports"),
    (Role::Copy, "`cp -r` of the table"),
];

/// One case.
#[must_use]
pub fn text(state: &State) -> String {
    let case = &state.case;
    let mut text = format!(
        "**`{}`, {} rows, {} partitions, {}**\n\n|",
        case.workload, case.rows, case.partitions, case.codec
    );
    for (name, _, _) in FIGURES {
        let _ = write!(text, " | {name}");
    }
    text.push_str(" | runs |\n|---|---|---|---|---|---|---|---|\n");
    for entry in &state.entries {
        let _ = match &entry.failure {
            _ if !entry.runs.is_empty() => write!(
                text,
                "| {} |{} {} |",
                entry.name,
                cells(entry),
                entry.runs.len()
            ),
            Some(why) => write!(
                text,
                "| {} | {} | | | | | | 0 |",
                entry.name,
                why.replace('|', "/")
            ),
            None => continue,
        };
        text.push('\n');
    }
    let ratios = ratios(state);
    if !ratios.is_empty() {
        text.push_str("\n| ours ÷ | wall | CPU | size |\n|---|---|---|---|\n");
        for (ours, rival, cells) in ratios {
            let told = cells.map(|(ratio, who)| format!("{ratio:.2} ({who})"));
            let _ = writeln!(text, "| {ours} ÷ {rival} | {} |", told.join(" | "));
        }
    }
    text
}

fn cells(entry: &Entry) -> String {
    let mut text = String::new();
    for (at, (_, figure, digits)) in FIGURES.into_iter().enumerate() {
        let median = entry.median(figure);
        let sorted = entry.sorted(figure);
        let told = if median.is_finite() {
            format!("{median:.digits$}")
        } else {
            "–".to_owned()
        };
        let _ = match (sorted.first(), sorted.last()) {
            // Wall and CPU have a range that is worth a look.
            (Some(low), Some(high)) if at < 2 && sorted.len() > 1 => {
                write!(text, " {told} ({low:.digits$}–{high:.digits$}) |")
            }
            _ => write!(text, " {told} |"),
        };
    }
    text
}

/// A ratio, and whom it is against.
type Ratio = (f64, String);

/// For each of ours and each kind of rival: wall, CPU and size by the leader in each.
#[must_use]
pub fn ratios(state: &State) -> Vec<(String, &'static str, [Ratio; 3])> {
    let figures: [fn(&Cost) -> f64; 3] = [|c| c.wall_s, |c| c.cpu_s, |c| c.out_mb];
    let mut found = Vec::new();
    let ours = state
        .entries
        .iter()
        .filter(|entry| entry.role == Role::Ours);
    for ours in ours.filter(|entry| !entry.runs.is_empty()) {
        for (role, rival) in RIVALS {
            let of = |figure: fn(&Cost) -> f64| {
                let rivals = state.entries.iter().filter(|entry| entry.role == role);
                let measured = rivals.map(|entry| (entry.median(figure), &entry.name));
                let best = measured
                    .filter(|(median, _)| median.is_finite())
                    .min_by(|(a, _), (b, _)| a.total_cmp(b))?;
                Some((ours.median(figure) / best.0, best.1.clone()))
            };
            if let [Some(wall), Some(cpu), Some(size)] = figures.map(of) {
                found.push((ours.name.clone(), rival, [wall, cpu, size]));
            }
        }
    }
    found
}

/// What stands under all tables.
#[must_use]
pub fn legend() -> &'static str {
    "Medians (range) of interleaved runs, sources warm, no sync. Ours from the start of the process, libraries from when \
     they are imported, QuestDB from when it is asked (after an export that warmed it up; its process alone is charged). \
     CPU: user and system of all threads. Sources: the table (sluice, arrow-rs, cp, QuestDB), Arrow IPC of the same \
     rows (pyarrow, Polars), DuckDB's and chDB's own files. *defaults*: the codec is said and nothing else; *best*: \
     by hand, see `benches/python/export_peer.py`; `sluice-best`: pages of 1 MiB (of `wide`, \
     with its long texts, 8 MiB, in one row group and with a budget of 512 MiB) and up to 1,000,000 rows. arrow-rs: written by hand over the mapped columns \
     (`benches/peers`).\n"
}

#[cfg(test)]
mod tests {
    use testkit::generate::Workload;

    use super::super::state::Case;
    use super::*;

    fn entry(name: &str, role: Role, wall_s: f64, out_mb: f64) -> Entry {
        let cost = Cost {
            wall_s,
            out_mb,
            cpu_s: wall_s,
            ..Cost::default()
        };
        Entry {
            name: name.to_owned(),
            role,
            runs: vec![cost],
            failure: None,
        }
    }

    #[test]
    fn we_are_held_against_the_leader_of_each_figure() {
        let mut dead = entry("dead", Role::Defaults, 0.1, 0.1);
        dead.runs.clear();
        dead.failure = Some("killed".to_owned());
        let state = State {
            case: Case {
                workload: Workload::Trades,
                rows: 1,
                partitions: 1,
                codec: "none".to_owned(),
            },
            entries: vec![
                entry("ours", Role::Ours, 1.0, 3.0),
                entry("fast", Role::Defaults, 2.0, 12.0),
                entry("small", Role::Defaults, 4.0, 6.0),
                dead,
            ],
        };
        let found = ratios(&state);
        let [(_, rival, [wall, _, size])] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert!(rival.contains("defaults"));
        assert_eq!((wall.1.as_str(), size.1.as_str()), ("fast", "small"));
        assert!((wall.0 - 0.5).abs() < 1e-9 && (size.0 - 0.5).abs() < 1e-9);
        assert!(
            text(&state).contains("| dead | killed |"),
            "{}",
            text(&state)
        );
    }
}
