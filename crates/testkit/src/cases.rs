//! The stored tables of real QuestDB releases, each with QuestDB's own answers.
//!
//! A test that loops over [`cases`] covers every stored table, today's and those that later issues
//! add: the list in `list` and the folders on disk are compared by a test here and by
//! `cargo xtask tidy`, so a folder cannot be forgotten, nor silently filed as something else.

mod list;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde_json::Value;

pub use list::LISTED;

use crate::dirs::copy_dir;

/// How the rows of a stored table are kept on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Every partition is native (or there is none).
    Native,
    /// At least one partition is a Parquet file.
    Parquet,
}

/// One stored table: a folder of `testdata` with an `info.json`.
///
/// The layout of the folder is described in `testdata/questdb/README.md`.
#[derive(Clone, Debug)]
pub struct Case {
    /// Folder below `testdata`, for example `questdb/splits/week`.
    pub id: &'static str,
    /// Whether a partition is stored as Parquet.
    pub stored: Stored,
    /// Absolute path of the folder.
    pub dir: PathBuf,
    /// Name of the table in SQL.
    pub name: String,
    /// Name of the table directory.
    pub directory: String,
    /// Release of QuestDB that wrote the table.
    pub release: String,
    /// `count()` as QuestDB answered it.
    pub rows: u64,
    /// Answers that QuestDB refused to give (file names).
    pub refused: Vec<String>,
}

