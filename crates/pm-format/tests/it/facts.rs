//! Facts from a vector's JSON, and facts from a view, to be compared with each other.

use pm_format::{
    BloomCell, BloomFacts, ChunkFacts, ColumnFacts, HeaderFacts, PmView, RowGroupFacts,
    ScratchpadFacts, SnapshotFacts, Stat, StatFacts,
};
use serde_json::Value;

use crate::unhex;

fn int<T: TryFrom<i64>>(value: &Value) -> T {
    let n = value
        .as_i64()
        .unwrap_or_else(|| panic!("an integer: {value}"));
    T::try_from(n)
        .ok()
        .unwrap_or_else(|| panic!("in range: {value}"))
}

fn u64_of(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("an unsigned integer: {value}"))
}

fn list(value: &Value) -> &[Value] {
    value
        .as_array()
        .unwrap_or_else(|| panic!("a list: {value}"))
}

pub(crate) fn header_of_json(file: &Value) -> HeaderFacts {
    let indices = |v: &Value| list(v).iter().map(int).collect();
    HeaderFacts {
        designated_timestamp: int(&file["designated_timestamp"]),
        columns: list(&file["columns"]).iter().map(column_of_json).collect(),
        sorting_columns: indices(&file["sorting_columns"]),
        bloom_columns: Some(indices(&file["bloom_columns"])),
        bloom_external: file["bloom_external"].as_bool().expect("a boolean"),
        squash_tracker: file["squash_tracker"].as_i64(),
    }
}

fn column_of_json(column: &Value) -> ColumnFacts {
    ColumnFacts {
        name: column["name"].as_str().expect("a name").to_owned(),
        id: int(&column["id"]),
        type_code: int(&column["col_type"]),
        flags: int(&column["flags"]),
        fixed_byte_len: int(&column["fixed_byte_len"]),
        physical_type: int(&column["physical_type"]),
        max_rep_level: int(&column["max_rep_level"]),
        max_def_level: int(&column["max_def_level"]),
    }
}

pub(crate) fn snapshot_of_json(snapshot: &Value) -> SnapshotFacts {
    let entry = |v: &Value| {
        let pair = list(v);
        (int(&pair[0]), unhex(pair[1].as_str().expect("bytes")))
    };
    SnapshotFacts {
        parquet_footer_offset: u64_of(&snapshot["parquet_footer_offset"]),
        parquet_footer_length: int(&snapshot["parquet_footer_length"]),
        unused_bytes: Some(u64_of(&snapshot["unused_bytes"])),
        seq_txn: snapshot["seq_txn"].as_i64(),
        scratchpad: ScratchpadFacts::Replace(
            snapshot["scratchpad"]
                .as_array()
                .map_or_else(Vec::new, |l| l.iter().map(entry).collect()),
        ),
    }
}

pub(crate) fn group_of_json(group: &Value) -> RowGroupFacts {
    RowGroupFacts {
        num_rows: u64_of(&group["num_rows"]),
        chunks: list(&group["chunks"]).iter().map(chunk_of_json).collect(),
    }
}

fn chunk_of_json(chunk: &Value) -> ChunkFacts {
    let stat = |v: &Value| {
        (!v.is_null()).then(|| StatFacts {
            bytes: unhex(v["bytes"].as_str().expect("bytes")),
            exact: v["exact"].as_bool().expect("a boolean"),
        })
    };
    let bloom = |v: &Value| {
        if let Some(bits) = v["bitset"].as_str() {
            return Some(BloomFacts::Inline(unhex(bits)));
        }
        (!v.is_null()).then(|| BloomFacts::External {
            offset: u64_of(&v["parquet_offset"]),
            length: u64_of(&v["parquet_length"]),
        })
    };
    ChunkFacts {
        codec: int(&chunk["codec"]),
        encodings: int(&chunk["encodings"]),
        num_values: u64_of(&chunk["num_values"]),
        byte_range_start: u64_of(&chunk["byte_range_start"]),
        total_compressed: u64_of(&chunk["total_compressed"]),
        null_count: chunk["null_count"].as_u64(),
        distinct_count: chunk["distinct_count"].as_u64(),
        min: stat(&chunk["min"]),
        max: stat(&chunk["max"]),
        bloom: bloom(&chunk["bloom"]),
    }
}

/// The header that a view shows.
pub(crate) fn header_of_view(view: &PmView<'_>) -> HeaderFacts {
    let index = |i: usize| u32::try_from(i).expect("an index");
    HeaderFacts {
        designated_timestamp: view
            .designated_timestamp()
            .map_or(-1, |i| i32::try_from(i).expect("an index")),
        columns: view
            .columns()
            .map(|c| ColumnFacts {
                name: c.name().expect("a name").to_owned(),
                id: c.id(),
                type_code: c.type_code(),
                flags: c.flags(),
                fixed_byte_len: c.fixed_byte_len(),
                physical_type: c.physical_code(),
                max_rep_level: c.max_rep_level(),
                max_def_level: c.max_def_level(),
            })
            .collect(),
        sorting_columns: (0..view.sorting_column_count())
            .map(|i| index(view.sorting_column(i).expect("in range")))
            .collect(),
        bloom_columns: Some(view.bloom_columns().map(index).collect()),
        bloom_external: view.bloom_external(),
        squash_tracker: view.squash_tracker(),
    }
}

pub(crate) fn snapshot_of_view(view: &PmView<'_>) -> SnapshotFacts {
    SnapshotFacts {
        parquet_footer_offset: view.parquet_footer_offset(),
        parquet_footer_length: view.parquet_footer_length(),
        unused_bytes: Some(view.unused_bytes()),
        seq_txn: view.seq_txn(),
        scratchpad: ScratchpadFacts::Replace(view.scratchpad().map_or_else(Vec::new, |pad| {
            pad.entries()
                .map(|(code, content)| (code, content.to_vec()))
                .collect()
        })),
    }
}

pub(crate) fn group_of_view(view: &PmView<'_>, index: usize) -> RowGroupFacts {
    let group = view.row_group(index).expect("a row group");
    let stat = |s: Option<Stat<'_>>| {
        s.map(|s| StatFacts {
            bytes: s.bytes.to_vec(),
            exact: s.exact,
        })
    };
    let listed: Vec<usize> = view.bloom_columns().collect();
    let bloom = |column: usize| {
        let position = listed.binary_search(&column).ok()?;
        match view.bloom_cell(index, position).expect("a cell") {
            BloomCell::Absent => None,
            BloomCell::Inline { offset } => {
                let bits = view.bloom_record(offset).expect("a filter");
                Some(BloomFacts::Inline(bits.bytes().to_vec()))
            }
            BloomCell::External { offset, length } => Some(BloomFacts::External { offset, length }),
        }
    };
    RowGroupFacts {
        num_rows: group.num_rows(),
        chunks: group
            .chunks()
            .enumerate()
            .map(|(column, chunk)| ChunkFacts {
                codec: chunk.codec_code(),
                encodings: chunk.encodings(),
                num_values: chunk.num_values(),
                byte_range_start: chunk.byte_range_start(),
                total_compressed: chunk.total_compressed(),
                null_count: chunk.stored_null_count(),
                distinct_count: chunk.distinct_count(),
                min: stat(chunk.min().expect("a minimum")),
                max: stat(chunk.max().expect("a maximum")),
                bloom: bloom(column),
            })
            .collect(),
    }
}
