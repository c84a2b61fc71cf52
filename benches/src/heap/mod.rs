//! What `cargo xtask heap` measures: the most heap that a job had at once, and what it may have.
//!
//! One job a process, because the profiler counts the process. Inputs that a caller would hold
//! anyway are part of the figure where the bound was quoted with them, and made before otherwise.

pub mod export;
pub mod push;
pub mod sidecar;

use std::io;
use std::path::Path;

/// Bytes of a MiB.
pub const MIB: u64 = 1 << 20;

/// One job.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub what: &'static str,
    /// The most bytes that it may have at once.
    pub bound: u64,
    /// Prepares it below a directory for big inputs, and returns what is measured.
    pub prepare: fn(&Path) -> io::Result<Measured>,
}

/// What is measured, ready to run.
pub type Measured = Box<dyn FnOnce() -> io::Result<()>>;

/// Every job.
#[must_use]
pub fn jobs() -> Vec<Job> {
    let export = export::JOBS.as_flattened();
    let large = &export::LARGE;
    [&push::JOBS[..], &sidecar::JOBS[..], export, large].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_jobs_have_one_name() {
        let mut names: Vec<&str> = jobs().iter().map(|job| job.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
