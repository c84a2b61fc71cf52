//! Which encoding a chunk gets.
//!
//! A pure function of the column and, later, of a sample of the chunk's rows: never of threads,
//! memory or the cuts between partitions (property P2). What was asked for by name always wins.

use column_format::ColumnType;

use crate::{ColumnSpec, Encoding, PageVersion, WriterOptions};

/// The encoding of a column when nothing is known about its rows (parquet.md §1).
#[must_use]
pub fn default_encoding(spec: &ColumnSpec, options: &WriterOptions) -> Encoding {
    if let Some(encoding) = spec.encoding {
        return encoding;
    }
    match spec.column_type {
        ColumnType::Boolean if options.page_version == PageVersion::V2 => Encoding::Rle,
        ColumnType::Symbol => Encoding::Dictionary,
        ColumnType::Timestamp(_) if spec.designated => Encoding::Delta,
        ColumnType::String | ColumnType::Varchar | ColumnType::Binary => Encoding::DeltaLength,
        _ => Encoding::Plain,
    }
}

/// The encoding that replaces a dictionary that does not pay.
pub(crate) fn fallback(column_type: ColumnType) -> Encoding {
    if Encoding::DeltaLength.legal_for(column_type) {
        Encoding::DeltaLength
    } else {
        Encoding::Plain
    }
}
