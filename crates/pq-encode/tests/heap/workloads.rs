//! The workloads by which arrow-rs measured its own page store (apache/arrow-rs, pull request 10020),
//! for this crate's heap test and for `cargo xtask heap`: the input batch is part of the figure.
//!
//! Uncompressed, pages and dictionaries of at most 1 MiB, one row group, the output thrown away.
//! The memory asked for is the least that is accepted, so that every finished page is spilled.

use std::io;
use std::sync::Arc;

use column_format::{ColumnSlice, ColumnType, Layout};
use pq_encode::{
    Codec, ColumnSpec, Encoding, FileAssembler, FileProperties, OptionError, PageStoreFactory,
    PushEncoder, PushError, PushOptions, PushWriter, TempFileStores, WriterOptions,
};

pub(crate) fn options() -> WriterOptions {
    WriterOptions {
        codec: Codec::None,
        page_bytes: 1 << 20,
        dictionary_bytes: 1 << 20,
        ..WriterOptions::default()
    }
}

pub(crate) fn spec(number: usize, column_type: ColumnType) -> ColumnSpec {
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
            ..PushOptions::default()
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

pub(crate) fn finish(writer: PushWriter<io::Sink>, rows: u64) -> io::Result<()> {
    let (_, summary) = writer.finish().map_err(io::Error::other)?;
    assert_eq!(summary.rows, rows, "wrote another number of rows");
    Ok(())
}

/// Bytes without a pattern; the same every time.
pub(crate) fn noise(state: &mut u64, bytes: &mut [u8]) {
    for chunk in bytes.chunks_mut(8) {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let word = (*state ^ (*state >> 29)).to_le_bytes();
        chunk.copy_from_slice(&word[..chunk.len()]);
    }
}

/// Rows of a BINARY column as they are stored, in exactly the memory that they need: what a vector
/// keeps in reserve would be part of the figure.
pub(crate) struct Batch {
    offsets: Vec<u8>,
    data: Vec<u8>,
    rows: usize,
}

impl Batch {
    pub(crate) fn new(rows: usize, value_len: usize) -> Batch {
        let mut offsets = Vec::with_capacity(8 * (rows + 1));
        offsets.extend_from_slice(&0_u64.to_le_bytes());
        Batch {
            offsets,
            data: Vec::with_capacity(rows * (8 + value_len)),
            rows: 0,
        }
    }

    pub(crate) fn push(&mut self, value: &[u8]) {
        self.data
            .extend_from_slice(&(value.len() as u64).to_le_bytes());
        self.data.extend_from_slice(value);
        self.offsets
            .extend_from_slice(&(self.data.len() as u64).to_le_bytes());
        self.rows += 1;
    }

    pub(crate) fn slice(&self) -> io::Result<ColumnSlice<'_>> {
        let slice = ColumnSlice::new(Layout::Binary, &self.offsets, &self.data, self.rows);
        slice.map_err(io::Error::other)
    }
}

/// Values one behind the other and where each ends, as an Arrow array has them, in exactly the memory
/// that they need.
struct Values {
    ends: Vec<u32>,
    data: Vec<u8>,
}

impl Values {
    fn new(rows: usize, value_len: usize) -> Values {
        Values {
            ends: Vec::with_capacity(rows),
            data: Vec::with_capacity(rows * value_len),
        }
    }

    fn push(&mut self, value: &[u8]) -> io::Result<()> {
        self.data.extend_from_slice(value);
        let end = u32::try_from(self.data.len());
        self.ends.push(end.map_err(io::Error::other)?);
        Ok(())
    }

    fn iter(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let starts = std::iter::once(&0).chain(&self.ends);
        let range = |(start, end): (&u32, &u32)| *start as usize..*end as usize;
        starts
            .zip(&self.ends)
            .map(move |ends| self.data.get(range(ends)))
    }
}

/// INT values as they are stored.
pub(crate) fn ints(values: impl ExactSizeIterator<Item = i32>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(4 * values.len());
    for value in values {
        bytes.extend_from_slice(&value.to_le_bytes());
    }
    bytes
}

pub(crate) fn fixed(bytes: &[u8], rows: usize) -> io::Result<ColumnSlice<'_>> {
    ColumnSlice::new(Layout::Fixed(4), &[], bytes, rows).map_err(io::Error::other)
}

pub(crate) fn skew() -> io::Result<()> {
    const BATCHES: i32 = 64;
    const ROWS: i32 = 64;
    let mut columns = vec![spec(0, ColumnType::Binary)];
    columns.extend((1..=8).map(|number| spec(number, ColumnType::Int)));
    let mut writer = writer(&columns, 1_000_000)?;
    let (mut state, mut value) = (1, vec![0; 4096]);
    for batch in 0..BATCHES {
        let rows = 64;
        let mut wide = Batch::new(rows, value.len());
        for _ in 0..rows {
            noise(&mut state, &mut value);
            wide.push(&value);
        }
        let column = |number: i32| -> Vec<u8> {
            let rows = batch * ROWS..(batch + 1) * ROWS;
            ints(rows.map(|row| row + number))
        };
        let narrow: Vec<Vec<u8>> = (1..=8).map(column).collect();
        let mut slices = vec![wide.slice()?];
        for bytes in &narrow {
            slices.push(fixed(bytes, rows)?);
        }
        writer.write(&slices).map_err(io::Error::other)?;
    }
    finish(writer, 4096)
}

pub(crate) fn dict() -> io::Result<()> {
    const BATCHES: i32 = 512;
    const ROWS: i32 = 8192;
    let mut writer = writer(&[spec(0, ColumnType::Int)], 10_000_000)?;
    for batch in 0..BATCHES {
        let values = ints((0..ROWS).map(|row| (batch + row) % 16));
        let slice = fixed(&values, 8192)?;
        writer.write(&[slice]).map_err(io::Error::other)?;
    }
    finish(writer, 512 * 8192)
}

pub(crate) fn dictcols() -> io::Result<()> {
    const COLUMNS: usize = 16;
    const DISTINCT: usize = 2048;
    let options = WriterOptions {
        dictionary_bytes: 8 << 20,
        ..options()
    };
    let columns: Vec<ColumnSpec> = (0..COLUMNS)
        // Dictionaries are what this workload is about; arrow-rs always begins with one.
        .map(|number| spec(number, ColumnType::Binary).with_encoding(Encoding::Dictionary))
        .collect();
    let stores: Arc<dyn PageStoreFactory> = Arc::new(TempFileStores::in_dir(std::env::temp_dir()));
    let mut chunks = Vec::new();
    for (seed, column) in (1..).zip(&columns) {
        let mut encoder =
            PushEncoder::new(column, &options, Arc::clone(&stores)).map_err(io::Error::other)?;
        let mut rows = Values::new(2 * DISTINCT, 384);
        for _ in 0..2 {
            let (mut state, mut value) = (seed, [0; 384]);
            for _ in 0..DISTINCT {
                noise(&mut state, &mut value);
                rows.push(&value)?;
            }
        }
        let written = encoder.write_values(rows.iter());
        written.map_err(io::Error::other)?;
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
