//! The small values that cross the `Vfs` traits.
//!
//! Kept apart from the traits so that those can be read in one sitting; none of them has behaviour
//! that could differ between a real and a simulated file system.

use std::ffi::OsString;
use std::fmt;

/// What a file is to the kernel, whatever its names: two opens with equal ids see the same bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct FileId {
    /// Device number (`st_dev`).
    pub dev: u64,
    /// Inode number (`st_ino`).
    pub ino: u64,
}

/// The kind of a directory entry or open file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link.
    Symlink,
    /// Anything else: FIFO, socket, device.
    Other,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "a regular file",
            Self::Dir => "a directory",
            Self::Symlink => "a symbolic link",
            Self::Other => "a FIFO, socket or device",
        })
    }
}

/// Facts about a file or directory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stat {
    /// What it is.
    pub kind: FileKind,
    /// Identity.
    pub id: FileId,
    /// Length in bytes (of a regular file; otherwise meaningless).
    pub len: u64,
    /// Bytes that the file occupies on disk (`st_blocks * 512`).
    pub disk_bytes: u64,
}

/// One entry of a directory listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DirEntry {
    /// File name, one component.
    pub name: OsString,
    /// Kind of the entry itself: a link is a [`FileKind::Symlink`], whatever it points to.
    pub kind: FileKind,
}

/// What a file is opened for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Access {
    /// Reading only.
    Read,
    /// Reading and writing.
    ReadWrite,
}

/// Whether a symbolic link in the last component is followed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Links {
    /// Follow it (only ever asked for directories).
    Follow,
    /// Refuse it, or describe the link itself.
    NoFollow,
}

/// What a rename does with an existing target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Replace {
    /// Fail with *already exists*, atomically.
    Refuse,
    /// Replace it, atomically.
    Allow,
}

/// Advice about mapped pages (`madvise`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MapAdvice {
    /// No special treatment.
    Normal,
    /// Read ahead aggressively, pages behind may go soon.
    Sequential,
    /// Read nothing ahead.
    Random,
    /// The pages will be needed soon.
    WillNeed,
    /// Read and map them in large pieces (`MADV_HUGEPAGE`): a fault reads 2 MiB from a multiple of
    /// that, if the file system and memory allow it as one page.
    Huge,
    /// Read the pages now, and wait for them (`MADV_POPULATE_READ`). Pages that the file does not have
    /// are an error and no signal.
    Populate,
    /// Unmap the pages; the next access reads them from the file again.
    DontNeed,
}

/// Advice about cached pages of a file (`posix_fadvise`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileAdvice {
    /// Read ahead aggressively.
    Sequential,
    /// The range will be needed soon.
    WillNeed,
    /// Drop clean, unmapped pages of the range from the page cache.
    DontNeed,
}
