//! Why chunks of Parquet partitions are encoded again.
//!
//! The names stand in the report: scripts read them.

use std::collections::BTreeMap;

/// What kept a chunk from being copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// `--from` or `--to` cuts the row group.
    Range,
    /// The row group is larger than asked for, or another chunk of it cannot be copied and nobody
    /// asked for keeping.
    RowGroup,
    /// Its file says other things than its sidecar.
    Footer,
    /// The column was changed to another type after the conversion, or is of one that the export
    /// writes otherwise.
    Type,
    /// Arrays as bytes where lists are asked for, or the other way round.
    Arrays,
    /// REQUIRED where the export is OPTIONAL, or the other way round; nulls of a type without null.
    Nulls,
    /// Another codec than asked for.
    Codec,
    /// Another encoding than asked for.
    Encoding,
    /// Another version of data pages.
    PageVersion,
    /// Larger pages than asked for.
    PageSize,
    /// Checksums are missing where asked for, or there where not.
    Checksum,
    /// No page index, or one without bounds.
    PageIndex,
    /// Bounds that are none, in a file that says nothing about their order, or too long.
    Statistics,
    /// What is to be carried over beside the pages takes too much memory.
    Memory,
    /// A bloom filter is asked for.
    Bloom,
}

impl Reason {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::RowGroup => "row_group",
            Self::Footer => "footer",
            Self::Type => "type",
            Self::Arrays => "arrays",
            Self::Nulls => "nulls",
            Self::Codec => "codec",
            Self::Encoding => "encoding",
            Self::PageVersion => "page_version",
            Self::PageSize => "page_size",
            Self::Checksum => "checksum",
            Self::PageIndex => "page_index",
            Self::Statistics => "statistics",
            Self::Memory => "memory",
            Self::Bloom => "bloom",
        }
    }
}

/// Chunks of Parquet partitions that were not copied, by reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reasons(BTreeMap<&'static str, u64>);

impl Reasons {
    pub(crate) fn add(&mut self, reason: Reason, chunks: u64) {
        if chunks > 0 {
            *self.0.entry(reason.name()).or_insert(0) += chunks;
        }
    }

    pub(crate) fn into_map(self) -> BTreeMap<String, u64> {
        let named = |(name, chunks): (&str, u64)| (name.to_owned(), chunks);
        self.0.into_iter().map(named).collect()
    }
}
