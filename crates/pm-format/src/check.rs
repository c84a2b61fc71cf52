//! A snapshot of which everything was checked (pm.md §12.2).
//!
//! The unverified view answers with errors; this type answers with values. It is made only by
//! [`PmView::check`], so whoever holds one never handles damage again.

use crate::chunk::{Chunk, RowGroup, Stat};
use crate::codes::{ChunkCodec, PhysicalType, Repetition};
use crate::column::Column;
use crate::error::PmError;
use crate::view::PmView;

/// A fully checked snapshot. The CRC is a check of its own: [`PmView::verify_crc`].
#[derive(Clone, Copy, Debug)]
pub struct CheckedPm<'a> {
    view: PmView<'a>,
}

/// A column whose name, repetition and physical type were checked.
#[derive(Clone, Copy, Debug)]
pub struct CheckedColumn<'a> {
    /// The descriptor.
    pub raw: Column<'a>,
    /// Its name.
    pub name: &'a str,
    /// Its repetition.
    pub repetition: Repetition,
    /// Its physical type.
    pub physical_type: PhysicalType,
}

/// A chunk whose codec and statistics were checked.
#[derive(Clone, Copy, Debug)]
pub struct CheckedChunk<'a> {
    /// The record.
    pub raw: Chunk<'a>,
    /// Its codec.
    pub codec: ChunkCodec,
    /// Its minimum.
    pub min: Option<Stat<'a>>,
    /// Its maximum.
    pub max: Option<Stat<'a>>,
}

impl<'a> CheckedColumn<'a> {
    fn new(raw: Column<'a>) -> Result<Self, PmError> {
        Ok(Self {
            raw,
            name: raw.name()?,
            repetition: raw.repetition()?,
            physical_type: raw.physical_type()?,
        })
    }
}

impl<'a> CheckedChunk<'a> {
    fn new(raw: Chunk<'a>) -> Result<Self, PmError> {
        Ok(Self {
            raw,
            codec: raw.codec()?,
            min: raw.min()?,
            max: raw.max()?,
        })
    }
}

/// Runs every lazy check once.
pub(crate) fn check(view: PmView<'_>) -> Result<CheckedPm<'_>, PmError> {
    for column in view.columns() {
        CheckedColumn::new(column)?;
    }
    let listed = view.bloom_columns().len();
    for index in 0..view.row_group_count() {
        for chunk in view.row_group(index)?.chunks() {
            CheckedChunk::new(chunk)?;
        }
        for position in 0..listed {
            view.bloom_cell(index, position)?;
        }
    }
    view.row_count()?;
    Ok(CheckedPm { view })
}

impl<'a> CheckedPm<'a> {
    /// The view, for everything that cannot fail there either.
    #[must_use]
    pub fn view(&self) -> &PmView<'a> {
        &self.view
    }

    /// The columns, in Parquet leaf order.
    pub fn columns(&self) -> impl Iterator<Item = CheckedColumn<'a>> + use<'a> {
        self.view
            .columns()
            .filter_map(|c| CheckedColumn::new(c).ok())
    }

    /// Column `index`, or `None` beyond the last.
    #[must_use]
    pub fn column(&self, index: usize) -> Option<CheckedColumn<'a>> {
        CheckedColumn::new(self.view.column(index).ok()?).ok()
    }

    /// The row groups, in order.
    pub fn row_groups(&self) -> impl Iterator<Item = RowGroup<'a>> + use<'a> {
        let view = self.view;
        (0..view.row_group_count()).filter_map(move |i| view.row_group(i).ok())
    }

    /// Row group `index`, or `None` beyond the last.
    #[must_use]
    pub fn row_group(&self, index: usize) -> Option<RowGroup<'a>> {
        self.view.row_group(index).ok()
    }

    /// The chunks of column `column`, one a row group, in order.
    pub fn chunks_of(&self, column: usize) -> impl Iterator<Item = CheckedChunk<'a>> + use<'a> {
        self.row_groups()
            .filter_map(move |g| CheckedChunk::new(g.chunk(column).ok()?).ok())
    }

    /// Rows of all row groups.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        self.row_groups().map(|g| g.num_rows()).sum()
    }
}
