//! Real Parquet files, each content once.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Directories with Parquet files: what QuestDB wrote and answered, what pyarrow and DuckDB wrote,
/// and what arrow-rs 60 wrote.
fn roots() -> Vec<PathBuf> {
    let krate = Path::new(env!("CARGO_MANIFEST_DIR"));
    let testdata = krate.join("../../testdata");
    let mut roots: Vec<_> = ["questdb", "questdb-94", "pm"]
        .map(|d| testdata.join(d))
        .into();
    roots.push(krate.join("tests/data"));
    roots
}

fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    let mut paths: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && !path.is_symlink() {
            walk(&path, out);
        } else if path.extension().is_some_and(|e| e == "parquet") {
            out.push(path);
        }
    }
}

/// All files that are meant to be readable: those with an `.error` beside them are not.
pub(crate) fn files() -> Vec<(PathBuf, Vec<u8>)> {
    let mut paths = Vec::new();
    roots().iter().for_each(|root| walk(root, &mut paths));
    let mut seen = HashSet::new();
    let mut files = Vec::new();
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        if !path.with_extension("error").exists() && seen.insert(bytes.clone()) {
            files.push((path, bytes));
        }
    }
    assert!(files.len() > 100, "testdata is gone: {} files", files.len());
    files
}

/// The bytes of the footer, without length and magic.
pub(crate) fn footer(file: &[u8]) -> &[u8] {
    let (body, tail) = file.split_last_chunk::<8>().unwrap();
    let len = pq_format::footer_len(*tail).unwrap() as usize;
    &body[body.len() - len..]
}

/// A file of this crate's own test data.
pub(crate) fn own(name: &str) -> Vec<u8> {
    std::fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/data")
            .join(name),
    )
    .unwrap()
}
