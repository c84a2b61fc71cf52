//! `cargo xtask interop`: three foreign readers against QuestDB's own answers.
//!
//! Every stored table is exported by `sluice` twice (defaults; small row groups and another codec for
//! each table), tables with Parquet partitions twice more with their chunks copied, and one Python process reads all files with pyarrow,
//! DuckDB and Polars. The comparison is in `xtask/interop/peers.py`. Then the three write files, and
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
    let mut test = cargo(&["test", "-p", "pq-decode", "--test", "it", "foreign_files"]);
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
