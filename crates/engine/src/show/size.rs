//! How much disk a directory takes, and how QuestDB writes that down.

use mmap_io::{FileKind, IoError, RootDir};

/// The lengths of all files directly inside of `dir`, in bytes.
pub(crate) fn dir_bytes(dir: &RootDir) -> Result<u64, IoError> {
    let mut sum = 0_u64;
    for entry in dir.list()? {
        let Some(name) = entry.name.to_str() else {
            continue;
        };
        if entry.kind == FileKind::File {
            match dir.stat(name) {
                Ok(stat) => sum = sum.saturating_add(stat.len),
                // A writer may remove a file between the listing and the question.
                Err(IoError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(sum)
}

/// `39.8 KiB`: one digit after the point, binary units.
pub(crate) fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let mut unit = 0;
    let mut whole = u128::from(bytes) * 10;
    let mut divisor = 1_u128;
    while whole / divisor >= 10_240 && unit + 1 < UNITS.len() {
        divisor *= 1_024;
        unit += 1;
    }
    whole = (whole + divisor / 2) / divisor;
    format!("{}.{} {}", whole / 10, whole % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_questdb_writes_them() {
        let cases = [
            (0, "0.0 B"),
            (64, "64.0 B"),
            (1_312, "1.3 KiB"),
            (39_747, "38.8 KiB"),
            (163_840, "160.0 KiB"),
            (100_663_296, "96.0 MiB"),
            (u64::MAX, "16384.0 PiB"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(human_bytes(bytes), expected);
        }
    }
}
