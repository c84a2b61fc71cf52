//! Writes a Parquet file from plain slices that arrive in batches: no table, no Arrow, no file but
//! the output.
//!
//! `cargo run -p pq-encode --example push_batches -- out.parquet`

#![expect(clippy::print_stdout, reason = "an example shows what it wrote")]

use std::error::Error;
use std::fs::File;

use column_format::{ColumnSlice, ColumnType, Layout, TimestampUnit, VarcharWriter};
use pq_encode::{
    ColumnSpec, FileProperties, PushOptions, PushWriter, TempFileStores, WriterOptions,
};

/// Rows that some source delivers at a time.
const BATCH: i32 = 5000;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args()
        .nth(1)
        .ok_or("usage: push_batches OUT.parquet")?;
    let columns = [
        ColumnSpec::new("time", ColumnType::Timestamp(TimestampUnit::Micros)).as_designated(),
        ColumnSpec::new("price", ColumnType::Double),
        ColumnSpec::new("side", ColumnType::Varchar),
    ];
    let push = PushOptions {
        row_group_rows: 250_000,
        memory: 16 << 20,
        ..PushOptions::default()
    };
    let spill = TempFileStores::in_dir(std::env::temp_dir());
    let mut writer = PushWriter::new(
        File::create(&path)?,
        &columns,
        &WriterOptions::default(),
        FileProperties::default(),
        &push,
        spill.clone(),
    )?;

    for batch in 0..200_i64 {
        // Plain slices of numbers; NaN is a null price.
        let time: Vec<i64> = (0..BATCH)
            .map(|i| (batch * i64::from(BATCH) + i64::from(i)) * 250)
            .collect();
        let price: Vec<f64> = (0..BATCH)
            .map(|i| match i % 7 {
                0 => f64::NAN,
                _ => 100.0 + f64::from(i % 997) / 100.0,
            })
            .collect();
        // Text goes through a writer of its column's layout.
        let mut side = VarcharWriter::new();
        for t in &time {
            side.push(Some(if t % 3 == 0 { b"buy" } else { b"sell" }))?;
        }
        let (side_aux, side_data) = side.take();

        let rows = time.len();
        let fixed = |bytes| ColumnSlice::new(Layout::Fixed(8), &[], bytes, rows);
        writer.write(&[
            fixed(bytemuck::cast_slice(&time))?,
            fixed(bytemuck::cast_slice(&price))?,
            ColumnSlice::new(Layout::Varchar, &side_aux, &side_data, rows)?,
        ])?;
    }
    let (_, summary) = writer.finish()?;
    println!(
        "{path}: {} rows in {} row groups, {} bytes, {} of them spilled on the way",
        summary.rows,
        summary.row_groups,
        summary.bytes,
        spill.spilled_bytes(),
    );
    Ok(())
}
