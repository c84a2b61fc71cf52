//! `IoError`: what went wrong, doing what, to which path.
//!
//! The traits speak `std::io::Error`, which names neither file nor operation. Everything above them
//! speaks this type, whose variants are the cases on which a caller acts: a missing column file, a
//! link where none is allowed, a file shorter than what was committed, no space left.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::vfs::FileKind;

/// The operation that failed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Op {
    /// Opening a directory.
    OpenDir,
    /// Opening a file.
    Open,
    /// Creating a file.
    Create,
    /// Asking for length or kind.
    Stat,
    /// Listing a directory.
    List,
    /// Reading.
    Read,
    /// Writing.
    Write,
    /// Mapping.
    Map,
    /// Advising the kernel about pages.
    Advise,
    /// Asking which pages are in memory.
    Residency,
    /// Starting or awaiting writeback.
    Writeback,
    /// `fsync` of a file.
    SyncFile,
    /// `fsync` of a directory.
    SyncDir,
    /// Renaming into place.
    Rename,
    /// Removing a name.
    Unlink,
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenDir => "open directory",
            Self::Open => "open",
            Self::Create => "create",
            Self::Stat => "stat",
            Self::List => "list",
            Self::Read => "read",
            Self::Write => "write",
            Self::Map => "map",
            Self::Advise => "advise",
            Self::Residency => "query residency of",
            Self::Writeback => "write back",
            Self::SyncFile => "sync",
            Self::SyncDir => "sync directory",
            Self::Rename => "rename into place",
            Self::Unlink => "remove",
        })
    }
}

/// Any failure of this crate. Always names the path and the operation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IoError {
    /// Nothing has that name.
    #[error("cannot {op} {path:?}: not found")]
    NotFound {
        /// What was asked for.
        path: PathBuf,
        /// What was attempted.
        op: Op,
        /// The system's error.
        source: io::Error,
    },
    /// Something has that name already.
    #[error("cannot {op} {path:?}: it exists already")]
    AlreadyExists {
        /// The occupied name.
        path: PathBuf,
        /// What was attempted.
        op: Op,
        /// The system's error.
        source: io::Error,
    },
    /// A symbolic link where only a file is allowed.
    #[error("cannot {op} {path:?}: it is a symbolic link")]
    IsSymlink {
        /// The link.
        path: PathBuf,
        /// What was attempted.
        op: Op,
        /// The system's error.
        source: io::Error,
    },
    /// A file where a directory is needed.
    #[error("cannot {op} {path:?}: not a directory")]
    NotADirectory {
        /// The path.
        path: PathBuf,
        /// What was attempted.
        op: Op,
        /// The system's error.
        source: io::Error,
    },
    /// A directory, FIFO, socket or device where a regular file is needed.
    #[error("cannot {op} {path:?}: not a regular file but {found}")]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What was attempted.
        op: Op,
        /// What it is.
        found: FileKind,
    },
    /// The process may not do that.
    #[error("cannot {op} {path:?}: permission denied")]
    PermissionDenied {
        /// The path.
        path: PathBuf,
        /// What was attempted.
        op: Op,
        /// The system's error.
        source: io::Error,
    },
    /// The device or the quota is full.
    #[error("cannot {op} {path:?}: no space left")]
    NoSpace {
        /// The path.
        path: PathBuf,
        /// What was attempted.
        op: Op,
        /// The system's error.
        source: io::Error,
    },
    /// The process or the system is out of descriptors.
    #[error("cannot {op} {path:?}: too many open files")]
    TooManyFiles {
        /// The path.
        path: PathBuf,
        /// What was attempted.
        op: Op,
        /// The system's error.
        source: io::Error,
    },
    /// The system has no memory, address space or room in its table of mappings for one more.
    #[error(
        "cannot {op} {path:?}: no memory, or more mappings than vm.max_map_count allows; read without mapping, or raise it"
    )]
    TooManyMappings {
        /// The path.
        path: PathBuf,
        /// What was attempted.
        op: Op,
        /// The system's error.
        source: io::Error,
    },
    /// The file is shorter than what is to be read or mapped; found before any byte is used.
    #[error("cannot {op} {path:?}: needs {needed} bytes, has {found}")]
    TooShort {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        op: Op,
        /// End of the range that was asked for, in bytes from the start of the file.
        needed: u64,
        /// Bytes that the file has.
        found: u64,
    },
    /// The file is longer than the reader's limit for its kind.
    #[error("cannot {op} {path:?}: {found} bytes are more than the limit of {limit}")]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        op: Op,
        /// The limit in bytes.
        limit: u64,
        /// Bytes that the file has, or that were asked for.
        found: u64,
    },
    /// A byte range outside the mapping, or reversed. No system call was made.
    #[error("cannot {op} {path:?}: bytes {lo}..{hi} are outside its {len} mapped bytes")]
    OutOfRange {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        op: Op,
        /// Start of the range.
        lo: u64,
        /// End of the range.
        hi: u64,
        /// Length of the mapping in bytes.
        len: u64,
    },
    /// A page of the mapping could not be read (the file was shortened, or the device failed):
    /// zeros were read in its place, and whatever was made of them must be thrown away.
    #[error("cannot {op} {path:?}: pages vanished under the mapping")]
    Poisoned {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        op: Op,
    },
    /// Memory for a positional read could not be had.
    #[error("cannot {op} {path:?}: no memory for {bytes} bytes")]
    OutOfMemory {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        op: Op,
        /// Bytes that were needed.
        bytes: u64,
    },
    /// A path that is not allowed here: absolute, empty, with `..`, or without a file name.
    #[error("cannot {op} {path:?}: {reason}")]
    BadPath {
        /// The path.
        path: PathBuf,
        /// What was attempted.
        op: Op,
        /// Why it is refused.
        reason: &'static str,
    },
    /// An earlier write of this file failed, so it cannot be continued or published.
    #[error("cannot {op} {path:?}: an earlier write failed")]
    WriterFailed {
        /// The file.
        path: PathBuf,
        /// What was attempted.
        op: Op,
    },
    /// Any other error of the system.
    #[error("cannot {op} {path:?}: {source}")]
    Other {
        /// The path.
        path: PathBuf,
        /// What was attempted.
        op: Op,
        /// The system's error.
        source: io::Error,
    },
}

