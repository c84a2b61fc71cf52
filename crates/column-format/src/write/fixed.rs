//! Rows of a fixed width.
//!
//! Knows the column's type only for its null: values come in as stored bytes, so that the same code
//! serves all widths.

use crate::bits::len_u64;
use crate::{ColumnType, WriteError, null};

/// Writes `.d` of a column of fixed width.
#[derive(Clone, Debug)]
pub struct FixedWriter {
    null: &'static [u8],
    data: Vec<u8>,
    rows: u64,
}

impl FixedWriter {
    /// A writer for a column of this type; `None` if its size varies.
    #[must_use]
    pub fn new(column_type: ColumnType) -> Option<Self> {
        null::bytes(column_type).map(|null| Self {
            null,
            data: Vec::new(),
            rows: 0,
        })
    }

    /// Bytes of a value.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.null.len()
    }

    /// Appends one value as stored.
    ///
    /// # Errors
    /// [`WriteError::WrongShape`] if the value is not as wide as the column.
    #[inline]
    pub fn push(&mut self, value: &[u8]) -> Result<(), WriteError> {
        if value.len() != self.width() {
            return Err(self.wrong_width(value.len()));
        }
        self.data.extend_from_slice(value);
        self.rows += 1;
        Ok(())
    }

    /// Appends many values as stored.
    ///
    /// # Errors
    /// [`WriteError::WrongShape`] if `W` is not the width of the column.
    #[inline]
    pub fn extend<const W: usize>(
        &mut self,
        values: impl IntoIterator<Item = [u8; W]>,
    ) -> Result<(), WriteError> {
        if W != self.width() {
            return Err(self.wrong_width(W));
        }
        let values = values.into_iter();
        self.data.reserve(values.size_hint().0.saturating_mul(W));
        for value in values {
            self.data.extend_from_slice(&value);
            self.rows += 1;
        }
        Ok(())
    }

    /// Appends many values that lie back to back, as stored.
    ///
    /// # Errors
    /// [`WriteError::WrongShape`] if the last value is incomplete.
    pub fn extend_from_bytes(&mut self, values: &[u8]) -> Result<(), WriteError> {
        let rest = values.len() % self.width();
        if rest != 0 {
            return Err(self.wrong_width(rest));
        }
        self.data.extend_from_slice(values);
        self.rows += len_u64(values.len() / self.width());
        Ok(())
    }

    /// Appends NULL, or false / 0 for types without a null.
    pub fn push_null(&mut self) {
        self.data.extend_from_slice(self.null);
        self.rows += 1;
    }

    /// Rows written so far, those handed out included.
    #[must_use]
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Bytes of `.d` not handed out yet.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// Forgets [`data`](Self::data), which the caller has appended to its file, and keeps its
    /// memory.
    pub fn clear(&mut self) {
        self.data.clear();
    }

    /// Hands out the bytes of `.d` that were not handed out yet.
    #[must_use]
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.data)
    }

    fn wrong_width(&self, found: usize) -> WriteError {
        WriteError::WrongShape {
            what: "bytes of a value",
            expected: len_u64(self.width()),
            found: len_u64(found),
        }
    }
}
