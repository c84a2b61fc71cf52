//! Damaged metadata and cut column files: errors, never a panic, and before anything is mapped.

use std::fs;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use mmap_io::ReadMode;
use table_reader::{Cursor, Direction, OpenOptions, ReadError, TableReader};

use crate::support::{Copy, copy, open, open_error, root};

/// Opens, lists and reads everything; in positional mode nothing here may panic. `Ok` = rows read.
fn read_all(table: &Path) -> Result<u64, ReadError> {
    let opts = OpenOptions {
        read_mode: ReadMode::Positional,
        ..brisk()
    };
    let reader = TableReader::open(&root(table), &opts)?;
    reader.pending_wal_transactions()?;
    let mut cursor = reader.cursor(Direction::Forward, None, &reader.all_rows());
    let mut rows = 0;
    while let Some(frame) = cursor.next_frame()? {
        for (i, column) in frame.columns().iter().enumerate() {
            let dict = column
                .reader_index()
                .map(|c| reader.symbols(c))
                .transpose()?;
            for slice in frame.column(i)? {
                for row in 0..slice.rows().min(1000) {
                    // A value may be an error; that is the point of a checked read.
                    let _ = column_format::value(column.column_type, &slice, dict.as_deref(), row);
                }
            }
        }
        rows += frame.rows() as u64;
    }
    if let (Ok(rows), true) = (
        reader.rows_between(Some(0), Some(1 << 60)),
        reader.rows() < 1000,
    ) {
        assert!(rows.rows() <= reader.rows());
    }
    Ok(rows)
}

/// The small metadata files of a table, and what a damaged one may do.
fn small_files(copied: &Copy) -> Vec<PathBuf> {
    let names = ["_txn", "_cv", "_meta", "_name", "txn_seq/_txnlog", "_todo_"];
    names
        .iter()
        .map(|n| copied.table.join(n))
        .filter(|p| p.exists())
        .collect()
}

/// Bytes of a file that are worth damaging: up to the last one that is not padding, and a bit more.
fn interesting(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|b| *b != 0)
        .map_or(0, |at| at + 9)
        .min(bytes.len())
}

fn without_panic(file: &Path, what: &str, table: &Path) {
    let outcome = catch_unwind(AssertUnwindSafe(|| read_all(table).map(drop)));
    assert!(outcome.is_ok(), "{file:?} {what} panics");
}

#[test]
fn small_files_cut_at_every_length_do_not_panic() {
    for id in ["questdb/wal_pending/suspended", "questdb/truncated/none"] {
        let copied = copy(&testkit::case(id));
        for file in small_files(&copied) {
            let whole = fs::read(&file).unwrap();
            // Shrunk in place: writing the file anew for every length would wait for the disk.
            let cut = fs::OpenOptions::new().write(true).open(&file).unwrap();
            for len in (0..interesting(&whole)).rev() {
                cut.set_len(len as u64).unwrap();
                without_panic(&file, &format!("cut to {len} bytes"), &copied.table);
            }
            fs::write(&file, &whole).unwrap();
        }
        read_all(&copied.table).unwrap();
    }
}

#[test]
fn small_files_with_any_bit_flipped_do_not_panic() {
    for id in ["questdb/wal_pending/suspended", "questdb/truncated/none"] {
        let copied = copy(&testkit::case(id));
        for file in small_files(&copied) {
            let whole = fs::read(&file).unwrap();
            let flip = fs::OpenOptions::new().write(true).open(&file).unwrap();
            for bit in 0..interesting(&whole) * 8 {
                let (at, byte) = (bit as u64 / 8, whole[bit / 8]);
                flip.write_all_at(&[byte ^ 1 << (bit % 8)], at).unwrap();
                without_panic(&file, &format!("bit {bit} flipped"), &copied.table);
                flip.write_all_at(&[byte], at).unwrap();
            }
        }
        read_all(&copied.table).unwrap();
    }
}

#[test]
fn a_cut_txn_or_meta_is_an_error_that_names_the_file() {
    let copied = copy(&testkit::case("questdb/by_day"));
    for (name, len) in [
        ("_txn", 40),
        ("_txn", 100),
        ("_meta", 10),
        ("_meta", 140),
        ("_cv", 20),
    ] {
        let path = copied.table.join(name);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..len]).unwrap();
        match open_error(&copied.table) {
            ReadError::Metadata { file, .. } => assert_eq!(file, path, "{len}"),
            e => panic!("{name} {len}: {e}"),
        }
        fs::write(&path, &whole).unwrap();
    }
    drop(open(&copied.table));
}

#[test]
fn an_area_of_cv_behind_any_file_is_damage_and_not_an_error_of_the_system() {
    let copied = copy(&testkit::case("questdb/column_tops"));
    let path = copied.table.join("_cv");
    let whole = fs::read(&path).unwrap();
    let slot = 8 + 16 * usize::from(whole[0] % 2);
    assert!(whole[slot + 8] > 0, "the area is not empty");
    for offset in [i64::MAX, i64::MAX - 7, 1 << 62] {
        let mut bytes = whole.clone();
        bytes[slot..slot + 8].copy_from_slice(&offset.to_le_bytes());
        fs::write(&path, &bytes).unwrap();
        match open_error(&copied.table) {
            ReadError::Metadata { file, .. } => assert_eq!(file, path, "{offset}"),
            e => panic!("{offset}: {e}"),
        }
    }
}

