//! Integration tests of the engine over the stored tables.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking; so do its helpers"
)]

mod arrow_cells;
mod bounds;
mod budget;
mod coverage;
mod csv_lines;
mod export;
mod failure;
mod faults;
mod faulty_vfs;
mod footprint;
mod identity;
mod invariance;
mod large_values;
mod leaves_nothing;
mod modes;
mod overrides;
mod parquet_shape;
mod passthrough;
mod passthrough_limits;
mod pm;
mod recut;
mod scan;
mod show;
mod support;
mod threads;
mod truncation;
