//! Rows of byte strings into a stage, from every layout that has them.
//!
//! A reader takes rows until the page is full or the part ends. Bulk paths and the row-by-row path
//! append the same bytes and stop at the same row, so a page never depends on which was taken.

use column_format::{ColumnSlice, ColumnType, LayoutError, SymbolDict, Utf16};

use super::stage::Stage;
use super::{utf8, varchar};
use crate::EncodeError;
use crate::rows::Cursor;

/// The layout that rows come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Varchar,
    String,
    Binary,
    /// Keys into the table's dictionary.
    Symbol,
    /// Arrays as their stored bytes.
    Array {
        dims: u8,
    },
}

/// Why a reader stopped before the end of its rows.
enum Stop {
    Full,
    Layout(LayoutError),
    Key(i32, u32),
    TooLong(usize),
    WrongLayout,
    NoDictionary,
}

impl From<LayoutError> for Stop {
    fn from(source: LayoutError) -> Self {
        Self::Layout(source)
    }
}

impl Reader {
    /// The reader of a column type; `None` if its values are no byte strings.
    pub(crate) fn of(column_type: ColumnType) -> Option<Self> {
        Some(match column_type {
            ColumnType::Varchar => Self::Varchar,
            ColumnType::String => Self::String,
            ColumnType::Binary => Self::Binary,
            ColumnType::Symbol => Self::Symbol,
            ColumnType::Array { dims } => Self::Array { dims },
            _ => return None,
        })
    }

    /// The values are text.
    pub(crate) fn is_text(self) -> bool {
        matches!(self, Self::Varchar | Self::String | Self::Symbol)
    }

    fn expects(self) -> &'static str {
        match self {
            Self::Varchar => "VARCHAR",
            Self::String => "STRING",
            Self::Binary => "BINARY",
            Self::Symbol => "4 bytes a row",
            Self::Array { .. } => "an array of the column's dimensions",
        }
    }

    /// Appends rows of one slice until the stage is full; returns whether it may take more.
    /// `optional`: nulls are allowed.
    pub(crate) fn read(
        self,
        rows: &mut Cursor<'_, '_>,
        symbols: Option<&SymbolDict>,
        optional: bool,
        stage: &mut Stage,
    ) -> Result<bool, EncodeError> {
        let rows_max = stage.rows_left();
        if rows_max == 0 {
            return Ok(false);
        }
        let Some(part) = rows.peek(rows_max) else {
            return Ok(false);
        };
        let (before, nulls_before) = (stage.validity.rows(), stage.validity.nulls());
        let stopped = self.read_part(part, symbols, stage);
        let done = stage.validity.rows() - before;
        if !optional && stage.validity.nulls() > nulls_before {
            // Which of the rows it was is not worth a faster answer.
            let ahead = self.first_null(part, symbols) as u64;
            let (slice, row) = (rows.slice_idx(), rows.row() + ahead);
            return Err(EncodeError::NullInRequired { slice, row });
        }
        let result = match stopped {
            Ok(()) => Ok(true),
            Err(Stop::Full) => Ok(false),
            Err(Stop::Layout(source)) => Err(rows.layout(done, source)),
            Err(Stop::Key(found, count)) => Err(EncodeError::SymbolKey {
                slice: rows.slice_idx(),
                row: rows.row() + done as u64,
                found,
                count,
            }),
            Err(Stop::TooLong(len)) => Err(EncodeError::TooLarge {
                what: "bytes of a value",
                limit: i32::MAX.unsigned_abs().into(),
                found: len as u64,
            }),
            Err(Stop::WrongLayout) => Err(rows.wrong_layout(self.expects())),
            Err(Stop::NoDictionary) => Err(EncodeError::NoDictionary),
        };
        rows.advance(done);
        result
    }

    /// Row of the first null of a part that has one.
    fn first_null(self, part: ColumnSlice<'_>, symbols: Option<&SymbolDict>) -> usize {
        let mut stage = Stage::default();
        (0..part.rows())
            .find(|row| {
                stage.start(usize::MAX, usize::MAX);
                let read = self.read_part(part.slice(*row..*row + 1), symbols, &mut stage);
                read.is_err() || stage.validity.nulls() > 0
            })
            .unwrap_or(0)
    }

    fn read_part(
        self,
        part: ColumnSlice<'_>,
        symbols: Option<&SymbolDict>,
        stage: &mut Stage,
    ) -> Result<(), Stop> {
        match (self, part) {
            // As if they were stored: a page ends at the same row.
            (_, ColumnSlice::Nulls { rows }) => (0..rows).try_for_each(|_| push_null(stage)),
            (Self::Varchar, ColumnSlice::Varchar(rows)) => {
                let mut at = 0;
                for block in rows.aux_entries().chunks(varchar::BLOCK) {
                    if !varchar::push_block(rows, block, stage) {
                        for row in at..at + block.len() {
                            push(stage, rows.get(row)?, |v| v.len(), utf8::push_lossy)?;
                        }
                    }
                    at += block.len();
                }
                Ok(())
            }
            (Self::String, ColumnSlice::String(rows)) => rows
                .iter()
                .try_for_each(|value| push(stage, value?, least_of_utf16, utf8::push_utf16)),
            (Self::Binary, ColumnSlice::Binary(rows)) => rows
                .iter()
                .try_for_each(|value| push(stage, value?, |v| v.len(), push_bytes)),
            (Self::Array { dims }, ColumnSlice::Array(rows)) if rows.dims() == dims => (0..rows
                .rows())
                .try_for_each(|row| push(stage, rows.raw(row)?, |v| v.len(), push_bytes)),
            (Self::Symbol, ColumnSlice::Fixed(rows)) => {
                let keys = rows.chunks::<4>().ok_or(Stop::WrongLayout)?;
                let symbols = symbols.ok_or(Stop::NoDictionary)?;
                keys.iter().try_for_each(|key| {
                    let key = i32::from_le_bytes(*key);
                    if key == column_format::null::INT {
                        return push_null(stage);
                    }
                    let value = u32::try_from(key).ok().and_then(|key| symbols.value(key));
                    let value = value.ok_or(Stop::Key(key, symbols.len()))?;
                    push(stage, Some(value), least_of_utf16, utf8::push_utf16)
                })
            }
            _ => Err(Stop::WrongLayout),
        }
    }
}

fn push_null(stage: &mut Stage) -> Result<(), Stop> {
    if stage.push_null() {
        Ok(())
    } else {
        Err(Stop::Full)
    }
}

fn push_bytes(value: &[u8], out: &mut Vec<u8>) -> bool {
    out.extend_from_slice(value);
    false
}

/// Least bytes of a text in UTF-8: one for a unit.
fn least_of_utf16(value: &Utf16<'_>) -> usize {
    value.units_le().len() / 2
}

/// Appends one row, whose value becomes `least` bytes at least. `append` returns whether it had to replace
/// anything.
#[inline]
fn push<T>(
    stage: &mut Stage,
    value: Option<T>,
    least: impl FnOnce(&T) -> usize,
    append: impl FnOnce(T, &mut Vec<u8>) -> bool,
) -> Result<(), Stop> {
    let Some(value) = value else {
        return push_null(stage);
    };
    if !stage.admits(least(&value)) {
        return Err(Stop::Full);
    }
    let start = stage.data.len();
    let replaced = append(value, &mut stage.data);
    match stage.end_value(start) {
        Ok(true) => {
            stage.replaced += u64::from(replaced);
            Ok(())
        }
        Ok(false) => Err(Stop::Full),
        Err(len) => Err(Stop::TooLong(len)),
    }
}
