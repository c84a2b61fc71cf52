//! Prints the snapshots of a `_pm` file, newest first: `cargo run --example inspect -- FILE`.

use pm_format::{PmView, chain, committed_size};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/pm/chain.pm");
    let path = std::env::args()
        .nth(1)
        .unwrap_or_else(|| default.to_owned());
    let file = std::fs::read(&path)?;
    let mut out = String::new();
    for link in chain(&file, committed_size(&file)?) {
        let view = PmView::open(&file, link?.committed_size)?;
        view.verify_crc()?;
        out += &format!(
            "{} bytes: {} columns, {} row groups, {} rows, data.parquet of {:?} bytes\n",
            view.committed_size(),
            view.column_count(),
            view.row_group_count(),
            view.row_count()?,
            view.parquet_file_size(),
        );
    }
    std::io::Write::write_all(&mut std::io::stdout(), out.as_bytes())?;
    Ok(())
}
