//! What the crate promises, on the real file system and on file systems that tests made up.
//!
//! One binary; each module is one subject, each test name a finding.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests fail and speak like tests"
)]

mod atomic;
mod counts;
mod evict;
mod exact_length;
mod faults;
mod frugal;
mod links;
mod reads;
mod sharing;
mod sigbus;
mod support;
mod ui;
mod writeback;
