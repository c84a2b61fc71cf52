//! The integration tests of testkit: what the generators promise.
//!
//! Read back with the format crates alone, file by file, so that a fault of the product's reader
//! and one of the generator cannot cancel each other out.

#![expect(
    clippy::unwrap_used,
    reason = "a helper of tests fails by panicking, as tests do"
)]

mod faulty;
mod generated;
mod naive;
mod stored;
