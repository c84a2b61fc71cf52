//! `cargo xtask bench pm`: planning from a sidecar against planning from a Thrift footer.
//!
//! The same facts both ways: 1,000 columns × 100 row groups with statistics. Planning is what a
//! scan does first: find the snapshot, read the schema, take the byte range and the statistics of
//! every chunk of one column. arrow-rs cannot do that without parsing the whole footer.

#![expect(clippy::print_stdout, reason = "a program that talks to a person")]

use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

use benches::is_smoke;
use parquet60::file::metadata::ParquetMetaDataReader;
use pm_format::{
    ChunkFacts, ColumnFacts, HeaderFacts, PmError, RowGroupFacts, SnapshotFacts, StatFacts, build,
    resolve,
};
use pq_format::{
    CodecId, ColumnChunk, ColumnMetaData, Encoding, FileMetaData, PhysicalKind, PhysicalType,
    Repetition, RowGroup, Schema, SchemaNode, Statistics, TAIL_LEN, write_footer,
};

/// Rows of every row group.
const ROWS: u64 = 100_000;
/// Bytes of every chunk.
const CHUNK_LEN: u64 = 8_000;
/// The column that is planned for.
const WANTED: usize = 7;

fn main() -> io::Result<()> {
    let (columns, groups, runs) = if is_smoke() {
        (20, 5, 3)
    } else {
        (1_000, 100, 31)
    };
    let meta = footer(columns, groups);
    let footer = write_footer(&meta).map_err(io::Error::other)?;
    let thrift = footer.get(..footer.len() - TAIL_LEN).unwrap_or_default();
    let (sidecar, wanted) = sidecar(&meta, thrift.len())?;
    println!(
        "{columns} columns x {groups} row groups: footer {} bytes, sidecar {} bytes",
        footer.len(),
        sidecar.len()
    );

    let mut times = [Vec::new(), Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..runs {
        times[0].push(time(|| plan_arrow(thrift)));
        times[1].push(time(|| plan_own_footer(thrift)));
        times[2].push(time(|| plan_sidecar(&sidecar, wanted, true)));
        times[3].push(time(|| plan_sidecar(&sidecar, wanted, false)));
    }
    let expected = CHUNK_LEN * u64::try_from(groups).unwrap_or(0);
    for answer in [
        plan_arrow(thrift),
        plan_own_footer(thrift),
        plan_sidecar(&sidecar, wanted, true),
        plan_sidecar(&sidecar, wanted, false),
    ] {
        assert_eq!(answer, expected, "all plan the same bytes");
    }
    let [arrow, own, with_crc, without_crc] = times.map(median);
    println!("arrow-rs 60.1, Thrift footer    {:>12.1} us", micros(arrow));
    for (name, time) in [
        ("pq-format, Thrift footer    ", own),
        ("pm-format, CRC included     ", with_crc),
        ("pm-format, without the CRC  ", without_crc),
    ] {
        println!(
            "{name}    {:>12.1} us    {:>8.1} x",
            micros(time),
            micros(arrow) / micros(time)
        );
    }
    Ok(())
}

fn time(work: impl Fn() -> u64) -> Duration {
    let start = Instant::now();
    black_box(work());
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Bytes to read for one column, by arrow-rs.
fn plan_arrow(thrift: &[u8]) -> u64 {
    let Ok(meta) = ParquetMetaDataReader::decode_metadata(black_box(thrift)) else {
        return 0;
    };
    let chunk_bytes = |group: &parquet60::file::metadata::RowGroupMetaData| {
        let chunk = group.column(WANTED);
        black_box(chunk.statistics());
        let (start, len) = chunk.byte_range();
        black_box(start);
        len
    };
    meta.row_groups().iter().map(chunk_bytes).sum()
}

/// The same by our own footer reader.
fn plan_own_footer(thrift: &[u8]) -> u64 {
    let Ok(meta) = pq_format::read_metadata(black_box(thrift)) else {
        return 0;
    };
    let chunks = meta.row_groups.iter().filter_map(|g| g.columns.get(WANTED));
    chunks
        .map(|c| black_box(&c.meta).total_compressed_size)
        .sum()
}

/// The same by the sidecar.
fn plan_sidecar(data: &[u8], wanted: u64, crc: bool) -> u64 {
    let plan = || -> Result<u64, PmError> {
        let view = resolve(black_box(data), wanted)?;
        if crc {
            view.verify_crc()?;
        }
        for column in view.columns() {
            black_box((column.name()?, column.type_code()));
        }
        let mut bytes = 0;
        for index in 0..view.row_group_count() {
            let chunk = view.row_group(index)?.chunk(WANTED)?;
            black_box((chunk.min()?, chunk.max()?, chunk.byte_range_start()));
            bytes += chunk.total_compressed();
        }
        Ok(bytes)
    };
    plan().unwrap_or(0)
}

fn bound(seed: usize) -> Vec<u8> {
    i64::try_from(seed).unwrap_or(0).to_le_bytes().to_vec()
}

fn footer(columns: usize, groups: usize) -> FileMetaData {
    let names: Vec<String> = (0..columns).map(|c| format!("column_{c}")).collect();
    let fields = names
        .iter()
        .zip(0i32..)
        .map(|(name, id)| {
            SchemaNode::leaf(name, Repetition::Optional, PhysicalType::Int64, None)
                .with_field_id(id)
        })
        .collect();
    let chunk = |name: &String, group: usize, column: usize| {
        let place = u64::try_from(group * columns + column).unwrap_or(0);
        ColumnChunk::new(ColumnMetaData {
            physical: PhysicalKind::Int64,
            encodings: [Encoding::Plain, Encoding::Rle].into(),
            path: [name.clone()].into(),
            codec: CodecId::Zstd,
            num_values: ROWS,
            total_uncompressed_size: CHUNK_LEN,
            total_compressed_size: CHUNK_LEN,
            key_value_metadata: Vec::new(),
            data_page_offset: 4 + place * CHUNK_LEN,
            index_page_offset: None,
            dictionary_page_offset: None,
            statistics: Some(Statistics {
                null_count: Some(0),
                min_value: Some(bound(group * 1000 + column)),
                max_value: Some(bound(group * 1000 + column + 999)),
                is_min_exact: Some(true),
                is_max_exact: Some(true),
                ..Statistics::default()
            }),
            encoding_stats: Vec::new(),
            bloom_filter_offset: None,
            bloom_filter_length: None,
            size_statistics: None,
        })
    };
    let row_groups = (0..groups)
        .map(|g| RowGroup {
            columns: names
                .iter()
                .enumerate()
                .map(|(c, name)| chunk(name, g, c))
                .collect(),
            num_rows: ROWS,
            ..RowGroup::default()
        })
        .collect();
    FileMetaData {
        version: 1,
        schema: Schema::new(fields),
        num_rows: ROWS * u64::try_from(groups).unwrap_or(0),
        row_groups,
        ..FileMetaData::default()
    }
}

/// The sidecar of the same facts, and the Parquet size that finds it.
fn sidecar(meta: &FileMetaData, thrift_len: usize) -> io::Result<(Vec<u8>, u64)> {
    let stat = |bytes: &Option<Vec<u8>>| {
        bytes.as_ref().map(|bytes| StatFacts {
            bytes: bytes.clone(),
            exact: true,
        })
    };
    let columns = meta.schema.fields.iter().zip(0i32..);
    let header = HeaderFacts {
        designated_timestamp: -1,
        columns: columns
            .map(|(field, id)| ColumnFacts {
                name: field.name.clone(),
                id,
                type_code: 6,
                flags: 4,
                physical_type: 2,
                max_def_level: 1,
                ..ColumnFacts::default()
            })
            .collect(),
        ..HeaderFacts::default()
    };
    let chunk = |c: &ColumnChunk| {
        let stats = c.meta.statistics.clone().unwrap_or_default();
        ChunkFacts {
            codec: 6,
            encodings: 1,
            num_values: c.meta.num_values,
            byte_range_start: c.meta.data_page_offset,
            total_compressed: c.meta.total_compressed_size,
            null_count: stats.null_count,
            min: stat(&stats.min_value),
            max: stat(&stats.max_value),
            ..ChunkFacts::default()
        }
    };
    let groups: Vec<RowGroupFacts> = meta
        .row_groups
        .iter()
        .map(|g| RowGroupFacts {
            num_rows: g.num_rows,
            chunks: g.columns.iter().map(chunk).collect(),
        })
        .collect();
    let length = u32::try_from(thrift_len).map_err(io::Error::other)?;
    let snapshot = SnapshotFacts {
        parquet_footer_offset: 1_000_000,
        parquet_footer_length: length,
        ..SnapshotFacts::default()
    };
    let file = build(&header, &groups, &snapshot).map_err(io::Error::other)?;
    Ok((file, 1_000_000 + u64::from(length) + 8))
}
