//! The bytes that rows take in column files, whatever else is in the files.
//!
//! [`ColumnSlice::native_bytes`] tells them from offsets alone, but holes, tops and missing columns
//! show in it. Row groups may not depend on those, so here texts and arrays are measured value by
//! value, and a row without bytes counts as the NULL that a file would store.

use super::ColumnSlice;
use crate::bits::len_u64;
use crate::{
    AUX_ARRAY_ENTRY_LEN, AUX_OFFSET_LEN, AUX_VARCHAR_ENTRY_LEN, Layout, LayoutError,
    VARCHAR_INLINE_MAX,
};

/// Bytes of the length in front of a STRING.
const STRING_LEN_BYTES: usize = 4;
/// Bytes of the length in front of a BINARY.
const BINARY_LEN_BYTES: usize = 8;
/// Bytes of the length of a dimension of an array.
const ARRAY_DIM_BYTES: u64 = 4;

impl Layout {
    /// Bytes that a row takes besides those of its value, or at all if its width is fixed.
    #[must_use]
    pub const fn row_bytes(self) -> usize {
        match self {
            Self::String => AUX_OFFSET_LEN + STRING_LEN_BYTES,
            Self::Binary => AUX_OFFSET_LEN + BINARY_LEN_BYTES,
            Self::Varchar => AUX_VARCHAR_ENTRY_LEN,
            Self::Array { .. } => AUX_ARRAY_ENTRY_LEN,
            Self::Fixed(width) => width,
        }
    }
}

impl ColumnSlice<'_> {
    /// The bytes that a column of `layout` stores for these rows, and those of the largest value of
    /// variable size among them.
    ///
    /// # Errors
    /// A value that cannot be read.
    pub fn stored_bytes(&self, layout: Layout) -> Result<(u64, u64), LayoutError> {
        let base = len_u64(self.rows()).saturating_mul(len_u64(layout.row_bytes()));
        let (mut values, mut largest) = (0_u64, 0_u64);
        let mut add = |bytes: u64| {
            values = values.saturating_add(bytes);
            largest = largest.max(bytes);
        };
        match self {
            ColumnSlice::String(slice) => {
                for text in slice.iter() {
                    add(text?.map_or(0, |text| len_u64(text.units_le().len())));
                }
            }
            ColumnSlice::Binary(slice) => {
                for bytes in slice.iter() {
                    add(bytes?.map_or(0, |bytes| len_u64(bytes.len())));
                }
            }
            ColumnSlice::Varchar(slice) => {
                let data_len = len_u64(slice.data().len());
                if let Some(measured) = long_values(slice.aux_entries(), data_len) {
                    (values, largest) = measured;
                    return Ok((base.saturating_add(values), largest));
                }
                for text in slice.iter() {
                    let len = text?.map_or(0, <[u8]>::len);
                    add(if len > VARCHAR_INLINE_MAX {
                        len_u64(len)
                    } else {
                        0
                    });
                }
            }
            ColumnSlice::Array(slice) => {
                // Not the stored size: its padding depends on where in the file the value lies.
                for array in slice.iter() {
                    add(array?.map_or(0, |array| {
                        len_u64(array.dims()) * ARRAY_DIM_BYTES
                            + len_u64(array.elements().as_flattened().len())
                    }));
                }
            }
            ColumnSlice::Nulls { .. } | ColumnSlice::Fixed(_) => {}
        }
        Ok((base.saturating_add(values), largest))
    }
}

/// Bytes of the values behind `entries` that stand in a data file of `data_len`, and of the largest, by
/// the entries alone and without a branch on the row. `None` if an entry is not what a writer makes:
/// which one it is takes a closer look.
fn long_values(entries: &[[u8; AUX_VARCHAR_ENTRY_LEN]], data_len: u64) -> Option<(u64, u64)> {
    const INLINED: u32 = 1;
    const NULL: u32 = 4;
    let (mut sum, mut largest, mut end, mut bad) = (0_u64, 0_u32, 0_u64, false);
    for entry in entries {
        let [h0, h1, h2, h3, _, _, _, _, _, _, o0, o1, o2, o3, o4, o5] = *entry;
        let header = u32::from_le_bytes([h0, h1, h2, h3]);
        let offset = u64::from_le_bytes([o0, o1, o2, o3, o4, o5, 0, 0]);
        let is_long = header & (INLINED | NULL) == 0;
        let len = if is_long { header >> 4 } else { 0 };
        bad |= is_long & (len as usize <= VARCHAR_INLINE_MAX);
        let short = (header >> 4 & 0xf) as usize;
        bad |= (header & (INLINED | NULL) == INLINED) & (short > VARCHAR_INLINE_MAX);
        sum += u64::from(len);
        largest = largest.max(len);
        end = end.max(if is_long { offset + u64::from(len) } else { 0 });
    }
    (!bad && end <= data_len).then_some((sum, u64::from(largest)))
}
