//! `DecodedGroup`: the rows of one row group, decoded column by column when first asked for.
//!
//! Frames share it and own it together; it goes with the last of them.

use std::ops::Range;
use std::sync::OnceLock;

use pq_decode::DecodedColumn;

use super::partition::ParquetPartition;
use crate::error::ReadError;
use crate::frame::Slices;

/// One row group of a Parquet partition.
#[derive(Debug)]
pub(crate) struct DecodedGroup {
    group: usize,
    rows: Range<u64>,
    columns: Vec<OnceLock<DecodedColumn>>,
}

impl DecodedGroup {
    pub(super) fn new(group: usize, rows: Range<u64>, columns: usize) -> Self {
        Self {
            group,
            rows,
            columns: (0..columns).map(|_| OnceLock::new()).collect(),
        }
    }

    pub(super) fn group(&self) -> usize {
        self.group
    }

    /// Rows `row_lo .. row_lo + rows` of the partition, which lie in this group.
    pub(crate) fn slices(
        &self,
        partition: &ParquetPartition,
        slot: usize,
        row_lo: u64,
        rows: usize,
    ) -> Result<Slices<'_>, ReadError> {
        let cell = self.columns.get(slot).ok_or(ReadError::NoSuchColumn {
            expected: self.columns.len(),
            found: slot,
        })?;
        let decoded = match cell.get() {
            Some(decoded) => decoded,
            None => {
                // Two threads may both decode: one result is kept, they are equal.
                let decoded = partition.decode(slot, self.group)?;
                cell.get_or_init(|| decoded)
            }
        };
        let whole = decoded
            .slice()
            .map_err(|e| partition.layout_error(slot, e))?;
        let lo = row_lo.saturating_sub(self.rows.start);
        let lo = usize::try_from(lo).unwrap_or(usize::MAX);
        Ok(Slices::of(0, &whole, lo..lo.saturating_add(rows)))
    }
}
