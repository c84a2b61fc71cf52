//! `cargo xtask fuzz`: the fuzz targets, where a nightly compiler is present.
//!
//! Each fuzzed crate keeps its targets in a workspace of its own. Seeds are the committed vectors;
//! what a run finds goes below `target`. No compiler, no run: that is said and is no failure.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::run::{Done, check, only, option, root, work_dir};

/// A crate with targets, and the folder of its seeds.
const FUZZED: &[(&str, &[&str], &str)] = &[
    ("pm-format", &["view", "resealed"], "testdata/pm"),
    (
        "pq-decode",
        &["footer", "chunk", "values"],
        "testdata/pm/from-parquet",
    ),
];
/// Runs of each target without `--runs`.
const RUNS_DEFAULT: &str = "1000000";
/// Seeds longer than this are left out: they make a run slow and reach nothing that short ones do
/// not.
const SEED_LEN_MAX: u64 = 900;
/// What libFuzzer needs from the compiler.
const RUSTFLAGS: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Runs every target for `--runs` executions.
pub(crate) fn run(args: &[String]) -> Done {
    only(args, &[], &["--runs"], 0)?;
    let runs = option(args, "--runs")?.unwrap_or(RUNS_DEFAULT);
    if !has_nightly() {
        println!("no nightly compiler here: nothing was fuzzed");
        return Ok(());
    }
    for (package, targets, seeds) in FUZZED {
        let manifest = root().join("crates").join(package).join("fuzz/Cargo.toml");
        let build = work_dir("fuzz")?.join("build");
        let mut cargo = Command::new("rustup");
        cargo.args([
            "run",
            "nightly",
            "cargo",
            "build",
            "--release",
            "--target",
            TARGET,
        ]);
        cargo.arg("--manifest-path").arg(&manifest);
        cargo
            .env("RUSTFLAGS", RUSTFLAGS)
            .env("CARGO_TARGET_DIR", &build);
        check(&mut cargo)?;
        let kept = short_seeds(&root().join(seeds), package)?;
        for target in *targets {
            let corpus = work_dir(&format!("fuzz/{package}-{target}"))?;
            let mut fuzz = Command::new(build.join(TARGET).join("release").join(target));
            fuzz.arg(corpus).arg(&kept).arg(format!("-runs={runs}"));
            fuzz.args([
                format!("-max_len={SEED_LEN_MAX}"),
                "-print_final_stats=1".to_owned(),
            ]);
            fuzz.current_dir(work_dir("fuzz")?);
            check(&mut fuzz)?;
        }
    }
    Ok(())
}

fn has_nightly() -> bool {
    let mut probe = Command::new("rustup");
    probe.args(["run", "nightly", "rustc", "--version"]);
    probe.stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

/// Copies the seeds that are short enough.
fn short_seeds(from: &Path, package: &str) -> Result<std::path::PathBuf, String> {
    let to = work_dir(&format!("fuzz/{package}-seeds"))?;
    let entries = std::fs::read_dir(from).map_err(|e| format!("{}: {e}", from.display()))?;
    for entry in entries {
        let path = entry.map_err(|e| e.to_string())?.path();
        let short = path
            .metadata()
            .is_ok_and(|m| m.is_file() && m.len() <= SEED_LEN_MAX);
        if let Some(name) = path.file_name().filter(|_| short) {
            std::fs::copy(&path, to.join(name)).map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    Ok(to)
}
