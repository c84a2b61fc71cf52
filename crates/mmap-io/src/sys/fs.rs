//! Files and directories, relative to an open directory.
//!
//! Thin, safe, and without policy: each function is one system call (retried when a signal
//! interrupts it) and the translation of its result. Opening a file never blocks and never follows
//! a link in the last component; what was opened is then checked on the descriptor, so that no name
//! can be exchanged between check and use.

use std::ffi::{OsStr, OsString};
use std::io;
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags};
use rustix::io::{Errno, retry_on_intr};

use crate::vfs::{Access, DirEntry, FileAdvice, FileId, FileKind, Links, Replace, Stat};

const DIR_FLAGS: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);
/// `NONBLOCK`: opening a FIFO must not wait for its writer; it means nothing for a regular file.
const FILE_FLAGS: OFlags = OFlags::CLOEXEC
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NOCTTY)
    .union(OFlags::NONBLOCK);
/// Subject to the umask, like any file that a program makes for its user.
const FILE_MODE: Mode = Mode::from_raw_mode(0o666);
const DIR_MODE: Mode = Mode::from_raw_mode(0o777);

/// Opens a directory by path, following links.
pub(crate) fn open_dir(path: &Path) -> io::Result<OwnedFd> {
    Ok(retry_on_intr(|| {
        rustix::fs::open(path, DIR_FLAGS, Mode::empty())
    })?)
}

/// Opens a directory below another.
pub(crate) fn open_dir_at(dir: BorrowedFd<'_>, name: &OsStr, links: Links) -> io::Result<OwnedFd> {
    let name = component(name)?;
    let flags = match links {
        Links::Follow => DIR_FLAGS,
        Links::NoFollow => DIR_FLAGS | OFlags::NOFOLLOW,
    };
    let opened = retry_on_intr(|| rustix::fs::openat(dir, name, flags, Mode::empty()));
    match opened {
        // With DIRECTORY and NOFOLLOW, Linux answers NOTDIR for a link; say what it is.
        Err(Errno::NOTDIR) if links == Links::NoFollow => {
            let is_link = stat_at(dir, name, Links::NoFollow)?.kind == FileKind::Symlink;
            Err(if is_link { Errno::LOOP } else { Errno::NOTDIR }.into())
        }
        other => Ok(other?),
    }
}

/// Opens an existing file below a directory. The caller checks its kind on the descriptor.
pub(crate) fn open_file_at(
    dir: BorrowedFd<'_>,
    name: &OsStr,
    access: Access,
) -> io::Result<OwnedFd> {
    let name = component(name)?;
    let flags = match access {
        Access::Read => FILE_FLAGS | OFlags::RDONLY,
        Access::ReadWrite => FILE_FLAGS | OFlags::RDWR,
    };
    Ok(retry_on_intr(|| {
        rustix::fs::openat(dir, name, flags, Mode::empty())
    })?)
}

/// Creates a regular file that did not exist.
pub(crate) fn create_new(dir: BorrowedFd<'_>, name: &OsStr) -> io::Result<OwnedFd> {
    let name = component(name)?;
    let flags = FILE_FLAGS | OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
    Ok(retry_on_intr(|| {
        rustix::fs::openat(dir, name, flags, FILE_MODE)
    })?)
}

/// Creates a directory that did not exist.
pub(crate) fn create_dir(dir: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    let name = component(name)?;
    Ok(retry_on_intr(|| rustix::fs::mkdirat(dir, name, DIR_MODE))?)
}

/// All entries but `.` and `..`.
pub(crate) fn list(dir: BorrowedFd<'_>) -> io::Result<Vec<DirEntry>> {
    let mut entries = Vec::new();
    for entry in rustix::fs::Dir::read_from(dir)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        let kind = match entry.file_type() {
            // Some file systems do not say; ask for the entry itself.
            FileType::Unknown => match stat_at(dir, name, Links::NoFollow) {
                Ok(stat) => stat.kind,
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => return Err(e),
            },
            known => kind_of(known),
        };
        entries.push(DirEntry {
            name: OsString::from(name),
            kind,
        });
    }
    Ok(entries)
}

/// Facts about a name.
pub(crate) fn stat_at(dir: BorrowedFd<'_>, name: &OsStr, links: Links) -> io::Result<Stat> {
    let name = component(name)?;
    let flags = match links {
        Links::Follow => AtFlags::empty(),
        Links::NoFollow => AtFlags::SYMLINK_NOFOLLOW,
    };
    to_stat(&retry_on_intr(|| rustix::fs::statat(dir, name, flags))?)
}

/// Facts about an open file.
pub(crate) fn stat_of(file: BorrowedFd<'_>) -> io::Result<Stat> {
    to_stat(&retry_on_intr(|| rustix::fs::fstat(file))?)
}

/// Renames within a directory.
pub(crate) fn rename(
    dir: BorrowedFd<'_>,
    from: &OsStr,
    to: &OsStr,
    replace: Replace,
) -> io::Result<()> {
    let (from, to) = (component(from)?, component(to)?);
    match replace {
        Replace::Allow => Ok(retry_on_intr(|| rustix::fs::renameat(dir, from, dir, to))?),
        Replace::Refuse => {
            let refusing = || rustix::fs::renameat_with(dir, from, dir, to, RenameFlags::NOREPLACE);
            match retry_on_intr(refusing) {
                // Network and FUSE file systems without the flag.
                Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => link_and_unlink(dir, from, to),
                other => Ok(other?),
            }
        }
    }
}

