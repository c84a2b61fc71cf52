//! Roots over stored tables and over copies of them, and digests of what a cursor delivers.

mod scarce;
mod spy;

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use column_format::value;
use mmap_io::{RealVfs, Root, Vfs};
use table_reader::{Cursor, OpenOptions, ReadError, TableReader};
use tempfile::TempDir;
use testkit::Case;

pub(crate) use scarce::ScarceVfs;
pub(crate) use spy::SpyVfs;

/// A trusted root on the real file system.
pub(crate) fn root(dir: &Path) -> Root {
    root_over(RealVfs::shared(), dir)
}

/// A trusted root on any file system.
pub(crate) fn root_over(vfs: Arc<dyn Vfs>, dir: &Path) -> Root {
    // SAFETY: stored tables are never written, and copies belong to one test; the test that cuts a
    // mapped file reads none of its bytes.
    unsafe { Root::open(vfs, dir) }.unwrap()
}

/// Options with little patience: what is broken in a test stays broken.
pub(crate) fn impatient() -> OpenOptions {
    OpenOptions {
        deadline: Duration::from_millis(40),
        ..OpenOptions::default()
    }
}

/// Opens all columns of a table directory.
pub(crate) fn open(dir: &Path) -> TableReader {
    TableReader::open(&root(dir), &impatient()).unwrap()
}

/// Why a table directory does not open.
pub(crate) fn open_error(dir: &Path) -> ReadError {
    TableReader::open(&root(dir), &impatient()).unwrap_err()
}

/// A copy of a stored table that a test may change.
pub(crate) struct Copy {
    /// The table directory.
    pub(crate) table: PathBuf,
    _dir: TempDir,
}

/// Copies a stored case.
pub(crate) fn copy(case: &Case) -> Copy {
    let dir = testkit::temp_dir();
    let to = dir.path().join("case");
    testkit::copy_dir(&case.dir, &to).unwrap();
    let table = to.join("table").join(&case.directory);
    restore_links(&table);
    Copy { table, _dir: dir }
}

/// The table directory of a stored case: in place, or a copy where links must be restored.
pub(crate) fn readable(case: &Case) -> (PathBuf, Option<Copy>) {
    if case.dir.join("cold").is_dir() {
        let copied = copy(case);
        (copied.table.clone(), Some(copied))
    } else {
        (case.table(), None)
    }
}

/// A checkout can hold the link of an attached partition as a file with the target as its text.
fn restore_links(table: &Path) {
    for entry in fs::read_dir(table).unwrap() {
        let path = entry.unwrap().path();
        let is_file = fs::symlink_metadata(&path).unwrap().is_file();
        if is_file
            && let Ok(target) = fs::read_to_string(&path)
            && target.starts_with("../../cold/")
        {
            fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink(target, &path).unwrap();
        }
    }
}

/// A digest of every value, column by column, in the order of rows; with the number of rows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    pub(crate) rows: u64,
    pub(crate) columns: Vec<u64>,
}

/// Reads everything that `cursor` delivers and digests it, frame by frame in the order delivered.
pub(crate) fn digest(reader: &TableReader, cursor: &mut impl Cursor) -> Digest {
    let frames = std::iter::from_fn(|| cursor.next_frame().unwrap());
    digest_frames(reader, frames)
}

/// As [`digest`], of frames in hand.
pub(crate) fn digest_frames(
    reader: &TableReader,
    frames: impl Iterator<Item = table_reader::Frame>,
) -> Digest {
    let mut hashers: Vec<DefaultHasher> = Vec::new();
    let (mut rows, mut text) = (0, String::new());
    for frame in frames {
        rows += frame.rows() as u64;
        hashers.resize_with(frame.columns().len(), DefaultHasher::new);
        for (i, hasher) in hashers.iter_mut().enumerate() {
            let column = &frame.columns()[i];
            let dict = column.reader_index().map(|c| reader.symbols(c).unwrap());
            let slices = frame.column(i).unwrap();
            assert_eq!(
                slices.rows(),
                frame.rows(),
                "{}: rows of the slices",
                column.name
            );
            for slice in slices {
                for row in 0..slice.rows() {
                    let v = value(column.column_type, &slice, dict.as_deref(), row).unwrap();
                    text.clear();
                    write!(text, "{v:?};").unwrap();
                    hasher.write(text.as_bytes());
                }
            }
        }
    }
    Digest {
        rows,
        columns: hashers.iter().map(Hasher::finish).collect(),
    }
}

/// Descriptors of this process that are open on something at or below `dir`.
pub(crate) fn fds_below(dir: &Path) -> usize {
    let fds = fs::read_dir("/proc/self/fd").unwrap();
    let targets = fds.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
    targets.filter(|target| target.starts_with(dir)).count()
}

/// Mappings of this process of files below `dir`.
pub(crate) fn maps_below(dir: &Path) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines()
        .filter(|line| line.contains(dir.to_str().unwrap()))
        .count()
}
