//! Lists columns and partitions of a table: `cargo run -p engine --example show -- TABLE`.

use std::io;
use std::path::PathBuf;

use engine::{ListingFormat, write_listing};

fn main() -> Result<(), engine::EngineError> {
    let stored = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/questdb/splits/table/splits~6"
    );
    let table = std::env::args_os()
        .nth(1)
        .map_or_else(|| stored.into(), PathBuf::from);
    let mut out = io::stdout().lock();
    let columns = engine::show_columns(&table)?;
    write_listing(&mut out, &columns.facts, ListingFormat::Table)?;
    let partitions = engine::show_partitions(&table)?;
    write_listing(&mut out, &partitions.facts, ListingFormat::Json)?;
    Ok(())
}
