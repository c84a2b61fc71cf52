//! `cargo xtask layout`: writes the byte tables of the formats that are ours to keep.
//!
//! They are printed from the structs that read the files; a test of the crate fails when the file
//! and the structs differ.

use crate::run::{Done, only, root};

/// Writes `crates/pm-format/FORMAT.md`.
pub(crate) fn run(args: &[String]) -> Done {
    only(args, &[], &[], 0)?;
    let path = root().join("crates/pm-format/FORMAT.md");
    std::fs::write(&path, pm_format::format_markdown())
        .map_err(|e| format!("{}: {e}", path.display()))?;
    println!("wrote {}", path.display());
    Ok(())
}
