//! Push mode on the heap: a page and a dictionary, on the workloads by which arrow-rs measured its
//! own page store (apache/arrow-rs, pull request 10020). The input batch is part of the figure.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io;
use std::sync::Arc;

use column_format::{ColumnSlice, ColumnType, Layout};
use pq_encode::{
    BloomRate, Codec, ColumnSpec, Encoding, FileAssembler, FileProperties, PageStoreFactory,
    PushEncoder, PushOptions, PushWriter, TempFileStores, WriterOptions,
};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

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
    let push = PushOptions {
        row_group_rows: rows,
        memory: (2 << 20) * columns.len() as u64,
    };
    let spill = TempFileStores::in_dir(std::env::temp_dir());
    let file = FileProperties::default();
    PushWriter::new(io::sink(), columns, &options(), file, &push, spill).map_err(io::Error::other)
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

/// A batch of BINARY values of one length, in buffers that are no larger than they must be.
struct Blobs {
    aux: Vec<u8>,
    data: Vec<u8>,
    rows: usize,
}

impl Blobs {
    fn new(rows: usize, width: usize) -> Self {
        let mut aux = Vec::with_capacity((rows + 1) * 8);
        aux.extend([0; 8]);
        let data = Vec::with_capacity(rows * (8 + width));
        Self { aux, data, rows: 0 }
    }

    fn push(&mut self, value: &[u8]) {
        self.data.extend((value.len() as u64).to_le_bytes());
        self.data.extend(value);
        self.aux.extend((self.data.len() as u64).to_le_bytes());
        self.rows += 1;
    }

