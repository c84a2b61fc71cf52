//! What is said about a file as a whole, before and after it is written.
//!
//! Nothing here depends on rows.

use crate::{ColumnSpec, OptionError};

/// What the footer says besides the data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileProperties {
    /// Free text, in order.
    pub key_values: Vec<(String, String)>,
    /// Rows fall by the designated timestamp instead of rising.
    pub descending: bool,
    /// Who wrote the file; by default this crate, in the form that readers parse.
    pub created_by: Option<String>,
}

/// `sluicegate version X.Y.Z (build …)`.
pub(super) fn created_by() -> String {
    let build = option_env!("SLUICEGATE_BUILD").unwrap_or("source");
    format!(
        "sluicegate version {} (build {build})",
        env!("CARGO_PKG_VERSION")
    )
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSummary {
    /// Bytes of the file.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
    /// Row groups.
    pub row_groups: u64,
}

/// Names must tell columns apart, or every reader takes the first.
pub(super) fn check_names(columns: &[ColumnSpec]) -> Result<(), OptionError> {
    let mut seen = std::collections::HashSet::new();
    for spec in columns {
        let reason = if spec.name.is_empty() {
            "a column needs a name"
        } else if !seen.insert(spec.name.as_str()) {
            "a column of this name exists already"
        } else {
            continue;
        };
        return Err(OptionError::Schema {
            column: spec.name.clone(),
            reason: reason.to_owned(),
        });
    }
    Ok(())
}
