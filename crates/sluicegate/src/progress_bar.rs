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
        Self::on(target, volume.verbose)
    }

    fn on(target: ProgressDrawTarget, verbose: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let template =
            "{bar:30} {percent:>3}% {human_pos}/{human_len} rows, {msg}{per_sec}, {eta} left";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, verbose }
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use indicatif::TermLike;

    use super::*;

    /// A terminal that keeps all that was ever drawn.
    #[derive(Clone, Debug, Default)]
    struct Screen(Arc<Mutex<String>>);

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            200
        }
        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }
        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }
        fn write_str(&self, text: &str) -> io::Result<()> {
            self.0.lock().unwrap().push_str(text);
            Ok(())
        }
        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }
        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_line_has_rows_bytes_rate_and_time_left() {
        let screen = Screen::default();
        let target = ProgressDrawTarget::term_like(Box::new(screen.clone()));
        let progress = TerminalProgress::on(target, false);
        progress.begin(Totals {
            snapshot_txn: 7,
            rows: 2_000_000,
            partitions: 3,
        });
        progress.advance(Done {
            rows: 500_000,
            bytes_in: 3 << 20,
            bytes_out: 1 << 20,
        });
        progress.bar.tick();
        let drawn = screen.0.lock().unwrap().clone();
        for part in [
            "25%",
            "500,000/2,000,000 rows",
            "3.00 MiB in",
            "1.00 MiB out",
            "/s, ",
            " left",
        ] {
            assert!(drawn.contains(part), "no {part:?} in {drawn:?}");
        }
        progress.end();
    }
}
