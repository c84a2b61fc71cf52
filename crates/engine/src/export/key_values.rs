//! The two key-value entries of the footer.
//!
//! `questdb` is for the database of record: it says which column type each column had, so that the
//! file can become a partition again. `sluicegate` says where the file comes from and which options
//! shaped its bytes. Neither says anything about how the work was done (threads, memory, frames,
//! partitions), so that equal rows give equal files.

use column_format::TimestampUnit;
use pq_encode::{PageVersion, WriterOptions};
use serde_json::{Value, json};
use table_reader::TableColumn;

use super::request::ExportRequest;
use crate::text::parse::TimePoint;

/// Added to the type code of the designated timestamp (`table-dir.md` §6).
const DESIGNATED_CODE: i32 = 131_072;

/// The `questdb` entry.
///
/// Column tops were materialised as nulls, so every top is 0. `format` is left out: 1 would promise
/// that the keys of a dictionary page are those of the table's symbol file, and ours are dense.
/// `ascii` is a promise too, and is left out where nothing has proved it.
pub(crate) fn questdb(columns: &[TableColumn]) -> String {
    let schema: Vec<Value> = columns
        .iter()
        .map(|column| {
            let designated = if column.designated {
                DESIGNATED_CODE
            } else {
                0
            };
            json!({
                "column_type": column.column_type.code() + designated,
                "column_top": 0,
                "id": column.field_id,
            })
        })
        .collect();
    json!({ "version": 1, "schema": schema }).to_string()
}

/// A range and a projection as they were asked for, where they were; the ticks are the table's.
fn selected(request: &ExportRequest, unit: TimestampUnit) -> Value {
    let tick = |point: Option<TimePoint>| {
        let clamped = point?
            .ceil_ticks(unit)
            .clamp(i64::MIN.into(), i64::MAX.into());
        i64::try_from(clamped).ok()
    };
    json!({
        "columns": request.columns,
        "from": tick(request.range.from),
        "to": tick(request.range.to),
    })
}

/// The facts of the snapshot that the `sluicegate` entry states.
#[derive(Debug)]
pub(crate) struct Source<'a> {
    pub(crate) table: &'a str,
    pub(crate) snapshot_txn: i64,
    pub(crate) rows: u64,
    pub(crate) unit: TimestampUnit,
}

/// The `sluicegate` entry.
pub(crate) fn sluicegate(source: &Source<'_>, request: &ExportRequest) -> String {
    let WriterOptions {
        codec,
        page_bytes,
        page_rows,
        page_version,
        crc,
        statistics,
        page_index,
        dictionary_bytes,
        min_gain_percent,
        raw_arrays,
        ..
    } = &request.writer;
    let page_version = match page_version {
        PageVersion::V1 => 1,
        PageVersion::V2 => 2,
    };
    let mut about = json!({
        "version": 1,
        "producer": concat!("sluicegate ", env!("CARGO_PKG_VERSION")),
        "table": source.table,
        "snapshot_txn": source.snapshot_txn,
        "rows": source.rows,
        "selected": selected(request, source.unit),
        "options": {
            "codec": codec.to_string(),
            "row_group_rows": request.row_group_rows,
            "row_group_bytes": request.row_group_bytes,
            "page_bytes": page_bytes,
            "page_rows": page_rows,
            "page_version": page_version,
            "crc": crc,
            "statistics": statistics,
            "page_index": page_index,
            "dictionary_bytes": dictionary_bytes,
            "min_gain_percent": min_gain_percent,
            "raw_arrays": raw_arrays,
        },
    });
    if let Some(options) = about.get_mut("options").and_then(Value::as_object_mut)
        && request.keep_codec
    {
        options.insert("keep_codec".to_owned(), true.into());
    }
    // Only where something was asked for, so that a plain export says nothing about columns.
    if let (Some(asked), Some(options)) = (
        request.overrides.describe(request.writer.bloom_auto),
        about.get_mut("options").and_then(Value::as_object_mut),
    ) {
        options.insert("columns".to_owned(), asked);
    }
    about.to_string()
}
