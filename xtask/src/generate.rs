//! `cargo xtask gen`: makes a table with the generator program of `testkit`.
//!
//! Always built with optimisation: tables of 34 million rows are its everyday work.

use std::process::Command;

use crate::run::{Done, build_bin, check};

/// Forwards the arguments.
pub(crate) fn run(args: &[String]) -> Done {
    let tablegen = build_bin("testkit", "tablegen", true)?;
    check(Command::new(tablegen).args(args))
}
