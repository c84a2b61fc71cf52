//! The Python environment: made once below the target directory, from PyPI.
//!
//! pyarrow, DuckDB and Polars are judges and peers here, so their versions are pinned; a change of
//! the list makes a new environment.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::run::{check, root, work_dir};

/// The packages, exactly.
const REQUIREMENTS: &str = "xtask/interop/requirements.txt";
/// Those that draw: apart, since no test needs them.
const PLOT_REQUIREMENTS: &str = "xtask/interop/plot-requirements.txt";

/// A peer that only full benches need, and a large one.
const CHDB_REQUIREMENTS: &str = "xtask/interop/chdb-requirements.txt";

/// Path of the interpreter that has the packages; makes the environment when it is missing.
pub(crate) fn interpreter() -> Result<PathBuf, String> {
    environment("python", REQUIREMENTS)
}

/// Path of the interpreter that draws.
pub(crate) fn plotter() -> Result<PathBuf, String> {
    environment("python-plot", PLOT_REQUIREMENTS)
}

/// Path of the interpreter that has chDB.
pub(crate) fn chdb() -> Result<PathBuf, String> {
    environment("python-chdb", CHDB_REQUIREMENTS)
}

fn environment(name: &str, requirements: &str) -> Result<PathBuf, String> {
    let list = root().join(requirements);
    let wanted = std::fs::read_to_string(&list).map_err(|e| format!("{requirements}: {e}"))?;
    let home = work_dir(name)?;
    let venv = home.join("venv");
    let stamp = venv.join("requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(venv.join("bin/python"));
    }
    if venv.exists() {
        std::fs::remove_dir_all(&venv).map_err(|e| format!("{}: {e}", venv.display()))?;
    }
    make(&venv, &list)?;
    // Only a complete environment carries the stamp: an interrupted installation is made again.
    std::fs::write(&stamp, wanted).map_err(|e| format!("{}: {e}", stamp.display()))?;
    Ok(venv.join("bin/python"))
}

fn make(venv: &Path, list: &Path) -> Result<(), String> {
    check(Command::new("python3").args(["-m", "venv"]).arg(venv))?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    pip.args(["--only-binary", ":all:", "--requirement"])
        .arg(list);
    check(&mut pip)
}

/// A script of `xtask/interop`, ready for its arguments. It sees neither the user's packages nor
/// an environment of the caller.
pub(crate) fn script(interpreter: &Path, name: &str) -> Command {
    let mut command = Command::new(interpreter);
    command.env_remove("PYTHONPATH").env_remove("PYTHONHOME");
    command
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONUNBUFFERED", "1");
    command.arg(root().join("xtask/interop").join(name));
    command
}

/// A seed from the clock, for runs that should see something new.
pub(crate) fn fresh_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(1, |elapsed| elapsed.as_secs())
}
