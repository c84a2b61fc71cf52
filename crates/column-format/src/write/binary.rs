//! BINARY (columns.md §4).
//!
//! As STRING, but the length in front of a value has 8 bytes and counts bytes.

use super::{Buffers, two_files};
use crate::WriteError;
use crate::bits::{clamp_i64, len_u64};

/// Writes `.i` and `.d` of a BINARY column.
#[derive(Clone, Debug)]
pub struct BinaryWriter {
    buffers: Buffers,
}

two_files!(BinaryWriter);

impl Default for BinaryWriter {
    fn default() -> Self {
        Self::new()
    }
}

impl BinaryWriter {
    /// A writer without rows. `.i` already has its first entry.
    #[must_use]
    pub fn new() -> Self {
        Self {
            buffers: Buffers {
                aux: vec![0; 8],
                ..Buffers::default()
            },
        }
    }

    /// Appends a value or NULL.
    ///
    /// # Errors
    /// [`WriteError::TooLong`] if the file would be.
    pub fn push(&mut self, value: Option<&[u8]>) -> Result<(), WriteError> {
        let len = value.map_or(-1, |bytes| clamp_i64(len_u64(bytes.len())));
        let bytes = value.unwrap_or(&[]);
        self.buffers.reserve(bytes.len().saturating_add(8))?;
        self.buffers.data.extend_from_slice(&len.to_le_bytes());
        self.buffers.data.extend_from_slice(bytes);
        let end = self.buffers.data_off();
        self.buffers.aux.extend_from_slice(&end.to_le_bytes());
        self.buffers.rows += 1;
        Ok(())
    }
}
