//! Borrowed views of the rows of one column in one partition.
//!
//! A view is made once per column and frame, with the length checks that concern the whole, and
//! then handed around by copy. Values are checked when they are read: offsets and lengths in the
//! files are untrusted, and checking all of them up front would read the column twice. Nothing
//! here assumes alignment: mapped files start at a page, but their values need not be aligned,
//! and `from_le_bytes` over `&[[u8; W]]` compiles to plain vector loads.

mod array;
mod binary;
mod fixed;
mod measure;
mod string;
mod varchar;

use std::ops::Range;

pub(crate) use array::{ArrayEntry, outside as array_outside, read as read_array};
pub use array::{ArrayIter, ArraySlice, ArrayValue};
pub use binary::{BinaryIter, BinarySlice};
pub use fixed::FixedSlice;
pub use string::{StringIter, StringSlice};
pub(crate) use string::{bad_length, bad_offset};
pub(crate) use varchar::{FLAG_ASCII, FLAG_INLINED, FLAG_NULL, outside as varchar_outside};
pub use varchar::{VarcharEntry, VarcharIter, VarcharSlice};

use crate::bits::{len_u64, len_usize};
use crate::{FileKind, Layout, LayoutError};

/// Rows of one column in one partition.
#[derive(Clone, Copy, Debug)]
pub enum ColumnSlice<'a> {
    /// Rows without bytes: above a column top, or in a partition that lacks the column. NULL, or
    /// false / 0 for the types that have no null (columns.md §1.5).
    Nulls {
        /// Number of rows.
        rows: usize,
    },
    /// Rows of a fixed width.
    Fixed(FixedSlice<'a>),
    /// STRING.
    String(StringSlice<'a>),
    /// BINARY.
    Binary(BinarySlice<'a>),
    /// VARCHAR.
    Varchar(VarcharSlice<'a>),
    /// Arrays.
    Array(ArraySlice<'a>),
}

impl<'a> ColumnSlice<'a> {
    /// A view of the first `rows` rows of a column's files: `aux` is `.i` from its start (empty for
    /// fixed layouts), `data` is `.d` from its start. Bytes beyond those of the rows are ignored,
    /// and no value can reach into them.
    ///
    /// # Errors
    /// A file is shorter than `rows` rows need, or the stored length of `.d` is no length.
    pub fn new(
        layout: Layout,
        aux: &'a [u8],
        data: &'a [u8],
        rows: usize,
    ) -> Result<Self, LayoutError> {
        let (aux, data) = committed(layout, aux, data, rows)?;
        Ok(match layout {
            Layout::Fixed(width) => Self::Fixed(FixedSlice::of(width, data, rows)),
            Layout::String => Self::String(StringSlice::of(aux.as_chunks().0, data, rows)),
            Layout::Binary => Self::Binary(BinarySlice::of(aux.as_chunks().0, data, rows)),
            Layout::Varchar => Self::Varchar(VarcharSlice::of(aux.as_chunks().0, data)),
            Layout::Array { dims } => Self::Array(ArraySlice::of(dims, aux.as_chunks().0, data)),
        })
    }

    /// Number of rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        match self {
            Self::Nulls { rows } => *rows,
            Self::Fixed(s) => s.rows(),
            Self::String(s) => s.rows(),
            Self::Binary(s) => s.rows(),
            Self::Varchar(s) => s.rows(),
            Self::Array(s) => s.rows(),
        }
    }

    /// Whether there are no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// The rows of `range`, cut to the rows that exist. Errors keep naming rows of the file.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        match self {
            Self::Nulls { rows } => Self::Nulls {
                rows: clamp(&range, *rows).len(),
            },
            Self::Fixed(s) => Self::Fixed(s.slice(range)),
            Self::String(s) => Self::String(s.slice(range)),
            Self::Binary(s) => Self::Binary(s.slice(range)),
            Self::Varchar(s) => Self::Varchar(s.slice(range)),
            Self::Array(s) => Self::Array(s.slice(range)),
        }
    }

    /// The same rows, of which the first is row `first_row` of the file.
    pub(crate) fn numbered_from(mut self, first_row: u64) -> Self {
        match &mut self {
            Self::Nulls { .. } => {}
            Self::Fixed(s) => s.first_row = first_row,
            Self::String(s) => s.first_row = first_row,
            Self::Binary(s) => s.first_row = first_row,
            Self::Varchar(s) => s.first_row = first_row,
            Self::Array(s) => s.first_row = first_row,
        }
        self
    }

    /// Bytes that these rows take in `.d` and `.i`, from lengths and offsets alone: for planning.
    /// With hostile offsets the number is wrong but harmless.
    #[must_use]
    pub fn native_bytes(&self) -> u64 {
        match self {
            Self::Nulls { .. } => 0,
            Self::Fixed(s) => len_u64(s.bytes().len()),
            Self::String(s) => s.native_bytes(),
            Self::Binary(s) => s.native_bytes(),
            Self::Varchar(s) => s.native_bytes(),
            Self::Array(s) => s.native_bytes(),
        }
    }
}

/// `range` cut to `0..rows`; never inverted.
pub(crate) fn clamp(range: &Range<usize>, rows: usize) -> Range<usize> {
    let hi = range.end.min(rows);
    range.start.min(hi)..hi
}

/// Exactly the committed bytes of both files.
fn committed<'a>(
    layout: Layout,
    aux: &'a [u8],
    data: &'a [u8],
    rows: usize,
) -> Result<(&'a [u8], &'a [u8]), LayoutError> {
    let rows = len_u64(rows);
    let aux = prefix(FileKind::Aux, aux, layout.aux_len(rows), rows)?;
    let tail = layout.aux_tail(rows);
    let tail = len_usize(tail.start)
        .and_then(|start| aux.get(start..))
        .unwrap_or(&[]);
    let data_len = layout.data_len(rows, tail)?;
    Ok((aux, prefix(FileKind::Data, data, Some(data_len), rows)?))
}

/// The first `len` bytes of a file; `None` is a length that overflowed.
fn prefix(file: FileKind, bytes: &[u8], len: Option<u64>, rows: u64) -> Result<&[u8], LayoutError> {
    len.and_then(len_usize)
        .and_then(|len| bytes.get(..len))
        .ok_or(LayoutError::Truncated {
            file,
            row: rows.checked_sub(1),
            offset: len_u64(bytes.len()),
            expected: len.unwrap_or(u64::MAX),
            found: len_u64(bytes.len()),
        })
}

/// The error of a caller that asks for a row beyond the end.
#[cold]
pub(crate) fn no_such_row(row: usize, rows: usize) -> LayoutError {
    LayoutError::NoSuchRow {
        expected: len_u64(rows),
        found: len_u64(row),
    }
}
