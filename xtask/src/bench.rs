//! `cargo xtask bench`: the one door to every benchmark.
//!
//! Two kinds live in `benches`: criterion benches (`benches/benches`) and programs that measure
//! whole processes (`benches/src/bin`). Both are found by asking cargo, take the same flags here
//! and print the facts of the machine first.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::run::{self, Done, build_bin, cargo, check, option, output, work_dir};
use crate::{machine, python, questdb};

/// A benchmark of the package `benches`.
struct Bench {
    name: String,
    kind: Kind,
}

/// How a benchmark runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A criterion bench.
    Criterion,
    /// A program that measures whole processes.
    Program,
    /// A program among the Rust peers.
    Peer,
}

/// What the caller asked for.
struct Wanted<'a> {
    smoke: bool,
    keep: bool,
    save: Option<&'a str>,
    compare: Option<&'a str>,
    /// Arguments for the program itself (`benches/src/args.rs` knows them).
    rest: Vec<&'a str>,
}

/// Arguments that only programs take.
const PROGRAM_OPTIONS: [&str; 7] = [
    "--rows",
    "--runs",
    "--workload",
    "--codec",
    "--only",
    "--limit",
    "--seconds",
];
const RESUME: &str = "--resume";

/// Runs the named bench, or all.
pub(crate) fn run(args: &[String]) -> Done {
    let own = ["--save", "--compare"];
    let options = [&own[..], &PROGRAM_OPTIONS[..]].concat();
    run::only(args, &["--smoke", "--keep", RESUME], &options, 1)?;
    let mut rest = Vec::new();
    for name in PROGRAM_OPTIONS {
        if let Some(value) = option(args, name)? {
            rest.extend([name, value]);
        }
    }
    let has = |flag: &str| args.iter().any(|arg| arg == flag);
    rest.extend(has(RESUME).then_some(RESUME));
    let wanted = Wanted {
        smoke: has("--smoke"),
        keep: has("--keep"),
        save: option(args, "--save")?,
        compare: option(args, "--compare")?,
        rest,
    };
    let name = args.first().filter(|arg| !arg.starts_with('-'));
    if name.is_none() && !wanted.rest.is_empty() {
        return Err(format!("{} is for one bench: name it", wanted.rest[0]));
    }
    let mut benches = found()?;
    let known: Vec<String> = benches.iter().map(|bench| bench.name.clone()).collect();
    if let Some(name) = name {
        benches.retain(|bench| bench.name == *name);
        if benches.is_empty() {
            return Err(format!("no bench {name}; there are {}", known.join(", ")));
        }
    }
    println!("machine:");
    for (fact, value) in machine::facts() {
        println!("  {fact:<12} {value}");
    }
    for bench in &benches {
        println!("\nbench {}", bench.name);
        match bench.kind {
            Kind::Criterion => criterion(bench, &wanted)?,
            Kind::Program => program(bench, &wanted)?,
            // Building the newest arrow-rs costs more than all other smoke runs together.
            Kind::Peer if wanted.smoke && name.is_none() => println!("only by its name"),
            Kind::Peer => encode(bench, &wanted)?,
        }
    }
    Ok(())
}

fn found() -> Result<Vec<Bench>, String> {
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
    let package = packages.iter().find(|package| package["name"] == "benches");
    let targets = package.and_then(|package| package["targets"].as_array());
    let mut benches = Vec::new();
    for target in targets.ok_or("no package `benches`")? {
        let name = target["name"].as_str().unwrap_or_default().to_owned();
        match target["kind"][0].as_str() {
            Some("bench") => benches.push(Bench {
                name,
                kind: Kind::Criterion,
            }),
            // `cargo xtask heap` is no bench: its figures have bounds.
            Some("bin") if name != "heap" => benches.push(Bench {
                name,
                kind: Kind::Program,
            }),
            _ => {}
        }
    }
    benches.push(Bench {
        name: "encode".to_owned(),
        kind: Kind::Peer,
    });
    Ok(benches)
}

fn criterion(bench: &Bench, wanted: &Wanted<'_>) -> Done {
    let mut command = if wanted.smoke {
        // Every function once, with the profile of the tests: nothing is built twice.
        cargo(&[
            "test",
            "--quiet",
            "--package",
            "benches",
            "--bench",
            &bench.name,
            "--",
        ])
    } else {
        cargo(&[
            "bench",
            "--package",
            "benches",
            "--bench",
            &bench.name,
            "--",
        ])
    };
    if wanted.smoke {
        command.arg("--test").env(benches_env::SMOKE, "1");
    }
    if let Some(name) = wanted.save {
        command.args(["--save-baseline", name]);
    }
    if let Some(name) = wanted.compare {
        command.args(["--baseline", name]);
    }
    check(&mut command)
}

/// Names of the variables that the benches read (restated in `benches/src/lib.rs`).
mod benches_env {
    /// Small parameters.
    pub(super) const SMOKE: &str = "BENCH_SMOKE";
    /// Path of `sluice`.
    pub(super) const SLUICE: &str = "BENCH_SLUICE";
    /// A Python that has the peers.
    pub(super) const PYTHON: &str = "BENCH_PYTHON";
    /// Where big inputs are kept between runs.
    pub(super) const DATA: &str = "BENCH_DATA";
    /// Where to write the figures, as one JSON object.
    pub(super) const RESULT: &str = "BENCH_RESULT";
    /// A Java that starts `QuestDB`.
    pub(super) const JAVA: &str = "BENCH_JAVA";
    /// The server's jar.
    pub(super) const JAR: &str = "BENCH_JAR";
    /// The exporter with arrow-rs.
    pub(super) const ARROW_RS: &str = "BENCH_ARROW_RS";
    /// A Python that has chDB.
    pub(super) const CHDB: &str = "BENCH_CHDB";
    /// A Python that draws.
    pub(super) const PLOTTER: &str = "BENCH_PLOTTER";
}

