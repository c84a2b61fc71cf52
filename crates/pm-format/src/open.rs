//! The steps of opening a snapshot (pm.md §12.1), in the order in which they must fail.
//!
//! Each takes the committed bytes and gives the part of the file that it checked.

use zerocopy::little_endian::{U32, U64};

use crate::error::PmError;
use crate::flags;
use crate::layout::{
    CRC_LEN, ColumnRecord, ENTRY_LEN, FOOTER_LEN, FooterRecord, HeaderRecord, TRAILER_LEN,
};
use crate::span::{at, bytes, record, records, wide};

pub(crate) fn check_flag_rules(header: &HeaderRecord) -> Result<(), PmError> {
    let set = header.feature_flags.get();
    let bad = |expected| PmError::InvalidValue {
        field: "feature_flags",
        offset: 8,
        found: set,
        expected,
    };
    if set & flags::BLOOM_FILTERS_EXTERNAL != 0 && set & flags::BLOOM_FILTERS == 0 {
        return Err(bad(
            "external bloom filters only together with bloom filters",
        ));
    }
    if set & flags::SORTING_IS_DTS_ASC != 0 && header.designated_timestamp.get() < 0 {
        return Err(bad(
            "sorting by the designated timestamp only where there is one",
        ));
    }
    Ok(())
}

pub(crate) struct HeaderSections<'a> {
    pub(crate) bloom_columns: &'a [U32],
    pub(crate) squash_tracker: Option<i64>,
    pub(crate) end: usize,
}

/// Names and the sections behind them (checks 8 to 13).
pub(crate) fn header_sections<'a>(
    data: &'a [u8],
    header: &HeaderRecord,
    columns: &[ColumnRecord],
    names_start: usize,
) -> Result<HeaderSections<'a>, PmError> {
    let mut cursor = names_start;
    for column in columns {
        let offset = at(column.name_offset.get());
        let length = at(u64::from(column.name_length.get()));
        bytes(data, offset, length, "column name")?;
        if offset < names_start {
            return Err(PmError::Truncated {
                section: "names area",
                offset: wide(offset),
                needed: wide(length),
                have: 0,
            });
        }
        cursor = cursor.max(offset + length);
    }
    let mut bloom_columns: &[U32] = &[];
    if header.feature_flags.get() & flags::BLOOM_FILTERS != 0 {
        bloom_columns = bloom_list(data, cursor, columns.len())?;
        cursor += size_of::<U32>() + size_of_val(bloom_columns);
    }
    let mut squash_tracker = None;
    if header.feature_flags.get() & flags::SQUASH_TRACKER != 0 {
        let tracker: &U64 = record(data, cursor, "squash tracker")?;
        squash_tracker = Some(tracker.get().cast_signed());
        cursor += size_of::<U64>();
    }
    Ok(HeaderSections {
        bloom_columns,
        squash_tracker,
        end: cursor,
    })
}

fn bloom_list(data: &[u8], offset: usize, column_count: usize) -> Result<&[U32], PmError> {
    let bad = |field, at, found, expected| PmError::InvalidValue {
        field,
        offset: wide(at),
        found: u64::from(found),
        expected,
    };
    let count: &U32 = record(data, offset, "bloom column count")?;
    let listed = at(u64::from(count.get()));
    if listed == 0 || listed > column_count {
        return Err(bad(
            "bloom column count",
            offset,
            count.get(),
            "1 to the number of columns",
        ));
    }
    let list: &[U32] = records(data, offset + size_of::<U32>(), listed, "bloom columns")?;
    let mut previous = None;
    for (i, column) in list.iter().enumerate() {
        let place = offset + (i + 1) * size_of::<U32>();
        if at(u64::from(column.get())) >= column_count {
            return Err(bad(
                "bloom column",
                place,
                column.get(),
                "less than the column count",
            ));
        }
        if previous.is_some_and(|p| p >= column.get()) {
            return Err(bad(
                "bloom column",
                place,
                column.get(),
                "strictly ascending indices",
            ));
        }
        previous = Some(column.get());
    }
    Ok(list)
}

pub(crate) struct Footer<'a> {
    pub(crate) record: &'a FooterRecord,
    pub(crate) entries: &'a [U32],
    pub(crate) entries_end: usize,
}

/// Checks 14 to 17.
pub(crate) fn open_footer(data: &[u8], offset: usize) -> Result<Footer<'_>, PmError> {
    bytes(data, offset, FOOTER_LEN + CRC_LEN, "footer")?;
    let record: &FooterRecord = record(data, offset, "footer")?;
    let count = at(u64::from(record.row_group_count.get()));
    let needed = count
        .checked_mul(ENTRY_LEN)
        .and_then(|n| n.checked_add(FOOTER_LEN + CRC_LEN + TRAILER_LEN))
        .unwrap_or(usize::MAX);
    bytes(data, offset, needed, "row group entries")?;
    if record.feature_flags.get() & flags::REQUIRED_MASK != 0 {
        return Err(PmError::InvalidValue {
            field: "footer_feature_flags",
            offset: wide(offset + FOOTER_LEN - 8),
            found: record.feature_flags.get(),
            expected: "no unknown required bit",
        });
    }
    let entries: &[U32] = records(data, offset + FOOTER_LEN, count, "row group entries")?;
    Ok(Footer {
        record,
        entries,
        entries_end: offset + FOOTER_LEN + size_of_val(entries),
    })
}
