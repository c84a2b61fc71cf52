//! The memory limit of the control group that we are in.
//!
//! The page cache that a process fills is charged to its group, so a limit that leaves less room than
//! the system reads ahead makes it read everything twice. Whoever streams files asks here once, before
//! the first is opened. Both versions of the interface are known; a limit that cannot be read is none.

use std::fs;
use std::path::{Path, PathBuf};

/// A limit of version 1 that says "none": the largest number of whole pages.
const V1_NONE: u64 = 1 << 62;

/// The least limit of our control group and those above it, in bytes: heap, stacks and the page cache
/// that we fill. `None` where there is none, or none to be read.
#[must_use]
pub fn memory_limit() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let files = limit_files(&groups, &mounts);
    let limits = files.into_iter().filter_map(|file| {
        let limit = fs::read_to_string(file).ok()?.trim().parse().ok()?;
        (limit < V1_NONE).then_some(limit)
    });
    limits.min()
}

/// Files that may hold a limit that concerns us.
fn limit_files(groups: &str, mounts: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for line in groups.lines() {
        // Number, controllers, path; version 2 has no controllers.
        let mut words = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (words.next(), words.next()) else {
            continue;
        };
        let (kind, names): (_, &[&str]) = if controllers.is_empty() {
            ("cgroup2", &["memory.max", "memory.high"])
        } else if controllers.split(',').any(|name| name == "memory") {
            ("cgroup", &["memory.limit_in_bytes"])
        } else {
            continue;
        };
        if let Some((top, group)) = group_dir(mounts, kind, Path::new(path)) {
            for dir in group.ancestors().take_while(|dir| dir.starts_with(&top)) {
                files.extend(names.iter().map(|name| dir.join(name)));
            }
        }
    }
    files
}

/// Where the hierarchy is mounted, and the directory of group `path` in it.
fn group_dir(mounts: &str, kind: &str, path: &Path) -> Option<(PathBuf, PathBuf)> {
    mounts.lines().find_map(|line| {
        let (about, system) = line.split_once(" - ")?;
        let mut system = system.split(' ');
        let (is, options) = (system.next()?, system.nth(1)?);
        let has = kind == "cgroup2" || options.split(',').any(|option| option == "memory");
        if is != kind || !has {
            return None;
        }
        // Ids, device, root of the mount, mount point.
        let mut about = about.split(' ').skip(3);
        let (root, at) = (about.next()?, about.next()?);
        // A group above the mount is not to be seen; its limits then count for the mount itself.
        let below = path.strip_prefix(root).unwrap_or(Path::new(""));
        Some((PathBuf::from(at), Path::new(at).join(below)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const V1: &str = "\
29 28 0:26 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
30 28 0:27 / /sys/fs/cgroup/memory rw,relatime shared:1 - cgroup cgroup rw,memory
31 28 0:28 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
";

    #[test]
    fn the_group_and_those_above_it_have_limits() {
        let v1 = limit_files("4:memory:/a/b\n2:cpu,cpuacct:/c\n", V1);
        let memory = Path::new("/sys/fs/cgroup/memory");
        let name = "memory.limit_in_bytes";
        let wanted = ["a/b", "a", ""].map(|dir| memory.join(dir).join(name));
        assert_eq!(v1, wanted);
        let v2 = limit_files("0::/x\n", V1);
        assert_eq!(v2.len(), 4);
        assert!(v2.contains(&"/sys/fs/cgroup/unified/x/memory.max".into()));
        assert!(v2.contains(&"/sys/fs/cgroup/unified/memory.high".into()));
    }

    #[test]
    fn a_container_sees_its_own_part_of_the_hierarchy() {
        let mounts = "30 28 0:27 /docker/1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n";
        let file = [PathBuf::from("/sys/fs/cgroup/memory/memory.limit_in_bytes")];
        assert_eq!(limit_files("4:memory:/docker/1\n", mounts), file);
        assert_eq!(limit_files("4:memory:/elsewhere\n", mounts), file);
    }

    #[test]
    fn nonsense_is_no_limit() {
        assert!(limit_files("", V1).is_empty());
        assert!(limit_files("4:memory\nx\n0::\n", "").is_empty());
        assert!(limit_files("4:memory:/a\n", "30 28 - cgroup\nx - y\n").is_empty());
    }
}
