//! A sidecar as JSON: the object that the vectors of `_pm` call `file`.
//!
//! As far as it can on a damaged file: whatever cannot be read is null, and a list says what was
//! wrong where.

use std::fmt::Write as _;

use pm_format::{BloomCell, Chunk, PmError, PmView, RowGroup, Stat, chain, committed_size};
use serde_json::{Map, Value, json};

/// Most snapshots that are looked for outside the chain, one candidate a byte.
const DEAD_SEARCH_LEN_MAX: u64 = 1 << 20;
/// Most candidates for a dead snapshot that are opened.
const DEAD_CANDIDATES_MAX: usize = 1_000;
/// Most snapshots that are shown.
const SNAPSHOTS_SHOWN_MAX: usize = 1_000;

/// What an inspection found.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// The `file` object.
    pub file: Value,
    /// What was wrong, in the order of the file.
    pub errors: Vec<String>,
}

/// Inspects `data`, from the committed size `size` or, without one, from that at offset 0.
#[must_use]
pub fn inspect(data: &[u8], size: Option<u64>) -> Inspection {
    let mut errors = Vec::new();
    let newest = size.map_or_else(|| committed_size(data), Ok);
    let newest = newest.and_then(|size| PmView::open(data, size));
    let view = match newest {
        Ok(view) => view,
        Err(error) => {
            errors.push(error.to_string());
            let file = json!({ "length": data.len() });
            return Inspection { file, errors };
        }
    };
    let mut sizes = Vec::new();
    for link in chain(data, view.committed_size()) {
        match link {
            Ok(link) => sizes.push(link.committed_size),
            Err(error) => errors.push(format!("footer chain: {error}")),
        }
    }
    let mut file = header(&view, &mut errors);
    let mut shown = Vec::new();
    if sizes.len() > SNAPSHOTS_SHOWN_MAX {
        errors.push(format!(
            "{} snapshots, the newest {SNAPSHOTS_SHOWN_MAX} are shown",
            sizes.len()
        ));
    }
    for size in sizes.iter().take(SNAPSHOTS_SHOWN_MAX) {
        shown.push(snapshot(data, *size, &mut errors));
    }
    let dead: Vec<Value> = dead_sizes(data, &sizes)
        .iter()
        .map(|s| snapshot(data, *s, &mut errors))
        .collect();
    if !dead.is_empty() {
        file.insert("dead".to_owned(), Value::Array(dead));
    }
    file.insert("snapshots".to_owned(), Value::Array(shown));
    file.sort_keys();
    Inspection {
        file: Value::Object(file),
        errors,
    }
}

/// Takes a value, or notes why there is none.
fn take<T>(result: Result<T, PmError>, place: &str, errors: &mut Vec<String>) -> Option<T> {
    result
        .map_err(|error| errors.push(format!("{place}: {error}")))
        .ok()
}

fn header(view: &PmView<'_>, errors: &mut Vec<String>) -> Map<String, Value> {
    let sorting: Vec<Value> = (0..view.sorting_column_count())
        .map(|i| json!(take(view.sorting_column(i), "sorting columns", errors)))
        .collect();
    let designated = view
        .designated_timestamp()
        .and_then(|d| i64::try_from(d).ok());
    let mut file = Map::new();
    file.insert(
        "bloom_columns".into(),
        json!(view.bloom_columns().collect::<Vec<_>>()),
    );
    file.insert("bloom_external".into(), json!(view.bloom_external()));
    file.insert("columns".into(), columns(view, errors));
    file.insert(
        "designated_timestamp".into(),
        json!(designated.unwrap_or(-1)),
    );
    file.insert("feature_flags".into(), json!(view.feature_flags()));
    file.insert("sorting_columns".into(), Value::Array(sorting));
    file.insert("squash_tracker".into(), json!(view.squash_tracker()));
    file
}

fn columns(view: &PmView<'_>, errors: &mut Vec<String>) -> Value {
    let column = |(i, c): (usize, pm_format::Column<'_>)| {
        let place = format!("column {i}");
        take(c.repetition(), &place, errors);
        json!({
            "col_type": c.type_code(),
            "fixed_byte_len": c.fixed_byte_len(),
            "flags": c.flags(),
            "id": c.id(),
            "max_def_level": c.max_def_level(),
            "max_rep_level": c.max_rep_level(),
            "name": take(c.name(), &place, errors),
            "name_length": c.name_bytes().map(<[u8]>::len).unwrap_or_default(),
            "name_offset": c.name_offset(),
            "physical_type": c.physical_code(),
            "repetition": c.repetition_bits(),
        })
    };
    Value::Array(view.columns().enumerate().map(column).collect())
}

