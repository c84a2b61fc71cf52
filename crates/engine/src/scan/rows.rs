//! Frames to lines of text.
//!
//! Rows are printed into a buffer that is handed on in pieces, so that a slow reader of a pipe is
//! waited for and a cancel is noticed between pieces whatever the size of a partition. A piece is
//! handed on only once the mapped bytes that it was made of are known to have been the table's.

use std::io::Write;
use std::sync::Arc;

use column_format::{ColumnSlice, ColumnType, SymbolDict, value};
use table_reader::{Frame, Slices, TableReader};

use super::request::ScanFormat;
use crate::error::{Cause, EngineError, Result};
use crate::reading::{column_error, verified};
use crate::text::escape::{Quoting, push_quoted};
use crate::text::value::ValueText;

/// Text is handed on when there is so much of it.
const PIECE_BYTES: usize = 128 << 10;

/// Prints rows of the columns of one reader.
pub(crate) struct RowPrinter {
    format: ScanFormat,
    columns: Vec<PrintedColumn>,
    partitions: Vec<String>,
    text: ValueText,
    buffer: Vec<u8>,
    bytes_out: u64,
}

struct PrintedColumn {
    name: String,
    /// The name as a JSON key, colon included.
    key: Vec<u8>,
    column_type: ColumnType,
    symbols: Option<Arc<SymbolDict>>,
}

impl RowPrinter {
    pub(crate) fn new(reader: &TableReader, format: ScanFormat) -> Result<Self> {
        let mut columns = Vec::with_capacity(reader.columns().len());
        for (idx, column) in reader.columns().iter().enumerate() {
            let symbols = match column.column_type {
                ColumnType::Symbol => Some(reader.symbols(idx)?),
                _ => None,
            };
            let mut key = Vec::new();
            push_quoted(&mut key, column.name.as_bytes(), Quoting::Json);
            key.push(b':');
            let (name, column_type) = (column.name.clone(), column.column_type);
            columns.push(PrintedColumn {
                name,
                key,
                column_type,
                symbols,
            });
        }
        let partitions = reader.partitions().iter().map(|p| p.name.clone()).collect();
        Ok(Self {
            format,
            columns,
            partitions,
            text: ValueText::default(),
            buffer: Vec::with_capacity(PIECE_BYTES + PIECE_BYTES / 8),
            bytes_out: 0,
        })
    }

    pub(crate) fn bytes_out(&self) -> u64 {
        self.bytes_out
    }

    /// The headings of CSV; nothing for JSON.
    pub(crate) fn header(&mut self, out: &mut dyn Write) -> Result<()> {
        if self.format == ScanFormat::Csv {
            for (idx, column) in self.columns.iter().enumerate() {
                if idx > 0 {
                    self.buffer.push(b',');
                }
                push_quoted(&mut self.buffer, column.name.as_bytes(), Quoting::Csv);
            }
            self.buffer.extend_from_slice(b"\r\n");
        }
        self.hand_on(out)
    }

    /// Prints the rows of `frame`, the last one first if `reverse`; asks `go_on` between pieces.
    pub(crate) fn print(
        &mut self,
        frame: &Frame,
        reverse: bool,
        out: &mut dyn Write,
        go_on: &mut dyn FnMut() -> Result<()>,
    ) -> Result<()> {
        let slices: Vec<Slices<'_>> = (0..self.columns.len())
            .map(|idx| frame.column(idx).map_err(column_error))
            .collect::<Result<_>>()
            .or_else(|error| verified(frame, Err(error)))?;
        go_on()?;
        for nth in 0..frame.rows() {
            let row = if reverse { frame.rows() - 1 - nth } else { nth };
            if let Err(error) = self.print_row(frame, &slices, row) {
                return verified(frame, Err(error));
            }
            if self.buffer.len() >= PIECE_BYTES {
                verified(frame, Ok(()))?;
                self.hand_on(out)?;
                go_on()?;
            }
        }
        verified(frame, Ok(()))?;
        self.hand_on(out)
    }

    fn print_row(&mut self, frame: &Frame, slices: &[Slices<'_>], row: usize) -> Result<()> {
        let out = &mut self.buffer;
        for (idx, (column, slices)) in self.columns.iter().zip(slices).enumerate() {
            let (slice, row) = locate(slices.as_slice(), row);
            let value = value(column.column_type, slice, column.symbols.as_deref(), row).map_err(
                |error| {
                    let partition = self.partitions.get(frame.partition_index());
                    EngineError::from(Cause::Column(error))
                        .in_column(&column.name)
                        .in_partition(partition.map_or("", String::as_str))
                },
            )?;
            match self.format {
                ScanFormat::Csv => {
                    if idx > 0 {
                        out.push(b',');
                    }
                    self.text.push_csv(out, column.column_type, &value);
                }
                ScanFormat::Json => {
                    out.push(if idx == 0 { b'{' } else { b',' });
                    out.extend_from_slice(&column.key);
                    self.text.push_json(out, &value);
                }
            }
        }
        out.extend_from_slice(match self.format {
            ScanFormat::Csv => b"\r\n",
            ScanFormat::Json => b"}\n",
        });
        Ok(())
    }

    fn hand_on(&mut self, out: &mut dyn Write) -> Result<()> {
        out.write_all(&self.buffer)?;
        self.bytes_out += u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
        self.buffer.clear();
        Ok(())
    }
}

/// The slice that holds a row of the frame, and the row in it.
fn locate<'s, 'a>(slices: &'s [ColumnSlice<'a>], row: usize) -> (&'s ColumnSlice<'a>, usize) {
    const NOTHING: &ColumnSlice<'static> = &ColumnSlice::Nulls { rows: 0 };
    match slices {
        [only] => (only, row),
        [first, second] if row >= first.rows() => (second, row - first.rows()),
        [first, ..] => (first, row),
        [] => (NOTHING, row),
    }
}
