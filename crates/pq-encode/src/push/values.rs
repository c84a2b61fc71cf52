//! Values of text or bytes one by one, for callers whose rows are in no layout of a column file.
//!
//! A few kilobytes of them at a time are brought into that layout, so that what the caller has is not
//! on the heap a second time, however it keeps its values.

use column_format::{BinaryWriter, ColumnSlice, Layout, LayoutError, VarcharWriter, WriteError};

use super::encoder::PushEncoder;
use crate::EncodeError;

/// Bytes of a portion, entries included. A larger value is one of its own.
const PORTION_BYTES: usize = 4 << 10;

/// Bytes that a row takes besides its value.
const ROW_BYTES: usize = 16;

impl PushEncoder {
    /// Adds values to the chunk under way, or to a new one, of a VARCHAR or BINARY column: for rows that
    /// are in no layout of a column file. `None` is a null. They are brought into it a few kilobytes
    /// at a time, or a large value at a time.
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use column_format::ColumnType;
    /// use pq_encode::{ColumnSpec, MemoryStores, PushEncoder, WriterOptions};
    ///
    /// let (spec, options) = (ColumnSpec::new("side", ColumnType::Varchar), WriterOptions::default());
    /// let mut encoder = PushEncoder::new(&spec, &options, Arc::new(MemoryStores))?;
    /// let sides = ["buy", "", "sell"];
    /// encoder.write_values(sides.map(|side| Some(side.as_bytes()).filter(|text| !text.is_empty())))?;
    /// assert_eq!(encoder.finish(None)?.summary().statistics.null_count, Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// A column of another type, or a value longer than the layout can say; otherwise as for
    /// [`PushEncoder::write`].
    pub fn write_values<'v>(
        &mut self,
        values: impl IntoIterator<Item = Option<&'v [u8]>>,
    ) -> Result<(), EncodeError> {
        let layout = self.spec().column_type.layout();
        let empty = Portion::of(layout).ok_or_else(|| EncodeError::WrongLayout {
            slice: 0,
            expected: self.spec().column_type.to_string(),
            found: "values of text or bytes".to_owned(),
        })?;
        let mut portion = empty.clone();
        for value in values {
            if portion.is_full_for(value) {
                self.write_portion(&portion)?;
                // A new one: what a large value took is not kept.
                portion = empty.clone();
            }
            if let Err(error) = portion.push(value) {
                self.forget();
                return Err(error);
            }
        }
        self.write_portion(&portion)
    }

    fn write_portion(&mut self, portion: &Portion) -> Result<(), EncodeError> {
        let rows = portion.slice().map_err(|source| EncodeError::Layout {
            slice: 0,
            row: self.rows(),
            source,
        })?;
        self.write(&rows, None)
    }
}

/// Rows in their layout.
#[derive(Clone, Debug)]
struct Portion {
    writer: Writer,
    rows: usize,
    bytes: usize,
}

#[derive(Clone, Debug)]
enum Writer {
    Binary(BinaryWriter),
    Varchar(VarcharWriter),
}

impl Portion {
    /// Without rows; `None` for layouts whose values are not text or bytes as they stand.
    fn of(layout: Layout) -> Option<Self> {
        let writer = match layout {
            Layout::Binary => Writer::Binary(BinaryWriter::new()),
            Layout::Varchar => Writer::Varchar(VarcharWriter::new()),
            _ => return None,
        };
        Some(Self {
            writer,
            rows: 0,
            bytes: 0,
        })
    }

    /// Whether the value has to wait for the next portion.
    fn is_full_for(&self, value: Option<&[u8]>) -> bool {
        self.rows > 0 && self.bytes + row_bytes(value) > PORTION_BYTES
    }

    /// Takes a value or a null.
    fn push(&mut self, value: Option<&[u8]>) -> Result<(), EncodeError> {
        let pushed = match &mut self.writer {
            Writer::Binary(writer) => writer.push(value),
            Writer::Varchar(writer) => writer.push(value),
        };
        pushed.map_err(|error| refused(&error, value))?;
        self.rows += 1;
        self.bytes += row_bytes(value);
        Ok(())
    }

    /// The rows.
    ///
    /// # Errors
    /// None in practice: a writer made the bytes.
    fn slice(&self) -> Result<ColumnSlice<'_>, LayoutError> {
        match &self.writer {
            Writer::Binary(w) => ColumnSlice::new(Layout::Binary, w.aux(), w.data(), self.rows),
            Writer::Varchar(w) => ColumnSlice::new(Layout::Varchar, w.aux(), w.data(), self.rows),
        }
    }
}

/// Values have nothing but their length to be refused for.
fn refused(error: &WriteError, value: Option<&[u8]>) -> EncodeError {
    let (what, limit, found) = match *error {
        WriteError::TooLong {
            what,
            expected,
            found,
        } => (what, expected, found),
        _ => ("value in bytes", 0, value.map_or(0, <[u8]>::len) as u64),
    };
    EncodeError::TooLarge { what, limit, found }
}

fn row_bytes(value: Option<&[u8]>) -> usize {
    value.map_or(0, <[u8]>::len).saturating_add(ROW_BYTES)
}