impl IoError {
    /// Names path and operation of a system error, and sorts it into its variant.
    #[must_use]
    pub fn new(op: Op, path: &Path, source: io::Error) -> Self {
        use io::ErrorKind as K;
        let path = path.to_path_buf();
        if source.raw_os_error() == Some(libc::ELOOP) {
            return Self::IsSymlink { path, op, source };
        }
        if matches!(source.raw_os_error(), Some(libc::EMFILE | libc::ENFILE)) {
            return Self::TooManyFiles { path, op, source };
        }
        if op == Op::Map && source.raw_os_error() == Some(libc::ENOMEM) {
            return Self::TooManyMappings { path, op, source };
        }
        match source.kind() {
            K::NotFound => Self::NotFound { path, op, source },
            K::AlreadyExists => Self::AlreadyExists { path, op, source },
            K::NotADirectory => Self::NotADirectory { path, op, source },
            K::IsADirectory => Self::NotAFile {
                path,
                op,
                found: FileKind::Dir,
            },
            K::PermissionDenied => Self::PermissionDenied { path, op, source },
            K::StorageFull | K::QuotaExceeded => Self::NoSpace { path, op, source },
            _ => Self::Other { path, op, source },
        }
    }

    /// The path that the error is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.parts().0
    }

    /// The operation that failed.
    #[must_use]
    pub fn op(&self) -> Op {
        self.parts().1
    }

    /// The kind that a `std::io::Error` of the same meaning has.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        use io::ErrorKind as K;
        match self {
            Self::NotFound { source, .. }
            | Self::AlreadyExists { source, .. }
            | Self::IsSymlink { source, .. }
            | Self::NotADirectory { source, .. }
            | Self::PermissionDenied { source, .. }
            | Self::NoSpace { source, .. }
            | Self::TooManyFiles { source, .. }
            | Self::TooManyMappings { source, .. }
            | Self::Other { source, .. } => source.kind(),
            Self::TooShort { .. } => K::UnexpectedEof,
            Self::TooLarge { .. } | Self::Poisoned { .. } => K::InvalidData,
            Self::OutOfRange { .. } | Self::BadPath { .. } | Self::NotAFile { .. } => {
                K::InvalidInput
            }
            Self::OutOfMemory { .. } => K::OutOfMemory,
            Self::WriterFailed { .. } => K::Other,
        }
    }

    /// Finds the `IoError` inside a `std::io::Error` that one was turned into, e.g. by the
    /// `io::Write` of [`crate::AtomicFile`].
    #[must_use]
    pub fn find_in(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }

    fn parts(&self) -> (&Path, Op) {
        match self {
            Self::NotFound { path, op, .. }
            | Self::AlreadyExists { path, op, .. }
            | Self::IsSymlink { path, op, .. }
            | Self::NotADirectory { path, op, .. }
            | Self::NotAFile { path, op, .. }
            | Self::PermissionDenied { path, op, .. }
            | Self::NoSpace { path, op, .. }
            | Self::TooManyFiles { path, op, .. }
            | Self::TooManyMappings { path, op, .. }
            | Self::TooShort { path, op, .. }
            | Self::TooLarge { path, op, .. }
            | Self::OutOfRange { path, op, .. }
            | Self::Poisoned { path, op }
            | Self::OutOfMemory { path, op, .. }
            | Self::BadPath { path, op, .. }
            | Self::WriterFailed { path, op }
            | Self::Other { path, op, .. } => (path, *op),
        }
    }
}

impl From<IoError> for io::Error {
    fn from(error: IoError) -> Self {
        Self::new(error.kind(), error)
    }
}
