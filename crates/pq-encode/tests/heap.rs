//! Push mode on the heap: a page and a dictionary, on the workloads by which arrow-rs measured its
//! own page store (apache/arrow-rs, pull request 10020). The input batch is part of the figure.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "heap/workloads.rs"]
mod workloads;

use std::io;

use column_format::{
    ArrayWriter, ColumnSlice, ColumnType, Layout, StringWriter, Utf16, VarcharWriter,
};
use pq_encode::{
    BloomRate, ChunkEncoder, ColumnSpec, FileProperties, PageSink, PushOptions, PushWriter,
    SinkError, TempFileStores, WriterOptions,
};
use workloads::{Batch, dict, dictcols, finish, fixed, noise, skew, spec};

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Columns and their memory: `memory` beside a page and a dictionary each.
fn small_writer(
    columns: &[ColumnSpec],
    options: &WriterOptions,
    memory: u64,
) -> io::Result<PushWriter<io::Sink>> {
    let push = PushOptions {
        row_group_rows: 1_000_000,
        memory,
        ..PushOptions::default()
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
    let mut blob = Batch::new(1, 10 << 20);
    blob.push(&vec![7; 10 << 20]);
    for _ in 0..10 {
        let slice = blob.slice()?;
        writer.write(&[slice, slice]).map_err(io::Error::other)?;
    }
    finish(writer, 10)
}

/// Ten rows in pull mode, each of them the one of `slice`.
fn pulled(column_type: ColumnType, slice: ColumnSlice<'_>, raw_arrays: bool) -> io::Result<()> {
    let before = dhat::HeapStats::get().curr_bytes;
    let rows = vec![slice; 10];
    let options = WriterOptions {
        raw_arrays,
        ..WriterOptions::default()
    };
    let encoder = ChunkEncoder::new(&spec(0, column_type), &options);
    let mut encoder = encoder.map_err(io::Error::other)?;
    let chunk = encoder.encode(&rows, None, &mut Nowhere);
    assert_eq!(chunk.map_err(io::Error::other)?.rows, 10);
    // What is left is no more than ordinary pages need.
    encoder.trim();
    let left = dhat::HeapStats::get().curr_bytes - before;
    assert!(left < 3 << 20, "{left} bytes are left");
    Ok(())
}

fn huge_bytes() -> io::Result<()> {
    let mut blob = Batch::new(1, 10 << 20);
    let (mut state, mut value) = (1, vec![0; 10 << 20]);
    noise(&mut state, &mut value);
    blob.push(&value);
    drop(value);
    pulled(ColumnType::Binary, blob.slice()?, false)
}

/// 5 Mi characters, most of them of 3 bytes.
fn huge_text() -> io::Result<()> {
    let (mut state, mut units) = (1, vec![0; 10 << 20]);
    noise(&mut state, &mut units);
    for unit in units.chunks_exact_mut(2) {
        unit[1] &= 0x7f; // No surrogates.
    }
    let mut writer = StringWriter::new();
    let pushed = writer.push_utf16(Some(Utf16::new(&units)));
    pushed.map_err(io::Error::other)?;
    drop(units);
    let slice = ColumnSlice::new(Layout::String, writer.aux(), writer.data(), 1);
    pulled(ColumnType::String, slice.map_err(io::Error::other)?, false)
}

/// Every byte of it becomes U+FFFD, which takes three.
fn huge_invalid_text() -> io::Result<()> {
    let mut writer = VarcharWriter::new();
    let pushed = writer.push(Some(&vec![0xff; 10 << 20]));
    pushed.map_err(io::Error::other)?;
    let slice = ColumnSlice::new(Layout::Varchar, writer.aux(), writer.data(), 1);
    pulled(ColumnType::Varchar, slice.map_err(io::Error::other)?, false)
}

fn huge_array(raw: bool) -> io::Result<()> {
    let count = (10 << 20) / 8;
    let (mut state, mut bytes) = (1, vec![0; 10 << 20]);
    noise(&mut state, &mut bytes);
    let elements: Vec<f64> = bytes
        .as_chunks::<8>()
        .0
        .iter()
        .map(|b| f64::from_le_bytes(*b))
        .collect();
    drop(bytes);
    let mut writer = ArrayWriter::new(1);
    writer.push(&[count], &elements).map_err(io::Error::other)?;
    drop(elements);
    let slice = ColumnSlice::new(Layout::Array { dims: 1 }, writer.aux(), writer.data(), 1);
    let slice = slice.map_err(io::Error::other)?;
    pulled(ColumnType::Array { dims: 1 }, slice, raw)
}

/// A shape may declare any number of lists of nothing.
fn empty_lists() -> io::Result<()> {
    let mut writer = ArrayWriter::new(2);
    let shape = [(1 << 28) - 1, 0];
    writer.push(&shape, &[]).map_err(io::Error::other)?;
    let slice = ColumnSlice::new(Layout::Array { dims: 2 }, writer.aux(), writer.data(), 1);
    let slice = slice.map_err(io::Error::other)?;
    pulled(ColumnType::Array { dims: 2 }, slice, false)
}

struct Nowhere;

impl PageSink for Nowhere {
    fn page(&mut self, _header_and_body: &[u8]) -> Result<(), SinkError> {
        Ok(())
    }
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
        ("dictcols", dictcols, 235 * MIB / 100),
        // Memory, and a constant: codec contexts that are Rust's, summaries, the batch.
        ("full dictionary", full_dictionary, 8 * 576 * 1024 + MIB),
        ("blooms", blooms, 4 * 128 * 1024 + 12 * MIB + MIB),
        ("wide", wide, 2000 * (4096 + 8192)),
        // The batch, and three times a value: sample, page, packed.
        ("huge bytes", huge_bytes, 4 * 10 * MIB + 3 * MIB),
        // Of 10 MiB of UTF-16 there are 15 MiB of UTF-8.
        ("huge text", huge_text, 10 * MIB + 3 * 15 * MIB + 3 * MIB),
        (
            "huge invalid text",
            huge_invalid_text,
            10 * MIB + 3 * 30 * MIB + 3 * MIB,
        ),
        // These are staged, too.
        ("huge array", || huge_array(false), 5 * 10 * MIB + 3 * MIB),
        ("empty lists", empty_lists, 2 * MIB),
        (
            "huge raw array",
            || huge_array(true),
            5 * 10 * MIB + 3 * MIB,
        ),
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
