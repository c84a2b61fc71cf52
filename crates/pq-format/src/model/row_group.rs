//! Row groups, and the order of their rows.
//!
//! The sum of sizes is kept as the file gives it: nothing in this crate trusts it.

use super::column::{ColumnChunk, SeenChunk};
use crate::error::FormatError;
use crate::thrift::{Field, Reader, Writer, ty};

/// `SortingColumn`: rows of the group are ordered by this leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortingColumn {
    /// Index of the leaf in the schema.
    pub column_idx: u32,
    /// Falling values.
    pub descending: bool,
    /// Nulls before all values.
    pub nulls_first: bool,
}

/// `RowGroup`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowGroup {
    /// One chunk a leaf, in schema order.
    pub columns: Vec<ColumnChunk>,
    /// Bytes of all chunks, uncompressed.
    pub total_byte_size: u64,
    /// Rows.
    pub num_rows: u64,
    /// Order of the rows.
    pub sorting_columns: Vec<SortingColumn>,
    /// File offset of the first page.
    pub file_offset: Option<i64>,
    /// Bytes of all chunks in the file.
    pub total_compressed_size: Option<u64>,
    /// Position of the group in the file; not unique in files of QuestDB.
    pub ordinal: Option<i16>,
}

impl RowGroup {
    /// Appends the group as it stands in a footer, between [`crate::footer_head`] and
    /// [`crate::footer_end`]. Takes a fraction of the memory that the value itself does.
    ///
    /// # Errors
    /// [`FormatError::Limit`] if a number does not fit the signed type that the format gives it.
    pub fn append_to(&self, out: &mut Vec<u8>) -> Result<(), FormatError> {
        let mut w = Writer::new(out);
        self.write(&mut w);
        w.pause()
    }

    /// The group that [`RowGroup::append_to`] wrote.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        Self::read(&mut Reader::new(bytes, "RowGroup"), &mut Vec::new())
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) {
        w.structure_element(|w| {
            w.list(1, ty::STRUCT, &self.columns, |w, c| c.write(w));
            w.u64(2, "RowGroup.total_byte_size", self.total_byte_size);
            w.u64(3, "RowGroup.num_rows", self.num_rows);
            if !self.sorting_columns.is_empty() {
                w.list(4, ty::STRUCT, &self.sorting_columns, |w, s| s.write(w));
            }
            if let Some(v) = self.file_offset {
                w.i64(5, v);
            }
            if let Some(v) = self.total_compressed_size {
                w.u64(6, "RowGroup.total_compressed_size", v);
            }
            if let Some(v) = self.ordinal {
                w.i16(7, v);
            }
        });
    }

    /// Reads a group; `seen` is what the groups before had, by column.
    pub(crate) fn read<'a>(
        r: &mut Reader<'a>,
        seen: &mut Vec<SeenChunk<'a>>,
    ) -> Result<Self, FormatError> {
        const WHAT: &str = "RowGroup";
        let (mut columns, mut bytes, mut rows) = (None, None, None);
        let mut group = Self::default();
        r.structure(|r, f| {
            match f.id {
                1 => columns = Some(read_chunks(r, f, seen)?),
                2 => bytes = Some(r.u64(f)?),
                3 => rows = Some(r.u64(f)?),
                4 => group.sorting_columns = SortingColumn::read_list(r, f)?,
                5 => group.file_offset = Some(r.i64(f)?),
                6 => group.total_compressed_size = Some(r.u64(f)?),
                7 => group.ordinal = Some(r.i16(f)?),
                _ => r.skip(f)?,
            }
            Ok(())
        })?;
        group.columns = columns.ok_or(FormatError::missing(WHAT, "columns"))?;
        group.total_byte_size = bytes.ok_or(FormatError::missing(WHAT, "total_byte_size"))?;
        group.num_rows = rows.ok_or(FormatError::missing(WHAT, "num_rows"))?;
        Ok(group)
    }
}

fn read_chunks<'a>(
    r: &mut Reader<'a>,
    field: Field,
    seen: &mut Vec<SeenChunk<'a>>,
) -> Result<Vec<ColumnChunk>, FormatError> {
    let mut index = 0;
    r.list_like(field, ty::STRUCT, seen.len(), |r| {
        if index == seen.len() {
            seen.push(SeenChunk::default());
        }
        let mut none = SeenChunk::default();
        let chunk = ColumnChunk::read(r, seen.get_mut(index).unwrap_or(&mut none))?;
        index += 1;
        Ok(chunk)
    })
}

impl SortingColumn {
    fn write(self, w: &mut Writer<'_>) {
        w.structure_element(|w| {
            w.u32(1, "SortingColumn.column_idx", self.column_idx);
            w.bool(2, self.descending);
            w.bool(3, self.nulls_first);
        });
    }

    fn read_list(r: &mut Reader<'_>, field: Field) -> Result<Vec<Self>, FormatError> {
        r.list(field, ty::STRUCT, |r| {
            let (mut column_idx, mut descending, mut nulls_first) = (None, None, None);
            r.structure(|r, f| {
                match f.id {
                    1 => column_idx = Some(r.u32(f)?),
                    2 => descending = Some(r.bool(f)?),
                    3 => nulls_first = Some(r.bool(f)?),
                    _ => r.skip(f)?,
                }
                Ok(())
            })?;
            let need = |field| FormatError::missing("SortingColumn", field);
            Ok(Self {
                column_idx: column_idx.ok_or(need("column_idx"))?,
                descending: descending.ok_or(need("descending"))?,
                nulls_first: nulls_first.ok_or(need("nulls_first"))?,
            })
        })
    }
}
