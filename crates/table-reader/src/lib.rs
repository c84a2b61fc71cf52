//! A consistent snapshot of one table, frames and cursors.
