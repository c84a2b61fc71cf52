//! The figures as a text that a person reads: a table for each limit, and what they show.

use std::fmt::Write;

use super::contestant::{Contestant, Effort, budget_mib};
use super::figures::{Entry, Run, mib};
use super::{Limit, MIB, StreamParams};

/// What is said beside the tables.
#[derive(Clone, Debug)]
pub struct Context {
    /// Why there are no limits, if there are none.
    pub no_limits: Option<String>,
    /// Why the server is missing, if it is.
    pub no_server: Option<String>,
    /// The kernel trims the page cache by itself.
    pub is_trimmed: bool,
    /// Bytes of the table that were in memory before our export and after it, when it was warm.
    pub warm: (u64, u64),
    /// Bytes of the table.
    pub table_bytes: u64,
}

const HEAD: &str = "\
| | wall s (range) | Mrows/s | last ÷ first partition | last ÷ first third | by CPU | anonymous MiB | file MiB | source left MiB | output left MiB | neighbour's reads | its file kept |
|---|---|---|---|---|---|---|---|---|---|---|---|
";

/// All of it.
#[must_use]
pub fn text(entries: &[Entry], params: &StreamParams, context: &Context) -> String {
    let mut text = String::new();
    let table = params.table;
    let _ = writeln!(
        text,
        "`trades`, {} rows, {} partitions, {:.0} MiB of files; zstd:1, row groups of {}; each source dropped from the \
         page cache before each run; {} runs, interleaved.\n",
        table.rows,
        table.partitions,
        mib(context.table_bytes),
        params.row_group_rows,
        table.runs
    );
    for (what, why) in [
        ("No memory limits", &context.no_limits),
        ("No QuestDB", &context.no_server),
    ] {
        if let Some(why) = why {
            let _ = writeln!(text, "{what}: {why}\n");
        }
    }
    if context.is_trimmed {
        text.push_str(
            "This kernel takes pages that nobody used for a while out of memory by itself (DAMON): residues of slow \
             contestants are understated, if anything.\n\n",
        );
    }
    for &limit in &params.limits {
        let _ = writeln!(
            text,
            "**{}**\n\n{HEAD}{}",
            title(limit),
            rows(entries, limit, params)
        );
    }
    text.push_str(&shown(entries, params, context));
    text.push_str(&legend());
    text
}

fn title(limit: Limit) -> String {
    let budget = budget_mib(limit);
    match limit.0 {
        Some(_) => format!("Memory limit {limit} (sluice: --memory {budget}MiB)"),
        None => format!("No memory limit (sluice: --memory {budget}MiB, the default)"),
    }
}

fn rows(entries: &[Entry], limit: Limit, params: &StreamParams) -> String {
    let mut text = String::new();
    for entry in entries.iter().filter(|entry| entry.limit == limit) {
        let line = match entry.middle() {
            Some(run) => figures(entry, run, params),
            None => format!(
                "| {} | {} {}",
                entry.contestant,
                end(entry),
                "| ".repeat(10)
            ),
        };
        let _ = writeln!(text, "{}|", line.trim_end());
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "row counts are below 2^53")]
fn figures(entry: &Entry, run: &Run, params: &StreamParams) -> String {
    let name = match run.effort {
        Effort::Usual => entry.contestant.to_string(),
        Effort::Frugal => format!("{}, frugal ({} otherwise)", entry.contestant, end(entry)),
    };
    let rate = params.table.rows as f64 / run.wall_s / 1e6;
    let (low, high) = (entry.least(|run| run.wall_s), entry.most(|run| run.wall_s));
    let mut line = format!(
        "| {name} | {:.2} ({low:.2}–{high:.2}) | {rate:.2} ",
        run.wall_s
    );
    let ratios = [
        Run::last_to_first,
        Run::last_to_first_third,
        Run::last_to_first_cpu,
    ];
    for ratio in ratios {
        let _ = write!(line, "| {} ", number(entry.least(ratio), 2));
    }
    let sizes: [fn(&Run) -> f64; 4] = [
        |run| mib(run.peaks.anon),
        |run| mib(run.peaks.file),
        |run| mib(run.source_left),
        |run| mib(run.output_left),
    ];
    for size in sizes {
        let _ = write!(line, "| {} ", number(entry.most(size), 0));
    }
    let _ = match &entry.felt {
        Some(Ok(felt)) => write!(
            line,
            "| {:.1} × (p99 {:.0} → {:.0} µs) | {:.0} % ",
            felt.slowdown(),
            felt.alone.p99_us,
            felt.beside.p99_us,
            100.0 * felt.kept
        ),
        Some(Err(why)) => write!(line, "| {why} | "),
        None => write!(line, "| | "),
    };
    line
}

/// How the failed tries ended, each word once.
fn end(entry: &Entry) -> String {
    let mut words: Vec<String> = Vec::new();
    for (_, why) in &entry.failures {
        // A table has no room for a stack trace, and a line of it must not end the cell.
        let mut word: String = why.chars().take(120).collect();
        word = word.replace('|', "/");
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join("; frugal: ")
}

fn number(value: f64, digits: usize) -> String {
    if value.is_finite() {
        format!("{value:.digits$}")
    } else {
        "–".to_owned()
    }
}

/// The claims, as numbers.
fn shown(entries: &[Entry], params: &StreamParams, context: &Context) -> String {
    let ours = |limit: Limit| {
        let mut entries = entries.iter();
        entries.find(|entry| entry.contestant == Contestant::Sluice && entry.limit == limit)
    };
    let mut text = String::from("What it shows for sluice:\n\n");
    let smallest = params.limits.first().copied().unwrap_or(Limit(None));
    let walls = [smallest, Limit(None)].map(|limit| ours(limit)?.middle().map(|run| run.wall_s));
    if let (true, [Some(limited), Some(free)]) = (smallest != Limit(None), walls) {
        let _ = writeln!(
            text,
            "* wall with {smallest} ÷ wall without a limit: {:.2}",
            limited / free
        );
    }
    for &limit in &params.limits {
        let Some(entry) = ours(limit) else { continue };
        let budget = mib(budget_mib(limit) * MIB);
        let anon = entry.most(|run| mib(run.peaks.anon));
        let _ = writeln!(
            text,
            "* {limit}: last ÷ first partition {} in the slowest of {} runs; peak anonymous memory = budget {:+.1} MiB; \
             {} MiB of the table left in the page cache",
            number(entry.least(Run::last_to_first), 2),
            entry.runs.len(),
            anon - budget,
            number(entry.most(|run| mib(run.source_left)), 1)
        );
    }
    let (before, after) = context.warm;
    let _ = writeln!(
        text,
        "* a warm table: {:.0} MiB in memory before the export, {:.0} MiB after it\n",
        mib(before),
        mib(after)
    );
    text
}

fn legend() -> String {
    "\
Wall: the middle run, from the first moment of the process (sluice) or from when everything is imported or the server \
answers (peers). Partitions: the moment at which the last byte of a row group was in the output file (its length, \
looked at every 4 ms), by the offsets in the file's own footer. Ratios: slowest run; 1 is flat. *By CPU*: thirds, by \
CPU time. Memory: `RssAnon` and `RssFile` looked at every 4 ms, each at its own peak, largest run. *Left*: `mincore` \
after the end. *Neighbour*: shares the limit, reads 64 KiB at random places of a warm file (a quarter of the limit, or \
256 MiB) every 2 ms: mean time of a read beside the contestant ÷ alone, and how much of its file is still in memory. \
*Frugal*: small row groups and one thread; for QuestDB a small heap; tried where the usual way ends.
"
    .to_owned()
}
