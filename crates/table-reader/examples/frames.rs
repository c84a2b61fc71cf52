//! Prints the columns, partitions and first rows of a table directory.
//!
//! `cargo run -p table-reader --example frames -- DIRECTORY`; without an argument, a stored table.

#![expect(clippy::print_stdout, reason = "an example speaks")]

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use column_format::value;
use mmap_io::{RealVfs, Root};
use table_reader::{Cursor, Direction, OpenOptions, TableReader};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let stored =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/questdb/splits/table/splits~6");
    let dir = std::env::args_os().nth(1).map_or(stored, PathBuf::from);
    // SAFETY: a table has one writer at most, which keeps to the protocol of the directory.
    let root = unsafe { Root::open(RealVfs::shared(), &dir) }?;
    let reader = TableReader::open(&root, &OpenOptions::default())?;

    println!(
        "{} at transaction {}",
        reader.snapshot().name,
        reader.snapshot().txn.txn
    );
    for column in reader.columns() {
        println!("  {} {}", column.name, column.column_type);
    }
    for partition in reader.partitions() {
        println!(
            "  {}: {} rows in {}",
            partition.name, partition.rows, partition.directory
        );
    }

    let rows = reader.all_rows().first(5);
    let mut cursor = reader.cursor(Direction::Forward, NonZeroUsize::new(2), &rows);
    while let Some(frame) = cursor.next_frame()? {
        for (i, column) in frame.columns().iter().enumerate() {
            let dict = column
                .reader_index()
                .map(|c| reader.symbols(c))
                .transpose()?;
            for slice in frame.column(i)? {
                for row in 0..slice.rows() {
                    let value = value(column.column_type, &slice, dict.as_deref(), row)?;
                    println!("{} {}: {value:?}", column.name, frame.row_lo());
                }
            }
        }
        cursor.release_open_partitions();
    }
    reader.revalidate()?;
    Ok(())
}
