//! The built binary: exit codes, what goes to stdout and what to stderr.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking; so do its helpers"
)]

mod bad_input;
mod columns;
mod commands;
mod interrupt;
mod memory;
mod pm;
mod reading;
mod support;
