//! Rows out of the middle of a column's files, for whoever reads them instead of mapping the files.
//!
//! Over whole files, an offset in `.i` is a place in `.d`. Over pieces it is not: here is which bytes
//! of `.i` some rows need ([`Layout::aux_range`]), which bytes of `.d` these name, and how the offsets
//! come to mean places in the piece. Offsets and lengths are checked on the way, so that an error names
//! row and place in the files and never those in the piece.

use std::ops::Range;

use crate::bits::{bytes_at, i64_at, len_u64, len_usize};
use crate::layout::{AUX_ARRAY_ENTRY_LEN, AUX_OFFSET_LEN, AUX_VARCHAR_ENTRY_LEN};
use crate::slice::{
    ArrayEntry, VarcharEntry, array_outside, bad_length, bad_offset, read_array, varchar_outside,
};
use crate::{ArraySlice, ColumnSlice, FileKind, Layout, LayoutError, VarcharSlice};

/// Arrays are aligned in the file, so a piece of it begins at a multiple of this.
const DATA_ALIGN: u64 = 8;
/// The bits of an array entry's first word that are the offset.
const ARRAY_OFFSET_MASK: u64 = (1 << 48) - 1;

impl Layout {
    /// The bytes of `.i` that `rows` need: an entry each, and for STRING and BINARY one more. Empty for
    /// fixed layouts and for no rows. `None` on overflow.
    #[must_use]
    pub fn aux_range(self, rows: Range<u64>) -> Option<Range<u64>> {
        if rows.start >= rows.end {
            return Some(0..0);
        }
        let (entry, more) = match self {
            Self::Fixed(_) => return Some(0..0),
            Self::String | Self::Binary => (AUX_OFFSET_LEN, 1),
            Self::Varchar => (AUX_VARCHAR_ENTRY_LEN, 0),
            Self::Array { .. } => (AUX_ARRAY_ENTRY_LEN, 0),
        };
        let at = |row: u64| row.checked_mul(len_u64(entry));
        Some(at(rows.start)?..at(rows.end.checked_add(more)?)?)
    }
}

/// Rows of a column on their way into memory: their bytes of `.i` are there, those of `.d` are not.
#[derive(Debug)]
pub struct Part {
    layout: Layout,
    first_row: u64,
    rows: usize,
    aux: Vec<u8>,
    /// Committed bytes of `.d`.
    data_len: u64,
    data: Range<u64>,
}

impl Part {
    /// Rows `first_row ..` of a column of which `data_len` bytes of `.d` are committed. `aux` are the
    /// bytes that [`Layout::aux_range`] names; more behind them are dropped.
    ///
    /// # Errors
    /// `aux` is too short; a row's entry is invalid, or names a place outside of `.d`.
    pub fn new(
        layout: Layout,
        first_row: u64,
        rows: usize,
        mut aux: Vec<u8>,
        data_len: u64,
    ) -> Result<Self, LayoutError> {
        let end = first_row.saturating_add(len_u64(rows));
        let needed = layout.aux_range(first_row..end);
        let needed = needed.map_or(u64::MAX, |range| range.end - range.start);
        if len_u64(aux.len()) < needed {
            let (row, offset) = (end.checked_sub(1), len_u64(aux.len()));
            return Err(LayoutError::Truncated {
                file: FileKind::Aux,
                row,
                offset,
                expected: needed,
                found: offset,
            });
        }
        // More entries would be rows that nobody asked for.
        aux.truncate(len_usize(needed).unwrap_or(usize::MAX));
        let mut part = Self {
            layout,
            first_row,
            rows,
            aux,
            data_len,
            data: 0..0,
        };
        part.data = part.named()?;
        Ok(part)
    }

    /// The bytes of `.d` to read.
    #[must_use]
    pub fn data_range(&self) -> Range<u64> {
        self.data.clone()
    }

