//! Prints the footer of a Parquet file: `cargo run --example footer -- FILE`.

#![expect(clippy::print_stdout, reason = "an example prints")]

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: footer FILE")?;
    let meta = pq_format::read_footer(&std::fs::read(path)?)?;
    println!(
        "created by {}",
        meta.created_by.as_deref().unwrap_or("(unknown)")
    );
    println!(
        "{} rows in {} row groups",
        meta.num_rows,
        meta.row_groups.len()
    );
    for leaf in meta.schema.leaves() {
        println!(
            "  {} {:?} {:?}",
            leaf.path.join("."),
            leaf.physical,
            leaf.node.logical
        );
    }
    for (i, group) in meta.row_groups.iter().enumerate() {
        println!("row group {i}: {} rows", group.num_rows);
        for chunk in &group.columns {
            let m = &chunk.meta;
            let range = m.byte_range()?;
            println!(
                "  {} {} {range:?} {:?}",
                m.path.join("."),
                m.codec,
                m.encodings
            );
        }
    }
    Ok(())
}
