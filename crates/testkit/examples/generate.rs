//! Makes a small `trades` table in a temporary directory and says what it is.

use testkit::generate::{Request, Workload, generate};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scratch = testkit::temp_dir();
    let out = scratch.path().join("trades");
    let made = generate(
        &mmap_io::RealVfs,
        &Request::new(Workload::Trades, 10_000, 3, &out),
    )?;
    let text = format!(
        "{} rows in {} partitions, {} bytes",
        made.rows, made.partitions, made.bytes
    );
    std::io::Write::write_all(&mut std::io::stdout(), format!("{text}\n").as_bytes())?;
    Ok(())
}