fn snapshot(data: &[u8], size: u64, errors: &mut Vec<String>) -> Value {
    let place = format!("snapshot of {size} bytes");
    let Some(view) = take(PmView::open(data, size), &place, errors) else {
        return Value::Null;
    };
    let crc = view.verify_crc();
    let crc_ok = crc.is_ok();
    take(crc, &place, errors);
    take(view.check_footer_length(), &place, errors);
    let scratchpad: Vec<Value> = view
        .scratchpad()
        .map(|pad| {
            pad.entries()
                .map(|(code, bytes)| json!([code, hex(bytes)]))
                .collect()
        })
        .unwrap_or_default();
    // Blocks of a sound file do not overlap: more chunks than bytes for them is damage, and would
    // cost memory that the file does not.
    let chunks = view.row_group_count().saturating_mul(view.column_count());
    let plausible = chunks <= data.len() / pm_format::layout::CHUNK_LEN;
    if !plausible {
        errors.push(format!(
            "{place}: {chunks} chunks do not fit {} bytes",
            data.len()
        ));
    }
    let groups: Vec<Value> = (0..if plausible { view.row_group_count() } else { 0 })
        .map(|i| {
            let place = format!("{place}, row group {i}");
            let group = take(view.row_group(i), &place, errors);
            group.map_or(Value::Null, |g| row_group(&view, i, &g, &place, errors))
        })
        .collect();
    json!({
        "committed_size": size,
        "crc": view.stored_crc(),
        "crc_ok": crc_ok,
        "footer_feature_flags": view.footer_flags(),
        "footer_length": view.footer_length(),
        "footer_offset": view.footer_offset(),
        "parquet_file_size": view.parquet_file_size(),
        "parquet_footer_length": view.parquet_footer_length(),
        "parquet_footer_offset": view.parquet_footer_offset(),
        "prev_parquet_meta_file_size": view.previous_size(),
        "row_groups": groups,
        "scratchpad": scratchpad,
        "seq_txn": view.seq_txn(),
        "unused_bytes": view.unused_bytes(),
    })
}

fn row_group(
    view: &PmView<'_>,
    index: usize,
    group: &RowGroup<'_>,
    place: &str,
    errors: &mut Vec<String>,
) -> Value {
    let chunks: Vec<Value> = group
        .chunks()
        .enumerate()
        .map(|(column, chunk)| {
            let place = format!("{place}, column {column}");
            take(chunk.codec(), &place, errors);
            let bloom = bloom(view, index, column, &place, errors);
            chunk_json(&chunk, &bloom, &place, errors)
        })
        .collect();
    json!({
        "block_offset": group.block_offset(),
        "chunks": chunks,
        "num_rows": group.num_rows(),
    })
}

fn chunk_json(chunk: &Chunk<'_>, bloom: &Value, place: &str, errors: &mut Vec<String>) -> Value {
    json!({
        "bloom": bloom,
        "byte_range_start": chunk.byte_range_start(),
        "codec": chunk.codec_code(),
        "distinct_count": chunk.distinct_count(),
        "encodings": chunk.encodings(),
        "max": stat(take(chunk.max(), place, errors).flatten()),
        "min": stat(take(chunk.min(), place, errors).flatten()),
        "null_count": chunk.stored_null_count(),
        "num_values": chunk.num_values(),
        "stat_flags": chunk.stat_flags(),
        "stat_sizes": chunk.stat_sizes(),
        "total_compressed": chunk.total_compressed(),
    })
}

fn stat(stat: Option<Stat<'_>>) -> Value {
    stat.map_or(Value::Null, |s| {
        json!({
            "bytes": hex(s.bytes),
            "exact": s.exact,
            "inline": s.ool_offset.is_none(),
            "ool_offset": s.ool_offset,
        })
    })
}

fn bloom(
    view: &PmView<'_>,
    group: usize,
    column: usize,
    place: &str,
    errors: &mut Vec<String>,
) -> Value {
    let Some(position) = view.bloom_columns().position(|c| c == column) else {
        return Value::Null;
    };
    match take(view.bloom_cell(group, position), place, errors) {
        None | Some(BloomCell::Absent) => Value::Null,
        Some(BloomCell::External { offset, length }) => {
            json!({ "parquet_length": length, "parquet_offset": offset })
        }
        Some(BloomCell::Inline { offset }) => match view.bloom_record(offset) {
            Some(filter) => json!({ "bitset": hex(filter.bytes()), "offset": offset }),
            None => {
                errors.push(format!("{place}: the bloom record at {offset} is unusable"));
                Value::Null
            }
        },
    }
}

/// Snapshots that verify but are not on the chain: updates abandoned after their commit word
/// (pm.md §13.5). Newest first.
fn dead_sizes(data: &[u8], on_chain: &[u64]) -> Vec<u64> {
    let Some(newest) = on_chain.first().filter(|s| **s <= DEAD_SEARCH_LEN_MAX) else {
        return Vec::new();
    };
    // A dead snapshot descends from one on the chain. That is asked first: it costs a few bytes.
    let descends = |size: &u64| {
        let link = chain(data, *size).next().and_then(Result::ok);
        link.is_some_and(|l| l.previous_size == 0 || on_chain.contains(&l.previous_size))
    };
    let is_dead = |size: &u64| {
        PmView::open(data, *size)
            .is_ok_and(|v| v.check_footer_length().is_ok() && v.verify_crc().is_ok())
    };
    (1..*newest)
        .rev()
        .filter(|size| !on_chain.contains(size))
        .filter(descends)
        .take(DEAD_CANDIDATES_MAX)
        .filter(is_dead)
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
