//! What a figure was measured on.
//!
//! A number without its machine is a rumour: every bench prints these facts first.

use std::fs;
use std::process::Command;

use crate::run::{output, root};

fn first_value(file: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn said(program: &str, args: &[&str]) -> String {
    let printed = output(Command::new(program).args(args).current_dir(root()));
    let printed = printed.unwrap_or_else(|_| b"unknown".to_vec());
    String::from_utf8_lossy(&printed).trim().to_owned()
}

/// One fact a line: processor, memory, load, kernel, file system, compiler, commit.
pub(crate) fn facts() -> Vec<(&'static str, String)> {
    let unknown = || "unknown".to_owned();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = first_value("/proc/cpuinfo", "model name").unwrap_or_else(unknown);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_else(|_| unknown());
    let file_system = said("stat", &["--file-system", "--format=%T", "."]);
    let dirty = if said("git", &["status", "--porcelain"]).is_empty() {
        ""
    } else {
        " + changes"
    };
    vec![
        ("cpu", format!("{cpu}, {cores} cores")),
        (
            "memory",
            first_value("/proc/meminfo", "MemTotal").unwrap_or_else(unknown),
        ),
        (
            "available",
            first_value("/proc/meminfo", "MemAvailable").unwrap_or_else(unknown),
        ),
        (
            "load",
            load.split(' ').take(3).collect::<Vec<_>>().join(" "),
        ),
        ("kernel", said("uname", &["-r"])),
        ("file system", file_system),
        ("rustc", said("rustc", &["--version"])),
        (
            "commit",
            format!("{}{dirty}", said("git", &["rev-parse", "--short", "HEAD"])),
        ),
    ]
}
