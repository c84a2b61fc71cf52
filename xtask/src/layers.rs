//! `cargo xtask layers`: the arrows of ARCHITECTURE.md, checked.
//!
//! A crate that grows an edge which is not in [`EDGES`], or an external crate that is not its own
//! by [`OWNERS`], fails here, with the line to change if the change is meant.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::run::{Done, cargo, output};

/// Normal dependencies inside the workspace. A crate may use any subset.
const EDGES: &[(&str, &[&str])] = &[
    ("column-format", &[]),
    ("mmap-io", &[]),
    ("txn", &["column-format"]),
    ("pm-format", &["column-format"]),
    ("pq-format", &[]),
    ("pq-encode", &["column-format", "pq-format"]),
    ("pq-decode", &["column-format", "pq-format", "pm-format"]),
    (
        "table-reader",
        &[
            "mmap-io",
            "txn",
            "column-format",
            "pm-format",
            "pq-format",
            "pq-decode",
        ],
    ),
    (
        "engine",
        &[
            "mmap-io",
            "txn",
            "column-format",
            "pm-format",
            "pq-format",
            "pq-encode",
            "pq-decode",
            "table-reader",
        ],
    ),
    ("sluicegate", &["engine"]),
    ("testkit", &["mmap-io", "column-format", "txn"]),
    ("xtask", &["testkit", "pm-format"]),
    (
        "benches",
        &[
            "column-format",
            "mmap-io",
            "txn",
            "pm-format",
            "pq-format",
            "pq-encode",
            "pq-decode",
            "table-reader",
            "engine",
            "testkit",
        ],
    ),
];

/// Crates that interpret or move bytes and must be testable alone: their development
/// dependencies may not reach another crate of the workspace than their normal ones.
const ALONE: &[&str] = &[
    "column-format",
    "mmap-io",
    "txn",
    "pm-format",
    "pq-format",
    "pq-encode",
];

/// Who may use an external crate (as a normal dependency).
const OWNERS: &[(&str, &[&str])] = &[
    // Layout and I/O.
    ("bytemuck", &["column-format", "pq-encode"]),
    (
        "bytes",
        &[
            "column-format",
            "mmap-io",
            "txn",
            "pq-encode",
            "table-reader",
            "engine",
            "benches",
        ],
    ),
    ("libc", &["mmap-io"]),
    ("memmap2", &["mmap-io"]),
    ("rustix", &["mmap-io"]),
    ("zerocopy", &["column-format", "txn", "pm-format"]),
    // Parquet and codecs: behind the API of pq-format.
    ("brotli", &["pq-format"]),
    ("flate2", &["pq-format", "testkit"]),
    ("lz4_flex", &["pq-format"]),
    ("parquet-format-safe", &["pq-format"]),
    ("parquet2", &["pq-format"]),
    ("snap", &["pq-format"]),
    ("zstd", &["pq-format"]),
    // Checksums: CRC-32 is Parquet's; CRC-32C is for formats of our own.
    ("crc32c", &["pm-format", "pq-encode"]),
    ("crc32fast", &["pm-format", "pq-format", "pq-encode"]),
    ("xxhash-rust", &["pm-format", "pq-format"]),
    // Text, dates, the command line.
    ("clap", &["sluicegate"]),
    ("ctrlc", &["sluicegate"]),
    ("indicatif", &["sluicegate"]),
    ("jiff", &["engine"]),
    ("serde", &["engine", "sluicegate"]),
    (
        "serde_json",
        &["engine", "sluicegate", "testkit", "xtask", "benches"],
    ),
    // Arrow, behind the feature of that name.
    ("arrow", &["pq-encode", "pq-decode"]),
    // Outside the product.
    ("dhat", &["benches"]),
    ("parquet", &["benches"]), // the newest arrow-rs, as a peer
    ("rand", &["testkit"]),
    ("rand_chacha", &["testkit"]),
    ("rand_distr", &["testkit"]),
    ("tempfile", &["testkit", "xtask", "benches"]),
];

/// External crates that anyone may use.
const COMMON: &[&str] = &["thiserror"];

/// One member of the workspace, as cargo sees it.
struct Member {
    name: String,
    /// (dependency, is it normal, is it ours)
    dependencies: Vec<(String, bool, bool)>,
}

/// Prints the faults, if any, and fails.
pub(crate) fn run() -> Done {
    let faults = faults()?;
    for fault in &faults {
        eprintln!("layers: {fault}");
    }
    if faults.is_empty() {
        println!("layers: all edges and owners as listed");
        return Ok(());
    }
    Err(format!(
        "{} faults; the lists are in xtask/src/layers.rs",
        faults.len()
    ))
}

/// Everything that disagrees with the lists.
pub(crate) fn faults() -> Result<Vec<String>, String> {
    Ok(judge(&members()?))
}

