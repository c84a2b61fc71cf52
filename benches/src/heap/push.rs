//! Push mode with pages in a temporary file, on the workloads by which arrow-rs measured its own
//! page store (apache/arrow-rs, pull request 10020): the input batch is part of the figure.
//!
//! Uncompressed, pages and dictionaries of at most 1 MiB, one row group, the output thrown away.
//! The memory asked for is the least that is accepted, so that every finished page is spilled.

use std::io;
use std::sync::Arc;

use column_format::{BinaryWriter, ColumnSlice, ColumnType, Layout};
use pq_encode::{
    Codec, ColumnSpec, FileAssembler, FileProperties, OptionError, PageStoreFactory, PushEncoder,
    PushError, PushOptions, PushWriter, TempFileStores, WriterOptions,
};

use super::{Job, MIB};

/// Each workload, with the bound of this project; arrow-rs 60.1 needs 3.25, 0.485 and 2.47 MiB.
pub const JOBS: [Job; 3] = [
    Job {
        name: "skew",
        what: "4,096 rows in 64 batches: 16 MiB in one BINARY column, eight INT columns (arrow-rs 3.25)",
        bound: 3 * MIB / 2,
        prepare: |_| Ok(Box::new(skew)),
    },
    Job {
        name: "dict",
        what: "4,194,304 rows of one INT column with 16 values, in 512 batches (arrow-rs 0.485)",
        bound: MIB / 4,
        prepare: |_| Ok(Box::new(dict)),
    },
    Job {
        name: "dictcols",
        what: "16 BINARY columns, one after the other, of 2,048 values of 384 bytes, each twice (arrow-rs 2.47)",
        bound: 235 * MIB / 100,
        prepare: |_| Ok(Box::new(dictcols)),
    },
];

fn options() -> WriterOptions {
    WriterOptions {
        codec: Codec::None,
        page_bytes: 1 << 20,
        dictionary_bytes: 1 << 20,
        ..WriterOptions::default()
    }
}

fn spec(number: usize, column_type: ColumnType) -> ColumnSpec {
    let mut spec = ColumnSpec::new(format!("c{number}"), column_type);
    spec.required = true;
    spec
}

/// A writer that may keep nothing but what it works on.
fn writer(columns: &[ColumnSpec], rows: u64) -> io::Result<PushWriter<io::Sink>> {
    let spill = TempFileStores::in_dir(std::env::temp_dir());
    let make = |memory| {
        let push = PushOptions {
            row_group_rows: rows,
            memory,
        };
        let file = FileProperties::default();
        PushWriter::new(io::sink(), columns, &options(), file, &push, spill.clone())
    };
    match make(0) {
        Err(PushError::Option(OptionError::Memory { needed, .. })) => {
            make(needed).map_err(io::Error::other)
        }
        other => other.map_err(io::Error::other),
    }
}

fn finish(writer: PushWriter<io::Sink>, rows: u64) -> io::Result<()> {
    let (_, summary) = writer.finish().map_err(io::Error::other)?;
    assert_eq!(summary.rows, rows, "wrote another number of rows");
    Ok(())
}

/// Bytes without a pattern; the same every time.
fn noise(state: &mut u64, bytes: &mut [u8]) {
    for chunk in bytes.chunks_mut(8) {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let word = (*state ^ (*state >> 29)).to_le_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
}

fn fixed(bytes: &[u8], rows: usize) -> io::Result<ColumnSlice<'_>> {
    ColumnSlice::new(Layout::Fixed(4), &[], bytes, rows).map_err(io::Error::other)
}

fn skew() -> io::Result<()> {
    const BATCHES: i32 = 64;
    const ROWS: i32 = 64;
    let mut columns = vec![spec(0, ColumnType::Binary)];
    columns.extend((1..=8).map(|number| spec(number, ColumnType::Int)));
    let mut writer = writer(&columns, 1_000_000)?;
    let (mut state, mut value) = (1, vec![0; 4096]);
    for batch in 0..BATCHES {
        let mut wide = BinaryWriter::new();
        for _ in 0..ROWS {
            noise(&mut state, &mut value);
            wide.push(Some(&value)).map_err(io::Error::other)?;
        }
        let column = |number: i32| -> Vec<u8> {
            let rows = batch * ROWS..(batch + 1) * ROWS;
            rows.flat_map(|row| (row + number).to_le_bytes()).collect()
        };
        let narrow: Vec<Vec<u8>> = (1..=8).map(column).collect();
        let rows = 64;
        let wide = ColumnSlice::new(Layout::Binary, wide.aux(), wide.data(), rows);
        let mut slices = vec![wide.map_err(io::Error::other)?];
        for bytes in &narrow {
            slices.push(fixed(bytes, rows)?);
        }
        writer.write(&slices).map_err(io::Error::other)?;
    }
    finish(writer, 4096)
}

fn dict() -> io::Result<()> {
    const BATCHES: i32 = 512;
    const ROWS: i32 = 8192;
    let mut writer = writer(&[spec(0, ColumnType::Int)], 10_000_000)?;
    for batch in 0..BATCHES {
        let values = (0..ROWS).map(|row| (batch + row) % 16);
        let values: Vec<u8> = values.flat_map(i32::to_le_bytes).collect();
        let slice = fixed(&values, 8192)?;
        writer.write(&[slice]).map_err(io::Error::other)?;
    }
    finish(writer, 512 * 8192)
}

fn dictcols() -> io::Result<()> {
    const COLUMNS: usize = 16;
    const DISTINCT: usize = 2048;
    let options = WriterOptions {
        dictionary_bytes: 8 << 20,
        ..options()
    };
    let columns: Vec<ColumnSpec> = (0..COLUMNS)
        .map(|number| spec(number, ColumnType::Binary))
        .collect();
    let stores: Arc<dyn PageStoreFactory> = Arc::new(TempFileStores::in_dir(std::env::temp_dir()));
    let mut chunks = Vec::new();
    for (seed, column) in (1..).zip(&columns) {
        let mut encoder =
            PushEncoder::new(column, &options, Arc::clone(&stores)).map_err(io::Error::other)?;
        let mut rows = BinaryWriter::new();
        for _ in 0..2 {
            let (mut state, mut value) = (seed, [0; 384]);
            for _ in 0..DISTINCT {
                noise(&mut state, &mut value);
                rows.push(Some(&value)).map_err(io::Error::other)?;
            }
        }
        let slice = ColumnSlice::new(Layout::Binary, rows.aux(), rows.data(), 2 * DISTINCT);
        let slice = slice.map_err(io::Error::other)?;
        encoder.write(&slice, None).map_err(io::Error::other)?;
        drop(rows);
        chunks.push(encoder.finish(None).map_err(io::Error::other)?);
    }
    let mut file = FileAssembler::new(io::sink(), &columns, &options, FileProperties::default())
        .map_err(io::Error::other)?;
    file.begin_row_group(2 * DISTINCT as u64)
        .map_err(io::Error::other)?;
    for chunk in chunks {
        file.splice(chunk).map_err(io::Error::other)?;
    }
    file.finish_row_group().map_err(io::Error::other)?;
    let (_, summary) = file.finish().map_err(io::Error::other)?;
    assert_eq!(summary.rows, 2 * DISTINCT as u64, "another number of rows");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_workload_writes_what_it_should() {
        skew().unwrap();
        dictcols().unwrap();
    }
}