impl Case {
    fn load(id: &'static str, stored: Stored) -> io::Result<Case> {
        let dir = testdata().join(id);
        let info: Value = serde_json::from_slice(&fs::read(dir.join("info.json"))?)?;
        let text = |key: &str| -> io::Result<String> {
            let found = info[key].as_str().map(str::to_owned);
            found.ok_or_else(|| io::Error::other(format!("{id}/info.json: no text `{key}`")))
        };
        let rows = info["rows"].as_u64();
        let refused = info["refused"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        Ok(Case {
            id,
            stored,
            name: text("table")?,
            directory: text("directory")?,
            release: text("release")?,
            rows: rows.ok_or_else(|| io::Error::other(format!("{id}/info.json: no `rows`")))?,
            refused: refused
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            dir,
        })
    }

    /// The table directory itself.
    #[must_use]
    pub fn table(&self) -> PathBuf {
        self.db_root().join(&self.directory)
    }

    /// What stands for the database root: the parent of the table directory. The files of the
    /// root itself (`tables.d.N`) are stored apart, in [`Case::root_files`].
    #[must_use]
    pub fn db_root(&self) -> PathBuf {
        self.dir.join("table")
    }

    /// Folder with `tables.d.N` and `_upgrade.d` of the database root.
    #[must_use]
    pub fn root_files(&self) -> PathBuf {
        self.dir.join("root")
    }

    /// QuestDB's answer to `select *` as CSV, decompressed where it is stored as `.gz`;
    /// `None` where QuestDB refused to give it.
    ///
    /// # Errors
    /// The file system's, and a broken gzip stream.
    pub fn answer_csv(&self) -> io::Result<Option<Vec<u8>>> {
        let plain = self.dir.join("answer.csv");
        if plain.is_file() {
            return fs::read(plain).map(Some);
        }
        let packed = self.dir.join("answer.csv.gz");
        if packed.is_file() {
            let mut bytes = Vec::new();
            flate2::read::MultiGzDecoder::new(fs::File::open(packed)?).read_to_end(&mut bytes)?;
            return Ok(Some(bytes));
        }
        Ok(None)
    }

    /// What QuestDB 9.3.4 printed for a copy of the table, where that differs from the CSV answer
    /// of the (older) release that wrote it.
    ///
    /// # Errors
    /// The file system's.
    pub fn answer_by_current_csv(&self) -> io::Result<Option<Vec<u8>>> {
        let path = self.dir.join("answer_by_current.csv");
        if path.is_file() {
            fs::read(path).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Path of QuestDB's answer to `select *` as Parquet: the type-precise one.
    #[must_use]
    pub fn answer_parquet(&self) -> PathBuf {
        self.dir.join("answer.parquet")
    }

    /// The case with its links: a table with an attached partition is copied below `scratch`,
    /// where the link is one again; every other case is returned as it is.
    ///
    /// A checkout that cannot hold symbolic links has a small file with the target in their place.
    ///
    /// # Errors
    /// The file system's.
    pub fn with_links(self, scratch: &Path) -> io::Result<Case> {
        let flattened: Vec<PathBuf> = flattened_links(&self.table())?;
        if flattened.is_empty() {
            return Ok(self);
        }
        let dir = scratch.join(self.id);
        copy_dir(&self.dir, &dir)?;
        for link in flattened {
            let target = fs::read_to_string(&link)?;
            let place = dir.join(link.strip_prefix(&self.dir).map_err(io::Error::other)?);
            fs::remove_file(&place)?;
            std::os::unix::fs::symlink(target, place)?;
        }
        Ok(Case { dir, ..self })
    }

    /// Path of the answer to `SHOW COLUMNS`.
    #[must_use]
    pub fn columns_csv(&self) -> PathBuf {
        self.dir.join("columns.csv")
    }

    /// Path of the answer to `SHOW PARTITIONS`.
    #[must_use]
    pub fn partitions_csv(&self) -> PathBuf {
        self.dir.join("partitions.csv")
    }
}

/// Small files of a table directory that stand for links out of it.
fn flattened_links(table: &Path) -> io::Result<Vec<PathBuf>> {
    const START: &[u8] = b"../../cold/";
    let mut found = Vec::new();
    for entry in fs::read_dir(table)? {
        let entry = entry?;
        let small = entry.file_type()?.is_file() && entry.metadata()?.len() < 256;
        if small && fs::read(entry.path())?.starts_with(START) {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Folder of all stored data of the workspace.
#[must_use]
pub fn testdata() -> PathBuf {
    let mut dir = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    dir.pop();
    dir.pop();
    dir.join("testdata")
}

/// Every stored table, in the order of the list.
///
/// # Panics
/// When a listed folder has no readable `info.json`: the checkout is damaged.
#[must_use]
pub fn cases() -> Vec<Case> {
    let load = |&(id, stored): &(&'static str, Stored)| match Case::load(id, stored) {
        Ok(case) => case,
        Err(e) => panic!("stored table {id}: {e}"),
    };
    LISTED.iter().map(load).collect()
}

/// Every stored table without Parquet partitions.
#[must_use]
pub fn native_cases() -> Vec<Case> {
    cases()
        .into_iter()
        .filter(|case| case.stored == Stored::Native)
        .collect()
}

/// The stored table of that name.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn case(id: &str) -> Case {
    let found = cases().into_iter().find(|case| case.id == id);
    found.unwrap_or_else(|| panic!("no stored table {id}"))
}

/// The folders with an `info.json` that exist on disk, as ids, sorted.
///
/// # Errors
/// The file system's.
pub fn folders_on_disk() -> io::Result<Vec<String>> {
    fn walk(dir: &Path, base: &Path, found: &mut Vec<String>) -> io::Result<()> {
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                continue;
            }
            let path = entry.path();
            if path.join("info.json").is_file() {
                let id = path.strip_prefix(base).map_err(io::Error::other)?;
                found.push(id.to_string_lossy().into_owned());
            }
            walk(&path, base, found)?;
        }
        Ok(())
    }
    let mut found = Vec::new();
    walk(&testdata(), &testdata(), &mut found)?;
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_folder_with_an_info_json_is_listed_once() {
        let listed: Vec<String> = LISTED.iter().map(|(id, _)| (*id).to_owned()).collect();
        let unique: BTreeSet<&String> = listed.iter().collect();
        assert_eq!(unique.len(), listed.len(), "a case is listed twice");
        let disk = folders_on_disk().unwrap();
        let disk: BTreeSet<&String> = disk.iter().collect();
        assert_eq!(unique, disk, "src/cases/list.rs and testdata differ");
    }

    #[test]
    fn an_attached_partition_is_a_link_again_in_a_copy() {
        let scratch = crate::temp_dir();
        let stored = case("questdb/dropped_detached_attached");
        let linked = stored.clone().with_links(scratch.path()).unwrap();
        let partition = linked.table().join("2024-01-05.9");
        assert!(partition.symlink_metadata().unwrap().is_symlink() && partition.is_dir());
        let plain = case("questdb/by_day");
        assert_eq!(
            plain.clone().with_links(scratch.path()).unwrap().dir,
            plain.dir
        );
    }

    #[test]
    fn every_case_has_a_table_and_an_answer() {
        for case in cases() {
            assert!(case.table().join("_txn").is_file(), "{}: no _txn", case.id);
            let refused = case.refused.iter().any(|file| file == "answer.csv");
            let csv = case.answer_csv().unwrap();
            assert_eq!(csv.is_none(), refused, "{}: answer.csv", case.id);
            assert!(
                case.answer_parquet().is_file(),
                "{}: no answer.parquet",
                case.id
            );
        }
    }
}
