//! VARCHAR (columns.md §5).
//!
//! Entries of NULL and inlined values carry the end of `.d` too: a reader derives the length of `.d`
//! from the last entry, whatever it is.

use super::{Buffers, two_files};
use crate::WriteError;
use crate::bits::len_u64;
use crate::layout::{VARCHAR_INLINE_MAX, VARCHAR_LEN_MAX};
use crate::slice::{FLAG_ASCII, FLAG_INLINED, FLAG_NULL};

/// Bytes of a long value that its entry repeats.
const PREFIX_LEN: usize = 6;

/// Writes `.i` and `.d` of a VARCHAR column.
#[derive(Clone, Debug, Default)]
pub struct VarcharWriter {
    buffers: Buffers,
}

two_files!(VarcharWriter);

impl VarcharWriter {
    /// A writer without rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a text or NULL. UTF-8 is expected, not checked.
    ///
    /// # Errors
    /// [`WriteError::TooLong`] if the text (2^28 bytes or more) or the file would be.
    pub fn push(&mut self, value: Option<&[u8]>) -> Result<(), WriteError> {
        let mut entry = [0_u8; 16];
        let mut payload: &[u8] = &[];
        if let Some(text) = value {
            let len = text.len();
            let too_long = WriteError::TooLong {
                what: "VARCHAR in bytes",
                expected: len_u64(VARCHAR_LEN_MAX),
                found: len_u64(len),
            };
            let header = u32::try_from(len)
                .ok()
                .filter(|_| len <= VARCHAR_LEN_MAX)
                .ok_or(too_long)?;
            let ascii = if text.is_ascii() { FLAG_ASCII } else { 0 };
            let header = (header << 4) | u32::from(ascii);
            if len <= VARCHAR_INLINE_MAX {
                let [head, ..] = header.to_le_bytes();
                put(&mut entry, 0, &[head | FLAG_INLINED]);
                put(&mut entry, 1, text);
            } else {
                put(&mut entry, 0, &header.to_le_bytes());
                put(&mut entry, 4, text.get(..PREFIX_LEN).unwrap_or(&[]));
                payload = text;
            }
        } else {
            put(&mut entry, 0, &[FLAG_NULL]);
        }
        self.buffers.reserve(payload.len())?;
        let [o0, o1, o2, o3, o4, o5, ..] = self.buffers.data_off().to_le_bytes();
        put(&mut entry, 10, &[o0, o1, o2, o3, o4, o5]);
        self.buffers.aux.extend_from_slice(&entry);
        self.buffers.data.extend_from_slice(payload);
        self.buffers.rows += 1;
        Ok(())
    }
}

/// Copies `bytes` into the entry at `off`.
#[inline]
fn put(entry: &mut [u8; 16], off: usize, bytes: &[u8]) {
    if let Some(slot) = entry.get_mut(off..off + bytes.len()) {
        slot.copy_from_slice(bytes);
    }
}
