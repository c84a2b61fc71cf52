//! Integration tests of `pm-format`, over the vectors in `testdata/pm`.

mod checksums;
mod damaged;
mod facts;
mod flips;
mod forever;
mod properties;
mod questions;
mod statistics;
mod vectors;

use std::path::PathBuf;

use serde_json::Value;

/// The folder of vectors.
pub(crate) fn vectors() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata/pm")
}

pub(crate) fn read(name: &str) -> Vec<u8> {
    let path = vectors().join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

pub(crate) fn json(name: &str) -> Value {
    serde_json::from_slice(&read(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Names of the good files: every `NAME.pm` with a `NAME.json`.
pub(crate) fn good_files() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(vectors())
        .expect("testdata/pm exists")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|e| e == "pm"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    assert!(names.len() >= 27, "the vectors are there: {names:?}");
    names
}

pub(crate) fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "hexadecimal: {text}");
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hexadecimal"))
        .collect()
}