/// A rename that refuses to replace, made of calls that every file system has: a hard link is
/// refused if the name is taken. For a moment the file has both names.
fn link_and_unlink(dir: BorrowedFd<'_>, from: &OsStr, to: &OsStr) -> io::Result<()> {
    retry_on_intr(|| rustix::fs::linkat(dir, from, dir, to, AtFlags::empty()))?;
    let unlinked = retry_on_intr(|| rustix::fs::unlinkat(dir, from, AtFlags::empty()));
    if unlinked.is_err() {
        // It did not get its name after all; the error says why.
        let _ = retry_on_intr(|| rustix::fs::unlinkat(dir, to, AtFlags::empty()));
    }
    Ok(unlinked?)
}

/// Removes the name of a file.
pub(crate) fn unlink(dir: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    let name = component(name)?;
    Ok(retry_on_intr(|| {
        rustix::fs::unlinkat(dir, name, AtFlags::empty())
    })?)
}

/// Removes an empty directory.
pub(crate) fn remove_dir(dir: BorrowedFd<'_>, name: &OsStr) -> io::Result<()> {
    let name = component(name)?;
    Ok(retry_on_intr(|| {
        rustix::fs::unlinkat(dir, name, AtFlags::REMOVEDIR)
    })?)
}

/// `fsync` of a file or directory.
pub(crate) fn sync(fd: BorrowedFd<'_>) -> io::Result<()> {
    Ok(retry_on_intr(|| rustix::fs::fsync(fd))?)
}

/// One positional read; may be short, 0 is end of file.
pub(crate) fn read_at(file: BorrowedFd<'_>, off: u64, buf: &mut [u8]) -> io::Result<usize> {
    Ok(retry_on_intr(|| rustix::io::pread(file, &mut *buf, off))?)
}

/// One positional write; may be short.
pub(crate) fn write_at(file: BorrowedFd<'_>, off: u64, bytes: &[u8]) -> io::Result<usize> {
    Ok(retry_on_intr(|| rustix::io::pwrite(file, bytes, off))?)
}

/// Advice about cached pages. An empty range is nothing to advise (the kernel would take a length
/// of 0 for "to the end of the file").
pub(crate) fn fadvise(
    file: BorrowedFd<'_>,
    range: &Range<u64>,
    advice: FileAdvice,
) -> io::Result<()> {
    if range.start > range.end {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "range is reversed",
        ));
    }
    let Some(len) = NonZeroU64::new(range.end - range.start) else {
        return Ok(());
    };
    let advice = match advice {
        FileAdvice::Sequential => rustix::fs::Advice::Sequential,
        FileAdvice::WillNeed => rustix::fs::Advice::WillNeed,
        FileAdvice::DontNeed => rustix::fs::Advice::DontNeed,
    };
    Ok(retry_on_intr(|| {
        rustix::fs::fadvise(file, range.start, Some(len), advice)
    })?)
}

/// A name must be one component: the traits promise that nothing else reaches the kernel.
fn component(name: &OsStr) -> io::Result<&OsStr> {
    let bytes = name.as_bytes();
    if bytes.is_empty() || bytes == b"." || bytes == b".." || bytes.contains(&b'/') {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a single file name",
        ));
    }
    Ok(name)
}

fn kind_of(file_type: FileType) -> FileKind {
    match file_type {
        FileType::RegularFile => FileKind::File,
        FileType::Directory => FileKind::Dir,
        FileType::Symlink => FileKind::Symlink,
        _ => FileKind::Other,
    }
}

fn to_stat(stat: &rustix::fs::Stat) -> io::Result<Stat> {
    let unsigned = |value: i64| {
        u64::try_from(value)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "negative file size"))
    };
    Ok(Stat {
        kind: kind_of(FileType::from_raw_mode(stat.st_mode)),
        id: FileId {
            dev: stat.st_dev,
            ino: stat.st_ino,
        },
        len: unsigned(stat.st_size)?,
        disk_bytes: unsigned(stat.st_blocks)?.saturating_mul(512),
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::fs;
    use std::io;
    use std::os::fd::AsFd;

    use super::{component, link_and_unlink, open_dir};

    #[test]
    fn a_rename_without_the_kernels_help_refuses_to_replace_as_well() {
        let scratch = tempfile::tempdir().unwrap();
        let path = |name| scratch.path().join(name);
        let dir = open_dir(scratch.path()).unwrap();
        let rename =
            |from: &str, to: &str| link_and_unlink(dir.as_fd(), from.as_ref(), to.as_ref());
        fs::write(path("temp"), b"new").unwrap();
        fs::write(path("taken"), b"old").unwrap();
        let refused = rename("temp", "taken").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(path("taken")).unwrap(), b"old");
        assert_eq!(fs::read(path("temp")).unwrap(), b"new");
        rename("temp", "free").unwrap();
        assert_eq!(fs::read(path("free")).unwrap(), b"new");
        assert!(!path("temp").exists());
    }

    #[test]
    fn only_single_names_reach_the_kernel() {
        for bad in ["", ".", "..", "a/b", "/a", "a/"] {
            let refused = component(OsStr::new(bad)).unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::InvalidInput, "{bad:?}");
        }
        for good in ["a", "...", ".a", "a b", "ä"] {
            assert_eq!(component(OsStr::new(good)).unwrap(), good);
        }
    }
}