fn program(bench: &Bench, wanted: &Wanted<'_>) -> Done {
    let release = !wanted.smoke;
    let program = build_bin("benches", &bench.name, release)?;
    let home = work_dir("bench")?.join(&bench.name);
    std::fs::create_dir_all(&home).map_err(|e| format!("{}: {e}", home.display()))?;
    let result = home.join("last.json");
    let mut command = Command::new(program);
    command.env(
        benches_env::SLUICE,
        build_bin("sluicegate", "sluice", release)?,
    );
    command.env(benches_env::PYTHON, python::interpreter()?);
    command.env(benches_env::DATA, work_dir("bench-data")?);
    command.env(benches_env::RESULT, &result);
    if wanted.smoke {
        command.env(benches_env::SMOKE, "1");
    } else {
        match bench.name.as_str() {
            "stream" => {
                server(&mut command);
                command.env(benches_env::PLOTTER, python::plotter()?);
            }
            "passthrough" => server(&mut command),
            "export" => {
                server(&mut command);
                match python::chdb() {
                    Ok(chdb) => command.env(benches_env::CHDB, chdb),
                    Err(why) => {
                        println!("without chDB: {why}");
                        &mut command
                    }
                };
                command.env(benches_env::ARROW_RS, build_peer("arrow_export")?);
            }
            _ => {}
        }
    }
    command.args(&wanted.rest);
    check(&mut command)?;
    file_away(&home, wanted)
}

/// Our encoders beside those of arrow-rs and parquet2, in one process.
fn encode(bench: &Bench, wanted: &Wanted<'_>) -> Done {
    let home = work_dir("bench")?.join(&bench.name);
    std::fs::create_dir_all(&home).map_err(|e| format!("{}: {e}", home.display()))?;
    let rest = |name: &str, otherwise| {
        let at = wanted.rest.iter().position(|arg| *arg == name);
        at.and_then(|at| wanted.rest.get(at + 1).copied())
            .unwrap_or(otherwise)
    };
    let (rows, runs) = if wanted.smoke {
        ("2000", "1")
    } else {
        ("2000000", "9")
    };
    let mut command = Command::new(build_peer("encode")?);
    command.arg(&home);
    check(command.args([rest("--rows", rows), rest("--runs", runs)]))?;
    file_away(&home, wanted)
}

/// What was measured goes where the caller wants it.
fn file_away(home: &Path, wanted: &Wanted<'_>) -> Done {
    let result = home.join("last.json");
    if wanted.keep {
        keep(home)?;
    }
    let kept = |name: &str| home.join(format!("{name}.json"));
    if let Some(name) = wanted.compare {
        compare(&kept(name), &result)?;
    }
    if let Some(name) = wanted.save {
        let to = kept(name);
        std::fs::copy(&result, &to).map_err(|e| format!("{}: {e}", to.display()))?;
        println!("saved as {name}");
    }
    Ok(())
}

/// A server as a peer, where there is one.
fn server(command: &mut Command) {
    match (questdb::java(), questdb::jar()) {
        (Ok(java), Ok(jar)) => {
            command.env(benches_env::JAVA, java);
            command.env(benches_env::JAR, jar);
        }
        (Err(why), _) | (_, Err(why)) => println!("without QuestDB: {why}"),
    }
}

/// Builds a Rust peer: they are a workspace of their own, with a target directory of its own.
fn build_peer(bin: &str) -> Result<PathBuf, String> {
    let manifest = run::root().join("benches/peers/Cargo.toml");
    let target = work_dir("peers")?;
    let mut build = cargo(&["build", "--quiet", "--release", "--bin", bin]);
    build.arg("--manifest-path").arg(manifest);
    check(build.env("CARGO_TARGET_DIR", &target))?;
    Ok(target.join("release").join(bin))
}

/// Copies tables, figures and plots to where they are committed.
fn keep(home: &Path) -> Done {
    let entries = std::fs::read_dir(home).map_err(|e| format!("{}: {e}", home.display()))?;
    for entry in entries {
        let path = entry.map_err(|e| e.to_string())?.path();
        let (to, skip) = match path.extension().and_then(|ext| ext.to_str()) {
            Some("png" | "svg") => ("benches/plots", false),
            Some("md" | "json") => ("benches/results", path.ends_with("last.json")),
            _ => continue,
        };
        let dir = run::root().join(to);
        let name = path.file_name().unwrap_or_default();
        if !skip {
            let copied =
                std::fs::create_dir_all(&dir).and_then(|()| std::fs::copy(&path, dir.join(name)));
            copied.map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    Ok(())
}

/// Prints every figure beside the saved one.
fn compare(before: &Path, now: &Path) -> Done {
    let figures = |path: &Path| -> Result<BTreeMap<String, f64>, String> {
        let text = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
        serde_json::from_slice(&text).map_err(|e| format!("{}: {e}", path.display()))
    };
    let (before, now) = (figures(before)?, figures(now)?);
    println!(
        "{:<32} {:>14} {:>14} {:>8}",
        "figure", "saved", "now", "ratio"
    );
    for (name, now) in &now {
        match before.get(name) {
            Some(saved) => println!("{name:<32} {saved:>14.3} {now:>14.3} {:>8.3}", now / saved),
            None => println!("{name:<32} {:>14} {now:>14.3}", "-"),
        }
    }
    Ok(())
}
