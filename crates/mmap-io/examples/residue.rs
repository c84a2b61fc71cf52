//! What reading a file leaves in the page cache, by profile.
//!
//! `cargo run -p mmap-io --example residue -- [FILE]`: without a file, one of 40 MiB is made.

#![expect(
    unsafe_code,
    clippy::print_stdout,
    reason = "a program that makes a Root and prints"
)]

use std::path::{Path, PathBuf};

use mmap_io::{AtomicFile, IoError, RealVfs, Root, ScanProfile};

const PROFILES: [ScanProfile; 3] = [
    ScanProfile::SequentialEvict,
    ScanProfile::Sequential,
    ScanProfile::Cached,
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    mmap_io::sigbus::install()?;
    let scratch = tempfile::tempdir_in(".")?;
    let path = match std::env::args_os().nth(1) {
        Some(path) => PathBuf::from(path),
        None => make(&scratch.path().join("column.d"))?,
    };
    let dir = path
        .parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or("no file name")?;

    // SAFETY: nobody changes the file while this program runs.
    let root = unsafe { Root::open(RealVfs::shared(), dir) }?;
    let file = root.file(name)?;
    let len = file.len()?;
    println!(
        "before: {} of {len} bytes in memory",
        file.residency(len)?.resident_bytes()
    );
    for profile in PROFILES {
        let mapping = file.map(len, profile)?;
        let sum = mapping
            .iter()
            .fold(0_u64, |sum, byte| sum.wrapping_add(u64::from(*byte)));
        mapping.done(0..len)?;
        mapping.verify_len()?;
        drop(mapping);
        let left = file.residency(len)?.resident_bytes();
        println!("{profile}: sum {sum}, {left} bytes left in memory");
    }
    println!(
        "{} mappings, {} mapped now, {} bytes evicted",
        root.stats().mappings_opened(),
        root.stats().mapped_now(),
        root.stats().bytes_evicted()
    );
    Ok(())
}

/// Writes 40 MiB, none of which stays in memory.
fn make(path: &Path) -> Result<PathBuf, IoError> {
    let mut file =
        AtomicFile::create(&RealVfs, path)?.with_writeback(mmap_io::Writeback::behind(true));
    for piece in 0..40_u8 {
        file.append(&vec![piece; 1024 * 1024])?;
    }
    Ok(file.publish(true, false)?.path)
}
