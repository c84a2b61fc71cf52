//! Writing one row group block (pm.md §5, §6.2, §6.3, §8.2).
//!
//! Out-of-line bytes go behind the chunks in column order: minimum, maximum, bloom record. Whatever
//! fits eight bytes is inlined.

use zerocopy::IntoBytes;
use zerocopy::little_endian::{U32, U64};

use crate::error::PmError;
use crate::facts::{BloomFacts, ChunkFacts, RowGroupFacts, StatFacts};
use crate::flags;
use crate::layout::{BLOCK_ALIGN, CHUNK_LEN, ChunkRecord, STAT_LEN_MAX};
use crate::span::wide;
use crate::view::block_fixed_len;

/// Where a new block and its bloom records ended up.
pub(crate) struct PlacedBlock {
    /// Absolute offset.
    pub(crate) offset: u64,
    /// For each column: absolute offset of its inlined bloom record, or an external range.
    pub(crate) blooms: Vec<PlacedBloom>,
}

/// Content of a future bloom cell.
#[derive(Clone, Copy)]
pub(crate) enum PlacedBloom {
    Absent,
    Inline(u64),
    External { offset: u64, length: u64 },
}

/// Appends zero bytes until the absolute position is a multiple of 8.
pub(crate) fn pad(out: &mut Vec<u8>, base: u64) {
    while !(base + wide(out.len())).is_multiple_of(wide(BLOCK_ALIGN)) {
        out.push(0);
    }
}

/// Appends a block to `out`, whose first byte will stand at absolute offset `base`.
pub(crate) fn write_block(
    out: &mut Vec<u8>,
    base: u64,
    group: &RowGroupFacts,
    column_count: usize,
    external: bool,
) -> Result<PlacedBlock, PmError> {
    if group.chunks.len() != column_count {
        return Err(PmError::SchemaMismatch {
            what: "chunks in a row group",
            expected: wide(column_count),
            found: wide(group.chunks.len()),
        });
    }
    pad(out, base);
    let offset = base + wide(out.len());
    let ool_base = offset + wide(block_fixed_len(column_count));
    let mut records = Vec::with_capacity(column_count * CHUNK_LEN);
    let mut ool = Vec::new();
    let mut blooms = Vec::with_capacity(column_count);
    for chunk in &group.chunks {
        let record = chunk_record(chunk, &mut ool)?;
        records.extend_from_slice(record.as_bytes());
        blooms.push(place_bloom(
            chunk.bloom.as_ref(),
            external,
            ool_base,
            &mut ool,
        )?);
    }
    out.extend_from_slice(&group.num_rows.to_le_bytes());
    out.extend_from_slice(&records);
    out.extend_from_slice(&ool);
    Ok(PlacedBlock { offset, blooms })
}

fn place_bloom(
    bloom: Option<&BloomFacts>,
    external: bool,
    ool_base: u64,
    ool: &mut Vec<u8>,
) -> Result<PlacedBloom, PmError> {
    let bad = |found: usize, expected| PmError::InvalidValue {
        field: "bloom filter",
        offset: 0,
        found: wide(found),
        expected,
    };
    match bloom {
        None => Ok(PlacedBloom::Absent),
        Some(BloomFacts::External { offset, length }) if external => Ok(PlacedBloom::External {
            offset: *offset,
            length: *length,
        }),
        Some(BloomFacts::Inline(bits)) if !external => {
            if bits.is_empty() || !bits.len().is_multiple_of(32) {
                return Err(bad(bits.len(), "a positive multiple of 32 bytes"));
            }
            let length = i32::try_from(bits.len()).map_err(|_| bad(bits.len(), "below 2 GiB"))?;
            pad(ool, ool_base);
            let offset = ool_base + wide(ool.len());
            ool.extend_from_slice(&length.to_le_bytes());
            ool.extend_from_slice(bits);
            Ok(PlacedBloom::Inline(offset))
        }
        Some(_) => Err(bad(0, "all filters of a file inlined, or all external")),
    }
}

fn chunk_record(chunk: &ChunkFacts, ool: &mut Vec<u8>) -> Result<ChunkRecord, PmError> {
    let min = place_stat(chunk.min.as_ref(), ool)?;
    let max = place_stat(chunk.max.as_ref(), ool)?;
    let mut stat_flags = min.flags | (max.flags << 3);
    if chunk.distinct_count.is_some() {
        stat_flags |= flags::DISTINCT_COUNT_PRESENT;
    }
    if chunk.null_count.is_some() {
        stat_flags |= flags::NULL_COUNT_PRESENT;
    }
    Ok(ChunkRecord {
        codec: chunk.codec,
        encodings: chunk.encodings,
        stat_flags,
        stat_sizes: min.nibble | (max.nibble << 4),
        reserved: U32::new(0),
        num_values: U64::new(chunk.num_values),
        byte_range_start: U64::new(chunk.byte_range_start),
        total_compressed: U64::new(chunk.total_compressed),
        null_count: U64::new(chunk.null_count.unwrap_or(0)),
        distinct_count: U64::new(chunk.distinct_count.unwrap_or(0)),
        min_stat: min.slot,
        max_stat: max.slot,
    })
}

/// A statistic as it goes into a record; flags as for the minimum.
#[derive(Default)]
struct PlacedStat {
    slot: [u8; 8],
    nibble: u8,
    flags: u8,
}

fn place_stat(stat: Option<&StatFacts>, ool: &mut Vec<u8>) -> Result<PlacedStat, PmError> {
    let Some(stat) = stat.filter(|s| !s.bytes.is_empty()) else {
        return Ok(PlacedStat::default());
    };
    let exact = if stat.exact { flags::MIN_EXACT } else { 0 };
    let too_long = |found| PmError::InvalidValue {
        field: "statistic",
        offset: 0,
        found,
        expected: "at most 65535 bytes, within 2^48 bytes of its block",
    };
    let length = u16::try_from(stat.bytes.len())
        .ok()
        .filter(|l| usize::from(*l) <= STAT_LEN_MAX);
    let length = length.ok_or_else(|| too_long(wide(stat.bytes.len())))?;
    let mut placed = PlacedStat {
        flags: flags::MIN_PRESENT | exact,
        ..PlacedStat::default()
    };
    if let Some(slot) = placed.slot.get_mut(..stat.bytes.len()) {
        slot.copy_from_slice(&stat.bytes);
        placed.flags |= flags::MIN_INLINED;
        placed.nibble = u8::try_from(length).unwrap_or(0);
        return Ok(placed);
    }
    let offset = wide(ool.len());
    if offset >> 48 != 0 {
        return Err(too_long(offset));
    }
    placed.slot = ((offset << 16) | u64::from(length)).to_le_bytes();
    ool.extend_from_slice(&stat.bytes);
    Ok(placed)
}
