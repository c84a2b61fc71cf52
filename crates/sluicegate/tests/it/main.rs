//! The built binary: exit codes, what goes to stdout and what to stderr.

mod bad_input;
mod commands;
mod interrupt;
mod support;
