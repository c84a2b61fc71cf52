//! `_cv`: which file suffix a column has in a partition, and from which row on (cv.md).
//!
//! Most tables have an empty one. The list is sorted, so every question is a binary search.

mod lookup;
mod protocol;
mod raw;
mod write;

pub use lookup::ColumnPlace;
pub use protocol::{CvError, PreviousVersions, read_cv, read_cv_previous};
pub use write::CvHeader;

use crate::error::{Expected, ParseError, SmallFile};
use crate::read::{Attempts, settled};

/// One version of `_cv`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ColumnVersions {
    /// The version; equals [`crate::Txn::column_version`] of the commit that it belongs to.
    pub version: i64,
    /// Entries, strictly ascending by (timestamp, column).
    pub entries: Vec<ColumnVersionEntry>,
}

/// One entry (cv.md §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnVersionEntry {
    /// Partition timestamp exactly as in `_txn`, or one of the two special values.
    pub timestamp: i64,
    /// Writer index of the column.
    pub column: usize,
    /// File suffix, −1 = none.
    pub name_txn: i64,
    /// Partition entry: column top. Default entry: timestamp of the partition in which the column was added.
    pub value: i64,
}

impl ColumnVersionEntry {
    /// Timestamp of a column's default entry.
    pub const DEFAULT: i64 = i64::MIN;
    /// Timestamp of a column's symbol table entry (9.1.0+).
    pub const SYMBOL_TABLE: i64 = i64::MIN + 1;

    /// Whether the entry is about one partition.
    #[must_use]
    pub fn is_partition(&self) -> bool {
        self.timestamp > Self::SYMBOL_TABLE
    }
}

impl ColumnVersions {
    /// Parses a private copy of a whole `_cv` file that nobody writes any more: its current area.
    ///
    /// # Errors
    /// Truncated, corrupt or oversized header and area (cv.md §1, §2).
    pub fn parse(file: &[u8]) -> Result<Self, ParseError> {
        match protocol::read_cv_current(&mut &*file, &mut Attempts { left: 0 }) {
            Ok(cv) => Ok(cv),
            Err(CvError::Parse(e)) => Err(e),
            Err(CvError::Timeout { torn, .. }) => Err(settled(torn, SmallFile::Cv)),
            // Whatever version is current is wanted, so nothing can mismatch; an error all the same.
            Err(CvError::Mismatch { want, found }) => Err(ParseError::Corrupt {
                file: SmallFile::Cv,
                field: "version",
                offset: 0,
                expected: Expected::Exactly(want),
                found,
            }),
            Err(CvError::Io(never)) => match never {},
        }
    }
}
