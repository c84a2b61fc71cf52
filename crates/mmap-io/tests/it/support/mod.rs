//! Scratch directories, and the two file systems that tests make up.

mod mem;
mod spy;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mmap_io::{Access, RealVfs, Root, Trust, Vfs, page_size};
use tempfile::TempDir;

pub(crate) use mem::MemVfs;
pub(crate) use spy::{Spy, SpyVfs};

/// A directory of the test, on the file system that holds the build (not on a tmpfs `/tmp`).
pub(crate) fn scratch() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// A trusted root on the real file system.
pub(crate) fn real_root(dir: &Path) -> Root {
    root_over(RealVfs::shared(), dir)
}

/// A trusted root on any file system.
pub(crate) fn root_over(vfs: Arc<dyn Vfs>, dir: &Path) -> Root {
    // SAFETY: the directory belongs to one test; where a test cuts a file under a mapping, which is
    // the point of it, it reads bytes only through the guard or in a process of its own.
    unsafe { Root::open(vfs, dir) }.unwrap()
}

/// Bytes that differ between pages and within them.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len)
        .map(|i| (i.wrapping_mul(31) ^ (i >> 8)).to_le_bytes()[0])
        .collect()
}

/// Lines of `/proc/self/maps` for files below `dir`, as address ranges and path.
pub(crate) fn maps_below(dir: &Path) -> Vec<(usize, PathBuf)> {
    let dir = dir.to_str().unwrap();
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let below = maps.lines().filter_map(|line| {
        let path = line.get(line.find('/')?..)?;
        let (lo, hi) = line.split(' ').next()?.split_once('-')?;
        let len = usize::from_str_radix(hi, 16).ok()? - usize::from_str_radix(lo, 16).ok()?;
        path.starts_with(dir).then(|| (len, PathBuf::from(path)))
    });
    below.collect()
}

/// Descriptors of this process that are open on something at or below `dir`.
pub(crate) fn fds_below(dir: &Path) -> usize {
    let fds = fs::read_dir("/proc/self/fd").unwrap();
    let targets = fds.filter_map(|fd| fs::read_link(fd.ok()?.path()).ok());
    targets.filter(|target| target.starts_with(dir)).count()
}

/// Names in a directory, sorted.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

/// Whether pages of files in `dir` can be dropped from memory at all. On a tmpfs they cannot (its
/// pages *are* the file); says so.
pub(crate) fn can_evict(dir: &Path) -> bool {
    const TMPFS_MAGIC: u64 = 0x0102_1994;
    let fs_type = rustix::fs::statfs(dir).unwrap().f_type;
    let is_tmpfs = u64::try_from(fs_type).is_ok_and(|fs_type| fs_type == TMPFS_MAGIC);
    if is_tmpfs {
        eprintln!(
            "skipped: {} is a tmpfs, whose pages cannot be evicted",
            dir.display()
        );
    }
    !is_tmpfs
}

/// One byte a page of the first `len` bytes of a file: 1 if it is in the page cache.
pub(crate) fn resident_pages(path: &Path, len: u64) -> Vec<u8> {
    let dir = RealVfs.open_dir(path.parent().unwrap()).unwrap();
    let file = dir
        .open_file(path.file_name().unwrap(), Access::Read)
        .unwrap();
    // SAFETY: the file belongs to one test, and this mapping is asked, never read.
    let trust = unsafe { Trust::assume() };
    let region = file.map(len, &trust).unwrap();
    let mut pages = vec![0; usize::try_from(len.div_ceil(page_size())).unwrap()];
    region.residency(0..len, &mut pages).unwrap();
    pages
}

/// Writes a file and drops all of it from the page cache.
pub(crate) fn write_cold(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
    let file = fs::File::open(path).unwrap();
    // Just written pages may still be on their way to the LRU lists, so ask more than once.
    for _ in 0..100 {
        file.sync_all().unwrap();
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
        if !resident_pages(path, content.len() as u64).contains(&1) {
            return;
        }
    }
    panic!("{} stays in the page cache", path.display());
}

/// Whether most pages are in memory. A kernel takes clean pages away when it likes (some are told
/// to do so in advance of need), so tests never ask for all; `src/evict/tests.rs` says exactly.
pub(crate) fn mostly(resident_count: u64, of_count: u64) -> bool {
    resident_count * 10 >= of_count * 9
}

/// Whether hardly a page is in memory. A page that something refers to for a moment is not dropped.
pub(crate) fn hardly(resident_count: u64, of_count: u64) -> bool {
    resident_count * 100 <= of_count
}
