//! Integration tests of the engine over the stored tables.

mod arrow_cells;
mod coverage;
mod csv_lines;
mod export;
mod failure;
mod faulty_vfs;
mod identity;
mod invariance;
mod parquet_shape;
mod pm;
mod recut;
mod scan;
mod show;
mod support;
