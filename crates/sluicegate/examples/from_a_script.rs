//! What a script does with `sluice`: runs it, reads the report from stdout and the exit code.
//!
//! `cargo run -p sluicegate --example from_a_script` after `cargo build -p sluicegate`.

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    // target/debug/examples/from_a_script -> target/debug/sluice
    let own = std::env::current_exe()?;
    let bin = own
        .parent()
        .and_then(Path::parent)
        .ok_or("no target directory")?
        .join("sluice");
    let table = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../testdata/questdb/trades/table/trades~6"
    );
    let out = std::env::temp_dir().join("sluice-from-a-script.parquet");
    let ran = Command::new(bin)
        .args([
            "export", table, "--codec", "zstd:3", "--force", "--json", "-o",
        ])
        .arg(&out)
        .output()?;
    if !ran.status.success() {
        return Err(String::from_utf8_lossy(&ran.stderr).into());
    }
    let report: serde_json::Value = serde_json::from_slice(&ran.stdout)?;
    writeln!(
        std::io::stdout(),
        "{} rows in {} bytes",
        report["rows"],
        report["bytes_out"]
    )?;
    std::fs::remove_file(out)?;
    Ok(())
}