fn judge(members: &[Member]) -> Vec<String> {
    let edges: BTreeMap<_, _> = EDGES.iter().copied().collect();
    let owners: BTreeMap<_, _> = OWNERS.iter().copied().collect();
    let mut faults = Vec::new();
    let mut above = BTreeSet::new();
    for Member { name, dependencies } in members {
        let Some(allowed) = edges.get(name.as_str()) else {
            faults.push(format!("{name} is not in EDGES: say what it may depend on"));
            continue;
        };
        for (dependency, normal, ours) in dependencies {
            let is_allowed = allowed.contains(&dependency.as_str());
            if *ours && *normal && !is_allowed {
                faults.push(format!("{name} may not depend on {dependency}"));
            }
            if *ours && *normal && !above.contains(dependency) {
                faults.push(format!(
                    "{name} is listed above {dependency}, which it depends on"
                ));
            }
            let is_self = dependency == name; // with its features
            if *ours && !*normal && ALONE.contains(&name.as_str()) && !is_allowed && !is_self {
                faults.push(format!("the tests of {name} may not use {dependency}"));
            }
            if !*ours && *normal && !COMMON.contains(&dependency.as_str()) {
                match owners.get(dependency.as_str()) {
                    None => faults.push(format!("{dependency} (used by {name}) has no owner")),
                    Some(of) if !of.contains(&name.as_str()) => {
                        faults.push(format!(
                            "{name} uses {dependency}, which is owned by {of:?}"
                        ));
                    }
                    Some(_) => {}
                }
            }
        }
        above.insert(name.clone());
    }
    faults
}

/// The members in the order of the root manifest, with their dependencies.
fn members() -> Result<Vec<Member>, String> {
    let metadata = output(&mut cargo(&[
        "metadata",
        "--format-version",
        "1",
        "--no-deps",
    ]))?;
    let metadata: Value = serde_json::from_slice(&metadata).map_err(|e| e.to_string())?;
    let packages = metadata["packages"]
        .as_array()
        .ok_or("cargo metadata has no packages")?;
    let order = listed_order()?;
    let mut members = Vec::new();
    for package in packages {
        let name = package["name"]
            .as_str()
            .ok_or("a package without name")?
            .to_owned();
        let listed = package["dependencies"]
            .as_array()
            .ok_or("a package without dependencies")?;
        let dependency = |d: &Value| {
            let ours = d["path"].is_string();
            let kind = d["kind"].as_str().unwrap_or("normal");
            (
                d["name"].as_str().unwrap_or("?").to_owned(),
                kind != "dev",
                ours,
            )
        };
        let manifest = package["manifest_path"]
            .as_str()
            .ok_or("a package without manifest")?;
        let place = order
            .iter()
            .position(|dir| manifest.ends_with(&format!("/{dir}/Cargo.toml")));
        let place = place.ok_or_else(|| format!("{name} is not listed in Cargo.toml"))?;
        let dependencies = listed.iter().map(dependency).collect();
        members.push((place, Member { name, dependencies }));
    }
    members.sort_by_key(|(place, _)| *place);
    Ok(members.into_iter().map(|(_, member)| member).collect())
}

/// Directories of the members as the root manifest lists them.
fn listed_order() -> Result<Vec<String>, String> {
    let manifest = crate::run::root().join("Cargo.toml");
    let manifest = std::fs::read_to_string(&manifest).map_err(|e| e.to_string())?;
    let list = manifest
        .split_once("\nmembers = [")
        .and_then(|(_, rest)| rest.split_once(']'));
    let (list, _) = list.ok_or("Cargo.toml has no list of members")?;
    let quoted = list.split('"').skip(1).step_by(2);
    Ok(quoted.map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, dependencies: &[(&str, bool, bool)]) -> Member {
        let own = |&(name, normal, ours): &(&str, bool, bool)| (name.to_owned(), normal, ours);
        Member {
            name: name.to_owned(),
            dependencies: dependencies.iter().map(own).collect(),
        }
    }

    #[test]
    fn the_workspace_keeps_its_layers() {
        assert_eq!(faults().unwrap(), Vec::<String>::new());
    }

    #[test]
    fn an_upward_edge_is_named() {
        let faults = judge(&[
            member("txn", &[("mmap-io", true, true)]),
            member("mmap-io", &[("clap", true, false)]),
        ]);
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].contains("txn may not depend on mmap-io"));
        assert!(faults[1].contains("listed above mmap-io"));
        assert!(faults[2].contains("clap, which is owned by"));
    }

    #[test]
    fn a_format_crate_that_tests_anothers_business_is_named() {
        let faults = judge(&[member("column-format", &[("engine", false, true)])]);
        assert_eq!(faults, ["the tests of column-format may not use engine"]);
    }
}
