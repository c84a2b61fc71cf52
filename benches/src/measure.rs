//! One process, measured from outside.
//!
//! Wall clock, CPU and peak memory come from the kernel (`wait4`), through a few lines of Python
//! that hold nothing in memory themselves, so that all contestants are measured alike.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// What one run cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Seconds from start to end.
    pub wall_s: f64,
    /// User and system seconds of all threads.
    pub cpu_s: f64,
    /// Greatest resident set in MiB, mapped pages of files included.
    pub peak_rss_mib: f64,
    /// Bytes of the output file in MB.
    pub out_mb: f64,
}

/// Path of a script of ours.
#[must_use]
pub fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("python")
        .join(name)
}

/// Runs a command to its end and returns what it cost and what it printed last, if that is JSON.
///
/// # Errors
/// The command fails, or does not leave `output`.
pub fn run(python: &Path, command: &[&str], output: &Path) -> io::Result<(Cost, Value)> {
    let measured = Command::new(python)
        .arg("-I")
        .arg(script("measure.py"))
        .args(command)
        .output()?;
    let printed = String::from_utf8_lossy(&measured.stdout);
    if !measured.status.success() {
        let stderr = String::from_utf8_lossy(&measured.stderr);
        return Err(io::Error::other(format!(
            "{}: {printed}{stderr}",
            command.join(" ")
        )));
    }
    let mut lines = printed.lines().rev();
    let cost: Value = serde_json::from_str(lines.next().unwrap_or_default())?;
    let said = lines
        .next()
        .and_then(|line| serde_json::from_str(line).ok());
    let number = |key: &str| {
        let found = cost[key].as_f64();
        found.ok_or_else(|| io::Error::other(format!("measure.py printed no {key}")))
    };
    let cost = Cost {
        wall_s: number("wall_s")?,
        cpu_s: number("cpu_s")?,
        peak_rss_mib: number("peak_rss_mib")?,
        out_mb: megabytes(std::fs::metadata(output)?.len()),
    };
    Ok((cost, said.unwrap_or(Value::Null)))
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files are below 2^53")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
