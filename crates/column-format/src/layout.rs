//! How many bytes a column needs, before any of them is read.
//!
//! Row counts come from the commit, never from a file's length (columns.md §1). For types of
//! variable size the length of `.d` is stored at the end of the committed part of `.i`:
//! [`Layout::aux_tail`] says which bytes those are, [`Layout::data_len`] reads them. So a caller
//! can map exactly the committed bytes of both files.

use std::ops::Range;

use crate::bits::{clamp_i64, i64_at, len_u64};
use crate::slice::{ArrayEntry, VarcharEntry};
use crate::{Expected, FileKind, LayoutError};

/// Bytes of an entry of `.i` for STRING and BINARY.
pub const AUX_OFFSET_LEN: usize = 8;
/// Bytes of an entry of `.i` for VARCHAR.
pub const AUX_VARCHAR_ENTRY_LEN: usize = 16;
/// Bytes of an entry of `.i` for arrays.
pub const AUX_ARRAY_ENTRY_LEN: usize = 16;
/// Longest VARCHAR, in bytes, that lives in its entry of `.i`.
pub const VARCHAR_INLINE_MAX: usize = 9;
/// Longest VARCHAR in bytes (columns.md §5).
pub const VARCHAR_LEN_MAX: usize = (1 << 28) - 1;
/// Longest dimension of an array (columns.md §6).
pub const ARRAY_DIM_LEN_MAX: u32 = (1 << 28) - 1;
/// `.d` of a type of variable size is shorter than this (columns.md §1.2).
pub const VAR_DATA_LEN_MAX: u64 = 1 << 40;

/// No file holds more rows: each takes a byte.
const ROWS_MAX: u64 = i64::MAX.unsigned_abs();

/// Arrangement of a column's rows in its one or two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// `.d` holds this many bytes per row; no `.i`.
    Fixed(usize),
    /// columns.md §3.
    String,
    /// columns.md §4.
    Binary,
    /// columns.md §5.
    Varchar,
    /// columns.md §6.
    Array {
        /// Number of dimensions.
        dims: u8,
    },
}

impl Layout {
    /// Whether the column has an `.i` file.
    #[must_use]
    pub const fn has_aux(self) -> bool {
        !matches!(self, Self::Fixed(_))
    }

    /// Bytes of `.i` that `rows` rows need; 0 for fixed layouts and for no rows. `None` on
    /// overflow.
    #[must_use]
    pub fn aux_len(self, rows: u64) -> Option<u64> {
        if rows == 0 {
            return Some(0);
        }
        match self {
            Self::Fixed(_) => Some(0),
            Self::String | Self::Binary => {
                rows.checked_add(1)?.checked_mul(len_u64(AUX_OFFSET_LEN))
            }
            Self::Varchar => rows.checked_mul(len_u64(AUX_VARCHAR_ENTRY_LEN)),
            Self::Array { .. } => rows.checked_mul(len_u64(AUX_ARRAY_ENTRY_LEN)),
        }
    }

    /// The bytes of `.i` that determine the length of `.d`; empty for fixed layouts, for no rows,
    /// and if [`aux_len`](Self::aux_len) overflows.
    #[must_use]
    pub fn aux_tail(self, rows: u64) -> Range<u64> {
        let end = self.aux_len(rows).unwrap_or(0);
        let entry = match self {
            Self::Fixed(_) => 0,
            Self::String | Self::Binary => AUX_OFFSET_LEN,
            Self::Varchar => AUX_VARCHAR_ENTRY_LEN,
            Self::Array { .. } => AUX_ARRAY_ENTRY_LEN,
        };
        end.saturating_sub(len_u64(entry))..end
    }

    /// Bytes of `.d` that `rows` rows of a fixed layout need. `None` for other layouts and on
    /// overflow.
    #[must_use]
    pub fn data_len_fixed(self, rows: u64) -> Option<u64> {
        match self {
            Self::Fixed(width) => rows.checked_mul(len_u64(width)),
            _ => None,
        }
    }

    /// Bytes of `.d` that `rows` rows need, from the bytes of `.i` that
    /// [`aux_tail`](Self::aux_tail) names (no bytes for fixed layouts and for no rows).
    ///
    /// # Errors
    /// `tail` is too short, or states a negative or absurd length.
    pub fn data_len(self, rows: u64, tail: &[u8]) -> Result<u64, LayoutError> {
        if rows == 0 {
            return Ok(0);
        }
        if self.aux_len(rows).is_none() {
            return Err(too_many_rows(FileKind::Aux, rows));
        }
        let at = self.aux_tail(rows);
        let truncated = || LayoutError::Truncated {
            file: FileKind::Aux,
            row: Some(rows - 1),
            offset: at.start,
            expected: at.end,
            found: at.start.saturating_add(len_u64(tail.len())),
        };
        let len = match self {
            Self::Fixed(_) => {
                return self
                    .data_len_fixed(rows)
                    .ok_or(too_many_rows(FileKind::Data, rows));
            }
            Self::String | Self::Binary => {
                let len = i64_at(tail, 0).ok_or_else(truncated)?;
                u64::try_from(len).map_err(|_| LayoutError::Corrupt {
                    file: FileKind::Aux,
                    row: Some(rows),
                    offset: at.start,
                    expected: Expected::Between(0, clamp_i64(VAR_DATA_LEN_MAX - 1)),
                    found: len,
                })?
            }
            Self::Varchar => {
                let entry = tail
                    .first_chunk::<AUX_VARCHAR_ENTRY_LEN>()
                    .ok_or_else(truncated)?;
                VarcharEntry::parse(entry, rows - 1)?.data_end()
            }
            Self::Array { .. } => {
                let entry = tail
                    .first_chunk::<AUX_ARRAY_ENTRY_LEN>()
                    .ok_or_else(truncated)?;
                ArrayEntry::parse(entry).data_end()
            }
        };
        if len >= VAR_DATA_LEN_MAX {
            return Err(LayoutError::Limit {
                file: FileKind::Aux,
                row: Some(rows - 1),
                offset: at.start,
                expected: VAR_DATA_LEN_MAX - 1,
                found: len,
            });
        }
        Ok(len)
    }
}

/// Rows whose bytes no file can hold.
fn too_many_rows(file: FileKind, rows: u64) -> LayoutError {
    LayoutError::Limit {
        file,
        row: None,
        offset: 0,
        expected: ROWS_MAX,
        found: rows,
    }
}