    fn slice(&self) -> io::Result<ColumnSlice<'_>> {
        ColumnSlice::new(Layout::Binary, &self.aux, &self.data, self.rows).map_err(io::Error::other)
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
        let mut wide = Blobs::new(64, 4096);
        for _ in 0..ROWS {
            noise(&mut state, &mut value);
            wide.push(&value);
        }
        let column = |number: i32| -> Vec<u8> {
            let rows = batch * ROWS..(batch + 1) * ROWS;
            rows.flat_map(|row| (row + number).to_le_bytes()).collect()
        };
        let narrow: Vec<Vec<u8>> = (1..=8).map(column).collect();
        let rows = 64;
        let mut slices = vec![wide.slice()?];
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
        // Dictionaries are what this workload is about; arrow-rs always begins with one.
        .map(|number| spec(number, ColumnType::Binary).with_encoding(Encoding::Dictionary))
        .collect();
    let stores: Arc<dyn PageStoreFactory> = Arc::new(TempFileStores::in_dir(std::env::temp_dir()));
    let mut chunks = Vec::new();
    for (seed, column) in (1..).zip(&columns) {
        let mut encoder =
            PushEncoder::new(column, &options, Arc::clone(&stores)).map_err(io::Error::other)?;
        let mut rows = Blobs::new(2 * DISTINCT, 384);
        for _ in 0..2 {
            let (mut state, mut value) = (seed, [0; 384]);
            for _ in 0..DISTINCT {
                noise(&mut state, &mut value);
                rows.push(&value);
            }
        }
        encoder
            .write(&rows.slice()?, None)
            .map_err(io::Error::other)?;
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

/// Columns and their memory: `memory` beside a page and a dictionary each.
fn small_writer(
    columns: &[ColumnSpec],
    options: &WriterOptions,
    memory: u64,
) -> io::Result<PushWriter<io::Sink>> {
    let push = PushOptions {
        row_group_rows: 1_000_000,
        memory,
    };
    let (spill, file) = (
        TempFileStores::in_dir(std::env::temp_dir()),
        FileProperties::default(),
    );
    PushWriter::new(io::sink(), columns, options, file, &push, spill).map_err(io::Error::other)
}

/// 100,000 integers, ten times, in columns whose memory is a page and a dictionary.
fn full_dictionary() -> io::Result<()> {
    let options = WriterOptions {
        page_bytes: 64 << 10,
        dictionary_bytes: 512 << 10,
        ..WriterOptions::default()
    };
    let columns: Vec<ColumnSpec> = (0..8).map(|number| spec(number, ColumnType::Int)).collect();
    let mut writer = small_writer(&columns, &options, 8 * (576 << 10))?;
    for _ in 0..10 {
        for start in (0..100_000).step_by(1000) {
            let rows: Vec<u8> = (start..start + 1000).flat_map(i32::to_le_bytes).collect();
            let slices = vec![fixed(&rows, 1000)?; 8];
            writer.write(&slices).map_err(io::Error::other)?;
        }
    }
    finish(writer, 1_000_000)
}

/// The same with a bloom filter each, which is counted.
fn blooms() -> io::Result<()> {
    let options = WriterOptions {
        page_bytes: 64 << 10,
        dictionary_bytes: 64 << 10,
        ..WriterOptions::default()
    };
    let columns: Vec<ColumnSpec> = (0..4)
        .map(|number| spec(number, ColumnType::Int).with_bloom(BloomRate::DEFAULT))
        .collect();
    let mut writer = small_writer(&columns, &options, 4 * (128 << 10) + (12 << 20))?;
    for start in (0..1_000_000).step_by(1000) {
        let rows: Vec<u8> = (start..start + 1000).flat_map(i32::to_le_bytes).collect();
        let slices = vec![fixed(&rows, 1000)?; 4];
        writer.write(&slices).map_err(io::Error::other)?;
    }
    finish(writer, 1_000_000)
}

/// 2,000 columns of values of one byte.
fn wide() -> io::Result<()> {
    let options = WriterOptions {
        page_bytes: 2 << 10,
        dictionary_bytes: 2 << 10,
        ..WriterOptions::default()
    };
    let columns: Vec<ColumnSpec> = (0..2000)
        .map(|number| spec(number, ColumnType::Byte))
        .collect();
    let mut writer = small_writer(&columns, &options, 2000 * (4 << 10))?;
    let mut state = 1;
    for _ in 0..20 {
        let mut rows = vec![0; 512];
        noise(&mut state, &mut rows);
        let rows = ColumnSlice::new(Layout::Fixed(1), &[], &rows, 512).map_err(io::Error::other)?;
        writer.write(&vec![rows; 2000]).map_err(io::Error::other)?;
    }
    finish(writer, 20 * 512)
}

/// Ten values of 10 MiB in each of two columns; the batch has one of them.
fn huge() -> io::Result<()> {
    let options = WriterOptions {
        page_bytes: 64 << 10,
        dictionary_bytes: 64 << 10,
        ..WriterOptions::default()
    };
    let columns: Vec<ColumnSpec> = (0..2).map(|n| spec(n, ColumnType::Binary)).collect();
    let mut writer = small_writer(&columns, &options, 2 * (128 << 10))?;
    let mut blob = Blobs::new(1, 10 << 20);
    blob.push(&vec![7; 10 << 20]);
    for _ in 0..10 {
        let slice = blob.slice()?;
        writer.write(&[slice, slice]).map_err(io::Error::other)?;
    }
    finish(writer, 10)
}

/// The most bytes that were on the heap at once.
fn peak(workload: fn() -> io::Result<()>) -> usize {
    let _profiler = dhat::Profiler::builder().testing().build();
    workload().unwrap();
    dhat::HeapStats::get().max_bytes
}

#[test]
fn what_is_on_the_heap_is_a_page_and_a_dictionary() {
    const MIB: usize = 1 << 20;
    let mut above = Vec::new();
    for (name, workload, bound) in [
        ("skew", skew as fn() -> io::Result<()>, 3 * MIB / 2),
        ("dict", dict, MIB / 4),
        ("dictcols", dictcols, 242 * MIB / 100),
        // Memory, and a constant: codec contexts that are Rust's, summaries, the batch.
        ("full dictionary", full_dictionary, 8 * 576 * 1024 + MIB),
        ("blooms", blooms, 4 * 128 * 1024 + 12 * MIB + MIB),
        ("wide", wide, 2000 * (4096 + 8192)),
        // The batch, and six times a value: sample, stage, page, trial, packed.
        ("huge", huge, 256 * 1024 + MIB + 7 * 10 * MIB),
    ] {
        let peak = peak(workload);
        println!("{name}: {peak} of {bound} bytes");
        if peak > bound {
            above.push(format!("{name}: {peak} of {bound}"));
        }
    }
    assert!(above.is_empty(), "{above:?}");
}