    /// Whether `data`, which was read from [`Part::data_range`], is all that the rows need. If not, that
    /// range has become larger: values are not where their neighbours say.
    ///
    /// # Errors
    /// A length in `.d` that reaches past its end, or below −1; a shape that is not that of its array.
    pub fn is_complete(&mut self, data: &[u8]) -> Result<bool, LayoutError> {
        let (prefix, unit) = match self.layout {
            Layout::String => (4, 2),
            Layout::Binary => (8, 1),
            Layout::Array { dims } => return self.check_arrays(dims, data).map(|()| true),
            _ => return Ok(true),
        };
        let (start, mut end) = (self.data.start, self.data.end);
        for (row, off) in (self.first_row..).zip(self.offsets()) {
            let off = u64::try_from(off).unwrap_or(0);
            let Some(at) = off.checked_sub(start).and_then(len_usize) else {
                continue;
            };
            let len = match self.layout {
                Layout::String => {
                    bytes_at::<4>(data, at).map(|len| i64::from(i32::from_le_bytes(*len)))
                }
                _ => i64_at(data, at),
            };
            let Some(len) = len.filter(|len| *len != -1) else {
                continue;
            };
            let value_end = u64::try_from(len)
                .ok()
                .and_then(|len| len.checked_mul(unit)?.checked_add(off + prefix))
                .filter(|end| *end <= self.data_len);
            let Some(value_end) = value_end else {
                return Err(bad_length(len, unit, self.data_len, off, prefix, row));
            };
            end = end.max(value_end);
        }
        let complete = end == self.data.end;
        self.data.end = end;
        Ok(complete)
    }

    /// The rows, with the bytes of [`Part::data_range`].
    #[must_use]
    pub fn with_data(mut self, data: Vec<u8>) -> PartRows {
        let base = self.data.start;
        match self.layout {
            Layout::Fixed(_) => {}
            Layout::String | Layout::Binary => {
                let end = self.data.end.max(base);
                let offsets = self.aux.as_chunks_mut::<8>().0;
                for off in &mut *offsets {
                    let at = u64::from_le_bytes(*off).clamp(base, end);
                    *off = (at - base).to_le_bytes();
                }
                // The last one is where the next row starts, which may be anywhere, even before the
                // rows that are here. A slice takes it for the end of `.d`: so that is what it says.
                if let Some(last) = offsets.last_mut() {
                    *last = (end - base).to_le_bytes();
                }
            }
            Layout::Varchar => {
                for entry in self.aux.as_chunks_mut::<16>().0 {
                    let word = u128::from_le_bytes(*entry);
                    let at = (word >> 80).saturating_sub(u128::from(base));
                    *entry = (word & ((1 << 80) - 1) | at << 80).to_le_bytes();
                }
            }
            Layout::Array { .. } => {
                for entry in self.aux.as_chunks_mut::<16>().0 {
                    rebase_array(entry, base);
                }
            }
        }
        PartRows {
            layout: self.layout,
            first_row: self.first_row,
            rows: self.rows,
            aux: self.aux,
            data,
        }
    }

    fn check_arrays(&self, dims: u8, data: &[u8]) -> Result<(), LayoutError> {
        let base = self.data.start;
        for (row, entry) in (self.first_row..).zip(self.aux.as_chunks::<16>().0) {
            let mut entry = *entry;
            rebase_array(&mut entry, base);
            read_array(&entry, data, dims, row).map_err(|error| match error {
                LayoutError::Corrupt {
                    file: FileKind::Data,
                    row,
                    offset,
                    expected,
                    found,
                } => LayoutError::Corrupt {
                    file: FileKind::Data,
                    row,
                    offset: offset.saturating_add(base),
                    expected,
                    found,
                },
                error => error,
            })?;
        }
        Ok(())
    }

    /// Stored offsets of STRING and BINARY rows.
    fn offsets(&self) -> impl Iterator<Item = i64> {
        let offsets = self.aux.as_chunks::<8>().0;
        offsets
            .iter()
            .take(self.rows)
            .map(|o| i64::from_le_bytes(*o))
    }

