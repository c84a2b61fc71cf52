//! Decoding columns of a row group: bytes in, rows of the table out.
//!
//! An index is never trusted: where pages are not what it says, the whole chunk is read, and only
//! what is wrong with that is an error.

use std::ops::Range;

use bytes::Bytes;
use pq_decode::{DecodeError, DecodedColumn};

use super::partition::ParquetPartition;
use super::want::Want;
use crate::error::ReadError;

/// Rows of one column, at least those that were asked for.
#[derive(Debug)]
pub(crate) struct Piece {
    /// First row, counted from the start of the partition.
    pub(crate) first_row: u64,
    pub(crate) column: DecodedColumn,
}

impl ParquetPartition {
    /// Reads and decodes `rows` (counted from the start of the partition) of one column of a row
    /// group; all null if the file does not have it.
    pub(crate) fn decode(
        &self,
        slot: usize,
        group: usize,
        rows: &Range<u64>,
    ) -> Result<Piece, ReadError> {
        let want = self.want(slot, group, rows);
        let ranges = want.as_ref().map_or(&[][..], |want| &want.ranges);
        self.check_ranges(slot, group, ranges)?;
        let parts = ranges.iter().map(|range| self.bytes(range));
        let parts = parts.collect::<Result<Vec<_>, _>>()?;
        self.decode_parts(slot, group, want.as_ref(), &parts)
    }

    /// The same with the bytes of `want`.
    pub(super) fn decode_parts(
        &self,
        slot: usize,
        group: usize,
        want: Option<&Want>,
        parts: &[Bytes],
    ) -> Result<Piece, ReadError> {
        let column_type = self.column_type(slot)?;
        let rows = self.rows_of(group);
        let Some(want) = want else {
            let count = usize::try_from(rows.end - rows.start).unwrap_or(usize::MAX);
            return Ok(Piece {
                first_row: rows.start,
                column: DecodedColumn::nulls(column_type.layout(), count),
            });
        };
        let decoded = self.decode_want(slot, group, want, parts);
        for range in &want.ranges {
            self.done(range.clone())?;
        }
        // A file that was cut under the mapping reads as zeros: that is not damage of its own.
        self.verify()?;
        match decoded {
            Ok(mut column) => {
                column.shrink();
                Ok(Piece {
                    first_row: rows.start.saturating_add(want.first_row),
                    column,
                })
            }
            // Perhaps it is only the index that is wrong.
            Err(_) if want.plan.is_some() => self.decode(slot, group, &rows),
            Err(source) => Err(ReadError::ParquetChunk {
                partition: self.name().to_owned(),
                file: self.files().data.path().to_path_buf(),
                group,
                column: self.column_name(slot).to_owned(),
                source: Box::new(source),
            }),
        }
    }

    fn decode_want(
        &self,
        slot: usize,
        group: usize,
        want: &Want,
        parts: &[Bytes],
    ) -> Result<DecodedColumn, DecodeError> {
        let none = || DecodeError {
            page: 0,
            offset: 0,
            fault: pq_decode::Fault::Truncated {
                what: "leaves",
                needed: 1,
                found: 0,
            },
        };
        let (leaf, chunk, rows) = self.chunk(slot, group).ok_or_else(none)?;
        let leaf = self.facts().leaves.get(leaf).ok_or_else(none)?;
        let wanted = self.column_type(slot).map_err(|_| none())?;
        let symbols = self.symbols(slot);
        let keys = |text: &[u8]| symbols?.key(text);
        let mut decoder = self.borrow_decoder();
        let decoded = match (&want.plan, parts) {
            (Some(plan), parts) => {
                let parts: Vec<&[u8]> = parts.iter().map(|part| &part[..]).collect();
                decoder.decode_pages(leaf, chunk, plan, &parts, wanted, Some(&keys))
            }
            (None, [bytes, ..]) => decoder.decode(leaf, chunk, rows, bytes, wanted, Some(&keys)),
            (None, []) => decoder.decode(leaf, chunk, rows, &[], wanted, Some(&keys)),
        };
        self.give_back(decoder);
        decoded
    }

    /// Bytes that the file does not have are damage of the facts, told with all that is known.
    pub(super) fn check_ranges(
        &self,
        slot: usize,
        group: usize,
        ranges: &[Range<u64>],
    ) -> Result<(), ReadError> {
        let len = self.files().len;
        match ranges.iter().find(|r| r.end > len || r.start > r.end) {
            None => Ok(()),
            Some(range) => {
                let column = self.column_name(slot);
                let of = format!("row group {group}, column {column:?}");
                Err(self.damage(format!("{of}: bytes {range:?} of {len}")))
            }
        }
    }
}
