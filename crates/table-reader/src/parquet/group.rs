//! `DecodedGroup`: the rows of one row group, decoded column by column when first asked for.
//!
//! Frames share it and own it together; it goes with the last of them. Who must keep many frames and
//! reads one column of them at a time takes them *apart*: those decode for themselves, unless the
//! column is in memory already, and let go by themselves.

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use pq_decode::DecodedColumn;

use super::partition::ParquetPartition;
use crate::error::ReadError;
use crate::frame::Slices;

/// One row group of a Parquet partition.
#[derive(Debug)]
pub(crate) struct DecodedGroup {
    group: usize,
    rows: Range<u64>,
    columns: Vec<OnceLock<Arc<DecodedColumn>>>,
    /// Columns that somebody has.
    seen: Arc<Mutex<Vec<Weak<DecodedColumn>>>>,
}

impl DecodedGroup {
    pub(super) fn new(group: usize, rows: Range<u64>, columns: usize) -> Self {
        Self {
            group,
            rows,
            columns: (0..columns).map(|_| OnceLock::new()).collect(),
            seen: Arc::new(Mutex::new((0..columns).map(|_| Weak::new()).collect())),
        }
    }

    /// The same rows, nothing of them decoded on this one's account.
    pub(crate) fn apart(&self) -> Self {
        Self {
            seen: Arc::clone(&self.seen),
            ..Self::new(self.group, self.rows.clone(), self.columns.len())
        }
    }

    pub(crate) fn group(&self) -> usize {
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
                // Two threads may both decode: the results are equal.
                let decoded = match self.seen_column(slot) {
                    Some(decoded) => decoded,
                    None => Arc::new(partition.decode(slot, self.group)?),
                };
                self.remember(slot, &decoded);
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

    fn seen_column(&self, slot: usize) -> Option<Arc<DecodedColumn>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(slot).and_then(Weak::upgrade)
    }

    fn remember(&self, slot: usize, decoded: &Arc<DecodedColumn>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = seen.get_mut(slot) {
            *place = Arc::downgrade(decoded);
        }
    }
}
