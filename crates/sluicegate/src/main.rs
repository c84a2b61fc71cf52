//! `sluice`: the command line of Sluicegate.
//!
//! Arguments in, exit code out; everything between is `engine`. One error is one line on stderr.

#![deny(unsafe_code)]

mod args;
mod output;
mod parquet_args;
mod pm;
mod progress_bar;
mod report_text;
mod run;

use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

use clap::Parser;
use engine::{CancelToken, Cause, EngineError, Remains, Unfinished};

use crate::args::Cli;

/// How long cancelled work may take to notice and to clean up. Within a second the process has ended.
const GRACE: Duration = Duration::from_millis(900);
/// The same for a stream, which may be stuck in a write that nobody reads, and has nothing to clean up.
const STREAM_GRACE: Duration = Duration::from_millis(500);
/// How long work may take that has published its file already: its own answer is the right one.
const LAST_STEPS: Duration = Duration::from_secs(5);
/// How long stderr may take to take the line that says why.
const LAST_WORDS: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return output::refuse_arguments(&error),
    };
    // A value of 10 MiB passes through several threads: each would keep the room for it. Where the
    // allocator has no such switch, it does, and all else is the same.
    let _ = engine::give_back_large_blocks();
    // A snapshot holds every selected file of every partition; without the higher limit it opens
    // the last ones late, and a busy writer may have removed them by then.
    let _ = engine::raise_descriptor_limit();
    // A file that is cut under a mapping is then an error and not the end of the process; without
    // the guard everything else works as before.
    let _ = engine::install_sigbus_guard();
    let cancel = CancelToken::new();
    let unfinished = Unfinished::default();
    let grace = match run::streams_to_stdout(&cli.command) {
        true => STREAM_GRACE,
        false => GRACE,
    };
    if run::cleans_up(&cli.command) {
        let (token, unfinished) = (cancel.clone(), unfinished.clone());
        // Without a handler Ctrl-C still stops the process, only less tidily.
        let _ = ctrlc::set_handler(move || {
            token.cancel();
            end_after(grace, &unfinished, Cause::Cancelled);
        });
    }
    let work = run::Work {
        cancel,
        unfinished,
        grace,
    };
    match run::run(cli.command, &work) {
        Ok(code) => code,
        Err(error) => output::complain(&error),
    }
}

/// Ends the process unless the work, which was asked to stop, ends it before: some steps are long (a
/// large page in a slow codec, an `fsync`), and a write may wait for a reader for ever.
fn end_after(grace: Duration, unfinished: &Unfinished, cause: Cause) {
    std::thread::sleep(grace);
    if unfinished.remove() == Remains::Ending {
        std::thread::sleep(LAST_STEPS);
    }
    let error = EngineError::from(cause);
    let code = error.exit_class().code();
    let (said, wait) = mpsc::channel();
    let say = move || {
        output::complain(&error);
        let _ = said.send(());
    };
    // stderr may be what the work is stuck in.
    if std::thread::Builder::new().spawn(say).is_ok() {
        let _ = wait.recv_timeout(LAST_WORDS);
    }
    std::process::exit(i32::from(code));
}

/// Watches a time limit for work that is stuck where it cannot look at the clock.
pub(crate) fn watch_limit(limit: Duration, grace: Duration, unfinished: &Unfinished) {
    let unfinished = unfinished.clone();
    let watch = move || {
        std::thread::sleep(limit);
        end_after(grace, &unfinished, Cause::TimedOut { limit });
    };
    // Without a thread to spare, work still ends where it looks at the clock.
    let _ = std::thread::Builder::new().spawn(watch);
}
