//! Tests of `txn`: the notes' examples, real tables, a concurrent writer, hostile bytes, properties.

mod concurrent;
mod covers;
mod examples;
mod forever;
mod hostile;
mod naming;
mod plans;
mod props;
mod real;
mod support;
