//! A new sidecar from plain values (pm.md §13.2).
//!
//! Equal facts give equal bytes, and those are the bytes that QuestDB writes for them.

use zerocopy::IntoBytes;
use zerocopy::little_endian::{I32, U32, U64};

use crate::append::{absent_as, without_unlisted_blooms};
use crate::block::{PlacedBlock, write_block};
use crate::crc::crc_of;
use crate::error::PmError;
use crate::facts::{ColumnFacts, HeaderFacts, RowGroupFacts, ScratchpadFacts, SnapshotFacts};
use crate::flags;
use crate::footer::{FooterParts, write_footer};
use crate::layout::{COLUMN_LEN, ColumnRecord, HEADER_LEN, HeaderRecord};
use crate::span::wide;

/// The complete image of a file with one snapshot, its size already at offset 0.
///
/// # Errors
/// `SchemaMismatch` for a row group without exactly one chunk a column, `InvalidValue` for a value
/// that the format cannot hold (a statistic above 65,535 bytes, a block beyond 32 GiB, a bloom list
/// that is not ascending).
pub fn build(
    header: &HeaderFacts,
    row_groups: &[RowGroupFacts],
    snapshot: &SnapshotFacts,
) -> Result<Vec<u8>, PmError> {
    let bloom_columns = bloom_list(header, row_groups)?;
    let mut out = Vec::new();
    write_header(&mut out, header, &bloom_columns)?;
    let mut blocks = Vec::with_capacity(row_groups.len());
    for group in row_groups {
        let columns = header.columns.len();
        let group = without_unlisted_blooms(group, &bloom_columns);
        blocks.push(write_block(
            &mut out,
            0,
            &group,
            columns,
            header.bloom_external,
        )?);
    }
    let scratchpad = match &snapshot.scratchpad {
        ScratchpadFacts::Inherit => &[][..],
        ScratchpadFacts::Replace(entries) => entries,
    };
    let cell = |block: &PlacedBlock, column: u32| {
        absent_as(
            header.bloom_external,
            block.blooms.get(column as usize).copied(),
        )
    };
    let footer_start = out.len();
    write_footer(
        &mut out,
        &FooterParts {
            snapshot,
            unused_bytes: snapshot.unused_bytes.unwrap_or(0),
            previous_size: 0,
            block_offsets: &blocks.iter().map(|b| b.offset).collect::<Vec<_>>(),
            bloom_cells: &blocks
                .iter()
                .flat_map(|b| bloom_columns.iter().map(move |c| cell(b, *c)))
                .collect::<Vec<_>>(),
            scratchpad,
        },
    )?;
    let crc = crc_of(&out, out.len());
    crate::footer::seal(&mut out, footer_start, crc)?;
    let size = wide(out.len());
    if let Some(word) = out.first_chunk_mut::<8>() {
        *word = size.to_le_bytes();
    }
    Ok(out)
}

/// The listed bloom columns: as told, or those that have a filter in some row group.
fn bloom_list(header: &HeaderFacts, groups: &[RowGroupFacts]) -> Result<Vec<u32>, PmError> {
    let count = u32::try_from(header.columns.len()).map_err(|_| PmError::InvalidValue {
        field: "column_count",
        offset: 24,
        found: wide(header.columns.len()),
        expected: "at most 2^32 - 1",
    })?;
    let Some(told) = &header.bloom_columns else {
        let has = |column: &u32| {
            let index = *column as usize;
            groups
                .iter()
                .any(|g| g.chunks.get(index).is_some_and(|c| c.bloom.is_some()))
        };
        return Ok((0..count).filter(has).collect());
    };
    let ascending = told.windows(2).all(|pair| pair.first() < pair.last());
    if !ascending || told.last().is_some_and(|last| *last >= count) {
        return Err(PmError::InvalidValue {
            field: "bloom columns",
            offset: 0,
            found: u64::from(told.last().copied().unwrap_or(0)),
            expected: "strictly ascending indices of columns",
        });
    }
    Ok(told.clone())
}

/// Whether the sort order needs no explicit list (pm.md §4.3).
fn short_form(header: &HeaderFacts) -> bool {
    let [only] = header.sorting_columns.as_slice() else {
        return false;
    };
    let Ok(index) = usize::try_from(header.designated_timestamp) else {
        return false;
    };
    *only as usize == index
        && header
            .columns
            .get(index)
            .is_some_and(|c| c.flags & flags::DESCENDING == 0)
}

fn write_header(
    out: &mut Vec<u8>,
    header: &HeaderFacts,
    bloom_columns: &[u32],
) -> Result<(), PmError> {
    let short = short_form(header);
    let sorting = if short {
        &[][..]
    } else {
        &header.sorting_columns
    };
    let tracker = header.squash_tracker.filter(|t| *t != -1);
    let mut feature_flags = 0;
    for (bit, set) in [
        (flags::BLOOM_FILTERS, !bloom_columns.is_empty()),
        (
            flags::BLOOM_FILTERS_EXTERNAL,
            header.bloom_external && !bloom_columns.is_empty(),
        ),
        (flags::SORTING_IS_DTS_ASC, short),
        (flags::SQUASH_TRACKER, tracker.is_some()),
    ] {
        feature_flags |= if set { bit } else { 0 };
    }
    let record = HeaderRecord {
        committed_size: U64::new(0),
        feature_flags: U64::new(feature_flags),
        designated_timestamp: I32::new(header.designated_timestamp),
        sorting_column_count: U32::new(count_of("sorting_column_count", sorting.len())?),
        column_count: U32::new(count_of("column_count", header.columns.len())?),
        reserved: U32::new(0),
    };
    out.extend_from_slice(record.as_bytes());
    let names_start = HEADER_LEN + header.columns.len() * COLUMN_LEN + size_of_val(sorting);
    let mut name_offset = wide(names_start);
    for column in &header.columns {
        let name_length = count_of("name_length", column.name.len())?;
        out.extend_from_slice(column_record(column, name_offset, name_length).as_bytes());
        name_offset += u64::from(name_length);
    }
    sorting
        .iter()
        .for_each(|index| out.extend_from_slice(&index.to_le_bytes()));
    header
        .columns
        .iter()
        .for_each(|column| out.extend_from_slice(column.name.as_bytes()));
    if !bloom_columns.is_empty() {
        let listed = count_of("bloom column count", bloom_columns.len())?;
        out.extend_from_slice(&listed.to_le_bytes());
        bloom_columns
            .iter()
            .for_each(|index| out.extend_from_slice(&index.to_le_bytes()));
    }
    if let Some(tracker) = tracker {
        out.extend_from_slice(&tracker.to_le_bytes());
    }
    Ok(())
}

fn column_record(column: &ColumnFacts, name_offset: u64, name_length: u32) -> ColumnRecord {
    ColumnRecord {
        name_offset: U64::new(name_offset),
        id: I32::new(column.id),
        col_type: I32::new(column.type_code),
        flags: I32::new(column.flags),
        fixed_byte_len: I32::new(column.fixed_byte_len),
        name_length: U32::new(name_length),
        physical_type: column.physical_type,
        max_rep_level: column.max_rep_level,
        max_def_level: column.max_def_level,
        reserved: 0,
    }
}

/// A count as the u32 that the format stores.
pub(crate) fn count_of(field: &'static str, count: usize) -> Result<u32, PmError> {
    u32::try_from(count).map_err(|_| PmError::InvalidValue {
        field,
        offset: 0,
        found: wide(count),
        expected: "at most 2^32 - 1",
    })
}
