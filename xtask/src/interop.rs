//! `cargo xtask interop`: three foreign readers against QuestDB's own answers.
//!
//! Every stored table is exported by `sluice` twice (defaults; small row groups and another codec for
//! each table), tables with Parquet partitions twice more with their chunks copied, the table of all types
//! with every encoding by name, small pages and bloom filters, and one Python process reads all files with
//! pyarrow, DuckDB and Polars. The comparison is in `xtask/interop/peers.py`. Then the three write files, and
//! our decoder reads them beside arrow-rs's.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use testkit::{Case, Stored};

use crate::python;
use crate::run::{Done, build_bin, cargo, check, only, output, work_dir};

/// The codecs that the second exports go through in turn.
const CODECS: &[&str] = &["none", "snappy", "lz4_raw", "zstd:3", "gzip:6", "brotli:1"];

/// Exports of tables with Parquet partitions whose chunks are copied, of either page version.
const KEPT: &[(&str, &[&str])] = &[
    ("kept", &["--keep-codec"]),
    ("kept-v2", &["--keep-codec", "--page-version", "2"]),
];

/// The table whose columns are exported with every encoding that their types may have.
const ALL_TYPES: &str = "questdb/all_types";

/// Encodings by name, and the types that may have them (`encodable`).
const ENCODINGS: &[&str] = &["plain", "dictionary", "delta", "delta_length", "bss", "rle"];

/// Whether a column of a type, named as in `columns.csv`, may be written with an encoding.
fn encodable(column_type: &str, encoding: &str) -> bool {
    let any = |names: &[&str]| names.iter().any(|name| column_type.starts_with(name));
    let array = column_type.ends_with("[]");
    match encoding {
        "plain" => true,
        "dictionary" => column_type != "BOOLEAN" && !array,
        "delta" => {
            let is_long = column_type == "LONG";
            is_long
                || any(&[
                    "BYTE",
                    "SHORT",
                    "CHAR",
                    "INT",
                    "DATE",
                    "TIMESTAMP",
                    "IPv4",
                    "GEOHASH",
                ])
        }
        "delta_length" => any(&["STRING", "VARCHAR", "SYMBOL", "BINARY"]),
        // The format has it for types of fixed length too; DuckDB does not read that.
        "bss" => any(&["FLOAT", "DOUBLE"]),
        _ => column_type == "BOOLEAN",
    }
}

/// Options of an export with one encoding by name for all columns that may have it, pages of the other
/// version every time, and bloom filters: name of the export and words.
fn named(case: &Case) -> Result<Vec<(String, Vec<String>)>, String> {
    let path = case.columns_csv();
    let text = fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let columns: Vec<(&str, &str)> = text
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut fields = line.split(',').map(|field| field.trim_matches('"'));
            Some((fields.next()?, fields.next()?))
        })
        .collect();
    let mut exports = Vec::new();
    for (at, encoding) in ENCODINGS.iter().enumerate() {
        let version = if at % 2 == 0 { "2" } else { "1" };
        let mut words = ["--page-version", version, "--page-bytes", "8KiB"]
            .map(str::to_owned)
            .to_vec();
        for (name, column_type) in &columns {
            if encodable(column_type, encoding) {
                words.extend(["--encoding".to_owned(), format!("{name}={encoding}")]);
            }
            if *column_type != "BOOLEAN" && !column_type.ends_with("[]") {
                words.extend(["--bloom".to_owned(), (*name).to_owned()]);
            }
        }
        exports.push((format!("named-{encoding}"), words));
    }
    Ok(exports)
}

/// Exports, then compares.
pub(crate) fn run(args: &[String]) -> Done {
    only(args, &[], &[], 0)?;
    let interpreter = python::interpreter()?;
    check(python::script(&interpreter, "test_judges.py").arg("--quiet"))?;
    let sluice = build_bin("sluicegate", "sluice", false)?;
    let home = work_dir("interop")?;
    let exports = home.join("exports");
    if exports.exists() {
        fs::remove_dir_all(&exports).map_err(|e| format!("{}: {e}", exports.display()))?;
    }
    fs::create_dir(&exports).map_err(|e| format!("{}: {e}", exports.display()))?;

    let mut entries = Vec::new();
    for (at, case) in testkit::cases().into_iter().enumerate() {
        let case = case
            .with_links(&exports.join("links"))
            .map_err(|e| e.to_string())?;
        entries.push(export(&sluice, &case, &exports, "default", &[])?);
        let rows = (case.rows / 7).max(10).to_string();
        let codec = CODECS[at % CODECS.len()];
        let options = ["--row-group-rows", &rows, "--codec", codec];
        entries.push(export(&sluice, &case, &exports, codec, &options)?);
        if case.id == ALL_TYPES {
            for (variant, words) in named(&case)? {
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                entries.push(export(&sluice, &case, &exports, &variant, &words)?);
            }
        }
        if case.stored == Stored::Parquet {
            for (variant, options) in KEPT {
                entries.push(export(&sluice, &case, &exports, variant, options)?);
            }
        }
    }
    let manifest = home.join("manifest.json");
    fs::write(&manifest, Value::Array(entries).to_string())
        .map_err(|e| format!("{}: {e}", manifest.display()))?;
    check(python::script(&interpreter, "peers.py").arg(&manifest))?;
    read_foreign(&interpreter, &home.join("foreign"))
}

/// New files by the three writers, read by the tests that read the stored ones.
fn read_foreign(interpreter: &Path, files: &Path) -> Done {
    if files.exists() {
        fs::remove_dir_all(files).map_err(|e| format!("{}: {e}", files.display()))?;
    }
    let seed = python::fresh_seed().to_string();
    let mut script = python::script(interpreter, "foreign_files.py");
    check(script.arg(files).args(["--seed", &seed, "--rows", "900"]))?;
    // As a test of the workspace, as which it is built already: alone it would have other features of Arrow,
    // whose compilation takes minutes.
    let mut test = cargo(&["test", "--workspace", "--test", "it", "foreign_files::"]);
    check(test.env("SLUICEGATE_FOREIGN", files))
}

/// One export, and what the script has to know about it.
fn export(
    sluice: &Path,
    case: &Case,
    exports: &Path,
    variant: &str,
    options: &[&str],
) -> Result<Value, String> {
    let id = format!("{} ({variant})", case.id);
    let name = format!("{}-{variant}.parquet", case.id).replace(['/', ':'], "-");
    let to: PathBuf = exports.join(name);
    let mut command = Command::new(sluice);
    command.arg("export").arg(case.table()).arg("-o").arg(&to);
    command.args(["--no-sync", "--quiet"]).args(options);
    output(&mut command).map_err(|e| format!("{id}: {e}"))?;
    Ok(json!({
        "id": id,
        "export": to,
        "answer": case.answer_parquet(),
        "columns": case.columns_csv(),
        // Filters ask about statistics: once a table is enough.
        "deep": !options.is_empty(),
        // Bounds of chunks that QuestDB wrote are as wide as it likes.
        "copied": options.contains(&"--keep-codec"),
    }))
}
