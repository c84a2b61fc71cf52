//! Pages of files in memory: how many, and out with them.
//!
//! Asked from Python (`mincore` through ctypes), not from `mmap-io`: the judge of what `sluice`
//! leaves behind must not be its own code.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::measure::script;

/// The tool, by the interpreter that runs it.
#[derive(Clone, Debug)]
pub struct PageCache {
    /// A Python; no package is needed.
    pub python: PathBuf,
}

impl PageCache {
    /// Writes out and drops all pages of a file, or of all files below a directory.
    ///
    /// # Errors
    /// The tool's.
    pub fn drop(&self, path: &Path) -> io::Result<()> {
        self.ask("drop", path).map(|_| ())
    }

    /// Reads everything once, so that it is resident.
    ///
    /// # Errors
    /// The tool's.
    pub fn warm(&self, path: &Path) -> io::Result<()> {
        self.ask("warm", path).map(|_| ())
    }

    /// Empties the page cache if memory is nearly full of it: whoever writes then pays for taking pages
    /// from others, some with twice the time of their work. Where that is not ours to do, nothing.
    ///
    /// # Errors
    /// The memory's state cannot be read.
    pub fn make_room(&self) -> io::Result<()> {
        let state = fs::read_to_string("/proc/meminfo")?;
        let kib = |key: &str| -> Option<u64> {
            let line = state.lines().find_map(|line| line.strip_prefix(key))?;
            line.trim().strip_suffix(" kB")?.parse().ok()
        };
        let (free, total) = (kib("MemFree:"), kib("MemTotal:"));
        if free
            .zip(total)
            .is_some_and(|(free, total)| free < total / 2)
        {
            // Dirty pages would stay.
            Command::new("sync").status()?;
            let _ = fs::write("/proc/sys/vm/drop_caches", "1");
        }
        Ok(())
    }

    /// Bytes of a file, or of all files below a directory, that are resident.
    ///
    /// # Errors
    /// The tool's.
    pub fn resident(&self, path: &Path) -> io::Result<u64> {
        self.ask("resident", path)
    }

    /// Whether this kernel also takes pages out of memory that nobody used for a while (DAMON), so
    /// that a residue is understated, if anything.
    #[must_use]
    pub fn is_trimmed() -> bool {
        let dirs = fs::read_dir("/sys/kernel/mm/damon/admin/kdamonds").into_iter();
        let mut states = dirs.flatten().flatten().map(|dir| dir.path().join("state"));
        states.any(|state| fs::read_to_string(state).is_ok_and(|state| state.trim() == "on"))
    }

    fn ask(&self, verb: &str, path: &Path) -> io::Result<u64> {
        let mut command = Command::new(&self.python);
        command.arg("-I").arg(script("page_cache.py"));
        let done = command.arg(verb).arg(path).output()?;
        let said = String::from_utf8_lossy(&done.stdout);
        let number = said.trim().parse().ok().filter(|_| done.status.success());
        number.ok_or_else(|| {
            let stderr = String::from_utf8_lossy(&done.stderr);
            io::Error::other(format!("page_cache.py {verb}: {said}{stderr}"))
        })
    }
}
