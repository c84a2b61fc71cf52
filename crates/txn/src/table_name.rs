//! `_name`: the current name of a table (table-dir.md §2).
//!
//! The directory keeps the name that the table had at creation; this file (or the registry) has the name that
//! it has now.

use crate::bytes::{push_string16, shown, string16_units, utf16_strict};
use crate::error::{Expected, ParseError, SmallFile, WriteError};

/// Longest table name in UTF-16 code units that is read.
const NAME_UNITS_MAX: usize = 4096;

/// The current name of a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TableName {
    /// The name, not empty.
    pub name: String,
}

impl TableName {
    /// Parses a whole `_name`: a string16; what follows it (one zero byte) is not looked at.
    ///
    /// # Errors
    /// Truncated; corrupt if null, empty, above 4096 code units or not UTF-16.
    pub fn parse(file: &[u8]) -> Result<Self, ParseError> {
        let (units, _) = string16_units(SmallFile::Name, "table name", file, 0, NAME_UNITS_MAX)?;
        Ok(Self {
            name: utf16_strict(SmallFile::Name, "table name", units, 0)?,
        })
    }

    /// The bytes of the file: string16 and one zero byte, `5 + 2 · units`.
    ///
    /// # Errors
    /// An empty name or one above 4096 code units.
    pub fn to_bytes(&self) -> Result<Vec<u8>, WriteError> {
        let units = self.name.encode_utf16().count();
        let refused = WriteError {
            file: SmallFile::Name,
            field: "table name",
            expected: Expected::Between(1, shown(NAME_UNITS_MAX)),
            found: shown(units),
        };
        if !(1..=NAME_UNITS_MAX).contains(&units) {
            return Err(refused);
        }
        let mut out = Vec::with_capacity(5 + 2 * units);
        push_string16(&mut out, &self.name).ok_or(refused)?;
        out.push(0);
        Ok(out)
    }
}
