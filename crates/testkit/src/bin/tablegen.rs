//! `tablegen`: the program behind `cargo xtask gen`.
//!
//! A program of its own so that the generator can be built with optimisation while `xtask` is not.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program talks to its caller"
)]

use std::error::Error;
use std::process::ExitCode;
use std::time::Instant;

use mmap_io::RealVfs;
use testkit::generate::{Request, Workload, generate};

const USAGE: &str = "usage: gen trades|cpu|wide --rows N --partitions P --out DIR [--seed S]";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let request = match parse(&args) {
        Ok(request) => request,
        Err(reason) => {
            eprintln!("{reason}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let start = Instant::now();
    match generate(&RealVfs, &request) {
        Ok(made) => {
            println!(
                "{}: {} rows, {} partitions, {} columns, {} bytes, {:.1} s",
                request.out.display(),
                made.rows,
                made.partitions,
                made.columns,
                made.bytes,
                start.elapsed().as_secs_f64()
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn parse(args: &[String]) -> Result<Request, String> {
    let (mut workload, mut rows, mut partitions, mut out, mut seed) = (None, None, None, None, 1);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
        match arg.as_str() {
            "--rows" => rows = Some(number(value()?)?),
            "--partitions" => partitions = Some(number(value()?)?),
            "--out" => out = Some(value()?.clone()),
            "--seed" => seed = number(value()?)?,
            name if workload.is_none() && !name.starts_with('-') => {
                workload = Some(name.parse::<Workload>().map_err(|e| e.to_string())?);
            }
            other => return Err(format!("unknown argument {other}")),
        }
    }
    let missing = |what: &str| format!("{what} is missing");
    Ok(Request {
        workload: workload.ok_or_else(|| missing("the workload"))?,
        rows: rows.ok_or_else(|| missing("--rows"))?,
        partitions: partitions.ok_or_else(|| missing("--partitions"))?,
        out: out.ok_or_else(|| missing("--out"))?.into(),
        seed,
    })
}

/// A number, with `_` between digits if that helps the reader.
fn number(text: &str) -> Result<u64, String> {
    text.replace('_', "")
        .parse()
        .map_err(|_| format!("{text} is not a number"))
}
