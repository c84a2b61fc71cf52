//! How many of the next rows still fit into a row group of so many bytes.
//!
//! Rows weigh what column files would store of them, value by value, so that neither batches nor runs
//! of nulls show: the measure is that of an export's row groups (parquet.md §3).

use column_format::{ColumnSlice, Layout};

use crate::ColumnSpec;
use crate::rows::Cursor;

/// Rows that are weighed together.
const BLOCK: u64 = 512;

/// Weighs the rows of a row group.
#[derive(Debug)]
pub(super) struct Scales {
    bytes_max: u64,
    /// Of the rows of the group under way.
    bytes: u64,
    /// Of a row of the columns whose rows all take the same.
    fixed_row_bytes: u64,
    /// The other columns.
    variable: Vec<(usize, Layout)>,
}

impl Scales {
    pub(super) fn new(columns: &[ColumnSpec], bytes_max: u64) -> Self {
        let mut scales = Self {
            bytes_max,
            bytes: 0,
            fixed_row_bytes: 0,
            variable: Vec::new(),
        };
        for (idx, column) in columns.iter().enumerate() {
            match column.column_type.layout() {
                Layout::Fixed(width) => {
                    scales.fixed_row_bytes = scales.fixed_row_bytes.saturating_add(width as u64);
                }
                layout => scales.variable.push((idx, layout)),
            }
        }
        scales
    }

    /// A row group begins.
    pub(super) fn clear(&mut self) {
        self.bytes = 0;
    }

    /// Weighs rows at the cursors, one for every column, until one does not fit or there were `rows`;
    /// returns how many fit. An empty group takes one in any case.
    pub(super) fn fitting(&mut self, rows: &[Cursor<'_, '_>], count: u64, is_empty: bool) -> u64 {
        let mut spare = self.bytes_max.saturating_sub(self.bytes);
        if self.variable.is_empty() {
            let fits = spare.checked_div(self.fixed_row_bytes).unwrap_or(count);
            let taken = fits.max(is_empty.into()).min(count);
            let bytes = taken.saturating_mul(self.fixed_row_bytes);
            self.bytes = self.bytes.saturating_add(bytes);
            return taken;
        }
        let variable = self.variable.iter();
        let mut variable: Vec<(Cursor<'_, '_>, Layout)> = variable
            .filter_map(|(idx, layout)| Some((rows.get(*idx)?.clone(), *layout)))
            .collect();
        let (mut taken, mut block) = (0, BLOCK);
        while taken < count {
            let weighed = block.min(count - taken);
            // Row by row where the block does not fit.
            let before = (weighed > 1).then(|| variable.clone());
            let bytes = self.weigh(&mut variable, weighed);
            let forced = is_empty && taken == 0 && weighed == 1;
            if bytes > spare && !forced {
                let Some(before) = before else { break };
                (variable, block) = (before, 1);
                continue;
            }
            spare = spare.saturating_sub(bytes);
            self.bytes = self.bytes.saturating_add(bytes);
            taken += weighed;
        }
        taken
    }

    /// Bytes of the next rows. Of a row that cannot be read only the entry counts, whatever stands beside
    /// it: whoever needs its value says why.
    fn weigh(&self, variable: &mut [(Cursor<'_, '_>, Layout)], count: u64) -> u64 {
        let mut bytes = count.saturating_mul(self.fixed_row_bytes);
        for (rows, layout) in variable {
            let mut left = usize::try_from(count).unwrap_or(usize::MAX);
            while let Some(part) = rows.peek(left).filter(|_| left > 0) {
                bytes = bytes.saturating_add(stored_bytes(&part, *layout));
                rows.advance(part.rows());
                left -= part.rows();
            }
        }
        bytes
    }
}

fn stored_bytes(part: &ColumnSlice<'_>, layout: Layout) -> u64 {
    let stored = |part: &ColumnSlice<'_>| part.stored_bytes(layout).ok().map(|(bytes, _)| bytes);
    stored(part).unwrap_or_else(|| {
        let entry = u64::try_from(layout.row_bytes()).unwrap_or(u64::MAX);
        let row = |row: usize| stored(&part.slice(row..row + 1)).unwrap_or(entry);
        (0..part.rows()).map(row).fold(0, u64::saturating_add)
    })
}
