//! The project's own commands: `cargo xtask COMMAND`.
//!
//! Everything that keeps the repository honest is a program here, not a habit: one file a command,
//! and `ci` is the list of those that must pass.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this program talks to a person"
)]

mod bench;
mod ci;
mod fuzz;
mod generate;
mod heap;
mod interop;
mod layers;
mod layout;
mod machine;
mod memory;
mod python;
mod questdb;
mod run;
mod tidy;

use std::process::ExitCode;

use run::Done;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  ci [--after-tests]      format, tidy, layers, clippy, docs, tests, bench smoke; --after-tests:
                          the caller has just run the tests, do not run them again
  tidy                    what a reviewer would otherwise have to look for (a test, too)
  layers                  edges between crates and owners of external crates (a test, too)
  bench [NAME] [--smoke] [--save N] [--compare N] [--keep]
                          benchmarks; without a name all of them; --smoke: tiny, only whether they run;
                          --keep: tables and plots go to benches/results and benches/plots
  bench encode|export|stream [--rows N] [--runs N] [--only A,B] [--workload A,B] [--codec A,B] [--limit A,B] [--seconds N] [--resume]
                          a part of it (--limit: of memory, in MiB, or none; --seconds: for a run); --resume: what was measured before counts
  heap [NAME]             the most heap that each job had at once, beside its bound; fails above one
  gen trades|cpu|wide --rows N --partitions P --out DIR [--seed S]
                          make a table
  layout                  write the byte tables of our formats (a test holds them to the code)
  fuzz [--runs N]         the fuzz targets, where a nightly compiler is present
  asan                    mapping and cursor tests under AddressSanitizer, where a nightly compiler is present
  valgrind                the same under valgrind, where it is present
  interop                 pyarrow, DuckDB and Polars read our export of every stored table
  interop questdb [--seed S] [--tables N] [--only random|generated|live] [--live-exports N]
                          QuestDB 9.3.4 against our export and scan, on tables made on the spot
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match args.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    match dispatch(command, rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("xtask {command}: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, args: &[String]) -> Done {
    match command {
        "ci" => ci::run(args),
        "tidy" => tidy::run(),
        "layers" => layers::run(),
        "bench" => bench::run(args),
        "gen" => generate::run(args),
        "heap" => heap::run(args),
        "fuzz" => fuzz::run(args),
        "asan" => memory::asan(args),
        "valgrind" => memory::valgrind(args),
        "layout" => layout::run(args),
        "interop" => match args.split_first() {
            Some((what, rest)) if what == "questdb" => questdb::run(rest),
            _ => interop::run(args),
        },
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(())
        }
        other => Err(format!("no such command: {other}\n\n{USAGE}")),
    }
}
