//! `DecodedGroup`: rows of one row group, decoded column by column when first asked for.
//!
//! Read positionally, columns that are neighbours in the file are read by one call.
//! Frames share it and own it together; it goes with the last of them. Who must keep many frames and
//! reads one column of them at a time takes them *apart*: those decode for themselves, unless the
//! column is in memory already, and let go by themselves.

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use bytes::Bytes;

use super::decode::Piece;
use super::partition::ParquetPartition;
use super::reads::Reads;
use super::want::Want;
use crate::error::ReadError;
use crate::frame::Slices;

/// Rows of one row group of a Parquet partition.
#[derive(Debug)]
pub(crate) struct DecodedGroup {
    group: usize,
    /// Rows that will be asked for.
    rows: Range<u64>,
    columns: Vec<OnceLock<Arc<Piece>>>,
    /// Columns that somebody has.
    seen: Arc<Mutex<Vec<Weak<Piece>>>>,
    /// What all columns need, where they are read together.
    fetch: Option<Mutex<Option<Fetch>>>,
}

/// The needs of every column, and the bytes that were read for them.
#[derive(Debug)]
struct Fetch {
    wants: Vec<Option<Arc<Want>>>,
    reads: Reads,
}

impl DecodedGroup {
    pub(super) fn new(group: usize, rows: Range<u64>, columns: usize) -> Self {
        Self {
            group,
            rows,
            columns: (0..columns).map(|_| OnceLock::new()).collect(),
            seen: Arc::new(Mutex::new((0..columns).map(|_| Weak::new()).collect())),
            fetch: Some(Mutex::default()),
        }
    }

    /// The same rows, nothing of them decoded on this one's account, nor read for another column.
    pub(crate) fn apart(&self) -> Self {
        Self {
            seen: Arc::clone(&self.seen),
            fetch: None,
            ..Self::new(self.group, self.rows.clone(), self.columns.len())
        }
    }

    pub(crate) fn group(&self) -> usize {
        self.group
    }

    /// Rows that will be asked for, counted from the start of the partition.
    pub(crate) fn rows(&self) -> Range<u64> {
        self.rows.clone()
    }

    /// Whether these rows of this row group are among those that will be asked for.
    pub(super) fn has(&self, group: usize, rows: &Range<u64>) -> bool {
        self.group == group && self.rows.start <= rows.start && rows.end <= self.rows.end
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
        let piece = match cell.get() {
            Some(piece) => piece,
            None => {
                // Two threads may both decode: the results are equal.
                let piece = match self.seen_column(slot) {
                    Some(piece) => piece,
                    None => Arc::new(self.decode(partition, slot)?),
                };
                self.remember(slot, &piece);
                cell.get_or_init(|| piece)
            }
        };
        let whole = piece.column.slice();
        let whole = whole.map_err(|e| partition.layout_error(slot, e))?;
        let lo = row_lo.saturating_sub(piece.first_row);
        let lo = usize::try_from(lo).unwrap_or(usize::MAX);
        Ok(Slices::of(0, &whole, lo..lo.saturating_add(rows)))
    }

    fn decode(&self, partition: &ParquetPartition, slot: usize) -> Result<Piece, ReadError> {
        let Some(fetch) = self
            .fetch
            .as_ref()
            .filter(|_| partition.mapping().is_none())
        else {
            return partition.decode(slot, self.group, &self.rows);
        };
        let (want, parts) = self.fetch(partition, slot, fetch)?;
        partition.decode_parts(slot, self.group, want.as_deref(), &parts)
    }

    /// The bytes of a column. One thread reads at a time; all of them decode.
    fn fetch(
        &self,
        partition: &ParquetPartition,
        slot: usize,
        fetch: &Mutex<Option<Fetch>>,
    ) -> Result<(Option<Arc<Want>>, Vec<Bytes>), ReadError> {
        let mut fetch = fetch.lock().unwrap_or_else(PoisonError::into_inner);
        let fetch = fetch.get_or_insert_with(|| Fetch::new(partition, self.group, &self.rows));
        let want = fetch.wants.get(slot).and_then(Option::clone);
        let ranges = want.as_ref().map_or(&[][..], |want| &want.ranges);
        partition.check_ranges(slot, self.group, ranges)?;
        let parts = fetch.reads.take(slot, |range| partition.bytes(range))?;
        Ok((want, parts))
    }

    fn seen_column(&self, slot: usize) -> Option<Arc<Piece>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(slot).and_then(Weak::upgrade)
    }

    fn remember(&self, slot: usize, piece: &Arc<Piece>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = seen.get_mut(slot) {
            *place = Arc::downgrade(piece);
        }
    }
}

impl Fetch {
    fn new(partition: &ParquetPartition, group: usize, rows: &Range<u64>) -> Self {
        let wants = partition.wants(group, rows).into_iter();
        let wants: Vec<_> = wants.map(|want| want.map(Arc::new)).collect();
        let sound = |slot: usize, ranges: &[Range<u64>]| {
            let checked = partition.check_ranges(slot, group, ranges);
            checked.is_ok()
        };
        let owners = wants.iter().enumerate();
        let owners = owners.filter_map(|(slot, want)| Some((slot, &want.as_ref()?.ranges[..])));
        let reads = Reads::new(owners.filter(|(slot, ranges)| sound(*slot, ranges)));
        Self { wants, reads }
    }
}
