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
use std::time::Duration;

use clap::Parser;
use engine::CancelToken;

use crate::args::Cli;

/// How long a cancelled stream may take to notice.
const STREAM_GRACE: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return output::refuse_arguments(&error),
    };
    // A snapshot holds every selected file of every partition; without the higher limit it opens
    // the last ones late, and a busy writer may have removed them by then.
    let _ = engine::raise_descriptor_limit();
    // A file that is cut under a mapping is then an error and not the end of the process; without
    // the guard everything else works as before.
    let _ = engine::install_sigbus_guard();
    let cancel = CancelToken::new();
    let streams = run::streams_to_stdout(&cli.command);
    if run::cleans_up(&cli.command) {
        let token = cancel.clone();
        // Without a handler Ctrl-C still stops the process, only less tidily.
        let _ = ctrlc::set_handler(move || interrupt(&token, streams));
    }
    match run::run(cli.command, &cancel) {
        Ok(code) => code,
        Err(error) => output::complain(&error),
    }
}

/// Asks the work to stop. A stream may be stuck in a write that nobody reads, and has nothing to
/// clean up: it is not waited for.
fn interrupt(token: &CancelToken, streams: bool) {
    token.cancel();
    if streams {
        std::thread::sleep(STREAM_GRACE);
        std::process::exit(i32::from(output::complain_interrupted()));
    }
}
