//! Values out of column slices, and the metadata that every snapshot parses.
//!
//! What every reader pays per value before anything is encoded: the floor under scans.

use std::hint::black_box;

use benches::{column_rows, is_smoke};
use bytes::Bytes;
use column_format::{
    ColumnSlice, Layout, StringWriter, SymbolDict, SymbolWriter, VarcharWriter, WriteError,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use txn::{PartitionEntry, Txn};

fn texts(rows: usize) -> impl Iterator<Item = Option<String>> {
    (0..rows).map(|row| match row % 11 {
        0 => None,
        n if n < 5 => Some(format!("v{}", row % 1000)),
        _ => Some(format!("order {row:016x}")),
    })
}

fn elements(rows: usize) -> Throughput {
    Throughput::Elements(u64::try_from(rows).unwrap_or(u64::MAX))
}

fn varchar(c: &mut Criterion, rows: usize) -> Result<(), WriteError> {
    let mut writer = VarcharWriter::new();
    for text in texts(rows) {
        writer.push(text.as_ref().map(String::as_bytes))?;
    }
    let (aux, data) = writer.take();
    let wanted: usize = texts(rows).flatten().map(|text| text.len()).sum();
    let mut group = c.benchmark_group("columns");
    group.throughput(elements(rows));
    group.bench_function("varchar values", |b| {
        b.iter(|| {
            let slice = ColumnSlice::new(Layout::Varchar, black_box(&aux), &data, rows);
            let Ok(ColumnSlice::Varchar(slice)) = slice else {
                panic!("not a VARCHAR")
            };
            let values = (0..rows).map(|row| slice.get(row).ok().flatten());
            let bytes: usize = values.map(|value| value.map_or(0, <[u8]>::len)).sum();
            assert_eq!(bytes, wanted);
        });
    });
    group.finish();
    Ok(())
}

fn string(c: &mut Criterion, rows: usize) -> Result<(), WriteError> {
    let mut writer = StringWriter::new();
    for text in texts(rows) {
        writer.push(text.as_deref())?;
    }
    let (aux, data) = writer.take();
    let wanted: usize = texts(rows).flatten().map(|text| text.len()).sum();
    let mut group = c.benchmark_group("columns");
    group.throughput(elements(rows));
    group.bench_function("string to utf-8", |b| {
        let mut out = Vec::with_capacity(wanted);
        b.iter(|| {
            out.clear();
            let slice = ColumnSlice::new(Layout::String, black_box(&aux), &data, rows);
            let Ok(ColumnSlice::String(slice)) = slice else {
                panic!("not a STRING")
            };
            for row in 0..rows {
                if let Ok(Some(text)) = slice.get(row) {
                    text.push_utf8_lossy(&mut out);
                }
            }
            assert_eq!(out.len(), wanted);
        });
    });
    group.finish();
    Ok(())
}

fn symbols(c: &mut Criterion, rows: usize) -> Result<(), WriteError> {
    let mut writer = SymbolWriter::new(4096, true)?;
    for text in texts(rows.min(5000)).flatten() {
        writer.add(&text)?;
    }
    let files = writer.finish();
    let (offsets, chars) = (Bytes::from(files.offsets), Bytes::from(files.chars));
    let mut group = c.benchmark_group("columns");
    group.throughput(Throughput::Elements(u64::from(files.count)));
    group.bench_function("symbol dictionary", |b| {
        b.iter(|| {
            let Ok(dict) = SymbolDict::new(black_box(&offsets), &chars, files.count) else {
                panic!("our own dictionary is refused")
            };
            assert!(dict.value(files.count - 1).is_some());
        });
    });
    group.finish();
    Ok(())
}

fn transaction(c: &mut Criterion) -> Result<(), txn::WriteError> {
    let mut commit = Txn::new_table(20);
    commit.entries = (0..2000)
        .filter_map(|day| PartitionEntry::native(day, 5, -1))
        .collect();
    commit.transient_rows = 5;
    commit.fixed_rows = 5 * 1999;
    let file = commit.to_file()?;
    c.bench_function("txn of 2000 partitions", |b| {
        b.iter(|| {
            let Ok(parsed) = Txn::parse(black_box(&file)) else {
                panic!("our own _txn is refused")
            };
            assert_eq!(parsed.rows(), 10_000);
        });
    });
    Ok(())
}

fn columns(c: &mut Criterion) {
    let rows = column_rows(is_smoke());
    let made = varchar(c, rows)
        .and_then(|()| string(c, rows))
        .and_then(|()| symbols(c, rows));
    assert!(made.is_ok(), "{made:?}");
    let made = transaction(c);
    assert!(made.is_ok(), "{made:?}");
}

criterion_group!(group, columns);
criterion_main!(group);