#[test]
fn another_storage_version_is_refused_with_advice_to_migrate() {
    let copied = copy(&testkit::case("questdb/by_day"));
    let path = copied.table.join("_meta");
    let mut meta = fs::read(&path).unwrap();
    meta[12..16].copy_from_slice(&425i32.to_le_bytes());
    fs::write(&path, &meta).unwrap();
    let said = open_error(&copied.table).to_string();
    assert!(said.contains("426") && said.contains("425"), "{said}");
    // Before 426 `_txn` had no two areas: whatever its bytes mean, the version is what is said.
    fs::write(copied.table.join("_txn"), [0xff; 200]).unwrap();
    assert_eq!(open_error(&copied.table).to_string(), said);
}

#[test]
fn a_cut_column_file_is_an_error_before_anything_is_mapped() {
    for id in ["questdb/all_types", "questdb/column_tops"] {
        let copied = copy(&testkit::case(id));
        let directories: Vec<PathBuf> = {
            let reader = open(&copied.table);
            reader
                .partitions()
                .iter()
                .map(|p| copied.table.join(&p.directory))
                .collect()
        };
        let files = directories.iter().flat_map(|d| fs::read_dir(d).unwrap());
        let cut = files.filter(|f| is_refused_when_cut(&copied, &f.as_ref().unwrap().path()));
        assert!(cut.count() > 30, "{id}");
    }
}

/// Whether a file is needed; if so, it is refused when it is empty and one byte short.
fn is_refused_when_cut(copied: &Copy, path: &Path) -> bool {
    let whole = fs::read(path).unwrap();
    let extension = path
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap();
    if whole.is_empty() || !matches!(extension, "d" | "i") {
        return false;
    }
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(0).unwrap();
    let root = root(&copied.table);
    let refused = match TableReader::open(&root, &brisk()) {
        Err(ReadError::FileTooShort {
            path: at,
            needed,
            found,
            ..
        }) => {
            assert_eq!((at.as_path(), found), (path, 0));
            file.write_all_at(&whole, 0).unwrap();
            file.set_len(needed - 1).unwrap();
            let one_short = TableReader::open(&root, &brisk()).unwrap_err();
            assert!(
                matches!(one_short, ReadError::FileTooShort { .. }),
                "{path:?}: {one_short}"
            );
            true
        }
        // Files of columns that were dropped or replaced are nobody's, and a text column of short
        // values needs no byte of its `.d`.
        Ok(_) => false,
        Err(e) => panic!("{path:?}: {e}"),
    };
    assert_eq!(root.stats().mappings_opened(), 0, "{path:?}");
    file.write_all_at(&whole, 0).unwrap();
    drop(TableReader::open(&root, &brisk()).unwrap());
    refused
}

/// One attempt, no waiting.
fn brisk() -> OpenOptions {
    OpenOptions {
        deadline: Duration::ZERO,
        ..OpenOptions::default()
    }
}

#[test]
fn a_missing_column_file_or_partition_is_an_error_that_names_it() {
    let copied = copy(&testkit::case("questdb/by_day"));
    let partition = copied
        .table
        .join(&open(&copied.table).partitions()[1].directory);
    let file = partition.join("ts.d");
    fs::rename(&file, partition.join("elsewhere")).unwrap();
    assert!(
        matches!(open_error(&copied.table), ReadError::MissingFile { path, .. } if path == file)
    );
    fs::remove_dir_all(&partition).unwrap();
    assert!(
        matches!(open_error(&copied.table), ReadError::MissingFile { path, .. } if path == partition)
    );
}

#[test]
fn a_link_instead_of_a_column_file_is_refused() {
    let copied = copy(&testkit::case("questdb/by_day"));
    let partition = copied
        .table
        .join(&open(&copied.table).partitions()[0].directory);
    let file = partition.join("ts.d");
    fs::rename(&file, copied.table.join("outside")).unwrap();
    std::os::unix::fs::symlink(copied.table.join("outside"), &file).unwrap();
    let error = open_error(&copied.table);
    assert!(
        matches!(error, ReadError::Io(mmap_io::IoError::IsSymlink { .. })),
        "{error}"
    );
}

#[test]
fn a_damaged_dictionary_is_an_error_that_names_file_and_column() {
    let copied = copy(&testkit::case("questdb/dropped_detached_attached"));
    let chars = copied.table.join("s.c");
    let mut bytes = fs::read(&chars).unwrap();
    bytes[0] = 77;
    fs::write(&chars, bytes).unwrap();
    let reader = open(&copied.table);
    let symbol = reader.columns().iter().position(|c| c.name == "s").unwrap();
    match reader.symbols(symbol).unwrap_err() {
        ReadError::Layout { column, file, .. } => {
            assert_eq!((&*column, file), ("s", chars.clone()));
        }
        e => panic!("{e}"),
    }
    fs::write(&chars, b"").unwrap();
    assert!(
        matches!(open_error(&copied.table), ReadError::FileTooShort { path, .. } if path == chars)
    );
}

#[test]
fn a_column_name_that_leaves_the_directory_is_refused() {
    let copied = copy(&testkit::case("questdb/by_day"));
    let path = copied.table.join("_meta");
    let mut meta = fs::read(&path).unwrap();
    let ts: Vec<u8> = "ts".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let at = meta.windows(4).rposition(|w| w == ts).unwrap();
    meta[at..at + 4].copy_from_slice(b".\0.\0");
    fs::write(&path, &meta).unwrap();
    let said = open_error(&copied.table);
    assert!(
        matches!(&said, ReadError::Metadata { file, .. } if *file == path),
        "{said}"
    );
}
