//! STRING (columns.md §3).
//!
//! `.i` gets its first entry at once and then the end of every value, so it always has one entry
//! more than there are rows: that entry is what a reader takes for the length of `.d`.

use super::{Buffers, two_files};
use crate::bits::len_u64;
use crate::{Utf16, WriteError};

/// Writes `.i` and `.d` of a STRING column.
#[derive(Clone, Debug)]
pub struct StringWriter {
    buffers: Buffers,
    scratch: Vec<u8>,
}

two_files!(StringWriter);

impl Default for StringWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl StringWriter {
    /// A writer without rows. `.i` already has its first entry.
    #[must_use]
    pub fn new() -> Self {
        let buffers = Buffers {
            aux: vec![0; 8],
            ..Buffers::default()
        };
        Self {
            buffers,
            scratch: Vec::new(),
        }
    }

    /// Appends a text or NULL.
    ///
    /// # Errors
    /// [`WriteError::TooLong`] if the text or the file would be.
    pub fn push(&mut self, value: Option<&str>) -> Result<(), WriteError> {
        let Some(text) = value else {
            return self.push_utf16(None);
        };
        let mut units = std::mem::take(&mut self.scratch);
        units.clear();
        Utf16::encode_into(text, &mut units);
        let pushed = self.push_utf16(Some(Utf16::new(&units)));
        self.scratch = units;
        pushed
    }

    /// Appends a text or NULL. Lone surrogates are kept.
    ///
    /// # Errors
    /// [`WriteError::TooLong`] if the text or the file would be.
    pub fn push_utf16(&mut self, value: Option<Utf16<'_>>) -> Result<(), WriteError> {
        let units = value.map_or(&[][..], |text| text.units_le());
        let len = match value {
            None => -1,
            Some(text) => i32::try_from(text.len()).map_err(|_| WriteError::TooLong {
                what: "STRING in UTF-16 code units",
                expected: u64::from(i32::MAX.unsigned_abs()),
                found: len_u64(text.len()),
            })?,
        };
        self.buffers.reserve(units.len().saturating_add(4))?;
        self.buffers.data.extend_from_slice(&len.to_le_bytes());
        self.buffers.data.extend_from_slice(units);
        let end = self.buffers.data_off();
        self.buffers.aux.extend_from_slice(&end.to_le_bytes());
        self.buffers.rows += 1;
        Ok(())
    }
}
