//! A control group: the memory limit, and exact CPU time.
//!
//! Charged with the pages of files as well, which is the point: a contestant that leaves what it
//! has read in the page cache pays for it. Groups are made below the one that we are in, so
//! whatever limits us limits them, and are removed when dropped. Both versions of the interface
//! are known; where neither can be written, the bench says so and runs without limits.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use super::Limit;

/// Where groups can be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Groups {
    /// Version 1: our group in the memory hierarchy, and in that of CPU accounting.
    V1 {
        /// Of the memory controller.
        memory: PathBuf,
        /// Of the CPU accounting controller.
        cpu: PathBuf,
    },
    /// Version 2: one group for all.
    V2(PathBuf),
}

impl Groups {
    /// Finds where groups can be made, by making one.
    ///
    /// # Errors
    /// The reason why there can be none: no memory controller, or not ours to write.
    pub fn find() -> io::Result<Groups> {
        let mounts = fs::read_to_string("/proc/self/mounts")?;
        let ours = fs::read_to_string("/proc/self/cgroup")?;
        let found = Groups::parse(&mounts, &ours)
            .ok_or_else(|| io::Error::other("no memory controller is mounted"))?;
        if let Groups::V2(dir) = &found {
            // Fails where the group holds processes and is not the root.
            fs::write(dir.join("cgroup.subtree_control"), "+memory +cpu")?;
        }
        Group::make(&found, "probe", Limit(Some(64 * super::MIB)))?;
        Ok(found)
    }

    fn parse(mounts: &str, ours: &str) -> Option<Groups> {
        // A mount: device, mount point, type, options. Our group: number, controllers, path.
        let mounted = |kind: &str, option: &str| {
            mounts.lines().find_map(|line| {
                let mut words = line.split(' ').skip(1);
                let (at, is, with) = (words.next()?, words.next()?, words.next()?);
                let has = option.is_empty() || with.split(',').any(|word| word == option);
                (is == kind && has).then(|| PathBuf::from(at))
            })
        };
        let path = |controller: &str| {
            ours.lines().find_map(|line| {
                let (_, rest) = line.split_once(':')?;
                let (controllers, path) = rest.split_once(':')?;
                let is = controllers.split(',').any(|name| name == controller);
                is.then(|| path.trim_start_matches('/').to_owned())
            })
        };
        let v1 = |controller| Some(mounted("cgroup", controller)?.join(path(controller)?));
        match (v1("memory"), v1("cpuacct")) {
            (Some(memory), Some(cpu)) => Some(Groups::V1 { memory, cpu }),
            _ => Some(Groups::V2(mounted("cgroup2", "")?.join(path("")?))),
        }
    }
}

/// One group; processes enter it through [`Group::enter`].
#[derive(Debug)]
pub struct Group {
    memory: PathBuf,
    cpu: PathBuf,
    v2: bool,
}

impl Group {
    /// Makes an empty group.
    ///
    /// # Errors
    /// The file system's.
    pub fn make(groups: &Groups, name: &str, limit: Limit) -> io::Result<Group> {
        let name = format!("sluice-bench-{}-{name}", std::process::id());
        let group = match groups {
            Groups::V1 { memory, cpu } => Group {
                memory: memory.join(&name),
                cpu: cpu.join(&name),
                v2: false,
            },
            Groups::V2(dir) => Group {
                memory: dir.join(&name),
                cpu: dir.join(&name),
                v2: true,
            },
        };
        for dir in group.dirs() {
            fs::create_dir(dir)?;
        }
        if let Some(bytes) = limit.0 {
            let bytes = bytes.to_string();
            let (file, swap, none) = if group.v2 {
                ("memory.max", "memory.swap.max", "0")
            } else {
                (
                    "memory.limit_in_bytes",
                    "memory.memsw.limit_in_bytes",
                    bytes.as_str(),
                )
            };
            fs::write(group.memory.join(file), &bytes)?;
            // Kernels without accounting of swap do not have the file; they rarely have swap.
            if group.memory.join(swap).exists() {
                fs::write(group.memory.join(swap), none)?;
            }
        }
        Ok(group)
    }

