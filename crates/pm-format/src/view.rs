//! A snapshot of a sidecar, opened but not fully checked (pm.md §12.1).
//!
//! Opening validates what pm.md §12.1 lists and nothing more: cheap enough for planning over
//! thousands of partitions. What is checked lazily (§12.2) is an error of its accessor.
//! [`PmView::check`] does all of it at once and gives a [`CheckedPm`](crate::CheckedPm).

use zerocopy::little_endian::U32;

use crate::chunk::RowGroup;
use crate::column::Column;
use crate::crc::crc_of;
use crate::error::PmError;
use crate::flags;
use crate::layout::{
    BLOCK_ALIGN, BLOCK_HEAD_LEN, CHUNK_LEN, COLUMN_LEN, CRC_LEN, ColumnRecord, FooterRecord,
    HEADER_LEN, HeaderRecord, PARQUET_TAIL_LEN, TRAILER_LEN,
};
use crate::open::{check_flag_rules, header_sections, open_footer};
use crate::scratchpad::{Scratchpad, footer_sections};
use crate::span::{at, bytes, record, records, wide};

/// One snapshot, borrowed from the bytes of the file. Nothing is allocated or copied.
#[derive(Clone, Copy, Debug)]
pub struct PmView<'a> {
    /// Exactly the committed bytes.
    data: &'a [u8],
    header: &'a HeaderRecord,
    columns: &'a [ColumnRecord],
    sorting: &'a [U32],
    bloom_columns: &'a [U32],
    squash_tracker: Option<i64>,
    header_end: usize,
    footer: &'a FooterRecord,
    footer_offset: usize,
    entries: &'a [U32],
    bloom_table: &'a [u8],
    seq_txn: Option<i64>,
    scratchpad: Option<Scratchpad<'a>>,
    known_end: usize,
}

impl<'a> PmView<'a> {
    /// Opens the snapshot that ends at `committed` bytes, a size taken from offset 0 of the file
    /// or from the chain, never from the file system.
    ///
    /// # Errors
    /// `Short` when `data` is shorter than `committed`; else the first check of pm.md §12.1 that
    /// fails. The CRC is not verified: call [`PmView::verify_crc`].
    pub fn open(data: &'a [u8], committed: u64) -> Result<Self, PmError> {
        let short = PmError::Short {
            committed,
            have: wide(data.len()),
        };
        let data = data.get(..at(committed)).ok_or(short)?;
        let footer_offset = footer_offset(data)?;
        let header: &HeaderRecord = record(data, 0, "header")?;
        let unknown = header.feature_flags.get() & flags::REQUIRED_MASK;
        if unknown != 0 {
            return Err(PmError::UnsupportedFeature { bits: unknown });
        }
        let column_count = at(u64::from(header.column_count.get()));
        let columns: &[ColumnRecord] =
            records(data, HEADER_LEN, column_count, "column descriptors")?;
        let sorting_start = HEADER_LEN + columns.len() * COLUMN_LEN;
        let sorting_count = at(u64::from(header.sorting_column_count.get()));
        let sorting: &[U32] = records(data, sorting_start, sorting_count, "sorting columns")?;
        check_flag_rules(header)?;
        let names_start = sorting_start + size_of_val(sorting);
        let sections = header_sections(data, header, columns, names_start)?;
        let footer = open_footer(data, footer_offset)?;
        let mut view = Self {
            data,
            header,
            columns,
            sorting,
            bloom_columns: sections.bloom_columns,
            squash_tracker: sections.squash_tracker,
            header_end: sections.end,
            footer: footer.record,
            footer_offset,
            entries: footer.entries,
            bloom_table: &[],
            seq_txn: None,
            scratchpad: None,
            known_end: footer.entries_end,
        };
        view.open_footer_sections()?;
        Ok(view)
    }

