//! Checks on what exists: top level, crates, documents, stored data.
//!
//! A document that names a path or a command is checked against the tree, so that it cannot drift.

use std::collections::BTreeSet;

use super::Tree;
use crate::run::root;

/// The top level, exactly.
const TOP_LEVEL: &[&str] = &[
    ".cargo",
    ".ci",
    ".gitattributes",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "clippy.toml",
    "crates",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "testdata",
    "xtask",
];

const README_LINES_MAX: usize = 60;
const ARCHITECTURE_LINES_MAX: usize = 250;
const TESTDATA_BYTES_MAX: u64 = 80_000_000;
/// Crates that make a `Root`, and the one that may contain unsafe code: they deny, others forbid.
const TRUSTED: &[&str] = &["mmap-io", "engine", "sluicegate"];

pub(super) fn check(tree: &Tree, faults: &mut Vec<String>) -> Result<(), String> {
    top_level(tree, faults);
    crates(tree, faults);
    architecture(tree, faults);
    readme(tree, faults);
    testdata(tree, faults)
}

fn top_level(tree: &Tree, faults: &mut Vec<String>) {
    let found: BTreeSet<&str> = tree
        .files
        .iter()
        .filter_map(|(name, _)| name.split('/').next())
        .collect();
    let wanted: BTreeSet<&str> = TOP_LEVEL.iter().copied().collect();
    for name in found.difference(&wanted) {
        faults.push(format!("{name}: does not belong to the top level"));
    }
    for name in wanted.difference(&found) {
        faults.push(format!("{name}: missing at the top level"));
    }
}

fn crates(tree: &Tree, faults: &mut Vec<String>) {
    for name in tree.crates() {
        let dir = format!("crates/{name}");
        match tree
            .text(&format!("{dir}/README.md"))
            .map(|text| text.lines().count())
        {
            None => faults.push(format!("{dir}: no README.md")),
            Some(lines) if lines > README_LINES_MAX => {
                faults.push(format!(
                    "{dir}/README.md: {lines} lines, at most {README_LINES_MAX}"
                ));
            }
            Some(_) => {}
        }
        let examples = format!("{dir}/examples/");
        if !tree.rust().any(|(file, _)| file.starts_with(&examples)) {
            faults.push(format!("{dir}: no example"));
        }
        let manifest = tree.text(&format!("{dir}/Cargo.toml")).unwrap_or_default();
        if !manifest.contains("[lints]\nworkspace = true") {
            faults.push(format!(
                "{dir}/Cargo.toml: does not take the lints of the workspace"
            ));
        }
        let main = ["lib.rs", "main.rs"].map(|file| format!("{dir}/src/{file}"));
        let main = main
            .iter()
            .find_map(|file| tree.text(file))
            .unwrap_or_default();
        let level = if TRUSTED.contains(&name) {
            "deny"
        } else {
            "forbid"
        };
        let (wanted, stricter) = (format!("{level}(unsafe_code"), "forbid(unsafe_code");
        if !main.contains(&wanted) && !main.contains(stricter) {
            faults.push(format!("{dir}: its root file lacks #![{wanted})]"));
        }
    }
}

/// Every path that ARCHITECTURE.md puts into backticks exists.
fn architecture(tree: &Tree, faults: &mut Vec<String>) {
    let Some(text) = tree.text("ARCHITECTURE.md") else {
        return;
    };
    if text.lines().count() > ARCHITECTURE_LINES_MAX {
        faults.push(format!(
            "ARCHITECTURE.md: more than {ARCHITECTURE_LINES_MAX} lines"
        ));
    }
    for path in text.split('`').skip(1).step_by(2) {
        let is_path = ["crates/", "testdata/", "xtask/", "benches/", ".ci/"];
        if is_path.iter().any(|top| path.starts_with(top)) && !tree.has(path) {
            faults.push(format!("ARCHITECTURE.md: {path} does not exist"));
        }
    }
    for name in tree.crates() {
        if !text.contains(&format!("crates/{name}")) {
            faults.push(format!("ARCHITECTURE.md: says nothing about crates/{name}"));
        }
    }
}

/// README's two commands: one runs the main job on a stored table, one passes the tests.
fn readme(tree: &Tree, faults: &mut Vec<String>) {
    let Some(text) = tree.text("README.md") else {
        return;
    };
    let run = text
        .lines()
        .find(|line| line.trim_start().starts_with("cargo run "));
    match run {
        None => faults.push("README.md: no line that starts with `cargo run`".to_owned()),
        Some(line) => {
            let table = line
                .split_whitespace()
                .find(|word| word.starts_with("testdata/"));
            let exists = table.is_some_and(|table| root().join(table).join("_txn").is_file());
            if !exists {
                faults.push(format!(
                    "README.md: `{}` names no stored table",
                    line.trim()
                ));
            }
            let target = line
                .split_whitespace()
                .find(|word| word.ends_with(".parquet"));
            if target.is_none_or(|target| target.starts_with("testdata/")) {
                faults.push(format!("README.md: `{}` writes no .parquet", line.trim()));
            }
        }
    }
    let test = text
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("cargo test"));
    let Some(test) = test else {
        faults.push("README.md: no line that starts with `cargo test`".to_owned());
        return;
    };
    let ci = tree.text(".ci/run").unwrap_or_default();
    if !ci.lines().any(|line| line.trim().ends_with(test)) {
        faults.push(format!(".ci/run does not call README's `{test}`"));
    }
}

fn testdata(tree: &Tree, faults: &mut Vec<String>) -> Result<(), String> {
    let mut bytes = 0;
    for (name, _) in tree
        .files
        .iter()
        .filter(|(name, _)| name.starts_with("testdata/"))
    {
        let meta = root().join(name).symlink_metadata();
        bytes += meta.map_err(|e| format!("{name}: {e}"))?.len();
    }
    if bytes > TESTDATA_BYTES_MAX {
        faults.push(format!(
            "testdata: {bytes} bytes, at most {TESTDATA_BYTES_MAX}"
        ));
    }
    let listed: BTreeSet<&str> = testkit::cases::LISTED.iter().map(|(id, _)| *id).collect();
    for id in testkit::cases::folders_on_disk().map_err(|e| format!("testdata: {e}"))? {
        if !listed.contains(id.as_str()) {
            faults.push(format!(
                "testdata/{id}: not in the list of testkit, so no test reads it"
            ));
        }
    }
    Ok(())
}
