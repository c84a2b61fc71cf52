//! Arrays of DOUBLE (columns.md §6).
//!
//! The shape is checked against the elements before anything is written, since a reader refuses an
//! entry whose size is not that of its shape.

use super::{Buffers, two_files};
use crate::bits::{len_u64, len_usize};
use crate::layout::ARRAY_DIM_LEN_MAX;
use crate::{ArrayValue, WriteError};

/// Writes `.i` and `.d` of an array column.
#[derive(Clone, Debug)]
pub struct ArrayWriter {
    dims: u8,
    buffers: Buffers,
}

two_files!(ArrayWriter);

impl ArrayWriter {
    /// A writer for arrays of `dims` dimensions, without rows.
    #[must_use]
    pub fn new(dims: u8) -> Self {
        Self {
            dims,
            buffers: Buffers::default(),
        }
    }

    /// Number of dimensions.
    #[must_use]
    pub const fn dims(&self) -> u8 {
        self.dims
    }

    /// Appends NULL.
    pub fn push_null(&mut self) {
        self.entry(self.buffers.data_off(), 0);
    }

    /// Appends an array: the length of each dimension, outermost first, and the elements in
    /// row-major order, as many as the product of the shape.
    ///
    /// # Errors
    /// Another number of dimensions or elements, or an array that is too long.
    pub fn push(&mut self, shape: &[u32], elements: &[f64]) -> Result<(), WriteError> {
        self.append(
            shape.iter().copied(),
            elements.iter().map(|e| e.to_le_bytes()),
        )
    }

    /// Appends an array that was read.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub fn push_value(&mut self, value: ArrayValue<'_>) -> Result<(), WriteError> {
        self.append(value.shape(), value.elements().iter().copied())
    }

    fn append(
        &mut self,
        shape: impl ExactSizeIterator<Item = u32> + Clone,
        elements: impl ExactSizeIterator<Item = [u8; 8]>,
    ) -> Result<(), WriteError> {
        let wrong = |what, expected, found| WriteError::WrongShape {
            what,
            expected,
            found,
        };
        if shape.len() != usize::from(self.dims) {
            let dims = (u64::from(self.dims), len_u64(shape.len()));
            return Err(wrong("dimensions of an array", dims.0, dims.1));
        }
        let mut count = if shape.clone().any(|len| len == 0) {
            0_u64
        } else {
            1
        };
        for len in shape.clone() {
            if len > ARRAY_DIM_LEN_MAX {
                return Err(WriteError::TooLong {
                    what: "dimension of an array",
                    expected: u64::from(ARRAY_DIM_LEN_MAX),
                    found: u64::from(len),
                });
            }
            count = count.saturating_mul(u64::from(len));
        }
        if count != len_u64(elements.len()) {
            return Err(wrong(
                "elements of an array",
                count,
                len_u64(elements.len()),
            ));
        }
        let offset = self.buffers.data_off();
        let shape_end = offset + u64::from(self.dims) * 4;
        let elements_off = shape_end.next_multiple_of(8);
        let size = count
            .saturating_mul(8)
            .saturating_add(elements_off - offset);
        let size = u32::try_from(size).map_err(|_| WriteError::TooLong {
            what: "array in bytes",
            expected: u64::from(u32::MAX),
            found: size,
        })?;
        self.buffers
            .reserve(len_usize(u64::from(size)).unwrap_or(usize::MAX))?;
        let data = &mut self.buffers.data;
        data.extend(shape.flat_map(u32::to_le_bytes));
        data.extend((shape_end..elements_off).map(|_| 0));
        data.reserve(elements.len().saturating_mul(8));
        for element in elements {
            data.extend_from_slice(&element);
        }
        self.entry(offset, size);
        Ok(())
    }

    fn entry(&mut self, offset: u64, size: u32) {
        self.buffers.aux.extend_from_slice(&offset.to_le_bytes());
        self.buffers
            .aux
            .extend_from_slice(&u64::from(size).to_le_bytes());
        self.buffers.rows += 1;
    }
}
