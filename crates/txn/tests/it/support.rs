//! Where the stored tables are, and what QuestDB itself says about them.

use std::fs;
use std::path::{Path, PathBuf};

/// `testdata/` of the repository.
pub(crate) fn testdata() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

/// One stored table with QuestDB's answers.
pub(crate) struct Case {
    /// Path below `testdata/`, for messages.
    pub(crate) label: String,
    /// The folder with `info.json`.
    pub(crate) folder: PathBuf,
    /// The table directory.
    pub(crate) table: PathBuf,
    pub(crate) name: String,
    pub(crate) release: String,
    pub(crate) rows: u64,
}

impl Case {
    pub(crate) fn read(&self, file: &str) -> Vec<u8> {
        let path = self.table.join(file);
        fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// A partition directory; a link is resolved, also where a checkout stored it as a file with its target.
    pub(crate) fn partition(&self, name: &str) -> PathBuf {
        let path = self.table.join(name);
        match fs::read_link(&path).or_else(|_| fs::read_to_string(&path).map(PathBuf::from)) {
            Ok(target) => fs::canonicalize(self.table.join(target)).unwrap(),
            Err(_) => path,
        }
    }

    /// The records of `columns.csv` or `partitions.csv`, as (header, value) lookups.
    pub(crate) fn csv(&self, file: &str) -> Vec<Record> {
        let mut reader = csv::Reader::from_path(self.folder.join(file)).unwrap();
        let header: Vec<String> = reader.headers().unwrap().iter().map(Into::into).collect();
        let record = |r: csv::StringRecord| Record {
            header: header.clone(),
            values: r.iter().map(Into::into).collect(),
        };
        reader.records().map(|r| record(r.unwrap())).collect()
    }
}

/// One line of a CSV answer.
pub(crate) struct Record {
    header: Vec<String>,
    values: Vec<String>,
}

impl Record {
    /// Fails unless the column holds this value. Columns that the release does not have agree with anything.
    #[track_caller]
    pub(crate) fn agrees(&self, column: &str, value: &impl ToString, whose: &str) {
        if let Some(shown) = self.get(column) {
            assert_eq!(value.to_string(), shown, "{column} of {whose}");
        }
    }

    /// A value by its column, `None` where the release has no such column.
    pub(crate) fn get(&self, column: &str) -> Option<&str> {
        let at = self.header.iter().position(|h| h == column)?;
        self.values.get(at).map(String::as_str)
    }
}

/// All stored tables, in a stable order.
pub(crate) fn cases() -> Vec<Case> {
    let root = testdata();
    let mut cases: Vec<Case> = files_named(&root, "info.json")
        .into_iter()
        .map(|info| {
            let folder = info.parent().unwrap().to_path_buf();
            let json: serde_json::Value =
                serde_json::from_slice(&fs::read(&info).unwrap()).unwrap();
            let text = |key: &str| json[key].as_str().unwrap().to_string();
            Case {
                label: folder.strip_prefix(&root).unwrap().display().to_string(),
                table: folder.join("table").join(text("directory")),
                name: text("table"),
                release: text("release"),
                rows: json["rows"].as_u64().unwrap(),
                folder,
            }
        })
        .collect();
    cases.sort_by(|a, b| a.label.cmp(&b.label));
    cases
}

/// All files of that name below a folder, symbolic links not followed, sorted.
pub(crate) fn files_named(root: &Path, name: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() && entry.file_name() == name {
                found.push(entry.path());
            }
        }
    }
    found.sort();
    found
}

/// Whether a file of that name lies in the sequencer's or a WAL segment's folder, where the same names mean
/// other formats.
pub(crate) fn is_of_the_wal(path: &Path) -> bool {
    path.components().any(|c| {
        let c = c.as_os_str().to_string_lossy();
        let wal = c
            .strip_prefix("wal")
            .is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
        c == "txn_seq" || (wal && c.len() > 3)
    })
}
