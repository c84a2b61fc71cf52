//! Writes a Parquet file from plain column slices: no table, no Arrow.
//!
//! `cargo run -p pq-encode --example write_file -- out.parquet`

#![expect(clippy::print_stdout, reason = "an example shows what it wrote")]

use std::error::Error;
use std::fs::File;

use column_format::{ColumnSlice, ColumnType, Layout, TimestampUnit, VarcharWriter};
use pq_encode::{ChunkEncoder, ColumnSpec, FileAssembler, FileProperties, WriterOptions};

const ROWS: usize = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: write_file OUT.parquet")?;

    // Columns as they stand in column files.
    let time: Vec<u8> = (0_i64..)
        .take(ROWS)
        .flat_map(|i| (i * 1_000_000).to_le_bytes())
        .collect();
    let price: Vec<u8> = (0_i32..)
        .take(ROWS)
        .flat_map(|i| (100.0 + f64::from(i % 700) / 100.0).to_le_bytes())
        .collect();
    let mut note = VarcharWriter::new();
    for i in 0..ROWS {
        let text = format!("order {i}");
        note.push((i % 3 != 0).then_some(text.as_bytes()))?;
    }
    let (note_aux, note_data) = note.take();

    let columns = [
        ColumnSpec::new("time", ColumnType::Timestamp(TimestampUnit::Micros)).as_designated(),
        ColumnSpec::new("price", ColumnType::Double),
        ColumnSpec::new("note", ColumnType::Varchar),
    ];
    let slices = [
        ColumnSlice::new(Layout::Fixed(8), &[], &time, ROWS)?,
        ColumnSlice::new(Layout::Fixed(8), &[], &price, ROWS)?,
        ColumnSlice::new(Layout::Varchar, &note_aux, &note_data, ROWS)?,
    ];

    let options = WriterOptions::default();
    let out = File::create(&path)?;
    let mut file = FileAssembler::new(out, &columns, &options, FileProperties::default())?;
    for rows in [0..60_000, 60_000..ROWS] {
        file.begin_row_group(u64::try_from(rows.len())?)?;
        for (column, slice) in columns.iter().zip(&slices) {
            let mut encoder = ChunkEncoder::new(column, &options)?;
            let part = [slice.slice(rows.clone())];
            let summary = encoder.encode(&part, None, &mut file.column()?)?;
            println!(
                "{:8} {:24} {:8} {:8} bytes, {} pages",
                column.name,
                summary.encoding.name(),
                summary.codec.to_string(),
                summary.compressed_len,
                summary.pages.len()
            );
            file.finish_column(&summary)?;
        }
        file.finish_row_group()?;
    }
    let (_, summary) = file.finish()?;
    println!("{path}: {} rows, {} bytes", summary.rows, summary.bytes);
    Ok(())
}
