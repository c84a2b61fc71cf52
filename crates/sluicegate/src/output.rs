//! What the command line says, and where.
//!
//! stdout carries results and nothing else. stderr carries one line per error. A reader that closed
//! the pipe has seen enough: that is silent.

use std::io::{self, Write};
use std::process::ExitCode;

use engine::EngineError;

/// Prints one line for an error and returns the exit code of its class.
pub(crate) fn complain(error: &EngineError) -> ExitCode {
    if !error.is_closed_pipe() {
        say(&format!("error: {}", error.to_line()));
    }
    ExitCode::from(error.exit_class().code())
}

/// Prints one line on stderr.
pub(crate) fn say(line: &str) {
    // In one piece, since others may write to the same place. A closed stderr is no reason to stop.
    let line = format!("sluice: {line}\n");
    let _ = io::stderr().write_all(line.as_bytes());
}

/// Writes to stdout; a reader that went away has seen enough.
pub(crate) fn print(text: &[u8]) -> Result<(), EngineError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

/// Help and version go to stdout; a wrong argument is one line on stderr and exit code 2.
pub(crate) fn refuse_arguments(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    let text = error.render().to_string();
    // clap explains itself over several paragraphs; the first says what is wrong, the others how
    // the command is used, which `--help` says better.
    let first: Vec<&str> = text
        .lines()
        .take_while(|line| !line.trim().is_empty())
        .collect();
    let line = first.join(" ");
    let line = line.strip_prefix("error: ").unwrap_or(&line);
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    say(&format!("error: {line} (see --help)"));
    ExitCode::from(2)
}
