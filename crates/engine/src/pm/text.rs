//! An inspection for people: one line a snapshot, a column, a chunk.

use std::fmt::Write as _;

use serde_json::Value;

/// The `file` object of an [`Inspection`](super::Inspection) as text.
#[must_use]
pub fn inspection_text(file: &Value) -> String {
    let mut text = String::new();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let _ = writeln!(
        text,
        "feature flags {}, designated timestamp {}, sorted by {}, bloom filters of {}, squash tracker {}",
        file["feature_flags"],
        file["designated_timestamp"],
        file["sorting_columns"],
        file["bloom_columns"],
        file["squash_tracker"]
    );
    let columns = list(&file["columns"]);
    for (i, c) in columns.iter().enumerate() {
        let _ = writeln!(
            text,
            "column {i}: {} id {} type {} physical {} repetition {} levels {}/{} flags {}",
            c["name"],
            c["id"],
            c["col_type"],
            c["physical_type"],
            c["repetition"],
            c["max_rep_level"],
            c["max_def_level"],
            c["flags"]
        );
    }
    for (kind, key) in [("snapshot", "snapshots"), ("dead snapshot", "dead")] {
        for snapshot in list(&file[key]) {
            snapshot_text(&mut text, kind, &snapshot, &columns);
        }
    }
    text
}

fn snapshot_text(text: &mut String, kind: &str, s: &Value, columns: &[Value]) {
    let crc = if s["crc_ok"] == true { "ok" } else { "WRONG" };
    let _ = writeln!(
        text,
        "{kind} of {} bytes: data.parquet of {} bytes (footer {} + {}), unused {}, previous {}, \
         flags {}, seq_txn {}, crc {crc}",
        s["committed_size"],
        s["parquet_file_size"],
        s["parquet_footer_offset"],
        s["parquet_footer_length"],
        s["unused_bytes"],
        s["prev_parquet_meta_file_size"],
        s["footer_feature_flags"],
        s["seq_txn"]
    );
    for (i, group) in s["row_groups"].as_array().into_iter().flatten().enumerate() {
        let _ = writeln!(
            text,
            "  row group {i}: {} rows, block at {}",
            group["num_rows"], group["block_offset"]
        );
        for (c, chunk) in group["chunks"].as_array().into_iter().flatten().enumerate() {
            let name = columns
                .get(c)
                .map_or(Value::Null, |column| column["name"].clone());
            let _ = writeln!(
                text,
                "    {name}: bytes {} + {}, codec {}, encodings {:#x}, {} values, nulls {}, \
                 distinct {}, min {}, max {}{}",
                chunk["byte_range_start"],
                chunk["total_compressed"],
                chunk["codec"],
                chunk["encodings"].as_u64().unwrap_or(0),
                chunk["num_values"],
                chunk["null_count"],
                chunk["distinct_count"],
                bound(&chunk["min"]),
                bound(&chunk["max"]),
                if chunk["bloom"].is_null() {
                    ""
                } else {
                    ", bloom filter"
                }
            );
        }
    }
}

fn bound(stat: &Value) -> String {
    let Some(bytes) = stat["bytes"].as_str() else {
        return "none".to_owned();
    };
    let place = if stat["inline"] == true {
        "inline"
    } else {
        "out of line"
    };
    let exact = if stat["exact"] == true {
        "exact"
    } else {
        "approximate"
    };
    format!("{bytes} ({place}, {exact})")
}
