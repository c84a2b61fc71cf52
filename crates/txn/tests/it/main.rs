//! Tests of `txn`: the notes' examples, real tables, a concurrent writer, hostile bytes, properties.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests; the lint exempts test functions only"
)]

mod concurrent;
mod covers;
mod errors;
mod examples;
mod forever;
mod hostile;
mod naming;
mod plans;
mod props;
mod real;
mod support;
