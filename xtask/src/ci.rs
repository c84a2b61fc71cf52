//! `cargo xtask ci`: the list of what must pass.
//!
//! Cheap checks first. `.ci/run` runs README's test command itself and then this with
//! `--after-tests`, so that nothing runs twice.

use crate::run::{Done, cargo, check, only};
use crate::{bench, layers, tidy};

/// Runs every check; the first failure ends it.
pub(crate) fn run(args: &[String]) -> Done {
    only(args, &["--after-tests"], &[], 0)?;
    let after_tests = args.iter().any(|arg| arg == "--after-tests");

    check(&mut cargo(&["fmt", "--all", "--check"]))?;
    tidy::run()?;
    layers::run()?;
    let clippy = [
        "clippy",
        "--quiet",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    check(&mut cargo(&clippy))?;
    let docs = [
        "doc",
        "--quiet",
        "--workspace",
        "--no-deps",
        "--document-private-items",
    ];
    // Private items are documented too, so links to them are no fault.
    let flags = "-D warnings -A rustdoc::private-intra-doc-links";
    check(cargo(&docs).env("RUSTDOCFLAGS", flags))?;
    if !after_tests {
        check(&mut cargo(&["test", "--workspace"]))?;
    }
    bench::run(&["--smoke".to_owned()])
}
