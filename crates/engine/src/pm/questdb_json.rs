//! QuestDB's own JSON in the key-value metadata of a Parquet file (pm.md §16.1).
//!
//! Strict where upstream is: a number out of range, a repeated field or a wrong type refuses the
//! file, an unknown field is ignored.

use serde::Deserialize;

use super::error::GenerateError;

/// Key of the entry.
pub(super) const QUESTDB_KEY: &str = "questdb";
/// The only version there is.
const VERSION: i32 = 1;
/// Symbol whose dictionary indices are the table's keys.
const FORMAT_LOCAL_KEY_IS_GLOBAL: i32 = 1;

/// The whole entry.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct QuestdbJson {
    version: i32,
    /// One element a leaf column.
    pub(super) schema: Vec<QuestdbColumn>,
    /// Dead bytes; a regenerated sidecar starts at 0 all the same.
    #[serde(default)]
    #[expect(dead_code, reason = "only its type and range are checked")]
    unused_bytes: u64,
    /// Squash tracker, -1 for none.
    #[serde(default = "none")]
    pub(super) squash_tracker: i64,
    /// Sequencer transaction, -1 for none.
    #[serde(default = "none")]
    pub(super) seq_txn: i64,
}

/// One column of it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct QuestdbColumn {
    /// Type code, designated bits included.
    pub(super) column_type: i32,
    /// Rows before the column existed: materialized in the file.
    #[serde(default)]
    #[expect(dead_code, reason = "only its type and range are checked")]
    column_top: u64,
    format: Option<i32>,
    ascii: Option<bool>,
    /// Stable id, -1 for none.
    #[serde(default = "no_id")]
    pub(super) id: i32,
    /// Declared without nulls.
    #[serde(default)]
    #[expect(dead_code, reason = "only its type and range are checked")]
    not_null: bool,
}

fn none() -> i64 {
    -1
}

fn no_id() -> i32 {
    -1
}

impl QuestdbColumn {
    /// Whether the dictionary indices are the table's symbol keys.
    #[must_use]
    pub(super) fn local_key_is_global(&self) -> bool {
        self.format == Some(FORMAT_LOCAL_KEY_IS_GLOBAL)
    }

    /// Whether every value is ASCII.
    #[must_use]
    pub(super) fn is_ascii(&self) -> bool {
        self.ascii == Some(true)
    }
}

impl QuestdbJson {
    /// Parses and checks the entry.
    ///
    /// # Errors
    /// `Conversion` for anything but an object of version 1 with known type codes and formats;
    /// `SchemaMismatch` when it does not have one element for each of `leaves` columns.
    pub(super) fn parse(text: &str, leaves: usize) -> Result<Self, GenerateError> {
        let refused = |detail: String| GenerateError::Conversion {
            what: "questdb metadata",
            detail,
        };
        let parsed: Self = serde_json::from_str(text).map_err(|e| refused(e.to_string()))?;
        if parsed.version != VERSION {
            return Err(refused(format!(
                "version {}, expected {VERSION}",
                parsed.version
            )));
        }
        for (index, column) in parsed.schema.iter().enumerate() {
            if !is_stored_type(column.column_type) {
                let code = column.column_type;
                return Err(refused(format!("column {index} has type code {code}")));
            }
            if column
                .format
                .is_some_and(|f| f != FORMAT_LOCAL_KEY_IS_GLOBAL)
            {
                return Err(refused(format!(
                    "column {index} has format {:?}",
                    column.format
                )));
            }
        }
        if parsed.schema.len() != leaves {
            return Err(GenerateError::SchemaMismatch {
                what: "columns of the questdb metadata",
                expected: leaves,
                found: parsed.schema.len(),
            });
        }
        Ok(parsed)
    }
}

/// Whether a code is positive and its tag one that a table can hold (pm.md §11.1). Bits above the
/// tag are not examined, as upstream does not.
fn is_stored_type(code: i32) -> bool {
    code > 0 && matches!(code & 0xFF, 1..=19 | 24..=33)
}
