//! Running other programs, and where things are.
//!
//! A command is printed before it runs and named when it fails, so that a failing `ci` says what to
//! type to see it again.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// How every command ends: nothing to say, or the reason.
pub(crate) type Done = Result<(), String>;

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let mut dir = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    dir.pop();
    dir
}

/// The directory that cargo builds into: everything that the commands fetch or make lives there.
pub(crate) fn target_dir() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// A directory of ours below the target directory, made if missing.
pub(crate) fn work_dir(name: &str) -> Result<PathBuf, String> {
    let dir = target_dir().join("xtask").join(name);
    std::fs::create_dir_all(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    Ok(dir)
}

/// `cargo ARGS` in the root of the repository.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root()).args(args);
    command
}

/// The command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let mut text = program
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    for arg in command.get_args() {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}

/// Runs a command with our output streams; an error names it.
pub(crate) fn check(command: &mut Command) -> Done {
    let text = shown(command);
    println!("$ {text}");
    let start = Instant::now();
    let status = command
        .status()
        .map_err(|e| format!("cannot start `{text}`: {e}"))?;
    println!("  {:.1} s", start.elapsed().as_secs_f64());
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{text}` failed ({status})"))
    }
}

/// Runs a command silently and returns what it printed; an error carries its stderr.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let text = shown(command);
    let done = command.stdin(Stdio::null()).output();
    let done = done.map_err(|e| format!("cannot start `{text}`: {e}"))?;
    if done.status.success() {
        return Ok(done.stdout);
    }
    let stderr = String::from_utf8_lossy(&done.stderr);
    Err(format!(
        "`{text}` failed ({}): {}",
        done.status,
        stderr.trim()
    ))
}

/// Builds a binary of the workspace and returns its path.
pub(crate) fn build_bin(package: &str, bin: &str, release: bool) -> Result<PathBuf, String> {
    let mut args = vec!["build", "--quiet", "--package", package, "--bin", bin];
    if release {
        args.push("--release");
    }
    check(&mut cargo(&args))?;
    Ok(target_dir()
        .join(if release { "release" } else { "debug" })
        .join(bin))
}

/// Files that git knows or would add, relative to the root, sorted.
pub(crate) fn files() -> Result<Vec<String>, String> {
    let mut git = Command::new("git");
    git.current_dir(root());
    git.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]);
    let mut names = match output(&mut git) {
        Ok(listed) => split_names(&listed),
        // A copy of the sources without a repository.
        Err(_) => walked()?,
    };
    names.sort();
    names.dedup();
    Ok(names)
}

fn split_names(listed: &[u8]) -> Vec<String> {
    listed
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .filter(|name| root().join(name).symlink_metadata().is_ok())
        .collect()
}

/// What is there, but for what nobody would add.
fn walked() -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let mut dirs = vec![root()];
    while let Some(dir) = dirs.pop() {
        let entries = std::fs::read_dir(&dir).map_err(|e| format!("{}: {e}", dir.display()))?;
        for entry in entries {
            let entry = entry.map_err(|e| format!("{}: {e}", dir.display()))?;
            let (path, name) = (entry.path(), entry.file_name());
            let made = ["target", ".git", "__pycache__", ".venv", "out"];
            if made.iter().any(|other| name == *other) || target_dir() == path {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                dirs.push(path);
            } else if let Ok(below) = path.strip_prefix(root()) {
                found.push(below.to_string_lossy().into_owned());
            }
        }
    }
    found.retain(|name| name.contains('/') || !name.ends_with(".parquet"));
    Ok(found)
}

/// Value of `--name VALUE` in the arguments.
pub(crate) fn option<'a>(args: &'a [String], name: &str) -> Result<Option<&'a str>, String> {
    match args.iter().position(|arg| arg == name) {
        None => Ok(None),
        Some(at) => match args.get(at + 1) {
            Some(value) => Ok(Some(value)),
            None => Err(format!("{name} needs a value")),
        },
    }
}

/// Refuses arguments that the command does not have.
pub(crate) fn only(args: &[String], flags: &[&str], options: &[&str], names: usize) -> Done {
    let mut rest = args.iter();
    let mut free = 0;
    while let Some(arg) = rest.next() {
        if options.contains(&arg.as_str()) {
            rest.next();
        } else if arg.starts_with('-') {
            if !flags.contains(&arg.as_str()) {
                return Err(format!("unknown argument {arg}"));
            }
        } else {
            free += 1;
            if free > names {
                return Err(format!("unexpected argument {arg}"));
            }
        }
    }
    Ok(())
}