    /// Opens the newest snapshot: the one whose size stands at offset 0. Without `_txn` at hand the
    /// trailer has no other witness, so its length must be exact when no unknown flag is set
    /// (pm.md §9).
    ///
    /// # Errors
    /// As [`PmView::open`], and `InvalidValue` for a footer length that is not the sum of its parts.
    pub fn open_newest(data: &'a [u8]) -> Result<Self, PmError> {
        let view = Self::open(data, crate::span::committed_size(data)?)?;
        view.check_footer_length()?;
        Ok(view)
    }

    fn open_footer_sections(&mut self) -> Result<(), PmError> {
        let crc_offset = self.crc_offset();
        let cell = if self.bloom_external() { 16 } else { 4 };
        let cells = self.entries.len().saturating_mul(self.bloom_columns.len());
        let table_len = cells.saturating_mul(cell);
        let before_crc = self.data.get(..crc_offset).unwrap_or_default();
        self.bloom_table = bytes(before_crc, self.known_end, table_len, "bloom table")?;
        self.known_end += self.bloom_table.len();
        let feature_flags = self.footer.feature_flags.get();
        let sections = footer_sections(before_crc, self.known_end, feature_flags)?;
        self.seq_txn = sections.seq_txn;
        self.scratchpad = sections.scratchpad;
        self.known_end = sections.end;
        Ok(())
    }

    /// Without unknown footer bits the footer length is the sum of the known parts (pm.md §12.3).
    ///
    /// # Errors
    /// `InvalidValue` when it is not.
    pub fn check_footer_length(&self) -> Result<(), PmError> {
        let unknown = (self.footer_flags() & !flags::FOOTER_KNOWN)
            | (self.feature_flags() & !flags::HEADER_KNOWN);
        if unknown == 0 && self.known_end != self.crc_offset() {
            return Err(PmError::InvalidValue {
                field: "footer_length",
                offset: wide(self.data.len().saturating_sub(TRAILER_LEN)),
                found: self.footer_length(),
                expected: "the sum of the footer's known parts",
            });
        }
        Ok(())
    }

    /// Verifies the CRC-32 of this snapshot: one pass over the committed bytes.
    ///
    /// # Errors
    /// `ChecksumMismatch`.
    pub fn verify_crc(&self) -> Result<(), PmError> {
        let computed = crc_of(self.data, self.crc_offset());
        let stored = self.stored_crc();
        if stored != computed {
            let offset = wide(self.crc_offset());
            return Err(PmError::ChecksumMismatch {
                offset,
                stored,
                computed,
            });
        }
        Ok(())
    }