    /// The bytes of `.d` that the entries of `.i` name.
    fn named(&self) -> Result<Range<u64>, LayoutError> {
        let mut named = Named::default();
        match self.layout {
            Layout::Fixed(width) => {
                let at = |row: u64| row.saturating_mul(len_u64(width));
                let end = at(self.first_row.saturating_add(len_u64(self.rows)));
                if end > self.data_len {
                    return Err(LayoutError::Truncated {
                        file: FileKind::Data,
                        row: Some(self.first_row),
                        offset: self.data_len,
                        expected: end,
                        found: self.data_len,
                    });
                }
                return Ok(at(self.first_row)..end);
            }
            Layout::String => self.named_by_offsets(4, &mut named)?,
            Layout::Binary => self.named_by_offsets(8, &mut named)?,
            Layout::Varchar => {
                for (row, entry) in (self.first_row..).zip(self.aux.as_chunks::<16>().0) {
                    if let VarcharEntry::Long { len, offset, .. } = VarcharEntry::parse(entry, row)?
                    {
                        let end = offset + u64::from(len);
                        if end > self.data_len {
                            return Err(varchar_outside(row, offset, len, self.data_len));
                        }
                        named.add(offset..end);
                    }
                }
            }
            Layout::Array { .. } => {
                for (row, entry) in (self.first_row..).zip(self.aux.as_chunks::<16>().0) {
                    let entry = ArrayEntry::parse(entry);
                    if let Some(range) = entry.range() {
                        if range.end > self.data_len {
                            return Err(array_outside(row, entry, self.data_len));
                        }
                        named.add(range);
                    }
                }
            }
        }
        let Named(Some(range)) = named else {
            return Ok(0..0);
        };
        Ok(range.start - range.start % DATA_ALIGN..range.end)
    }

    fn named_by_offsets(&self, prefix: u64, named: &mut Named) -> Result<(), LayoutError> {
        for (row, off) in (self.first_row..).zip(self.offsets()) {
            let end = u64::try_from(off).ok().and_then(|o| o.checked_add(prefix));
            match end.filter(|end| *end <= self.data_len) {
                Some(end) => named.add(end - prefix..end),
                None => return Err(bad_offset(off, self.data_len, prefix, row)),
            }
        }
        // Where the next row starts, the last one of these ends.
        let next = i64_at(&self.aux, self.rows.saturating_mul(AUX_OFFSET_LEN));
        let next = next.and_then(|next| u64::try_from(next).ok());
        if let Named(Some(range)) = named
            && let Some(next) = next.filter(|next| *next <= self.data_len)
        {
            range.end = range.end.max(next);
        }
        Ok(())
    }
}

/// Lets the offset of an array count from `base`.
fn rebase_array(entry: &mut [u8; 16], base: u64) {
    if let Some(first) = entry.first_chunk_mut::<8>() {
        let word = u64::from_le_bytes(*first);
        let at = (word & ARRAY_OFFSET_MASK).saturating_sub(base);
        *first = (word & !ARRAY_OFFSET_MASK | at).to_le_bytes();
    }
}

/// The smallest range that covers others.
#[derive(Debug, Default)]
struct Named(Option<Range<u64>>);

impl Named {
    fn add(&mut self, range: Range<u64>) {
        let Some(all) = &mut self.0 else {
            self.0 = Some(range);
            return;
        };
        all.start = all.start.min(range.start);
        all.end = all.end.max(range.end);
    }
}

/// Rows of a column in memory.
#[derive(Debug)]
pub struct PartRows {
    layout: Layout,
    first_row: u64,
    rows: usize,
    aux: Vec<u8>,
    data: Vec<u8>,
}

impl PartRows {
    /// The rows. Errors name rows of the file.
    ///
    /// # Errors
    /// The bytes are fewer than those that were asked for.
    pub fn slice(&self) -> Result<ColumnSlice<'_>, LayoutError> {
        let slice = match self.layout {
            Layout::Varchar => {
                ColumnSlice::Varchar(VarcharSlice::from_parts(self.aux.as_chunks().0, &self.data))
            }
            Layout::Array { dims } => ColumnSlice::Array(ArraySlice::from_parts(
                dims,
                self.aux.as_chunks().0,
                &self.data,
            )),
            layout => ColumnSlice::new(layout, &self.aux, &self.data, self.rows)?,
        };
        Ok(slice.numbered_from(self.first_row))
    }

    /// Bytes of memory.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        len_u64(self.aux.len()).saturating_add(len_u64(self.data.len()))
    }
}
