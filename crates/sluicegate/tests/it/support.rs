//! Running `sluice`.

use std::path::Path;
use std::process::{Command, Stdio};

/// What a run left: exit code, stdout, stderr.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }
}

pub(crate) fn sluice() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sluice"));
    command.stdin(Stdio::null());
    command
}

pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Ran {
    let output = sluice().args(args).output().unwrap();
    Ran {
        code: output.status.code().expect("no signal"),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Words separated by spaces, `@` standing for `table` and `#` for `out`.
pub(crate) fn run_words(words: &str, table: &Path, out: &Path) -> Ran {
    run(words.split(' ').map(|word| match word {
        "@" => table.as_os_str(),
        "#" => out.as_os_str(),
        word => word.as_ref(),
    }))
}

/// The run failed with `code`, said one line on stderr that contains `parts`, nothing on stdout.
pub(crate) fn assert_refused(ran: &Ran, code: i32, parts: &[&str]) {
    assert_eq!(ran.code, code, "{}", ran.stderr);
    assert!(
        ran.stdout.is_empty(),
        "{}",
        String::from_utf8_lossy(&ran.stdout)
    );
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(lines.len(), 1, "one line: {lines:?}");
    assert!(lines[0].starts_with("sluice: error: "), "{lines:?}");
    for part in parts {
        assert!(lines[0].contains(part), "no {part:?} in {lines:?}");
    }
}