    /// Does everything of pm.md §12.2 now, so that the accessors of the result cannot fail.
    ///
    /// # Errors
    /// The first violation.
    pub fn check(self) -> Result<crate::CheckedPm<'a>, PmError> {
        crate::check::check(self)
    }

    /// The committed bytes of this snapshot.
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Length of this snapshot in bytes.
    #[must_use]
    pub fn committed_size(&self) -> u64 {
        wide(self.data.len())
    }

    /// Header feature flags (pm.md §4.6).
    #[must_use]
    pub fn feature_flags(&self) -> u64 {
        self.header.feature_flags.get()
    }

    /// Index of the designated timestamp column. Every negative stored value is `None`; an index
    /// beyond the columns is given as it is, as upstream gives it.
    #[must_use]
    pub fn designated_timestamp(&self) -> Option<usize> {
        usize::try_from(self.header.designated_timestamp.get()).ok()
    }

    /// Number of columns.
    #[must_use]
    pub fn column_count(&self) -> usize {
        self.columns.len()
    }

    /// Column `index`.
    ///
    /// # Errors
    /// `InvalidValue` beyond the last one.
    pub fn column(&self, index: usize) -> Result<Column<'a>, PmError> {
        let record = self
            .columns
            .get(index)
            .ok_or_else(|| out_of_range("column index", index))?;
        Ok(Column::new(self.data, record, index))
    }

    /// All columns, in Parquet leaf order.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = Column<'a>> + use<'a> {
        let data = self.data;
        self.columns
            .iter()
            .enumerate()
            .map(move |(i, record)| Column::new(data, record, i))
    }

    /// The first column with this id; never matches a negative id (pm.md §4.2).
    #[must_use]
    pub fn column_by_id(&self, id: i32) -> Option<usize> {
        (id >= 0)
            .then(|| self.columns.iter().position(|c| c.id.get() == id))
            .flatten()
    }

    /// Number of effective sorting columns: with the short form of pm.md §4.3, one.
    #[must_use]
    pub fn sorting_column_count(&self) -> usize {
        if self.sorted_by_timestamp() {
            1
        } else {
            self.sorting.len()
        }
    }

    /// Index of the column that sorts at `position`, most significant first. Not checked against
    /// the number of columns.
    ///
    /// # Errors
    /// `InvalidValue` beyond the last position.
    pub fn sorting_column(&self, position: usize) -> Result<usize, PmError> {
        let index = if self.sorted_by_timestamp() && position == 0 {
            self.designated_timestamp()
        } else {
            let explicit = if self.sorted_by_timestamp() {
                &[][..]
            } else {
                self.sorting
            };
            explicit.get(position).map(|v| at(u64::from(v.get())))
        };
        index.ok_or_else(|| out_of_range("sorting column position", position))
    }

    fn sorted_by_timestamp(&self) -> bool {
        self.feature_flags() & flags::SORTING_IS_DTS_ASC != 0
    }

    /// Whether bloom cells are ranges of `data.parquet` (pm.md §8.3).
    #[must_use]
    pub fn bloom_external(&self) -> bool {
        self.feature_flags() & flags::BLOOM_FILTERS_EXTERNAL != 0
    }

    /// Indices of the columns that may have bloom filters, ascending.
    pub fn bloom_columns(&self) -> impl ExactSizeIterator<Item = usize> + use<'a> {
        self.bloom_columns.iter().map(|v| at(u64::from(v.get())))
    }

    pub(crate) fn bloom_position(&self, column: usize) -> Option<usize> {
        let column = u32::try_from(column).ok()?;
        self.bloom_columns
            .binary_search_by_key(&column, |v| v.get())
            .ok()
    }

    pub(crate) fn bloom_table(&self) -> &'a [u8] {
        self.bloom_table
    }

    pub(crate) fn bloom_list_len(&self) -> usize {
        self.bloom_columns.len()
    }

    /// QuestDB's squash tracker, when the file has one.
    #[must_use]
    pub fn squash_tracker(&self) -> Option<i64> {
        self.squash_tracker
    }

    /// Where the header, its lists and its sections end.
    #[must_use]
    pub fn header_end(&self) -> u64 {
        wide(self.header_end)
    }

    /// Where the footer of this snapshot starts.
    #[must_use]
    pub fn footer_offset(&self) -> u64 {
        wide(self.footer_offset)
    }

    /// Length of the footer as its trailer states it: CRC included, trailer not.
    #[must_use]
    pub fn footer_length(&self) -> u64 {
        wide(
            self.data
                .len()
                .saturating_sub(self.footer_offset + TRAILER_LEN),
        )
    }

    pub(crate) fn crc_offset(&self) -> usize {
        self.data.len().saturating_sub(CRC_LEN + TRAILER_LEN)
    }

    /// The CRC-32 that the footer states.
    #[must_use]
    pub fn stored_crc(&self) -> u32 {
        record::<U32>(self.data, self.crc_offset(), "CRC").map_or(0, |v| v.get())
    }

    /// Where the Thrift footer starts in `data.parquet`.
    #[must_use]
    pub fn parquet_footer_offset(&self) -> u64 {
        self.footer.parquet_footer_offset.get()
    }

    /// Length of the Thrift footer, without the 8-byte tail.
    #[must_use]
    pub fn parquet_footer_length(&self) -> u32 {
        self.footer.parquet_footer_length.get()
    }

    /// Committed size of `data.parquet` in this snapshot: its identity (pm.md §14.1). `None` when
    /// the sum overflows.
    #[must_use]
    pub fn parquet_file_size(&self) -> Option<u64> {
        parquet_size(self.footer)
    }

    /// Dead bytes in `data.parquet` (pm.md §15).
    #[must_use]
    pub fn unused_bytes(&self) -> u64 {
        self.footer.unused_bytes.get()
    }

    /// Committed size of the previous snapshot; 0 for none.
    #[must_use]
    pub fn previous_size(&self) -> u64 {
        self.footer.prev_size.get()
    }

    /// Footer feature flags (pm.md §7.4).
    #[must_use]
    pub fn footer_flags(&self) -> u64 {
        self.footer.feature_flags.get()
    }

    /// Sequencer transaction of the snapshot (pm.md §20.1).
    #[must_use]
    pub fn seq_txn(&self) -> Option<i64> {
        self.seq_txn
    }

    /// The scratchpad, when the snapshot has one (pm.md §20.1).
    #[must_use]
    pub fn scratchpad(&self) -> Option<Scratchpad<'a>> {
        self.scratchpad
    }

    /// Number of row groups.
    #[must_use]
    pub fn row_group_count(&self) -> usize {
        self.entries.len()
    }

    /// Row group `index` of this snapshot.
    ///
    /// # Errors
    /// `InvalidValue` beyond the last one, `Truncated` when its block is not inside the file.
    pub fn row_group(&self, index: usize) -> Result<RowGroup<'a>, PmError> {
        let entry = self
            .entries
            .get(index)
            .ok_or_else(|| out_of_range("row group index", index))?;
        let offset = at(u64::from(entry.get())).saturating_mul(BLOCK_ALIGN);
        RowGroup::open(self.data, offset, self.columns.len())
    }

    /// Rows of all row groups.
    ///
    /// # Errors
    /// As [`PmView::row_group`]; `InvalidValue` when the sum overflows.
    pub fn row_count(&self) -> Result<u64, PmError> {
        (0..self.row_group_count()).try_fold(0u64, |sum, i| {
            let rows = self.row_group(i)?.num_rows();
            sum.checked_add(rows).ok_or(PmError::InvalidValue {
                field: "num_rows",
                offset: 0,
                found: rows,
                expected: "a sum below 2^64",
            })
        })
    }
}

