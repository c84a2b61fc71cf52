//! `sluice`: the command line of Sluicegate.
//!
//! Arguments in, exit code out; everything between is `engine`. One error is one line on stderr.

#![deny(unsafe_code)]

mod args;
mod output;
mod pm;
mod progress_bar;
mod report_text;
mod run;

use std::process::ExitCode;

use clap::Parser;
use engine::CancelToken;

use crate::args::Cli;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return output::refuse_arguments(&error),
    };
    let cancel = CancelToken::new();
    let token = cancel.clone();
    // Without a handler Ctrl-C still stops the process, only less tidily.
    let _ = ctrlc::set_handler(move || token.cancel());
    match run::run(cli.command, &cancel) {
        Ok(code) => code,
        Err(error) => output::complain(&error),
    }
}
