//! The `_pm` sidecar over whole files: make one from a Parquet footer, show one, hold one against
//! its Parquet file.
//!
//! `pm-format` knows the bytes, `pq-format` the footer; here the two meet.

mod checksums;
mod command;
mod error;
mod files;
mod generate;
mod infer;
mod inspect;
mod questdb_json;
mod text;
mod verify;

pub use checksums::verify_chunks;
pub use command::{
    GenerateOptions, GenerateReport, GenerateStatus, GenerateStop, GeneratedSidecar, generate,
    inspect_file, verify_file,
};
pub use error::GenerateError;
pub use files::SIDECAR_NAME;
pub use generate::{FooterPlace, ReadAt, SidecarFacts, sidecar_facts};
pub use inspect::{Inspection, inspect};
pub use text::inspection_text;
pub use verify::{read_facts, verify_against, verify_sidecar};