pub(crate) fn out_of_range(field: &'static str, index: usize) -> PmError {
    PmError::InvalidValue {
        field,
        offset: 0,
        found: wide(index),
        expected: "a smaller index",
    }
}

/// The size of `data.parquet` that a footer describes.
pub(crate) fn parquet_size(footer: &FooterRecord) -> Option<u64> {
    let length = u64::from(footer.parquet_footer_length.get());
    footer
        .parquet_footer_offset
        .get()
        .checked_add(length)?
        .checked_add(PARQUET_TAIL_LEN)
}

/// Where the footer starts that ends `data` (checks 1 and 2 of pm.md §12.1).
pub(crate) fn footer_offset(data: &[u8]) -> Result<usize, PmError> {
    let trailer = data
        .len()
        .checked_sub(TRAILER_LEN)
        .ok_or(PmError::Truncated {
            section: "trailer",
            offset: 0,
            needed: wide(TRAILER_LEN),
            have: wide(data.len()),
        })?;
    let length: &U32 = record(data, trailer, "trailer")?;
    trailer
        .checked_sub(at(u64::from(length.get())))
        .ok_or(PmError::Truncated {
            section: "footer",
            offset: 0,
            needed: u64::from(length.get()),
            have: wide(trailer),
        })
}

/// Bytes from the start of a block to its out-of-line region.
pub(crate) fn block_fixed_len(column_count: usize) -> usize {
    BLOCK_HEAD_LEN.saturating_add(column_count.saturating_mul(CHUNK_LEN))
}
