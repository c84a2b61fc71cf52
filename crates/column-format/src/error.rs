//! What can be wrong with the bytes of a column, or with a value that is to become bytes.
//!
//! This crate never knows a path: an error names the *kind* of file, and whoever opened the files
//! turns the kind into a path. Row, offset, expected and found are fields, so that a caller can
//! decide (re-validate the snapshot, report corruption) without parsing text.

use std::fmt;

use crate::ColumnType;

/// Which file of a column an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// `.d`: values (columns.md §2–6).
    Data,
    /// `.i`: where the values of a variable-size column are (columns.md §3–6).
    Aux,
    /// `.o`: offsets of a symbol dictionary (columns.md §7.1).
    Offsets,
    /// `.c`: characters of a symbol dictionary (columns.md §7.2).
    Chars,
    /// `.k`: header and keys of a bitmap index (symbol-index.md §1).
    Keys,
    /// `.v`: value blocks of a bitmap index (symbol-index.md §2).
    Values,
}

impl FileKind {
    /// The file name extension, without the dot.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Data => "d",
            Self::Aux => "i",
            Self::Offsets => "o",
            Self::Chars => "c",
            Self::Keys => "k",
            Self::Values => "v",
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ".{}", self.extension())
    }
}

/// What a field should have held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expected {
    /// This number and no other.
    Exactly(i64),
    /// This number or a greater one.
    AtLeast(i64),
    /// This number or a smaller one.
    AtMost(i64),
    /// A number of this range, both ends included.
    Between(i64, i64),
    /// A condition that is no range.
    Rule(&'static str),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(n) => write!(f, "{n}"),
            Self::AtLeast(n) => write!(f, "at least {n}"),
            Self::AtMost(n) => write!(f, "at most {n}"),
            Self::Between(lo, hi) => write!(f, "{lo} to {hi}"),
            Self::Rule(rule) => f.write_str(rule),
        }
    }
}

/// Bytes of a column that do not mean what the format says they should.
///
/// `row` is the row of the *file* for `.d` and `.i` (partition row minus column top), the symbol
/// key for `.o` and `.c`, the index key for `.k` and `.v`; `None` where no single one is at fault.
/// `offset` is the byte in the file at which the offending field or value starts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The file has fewer bytes than its rows need. A stale or torn snapshot looks like this too.
    #[error("{file} file{}: needs {expected} bytes, has {found}", AtRow(*row))]
    Truncated {
        /// The file that is too short.
        file: FileKind,
        /// The row that needs the bytes.
        row: Option<u64>,
        /// Where the bytes that are needed start.
        offset: u64,
        /// Length in bytes that the file must have.
        expected: u64,
        /// Length in bytes that it has.
        found: u64,
    },
    /// A field holds what no writer stores.
    #[error("{file} file{}, byte {offset}: expected {expected}, found {found}", AtRow(*row))]
    Corrupt {
        /// The file that holds the field.
        file: FileKind,
        /// The row that the field belongs to.
        row: Option<u64>,
        /// Byte offset of the field.
        offset: u64,
        /// What it should have held.
        expected: Expected,
        /// What it holds.
        found: i64,
    },
    /// Two copies of a number differ as they do while a writer changes the index: read again
    /// (symbol-index.md §5).
    #[error("{file} file{}, byte {offset}: changing under the reader: {expected} and {found}", AtRow(*row))]
    Changing {
        /// The file that holds the copies.
        file: FileKind,
        /// The index key, if the copies belong to one.
        row: Option<u64>,
        /// Byte offset of the second copy.
        offset: u64,
        /// The first copy.
        expected: i64,
        /// The second copy.
        found: i64,
    },
    /// A number that is valid in itself but larger than any real file of this kind.
    #[error("{file} file{}, byte {offset}: {found} exceeds the limit {expected}", AtRow(*row))]
    Limit {
        /// The file that holds the number.
        file: FileKind,
        /// The row that the number belongs to.
        row: Option<u64>,
        /// Byte offset of the number.
        offset: u64,
        /// The greatest number accepted.
        expected: u64,
        /// The number found.
        found: u64,
    },
    /// The caller asked for a row that the slice does not have.
    #[error("row {found} asked for, the slice has {expected}")]
    NoSuchRow {
        /// Rows in the slice.
        expected: u64,
        /// The row asked for.
        found: u64,
    },
    /// The caller combined a column type with a slice of another layout, or a symbol column with
    /// no dictionary.
    #[error("{column_type} needs {expected}, got {found}")]
    Mismatch {
        /// The type asked for.
        column_type: ColumnType,
        /// What it needs.
        expected: &'static str,
        /// What was given.
        found: &'static str,
    },
}

impl LayoutError {
    /// The file at fault; `None` if the caller is.
    #[must_use]
    pub const fn file(&self) -> Option<FileKind> {
        match self {
            Self::Truncated { file, .. }
            | Self::Corrupt { file, .. }
            | Self::Changing { file, .. }
            | Self::Limit { file, .. } => Some(*file),
            Self::NoSuchRow { .. } | Self::Mismatch { .. } => None,
        }
    }

    /// The row, symbol key or index key at fault.
    #[must_use]
    pub const fn row(&self) -> Option<u64> {
        match self {
            Self::Truncated { row, .. }
            | Self::Corrupt { row, .. }
            | Self::Changing { row, .. }
            | Self::Limit { row, .. } => *row,
            Self::NoSuchRow { found, .. } => Some(*found),
            Self::Mismatch { .. } => None,
        }
    }

    /// The byte offset at fault.
    #[must_use]
    pub const fn offset(&self) -> Option<u64> {
        match self {
            Self::Truncated { offset, .. }
            | Self::Corrupt { offset, .. }
            | Self::Changing { offset, .. }
            | Self::Limit { offset, .. } => Some(*offset),
            Self::NoSuchRow { .. } | Self::Mismatch { .. } => None,
        }
    }
}

/// `", row 7"` or nothing.
struct AtRow(Option<u64>);

impl fmt::Display for AtRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(row) => write!(f, ", row {row}"),
            None => Ok(()),
        }
    }
}

/// A value that the layout cannot hold. Nothing was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The value is longer than its length field can say, or than QuestDB accepts.
    #[error("{what} of {found} exceeds {expected}")]
    TooLong {
        /// What was measured, with its unit.
        what: &'static str,
        /// The greatest length accepted.
        expected: u64,
        /// The length given.
        found: u64,
    },
    /// The number of bytes, dimensions or elements is not what the column has.
    #[error("{what}: expected {expected}, found {found}")]
    WrongShape {
        /// What was counted.
        what: &'static str,
        /// What the column has.
        expected: u64,
        /// What was given.
        found: u64,
    },
    /// The value is of another type than the column, or outside of its range.
    #[error("a {column_type} column cannot hold {found}")]
    WrongType {
        /// The column's type.
        column_type: ColumnType,
        /// What was given.
        found: &'static str,
    },
    /// Values of an index key must ascend strictly (symbol-index.md §2).
    #[error("index key {key}: value {found} after {expected}")]
    NotAscending {
        /// The index key.
        key: u32,
        /// The greatest value of the key so far.
        expected: i64,
        /// The value given.
        found: i64,
    },
}