    fn dirs(&self) -> impl Iterator<Item = &Path> {
        let second = (self.cpu != self.memory).then_some(self.cpu.as_path());
        [self.memory.as_path()].into_iter().chain(second)
    }

    /// Shell commands by which a process enters.
    #[must_use]
    pub fn enter(&self) -> String {
        let enter = |dir: &Path| format!("echo $$ > '{}/cgroup.procs' || exit 125", dir.display());
        self.dirs().map(enter).collect::<Vec<_>>().join("; ")
    }

    /// As [`Group::enter`], for a contestant: it is the first to go where memory ends.
    #[must_use]
    pub fn offer(&self) -> String {
        let first = "{ echo 1000 > /proc/$$/oom_score_adj; } 2> /dev/null";
        format!("{first}; {}", self.enter())
    }

    /// Seconds of all cores that the group has used.
    ///
    /// # Errors
    /// The file system's; not a number.
    #[expect(
        clippy::cast_precision_loss,
        reason = "2^53 nanoseconds are a hundred days"
    )]
    pub fn cpu_s(&self) -> io::Result<f64> {
        if self.v2 {
            let usage = number_after(&self.cpu.join("cpu.stat"), "usage_usec ")?;
            return Ok(usage as f64 / 1e6);
        }
        Ok(number_after(&self.cpu.join("cpuacct.usage"), "")? as f64 / 1e9)
    }

    /// The most memory that was ever charged, in bytes: pages of files count.
    ///
    /// # Errors
    /// The file system's; not a number.
    pub fn peak_bytes(&self) -> io::Result<u64> {
        let file = if self.v2 {
            "memory.peak"
        } else {
            "memory.max_usage_in_bytes"
        };
        number_after(&self.memory.join(file), "")
    }

    /// How many processes the limit has cost.
    ///
    /// # Errors
    /// The file system's; not a number.
    pub fn killed(&self) -> io::Result<u64> {
        let file = if self.v2 {
            "memory.events"
        } else {
            "memory.oom_control"
        };
        number_after(&self.memory.join(file), "oom_kill ")
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A process that has just ended keeps its group busy for a moment.
        for dir in self.dirs() {
            for _ in 0..100 {
                if fs::remove_dir(dir).is_ok() {
                    break;
                }
                sleep(Duration::from_millis(20));
            }
        }
    }
}

/// The number behind a key at the start of a line.
fn number_after(file: &Path, key: &str) -> io::Result<u64> {
    let text = fs::read_to_string(file)?;
    let found = text.lines().find_map(|line| line.strip_prefix(key));
    let number = found.and_then(|number| number.trim().parse().ok());
    number.ok_or_else(|| io::Error::other(format!("{}: no number after {key:?}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "\
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
";
    const V2: &str = "cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0\n";

    #[test]
    fn the_group_that_we_are_in_is_found_in_both_versions() {
        let found = Groups::parse(V1, "4:memory:/a/b\n2:cpu,cpuacct:/c\n0::/\n");
        let wanted = Groups::V1 {
            memory: "/sys/fs/cgroup/memory/a/b".into(),
            cpu: "/sys/fs/cgroup/cpu,cpuacct/c".into(),
        };
        assert_eq!(found, Some(wanted));
        let found = Groups::parse(V2, "0::/user.slice/x\n");
        assert_eq!(
            found,
            Some(Groups::V2("/sys/fs/cgroup/user.slice/x".into()))
        );
    }

    #[test]
    fn a_memory_controller_without_a_mount_is_no_group() {
        assert_eq!(Groups::parse("proc /proc proc rw 0 0\n", "0::/\n"), None);
    }

    #[test]
    fn numbers_are_read_by_their_key() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("memory.events");
        fs::write(&file, "oom 7\noom_kill 3\n").unwrap();
        assert_eq!(number_after(&file, "oom_kill ").unwrap(), 3);
        assert!(number_after(&file, "max ").is_err());
    }
}
