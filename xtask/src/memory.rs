//! `cargo xtask asan` and `cargo xtask valgrind`: the tests of mappings and frames under a checker.
//!
//! A mapping that is gone while a slice still borrows it is the fault that this project exists to
//! rule out. The type system rules it out; these runs are for the few lines that it does not see.
//! Where the tool is missing, that is said and is no failure.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::run::{Done, cargo, check, only, root, work_dir};

const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Crates with mappings, and the tests of each that are left out: those that compile programs, and
/// those that only repeat the same reads over damaged metadata.
const MAPPING: &[(&str, &[&str])] = &[
    ("mmap-io", &["ui::"]),
    ("table-reader", &["ui::", "hostile::", "props::"]),
];
/// Left to us: the SIGBUS guard is under test itself.
const ASAN_OPTIONS: &str = "handle_sigbus=0:detect_stack_use_after_return=1:strict_init_order=1";
/// Under valgrind a test takes fifty times as long, so only those of mappings, frames and cursors
/// run. The guard's tests fault on purpose, pages stay in the page cache under valgrind, and counts of
/// mappings would be its own.
const VALGRIND: &[(&str, &[&str], &[&str])] = &[
    ("mmap-io", &["exact_length::", "sharing::", "reads::"], &[]),
    (
        "table-reader",
        &["release::", "cursors::"],
        &["descriptors_and_mappings_return"],
    ),
];

/// The mapping tests and the crash scenario under AddressSanitizer.
pub(crate) fn asan(args: &[String]) -> Done {
    only(args, &[], &[], 0)?;
    if !answers(Command::new("rustup").args(["run", "nightly", "rustc", "--version"])) {
        println!("no nightly compiler here: nothing was run under AddressSanitizer");
        return Ok(());
    }
    let build = work_dir("asan")?;
    for (package, skipped) in MAPPING {
        let mut tests = Command::new("rustup");
        tests.current_dir(root());
        tests.args(["run", "nightly", "cargo", "test", "--target", TARGET]);
        tests.args(["-p", package, "--lib", "--test", "it", "--"]);
        for skip in *skipped {
            tests.args(["--skip", skip]);
        }
        tests
            .env("RUSTFLAGS", "-Zsanitizer=address")
            .env("CARGO_TARGET_DIR", &build)
            .env("ASAN_OPTIONS", ASAN_OPTIONS);
        check(&mut tests)?;
    }
    Ok(())
}

/// The tests of mappings, frames and cursors under valgrind.
pub(crate) fn valgrind(args: &[String]) -> Done {
    only(args, &[], &[], 0)?;
    if !answers(Command::new("valgrind").arg("--version")) {
        println!("no valgrind here: nothing was run under it");
        return Ok(());
    }
    for (package, filters, skipped) in VALGRIND {
        for filter in *filters {
            let mut run = Command::new("valgrind");
            run.args(["--quiet", "--error-exitcode=9", "--leak-check=full"]);
            run.args(["--errors-for-leak-kinds=definite"]);
            run.arg(test_binary(package)?)
                .args([filter, "--test-threads=1"]);
            for skip in *skipped {
                run.args(["--skip", skip]);
            }
            run.current_dir(root().join("crates").join(package));
            check(&mut run)?;
        }
    }
    Ok(())
}

fn answers(probe: &mut Command) -> bool {
    probe.stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

/// The integration test binary of a crate, built.
fn test_binary(package: &str) -> Result<PathBuf, String> {
    let mut build = cargo(&[
        "test",
        "--no-run",
        "--message-format=json",
        "-p",
        package,
        "--test",
        "it",
    ]);
    build.stderr(Stdio::inherit());
    let output = build.output().map_err(|e| format!("cargo: {e}"))?;
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let executable = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_it = message["target"]["name"] == "it";
        message["executable"]
            .as_str()
            .filter(|_| is_it)
            .map(PathBuf::from)
    };
    messages
        .lines()
        .find_map(executable)
        .ok_or_else(|| format!("the tests of {package} do not build"))
}
