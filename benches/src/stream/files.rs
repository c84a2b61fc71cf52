//! Small helpers of the program: directories, ratios, helpers that must succeed.
//!
//! Apart from the program, so that its file shows the measurement and nothing else.

use std::path::Path;
use std::process::Command;
use std::{fs, io};

/// Removes everything but the table of this name from a server's root: a server that was killed must not trouble the next one.
///
/// # Errors
/// As the file system reports them.
pub fn clean(root: &Path, table: &str) -> io::Result<()> {
    let keep = [root.join("db"), root.join("db").join(table)];
    for dir in [root, keep[0].as_path()] {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let path = entry.path();
            if keep.contains(&path) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                fs::remove_dir_all(path)?;
            } else {
                fs::remove_file(path)?;
            }
        }
    }
    Ok(())
}

/// Bytes of all files below a directory.
///
/// # Errors
/// As the file system reports them.
pub fn table_bytes(dir: &Path) -> io::Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        total += if meta.is_dir() {
            table_bytes(&entry.path())?
        } else {
            meta.len()
        };
    }
    Ok(total)
}

/// `part` in terms of `whole`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "files are below 2^53 bytes")]
pub fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

/// Runs a helper to its end; its output.
///
/// # Errors
/// It cannot be started, or fails: then with what it said.
pub fn succeed(command: &mut Command) -> io::Result<Vec<u8>> {
    let done = command.output()?;
    if done.status.success() {
        return Ok(done.stdout);
    }
    let stderr = String::from_utf8_lossy(&done.stderr);
    Err(io::Error::other(format!("{command:?}: {stderr}")))
}
