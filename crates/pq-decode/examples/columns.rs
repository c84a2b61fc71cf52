//! Lists the columns of a Parquet file with the rows, nulls and bytes of their decoded chunks.
//!
//! `cargo run -p pq-decode --example columns -- FILE`

#![expect(clippy::print_stdout, reason = "an example")]

use column_format::{ColumnSlice, ColumnType, value};
use pq_decode::{Decoder, FileFacts, Limits, Stored};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("usage: columns FILE")?;
    let file = std::fs::read(path)?;
    let facts = FileFacts::from_footer(&pq_format::read_footer(&file)?)?;
    let mut decoder = Decoder::new(Limits::default());
    for (i, leaf) in facts.leaves.iter().enumerate() {
        let wanted = match leaf.stored {
            Stored::Text => ColumnType::Varchar,
            Stored::Int(64) => ColumnType::Long,
            Stored::Int(32) => ColumnType::Int,
            Stored::Double => ColumnType::Double,
            Stored::Timestamp(unit) => ColumnType::Timestamp(unit),
            _ => {
                println!("{}: {}", leaf.name, leaf.stored);
                continue;
            }
        };
        let (mut rows, mut nulls, mut bytes) = (0, 0, 0);
        for group in &facts.groups {
            let chunk = group.chunks.get(i).ok_or("a chunk is missing")?;
            let range = usize::try_from(chunk.range.start)?..usize::try_from(chunk.range.end)?;
            let stored = file.get(range).ok_or("the chunk is not in the file")?;
            let column = decoder.decode(leaf, chunk, group.rows, stored, wanted, None)?;
            let slice = column.slice()?;
            nulls += match slice {
                ColumnSlice::Nulls { rows } => rows,
                slice => (0..slice.rows())
                    .filter(|row| value(wanted, &slice, None, *row).is_ok_and(|v| v.is_null()))
                    .count(),
            };
            rows += slice.rows();
            bytes += column.heap_bytes();
        }
        println!(
            "{}: {rows} rows, {nulls} nulls, {bytes} bytes as {wanted}",
            leaf.name
        );
    }
    Ok(())
}
