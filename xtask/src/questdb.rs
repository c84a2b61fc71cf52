//! `cargo xtask interop questdb`: a running QuestDB as the oracle.
//!
//! Fetches the release from Maven Central into the target directory, builds `sluice` and the table
//! generator, and hands over to `xtask/interop/questdb.py`, which drives server and checks.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::python;
use crate::run::{Done, build_bin, check, only, option, output, work_dir};

/// The release whose tables and answers `testdata` holds.
const ARTIFACT: &str = "org.questdb:questdb:9.3.4";
const JAR: &str = "questdb-9.3.4.jar";
/// The oldest Java that starts it.
const JAVA_MIN: u32 = 17;

/// Runs all parts, or the one named by `--only`.
pub(crate) fn run(args: &[String]) -> Done {
    let options = [
        "--seed",
        "--tables",
        "--only",
        "--live-exports",
        "--live-pause",
    ];
    only(args, &[], &options, 0)?;
    let java = java()?;
    let jar = jar()?;
    let interpreter = python::interpreter()?;
    // With optimisation: beside a busy server a slow reader would only show that it is slow.
    let sluice = build_bin("sluicegate", "sluice", true)?;
    let tablegen = build_bin("testkit", "tablegen", true)?;
    let seed = option(args, "--seed")?.map_or_else(|| python::fresh_seed().to_string(), Into::into);
    println!("seed {seed}");

    let mut script = python::script(&interpreter, "questdb.py");
    script.arg("--java").arg(java).arg("--jar").arg(jar);
    script
        .arg("--sluice")
        .arg(sluice)
        .arg("--tablegen")
        .arg(tablegen);
    script
        .arg("--root")
        .arg(work_dir("questdb")?)
        .arg("--seed")
        .arg(seed);
    script.args(["--tables", option(args, "--tables")?.unwrap_or("60")]);
    script.args([
        "--live-exports",
        option(args, "--live-exports")?.unwrap_or("100"),
    ]);
    for name in ["--only", "--live-pause"] {
        if let Some(value) = option(args, name)? {
            script.args([name, value]);
        }
    }
    check(&mut script)
}

/// A Java that is new enough: of `JAVA_HOME`, or on the path.
pub(crate) fn java() -> Result<PathBuf, String> {
    let home = std::env::var_os("JAVA_HOME").map(|home| Path::new(&home).join("bin/java"));
    let java = home
        .filter(|java| java.is_file())
        .unwrap_or_else(|| "java".into());
    let mut ask = Command::new(&java);
    ask.args(["--version"]);
    let said = output(&mut ask).map_err(|e| format!("Java {JAVA_MIN} is needed: {e}"))?;
    let said = String::from_utf8_lossy(&said).into_owned();
    let number = said
        .split_whitespace()
        .find_map(|word| word.split('.').next()?.parse::<u32>().ok());
    match number {
        Some(number) if number >= JAVA_MIN => Ok(java),
        _ => Err(format!("Java {JAVA_MIN} is needed, found {}", said.trim())),
    }
}

/// The jar; fetched once.
pub(crate) fn jar() -> Result<PathBuf, String> {
    let home = work_dir("questdb-jar")?;
    let jar = home.join(JAR);
    if !jar.is_file() {
        let mut maven = Command::new("mvn");
        maven.args(["--batch-mode", "--quiet", "dependency:copy"]);
        maven.arg(format!("-Dartifact={ARTIFACT}"));
        maven.arg(format!("-DoutputDirectory={}", home.display()));
        check(maven.current_dir(&home))?;
    }
    if jar.is_file() {
        Ok(jar)
    } else {
        Err(format!("Maven did not leave {}", jar.display()))
    }
}
