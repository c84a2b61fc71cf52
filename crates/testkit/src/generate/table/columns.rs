//! The files of one column: in every partition, and its dictionary in the table directory.
//!
//! Memory is one batch, whatever the rows; only a partition index is held whole, 8 bytes a row.

use column_format::{BitmapIndexWriter, ColumnSlice, INDEX_BLOCK_CAPACITY_DEFAULT, Layout};
use txn::column_file_name;

use super::{Output, Place, column_error};
use crate::generate::GenError;
use crate::generate::column::{Batch, Column, Files};
use crate::generate::plan::Span;

/// Rows that a source is asked for at once.
const BATCH_ROWS: u64 = 4096;
/// Bytes in memory that are worth a write.
const PIECE_BYTES: usize = 1 << 20;

/// What was written.
pub(super) struct Written {
    pub(super) bytes: u64,
    /// First and last value as `i64`, for the designated timestamp.
    pub(super) timestamps: (i64, i64),
}

pub(super) fn write(
    column: &mut Column,
    root: &Place,
    partitions: &[Place],
    spans: &[Span],
) -> Result<Written, GenError> {
    let mut written = Written {
        bytes: 0,
        timestamps: (i64::MAX, i64::MIN),
    };
    for (span_idx, (span, place)) in spans.iter().zip(partitions).enumerate() {
        if let Some(top) = column.top(span_idx, span) {
            partition(column, place, span, top, &mut written)?;
        }
    }
    if let Some(symbols) = &column.symbols {
        let files = &symbols.files;
        let of = [
            ("o", &files.offsets),
            ("c", &files.chars),
            ("k", &files.keys),
            ("v", &files.values),
        ];
        for (ext, bytes) in of {
            let name = column_file_name(&column.name, ext, column.name_txn());
            written.bytes += root.put(&name, bytes)?;
        }
    }
    Ok(written)
}

/// Rows `top..` of one partition.
fn partition(
    column: &mut Column,
    place: &Place,
    span: &Span,
    top: u64,
    written: &mut Written,
) -> Result<(), GenError> {
    let create = |ext| place.create(&column_file_name(&column.name, ext, column.name_txn()));
    let mut data = create("d")?;
    let mut aux = match column.column_type.layout() {
        Layout::Fixed(_) => None,
        _ => Some(create("i")?),
    };
    let mut index = match column.indexed {
        false => None,
        true => Some(
            BitmapIndexWriter::new(INDEX_BLOCK_CAPACITY_DEFAULT)
                .map_err(column_error(&column.name))?,
        ),
    };
    let symbols = column.symbols.as_ref().map_or(0, |s| s.files.count);
    let mut files = Files::new(column.column_type);
    let mut flushed = top;
    let mut from = top;
    while from < span.rows {
        let to = span.rows.min(from + BATCH_ROWS);
        let batch = Batch {
            span,
            rows: from..to,
        };
        column
            .source
            .fill(&batch, &mut files)
            .map_err(column_error(&column.name))?;
        from = to;
        if files.data().len() + files.aux().len() < PIECE_BYTES && from < span.rows {
            continue;
        }
        if let Some(index) = &mut index {
            list_rows(index, &files, flushed..from, symbols).map_err(column_error(&column.name))?;
        }
        note_timestamps(&files, written);
        flush(&mut files, &mut data, aux.as_mut())?;
        flushed = from;
    }
    written.bytes += data.len + aux.map_or(0, |aux| aux.len);
    if let Some(index) = index {
        let greatest = i64::try_from(span.rows).unwrap_or(i64::MAX) - 1;
        let index = index.finish(greatest);
        for (ext, bytes) in [("k", &index.keys), ("v", &index.values)] {
            let name = column_file_name(&column.name, ext, column.name_txn());
            written.bytes += place.put(&name, bytes)?;
        }
    }
    Ok(())
}

fn flush(files: &mut Files, data: &mut Output, aux: Option<&mut Output>) -> Result<(), GenError> {
    data.append(files.data())?;
    if let Some(aux) = aux {
        aux.append(files.aux())?;
    }
    files.clear();
    Ok(())
}

/// Adds the keys in memory, which are those of `range`, to the partition index.
fn list_rows(
    index: &mut BitmapIndexWriter,
    files: &Files,
    range: std::ops::Range<u64>,
    symbols: u32,
) -> Result<(), column_format::WriteError> {
    let rows = usize::try_from(range.end - range.start).unwrap_or(0);
    match ColumnSlice::new(Layout::Fixed(4), &[], files.data(), rows) {
        Ok(ColumnSlice::Fixed(keys)) => index.add_rows(&keys, range.start, symbols),
        _ => Ok(()),
    }
}

/// First and last eight bytes of what is in memory: the range of the designated timestamp.
fn note_timestamps(files: &Files, written: &mut Written) {
    let words = files.data().as_chunks::<8>().0;
    if let (Some(first), Some(last)) = (words.first(), words.last()) {
        let (low, high) = written.timestamps;
        written.timestamps = (
            low.min(i64::from_le_bytes(*first)),
            high.max(i64::from_le_bytes(*last)),
        );
    }
}
