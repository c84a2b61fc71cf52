//! The command line `sluice`.

fn main() {}
