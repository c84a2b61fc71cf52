#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod cases;
pub mod dirs;
pub mod faulty;
pub mod generate;
pub mod parquet;

pub use cases::{Case, Stored, case, cases, native_cases};
pub use dirs::{copy_dir, entries, temp_dir};
