//! What peers start from: the rows of a table in the form in which each holds data itself.
//!
//! Made once from our own export, kept beside the table. Under another name until it is complete:
//! what an interrupted run leaves is made again.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use serde_json::Value;

use crate::measure::script;
use crate::stream::files::succeed;

/// A form of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Uncompressed Arrow IPC, for pyarrow and Polars.
    Ipc,
    /// A file of `DuckDB`'s own.
    DuckDb,
    /// A directory of chDB's.
    ChDb,
}

impl Form {
    fn name(self) -> &'static str {
        match self {
            Form::Ipc => "ipc",
            Form::DuckDb => "duckdb",
            Form::ChDb => "chdb",
        }
    }

    /// Where it is kept.
    #[must_use]
    pub fn path(self, table: &Path) -> PathBuf {
        table.with_extension(match self {
            Form::Ipc => "arrow",
            Form::DuckDb => "duckdb",
            Form::ChDb => "chdb",
        })
    }
}

/// Who makes them.
#[derive(Clone, Copy, Debug)]
pub struct Makers<'a> {
    /// Our program.
    pub sluice: &'a Path,
    /// A Python that has pyarrow and `DuckDB`.
    pub python: &'a Path,
    /// A Python that has chDB, if there is one.
    pub chdb: Option<&'a Path>,
}

/// Makes the forms that are missing.
///
/// # Errors
/// Those of the programs.
pub fn make(makers: Makers<'_>, table: &Path, forms: &[Form]) -> io::Result<()> {
    let exported = table.with_extension("source.parquet");
    for &form in forms {
        let target = form.path(table);
        if target.exists() {
            continue;
        }
        if !exported.is_file() {
            let mut export = Command::new(makers.sluice);
            export.arg("export").arg(table).arg("-o").arg(&exported);
            succeed(export.args(["--no-sync", "--quiet"]))?;
        }
        let part = target.with_extension("part");
        remove(&part)?;
        let python = if form == Form::ChDb {
            makers.chdb
        } else {
            Some(makers.python)
        };
        let python = python.ok_or_else(|| io::Error::other("no Python that has chDB"))?;
        let mut make = Command::new(python);
        make.arg(script("sources.py")).arg(form.name());
        make.arg(&exported).arg(&part);
        succeed(make.arg(symbols(makers.sluice, table)?.join(",")))?;
        fs::rename(&part, &target)?;
    }
    remove(&exported)
}

/// Names of the SYMBOL columns.
fn symbols(sluice: &Path, table: &Path) -> io::Result<Vec<String>> {
    let mut show = Command::new(sluice);
    let listed = succeed(
        show.args(["show", "columns", "--format", "json"])
            .arg(table),
    )?;
    let listed = String::from_utf8(listed).map_err(io::Error::other)?;
    let mut names = Vec::new();
    for line in listed.lines() {
        let column: Value = serde_json::from_str(line)?;
        if column["type"] == "SYMBOL" {
            names.extend(column["column"].as_str().map(str::to_owned));
        }
    }
    Ok(names)
}

/// Removes a file or a directory, if there is one.
///
/// # Errors
/// As the file system reports them.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(meta) if meta.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// A root directory of `QuestDB` with a copy of the table in it: a server writes beside what it
/// reads.
///
/// # Errors
/// As the file system reports them.
pub fn questdb_root(table: &Path, name: &str) -> io::Result<PathBuf> {
    let root = table.with_extension("questdb");
    let copy = root.join("db").join(name);
    if !copy.join("_txn").is_file() {
        remove(&root)?;
        fs::create_dir_all(root.join("db"))?;
        let part = root.join("db").join("part");
        testkit::copy_dir(table, &part)?;
        fs::rename(&part, &copy)?;
    }
    Ok(root)
}
