//! Writing a footer, its sections, CRC and trailer (pm.md §7).
//!
//! Shared by create and append: the two differ in what they pass, not in what is written.

use zerocopy::IntoBytes;
use zerocopy::little_endian::{U32, U64};

use crate::block::PlacedBloom;
use crate::build::count_of;
use crate::error::PmError;
use crate::facts::SnapshotFacts;
use crate::flags;
use crate::layout::{BLOCK_ALIGN, CRC_LEN, FooterRecord, SCRATCHPAD_LEN_MAX};
use crate::span::wide;

/// Everything that a footer states.
pub(crate) struct FooterParts<'a> {
    pub(crate) snapshot: &'a SnapshotFacts,
    pub(crate) unused_bytes: u64,
    pub(crate) previous_size: u64,
    /// Absolute block offsets, row group by row group.
    pub(crate) block_offsets: &'a [u64],
    /// Row-major cells of the listed columns.
    pub(crate) bloom_cells: &'a [PlacedBloom],
    pub(crate) scratchpad: &'a [(u32, Vec<u8>)],
}

/// Appends the footer up to, not including, its CRC.
pub(crate) fn write_footer(out: &mut Vec<u8>, parts: &FooterParts<'_>) -> Result<(), PmError> {
    let seq_txn = parts.snapshot.seq_txn.filter(|t| *t != -1);
    let mut feature_flags = 0;
    if seq_txn.is_some() {
        feature_flags |= flags::SEQ_TXN;
    }
    if !parts.scratchpad.is_empty() {
        feature_flags |= flags::SCRATCHPAD;
    }
    let record = FooterRecord {
        parquet_footer_offset: U64::new(parts.snapshot.parquet_footer_offset),
        parquet_footer_length: U32::new(parts.snapshot.parquet_footer_length),
        row_group_count: U32::new(count_of("row_group_count", parts.block_offsets.len())?),
        unused_bytes: U64::new(parts.unused_bytes),
        prev_size: U64::new(parts.previous_size),
        feature_flags: U64::new(feature_flags),
    };
    out.extend_from_slice(record.as_bytes());
    for offset in parts.block_offsets {
        out.extend_from_slice(&eighth("row group block", *offset)?.to_le_bytes());
    }
    for cell in parts.bloom_cells {
        write_cell(out, *cell)?;
    }
    if let Some(txn) = seq_txn {
        out.extend_from_slice(&txn.to_le_bytes());
    }
    write_scratchpad(out, parts.scratchpad)
}

fn write_cell(out: &mut Vec<u8>, cell: PlacedBloom) -> Result<(), PmError> {
    match cell {
        PlacedBloom::Absent => out.extend_from_slice(&0u32.to_le_bytes()),
        PlacedBloom::Inline(offset) => {
            out.extend_from_slice(&eighth("bloom record", offset)?.to_le_bytes());
        }
        PlacedBloom::External { offset, length } => {
            out.extend_from_slice(&offset.to_le_bytes());
            out.extend_from_slice(&length.to_le_bytes());
        }
    }
    Ok(())
}

fn write_scratchpad(out: &mut Vec<u8>, entries: &[(u32, Vec<u8>)]) -> Result<(), PmError> {
    if entries.is_empty() {
        return Ok(());
    }
    let start = out.len();
    out.extend_from_slice(&count_of("scratchpad entry count", entries.len())?.to_le_bytes());
    for (code, content) in entries {
        out.extend_from_slice(&code.to_le_bytes());
        out.extend_from_slice(&count_of("scratchpad entry", content.len())?.to_le_bytes());
        out.extend_from_slice(content);
    }
    if out.len() - start > SCRATCHPAD_LEN_MAX {
        return Err(PmError::InvalidValue {
            field: "scratchpad length",
            offset: 0,
            found: wide(out.len() - start),
            expected: "at most 1 MiB",
        });
    }
    Ok(())
}

/// An 8-aligned offset divided by 8, as the format stores blocks and bloom records.
fn eighth(field: &'static str, offset: u64) -> Result<u32, PmError> {
    if !offset.is_multiple_of(wide(BLOCK_ALIGN)) {
        return Err(PmError::Alignment {
            field,
            value: offset,
        });
    }
    u32::try_from(offset / wide(BLOCK_ALIGN)).map_err(|_| PmError::InvalidValue {
        field,
        offset,
        found: offset,
        expected: "an offset below 32 GiB",
    })
}

/// Appends the CRC and the trailer to a footer that starts at `footer_start` of `out`.
pub(crate) fn seal(out: &mut Vec<u8>, footer_start: usize, crc: u32) -> Result<(), PmError> {
    out.extend_from_slice(&crc.to_le_bytes());
    let length = out.len().saturating_sub(footer_start);
    debug_assert!(length >= CRC_LEN, "a footer counts its CRC");
    out.extend_from_slice(&count_of("footer_length", length)?.to_le_bytes());
    Ok(())
}
