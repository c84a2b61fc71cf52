//! Progress on a terminal, and the story that `-v` tells.
//!
//! Both go to stderr. The bar draws itself only where stderr is a terminal, so a log file or a pipe
//! never sees control characters.

use std::io::{self, Write};

use engine::{Done, Progress, Totals};
use indicatif::{HumanBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::Volume;

/// Draws a bar unless told to be quiet, and prints a line per event if told to be verbose.
#[derive(Debug)]
pub(crate) struct TerminalProgress {
    bar: ProgressBar,
    verbose: bool,
}

impl TerminalProgress {
    pub(crate) fn new(volume: Volume) -> Self {
        let target = if volume.quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let template =
            "{bar:30} {percent:>3}% {human_pos}/{human_len} rows, {msg}{per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self {
            bar,
            verbose: volume.verbose,
        }
    }

    /// Nothing is drawn: for output that shares the terminal with the bar.
    pub(crate) fn silent(volume: Volume) -> Self {
        Self {
            bar: ProgressBar::hidden(),
            verbose: volume.verbose,
        }
    }

    fn say(&self, line: &str) {
        if self.verbose {
            // A closed stderr is no reason to stop.
            self.bar
                .suspend(|| drop(writeln!(io::stderr(), "sluice: {line}")));
        }
    }
}

impl Progress for TerminalProgress {
    fn begin(&self, totals: Totals) {
        self.bar.reset();
        self.bar.set_length(totals.rows);
        self.say(&format!(
            "transaction {}: {} rows in {} partitions",
            totals.snapshot_txn, totals.rows, totals.partitions
        ));
    }

    fn advance(&self, done: Done) {
        self.bar.set_position(done.rows);
        self.bar.set_message(format!(
            "{} in, {} out, ",
            HumanBytes(done.bytes_in),
            HumanBytes(done.bytes_out)
        ));
    }

    fn restart(&self, attempt: u32, reason: &str) {
        self.say(&format!("attempt {attempt}: {reason}"));
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}
