//! From a committed size to the footer that an older snapshot needs (pm.md §14).
//!
//! Footers chain backwards by committed size. A walk looks at nothing else in a footer it passes,
//! is bounded, and ends on any cycle, because each step must go down.

use crate::error::PmError;
use crate::flags;
use crate::layout::{CHAIN_STEPS_MAX, CRC_LEN, ENTRY_LEN, FOOTER_LEN, FooterRecord, TRAILER_LEN};
use crate::span::{at, bytes, committed_size, record, wide};
use crate::view::{PmView, footer_offset, parquet_size};

/// One step of the chain: what can be known about a snapshot without opening it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainLink {
    /// Committed size of the sidecar at that snapshot.
    pub committed_size: u64,
    /// Committed size of `data.parquet` that it describes; `None` when the sum overflows.
    pub parquet_file_size: Option<u64>,
    /// Committed size of the snapshot before it; 0 for none.
    pub previous_size: u64,
}

/// Walks the chain from `newest` bytes, newest first. After an error the walk is over.
pub fn chain(data: &[u8], newest: u64) -> impl Iterator<Item = Result<ChainLink, PmError>> + '_ {
    let mut next = Some(newest);
    let mut steps = 0usize;
    std::iter::from_fn(move || {
        let size = next.take()?;
        steps += 1;
        if steps > CHAIN_STEPS_MAX {
            return Some(Err(PmError::InvalidValue {
                field: "footer chain",
                offset: size,
                found: wide(steps),
                expected: "at most 1000000 steps",
            }));
        }
        let link = link_at(data, size);
        if let Ok(link) = &link {
            let down = link.previous_size != 0 && link.previous_size < size;
            next = down.then_some(link.previous_size);
        }
        Some(link)
    })
}

fn link_at(data: &[u8], size: u64) -> Result<ChainLink, PmError> {
    let short = PmError::Short {
        committed: size,
        have: wide(data.len()),
    };
    let data = data.get(..at(size)).ok_or(short)?;
    let offset = footer_offset(data)?;
    let footer: &FooterRecord = record(data, offset, "footer")?;
    let entries = at(u64::from(footer.row_group_count.get())).saturating_mul(ENTRY_LEN);
    let least = entries.saturating_add(FOOTER_LEN + CRC_LEN + TRAILER_LEN);
    bytes(data, offset, least, "row group entries")?;
    Ok(ChainLink {
        committed_size: size,
        parquet_file_size: parquet_size(footer),
        previous_size: footer.prev_size.get(),
    })
}

/// Opens the snapshot whose `data.parquet` has `parquet_size` bytes, the size that `_txn` holds.
/// `data` starts at offset 0 of the file; its first 8 bytes say where the chain begins.
///
/// # Errors
/// `Short` when the committed size at offset 0 exceeds `data`: read that much and try again.
/// `InvalidValue` when no snapshot of the chain describes that size. If `data` was read before
/// `_txn`, read it again before believing that (pm.md §14.3). Otherwise as [`PmView::open`].
pub fn resolve(data: &[u8], parquet_size: u64) -> Result<PmView<'_>, PmError> {
    resolve_from(data, committed_size(data)?, parquet_size)
}

/// As [`resolve`], from a committed size that the caller read and kept.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_from(data: &[u8], newest: u64, parquet_size: u64) -> Result<PmView<'_>, PmError> {
    for link in chain(data, newest) {
        let link = link?;
        if link.parquet_file_size == Some(parquet_size) {
            return PmView::open(data, link.committed_size);
        }
    }
    Err(PmError::InvalidValue {
        field: "parquet file size",
        offset: 0,
        found: parquet_size,
        expected: "the size that some snapshot of the chain describes",
    })
}

/// Whether a reader of this crate understands every bit that a view sets.
#[must_use]
pub fn has_unknown_bits(view: &PmView<'_>) -> bool {
    view.feature_flags() & !flags::HEADER_KNOWN != 0
        || view.footer_flags() & !flags::FOOTER_KNOWN != 0
}
