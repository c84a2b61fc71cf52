//! Opening a table and choosing its rows: what every command that reads does first.

use mmap_io::{IoError, ReadMode, Root, ScanProfile};
use table_reader::{Frame, OpenOptions, ReadError, RowSelection, TableReader};

use crate::error::{Cause, EngineError, Result};
use crate::running::Running;
use crate::time_range::TimeRange;

/// A snapshot of the table with the descriptors of `columns` (all of them if `None`).
pub(crate) fn open_reader(root: &Root, columns: Option<&[String]>) -> Result<TableReader> {
    open_with(root, columns, OpenOptions::default())
}

/// [`open_reader`] with a profile and a mode of its mappings, stopped as `running` says.
pub(crate) fn open_reader_as(
    root: &Root,
    columns: Option<&[String]>,
    profile: ScanProfile,
    read_mode: ReadMode,
    running: &Running,
) -> Result<TableReader> {
    let options = OpenOptions {
        profile,
        read_mode,
        query: Some(running.query()),
        ..OpenOptions::default()
    };
    open_with(root, columns, options)
}

fn open_with(root: &Root, columns: Option<&[String]>, options: OpenOptions) -> Result<TableReader> {
    let columns = columns.map(<[String]>::to_vec);
    let options = OpenOptions { columns, ..options };
    Ok(TableReader::open(root, &options)?)
}

/// The rows of a time range.
pub(crate) fn select_rows(reader: &TableReader, range: &TimeRange) -> Result<RowSelection> {
    if range.is_open() {
        return Ok(reader.all_rows());
    }
    let ticks = range.ticks(reader.snapshot().timestamp_unit());
    let clamp = |tick: i128| i64::try_from(tick).ok();
    if ticks.is_empty() {
        return Ok(reader.rows_between(Some(i64::MAX), Some(i64::MAX))?);
    }
    Ok(reader.rows_between(clamp(ticks.start), clamp(ticks.end))?)
}

/// Damage in a table that a writer is changing may be the change: then the snapshot is stale, and
/// that is the better answer, because a new one may succeed (`columns.md` §9).
pub(crate) fn stale_or(reader: &TableReader, error: EngineError) -> EngineError {
    if !matches!(
        error.cause(),
        Cause::Column(_) | Cause::Encode(_) | Cause::Read(_) | Cause::Vanished(_)
    ) {
        return error;
    }
    match reader.revalidate() {
        Ok(()) => error,
        Err(stale) if stale.is_stale() => stale.into(),
        Err(_) => error,
    }
}

/// What to believe of a frame that was read: `done`, unless mapped bytes went away meanwhile. Then
/// whatever was made of them, an error included, is about zeros and not about the table.
pub(crate) fn verified<T>(frame: &Frame, done: Result<T>) -> Result<T> {
    match frame.verify() {
        Ok(()) => done,
        Err(error) => Err(Cause::Vanished(error).into()),
    }
}

/// What it means that a column of a frame could not be had. Parquet partitions are decoded then, so
/// a file that was cut under its mapping may be noticed here.
pub(crate) fn column_error(error: ReadError) -> EngineError {
    match error {
        ReadError::FileTooShort { .. } | ReadError::Io(IoError::Poisoned { .. }) => {
            Cause::Vanished(error).into()
        }
        error => error.into(),
    }
}

/// A projection names at least one column, and no column is nameless.
pub(crate) fn check_columns(columns: Option<&[String]>) -> Result<()> {
    match columns {
        Some([]) => {}
        Some(names) if names.iter().any(String::is_empty) => {}
        _ => return Ok(()),
    }
    let reason = "a column name is empty".to_owned();
    Err(Cause::BadOption {
        option: "--columns",
        reason,
    }
    .into())
}
