//! `sluice`: the command line of Sluicegate.
//!
//! Arguments in, exit code out; everything between is `engine`. One error is one line on stderr.

#![deny(unsafe_code)]

mod args;
mod ending;
mod output;
mod parquet_args;
mod pm;
mod progress_bar;
mod report_text;
mod run;

use std::process::ExitCode;

use clap::Parser;
use engine::{CancelToken, Cause, Unfinished};

use crate::args::Cli;
use crate::ending::{GRACE, STREAM_GRACE, answer, end_after};

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
    answer(run::run(cli.command, &work))
}
