//! The four traits through which every byte of the product enters or leaves the process.
//!
//! They are the single place where a recorder, a fault injector or a crash simulator can stand, so
//! they are object safe, speak `std::io::Error`, and have no default methods: a wrapper that
//! forgets to forward one does not compile. Policy (what is read, mapped, evicted or published, and
//! which error a caller sees) lives above them, in `Root`, `Mapping` and `AtomicFile`; an
//! implementation only does what it is told, and retries calls that a signal interrupted.

mod heap;
mod types;

use std::ffi::OsStr;
use std::fmt::Debug;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

pub use types::{Access, DirEntry, FileAdvice, FileId, FileKind, Links, MapAdvice, Replace, Stat};

use crate::Trust;

/// A file system: the way in from a path to a [`Dir`]. Everything else is relative to a directory.
pub trait Vfs: Send + Sync + Debug + 'static {
    /// Opens the directory at `path`, following symbolic links.
    ///
    /// # Errors
    /// As the operating system reports them: not found, not a directory, permission denied.
    fn open_dir(&self, path: &Path) -> io::Result<Arc<dyn Dir>>;
}

/// An open directory. Every `name` is one path component: never empty, `.`, `..`, or with a `/`
/// (an implementation refuses those with [`io::ErrorKind::InvalidInput`]).
pub trait Dir: Send + Sync + Debug + 'static {
    /// Opens an existing file. A symbolic link at `name` is never followed (`ELOOP`), and opening
    /// never blocks (a FIFO is not waited for). The caller checks the kind of what was opened.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn open_file(&self, name: &OsStr, access: Access) -> io::Result<Arc<dyn File>>;

    /// Opens a directory below this one; `links` says whether `name` itself may be a link.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn open_dir(&self, name: &OsStr, links: Links) -> io::Result<Arc<dyn Dir>>;

    /// Creates a regular file that did not exist (`O_EXCL`), open for reading and writing.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if anything, a dangling link included, has that name.
    fn create_new(&self, name: &OsStr) -> io::Result<Arc<dyn File>>;

    /// Creates a directory that did not exist.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if anything has that name.
    fn create_dir(&self, name: &OsStr) -> io::Result<()>;

    /// All entries but `.` and `..`, in no particular order.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn list(&self) -> io::Result<Vec<DirEntry>>;

    /// Facts about `name`; `links` says whether a link is followed or described itself.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if there is nothing of that name.
    fn stat(&self, name: &OsStr, links: Links) -> io::Result<Stat>;

    /// Renames within this directory, atomically for every observer.
    ///
    /// # Errors
    /// With [`Replace::Refuse`], [`io::ErrorKind::AlreadyExists`] if anything is named `to`.
    fn rename(&self, from: &OsStr, to: &OsStr, replace: Replace) -> io::Result<()>;

    /// Removes the name of a file.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn unlink(&self, name: &OsStr) -> io::Result<()>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn remove_dir(&self, name: &OsStr) -> io::Result<()>;

    /// Makes the names in this directory durable (`fsync` of the directory).
    ///
    /// # Errors
    /// As the operating system reports them.
    fn sync(&self) -> io::Result<()>;
}

/// An open regular file. All access is positional: there is no cursor to share.
pub trait File: Send + Sync + Debug + 'static {
    /// Facts about the open file (`fstat`), whatever its name means by now.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn stat(&self) -> io::Result<Stat>;

    /// Reads up to `buf.len()` bytes at `off`; 0 means end of file. May return fewer.
    ///
    /// # Errors
    /// As the operating system reports them; never [`io::ErrorKind::Interrupted`].
    fn read_at(&self, off: u64, buf: &mut [u8]) -> io::Result<usize>;

    /// Writes up to `bytes.len()` bytes at `off`. May write fewer.
    ///
    /// # Errors
    /// As the operating system reports them; never [`io::ErrorKind::Interrupted`].
    fn write_at(&self, off: u64, bytes: &[u8]) -> io::Result<usize>;

    /// Makes content and length durable (`fsync`).
    ///
    /// # Errors
    /// As the operating system reports them. After an error nothing is known about the content.
    fn sync(&self) -> io::Result<()>;

    /// Maps exactly bytes `0..len` for reading. `len` is neither 0 nor beyond the file's length:
    /// the caller has checked. `trust` proves that the caller may assume the directory protocol.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn map(&self, len: u64, trust: &Trust) -> io::Result<Box<dyn Region>>;

    /// Advises the page cache about a byte range (`posix_fadvise`). Never changes content.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn advise(&self, range: Range<u64>, advice: FileAdvice) -> io::Result<()>;

    /// Starts writing dirty pages of the range to the device, and with `wait` also waits for them
    /// (`sync_file_range`). Not a durability guarantee: that is [`File::sync`].
    ///
    /// # Errors
    /// As the operating system reports them. An error reported here is *consumed*: a later
    /// [`File::sync`] may succeed, so the caller must treat the file as lost.
    fn writeback(&self, range: Range<u64>, wait: bool) -> io::Result<()>;
}

/// Mapped (or merely owned) bytes: what [`File::map`] returns. `bytes()` is the same slice at the
/// same address for the whole life of the value.
///
/// Byte ranges given to `advise` and `residency` start at a multiple of [`crate::page_size`], are
/// not reversed, and end at or before `bytes().len()`; implementations refuse others with
/// [`io::ErrorKind::InvalidInput`] before any system call.
pub trait Region: Send + Sync + Debug + 'static {
    /// The bytes, exactly as many as were asked for.
    fn bytes(&self) -> &[u8];

    /// Advises the kernel about the pages of a range (`madvise`). Never changes content.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn advise(&self, range: Range<u64>, advice: MapAdvice) -> io::Result<()>;

    /// Whether each page of the range is in memory (`mincore`): one byte a page into `pages`, 1 or
    /// 0. `pages` holds at least as many bytes as the range has pages. Faults nothing in.
    ///
    /// # Errors
    /// As the operating system reports them.
    fn residency(&self, range: Range<u64>, pages: &mut [u8]) -> io::Result<()>;

    /// Whether some byte that was read was not the file's (see [`crate::sigbus`]).
    fn is_poisoned(&self) -> bool;

    /// Whether this is memory mapped from the file (as opposed to a copy on the heap).
    fn is_mapped(&self) -> bool;
}
