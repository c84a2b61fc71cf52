//! `AtomicFile`: a file that appears whole, under its name, or not at all.
//!
//! The bytes go to a file of an unpredictable name beside the target (same directory, so the rename
//! is atomic), and the target's name is only touched by the rename. What `publish` reports as done
//! survives a power cut; a writer that is dropped without it, by an error or a cancel, leaves
//! nothing.

use std::collections::hash_map::RandomState;
use std::ffi::{OsStr, OsString};
use std::hash::BuildHasher;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{IoError, Op};
use crate::vfs::{Dir, File, Links, Replace, Vfs};

mod behind;

use behind::Behind;

/// The largest single write; longer pieces are cut.
const WRITE_LEN_MAX: usize = 1024 * 1024;
/// Bytes of the target's name that go into the temporary name (a name has at most 255).
const STEM_LEN_MAX: usize = 128;
/// Attempts to find a free temporary name. With 128 random bits the second is never needed; a file
/// system that always says "exists" must not make a loop.
const NAME_ATTEMPTS_MAX: usize = 8;

/// When written bytes leave memory while the file is still being written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Writeback {
    /// Start writeback whenever this many more bytes are written. 0 leaves it to the kernel.
    pub step_bytes: u64,
    /// Wait for the disk when it is so many bytes behind (one step at least): no more are dirty. A disk
    /// that is slower than the writer is then what the writer is as fast as.
    pub lag_bytes: u64,
    /// Also drop written-back pages from the page cache.
    pub drop_behind: bool,
    /// A thread of its own does this. Not if the disk may be but a few steps behind.
    pub apart: bool,
}

impl Writeback {
    /// Steps of 8 MiB, large enough for any device, and a disk that may be 64 MiB behind: small enough
    /// that the final `fsync` is short.
    #[must_use]
    pub fn behind(drop_behind: bool) -> Self {
        Self {
            step_bytes: STEP_BYTES,
            lag_bytes: 8 * STEP_BYTES,
            drop_behind,
            apart: false,
        }
    }

    /// The same for a file that nobody waits for: no `fsync` follows, so the disk may be 512 MiB
    /// behind. Pages are dropped as far as they are written by then.
    #[must_use]
    pub fn unhurried(drop_behind: bool) -> Self {
        Self {
            lag_bytes: 64 * STEP_BYTES,
            ..Self::behind(drop_behind)
        }
    }
}

/// Bytes of a step.
const STEP_BYTES: u64 = 8 * 1024 * 1024;

/// What was published.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Published {
    /// The target.
    pub path: PathBuf,
    /// Its length in bytes.
    pub len: u64,
}

/// A file in the making. Implements [`io::Write`], unbuffered: give it large pieces.
#[derive(Debug)]
pub struct AtomicFile {
    dir: Arc<dyn Dir>,
    dir_path: PathBuf,
    file: Arc<dyn File>,
    target_name: OsString,
    target: PathBuf,
    temp_name: OsString,
    len: u64,
    behind: Behind,
    failed: bool,
    /// Whether the temporary name is still ours to remove.
    temp_exists: bool,
}

impl AtomicFile {
    /// Creates the temporary file beside `target`, whose directory must exist.
    ///
    /// # Errors
    /// [`IoError::BadPath`] if `target` names no file; [`IoError::NotFound`] if its directory does
    /// not exist; [`IoError::PermissionDenied`], [`IoError::NoSpace`], ….
    pub fn create(vfs: &dyn Vfs, target: &Path) -> Result<Self, IoError> {
        let refuse = |reason| IoError::BadPath {
            path: target.to_path_buf(),
            op: Op::Create,
            reason,
        };
        let target_name = target
            .file_name()
            .ok_or_else(|| refuse("it names no file"))?;
        if target.as_os_str().as_bytes().ends_with(b"/") {
            return Err(refuse("it names a directory"));
        }
        let parent = target
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        let dir_path = parent.unwrap_or(Path::new(".")).to_path_buf();
        let dir = vfs
            .open_dir(&dir_path)
            .map_err(|e| IoError::new(Op::OpenDir, &dir_path, e))?;
        let (temp_name, file) = create_temp(dir.as_ref(), target_name)
            .map_err(|e| IoError::new(Op::Create, target, e))?;
        Ok(Self {
            behind: Behind::new(Arc::clone(&file), Writeback::default()),
            dir,
            dir_path,
            file,
            target_name: target_name.to_owned(),
            target: target.to_path_buf(),
            temp_name,
            len: 0,
            failed: false,
            temp_exists: true,
        })
    }

    /// Sets when written bytes leave memory, before anything is written.
    #[must_use]
    pub fn with_writeback(mut self, writeback: Writeback) -> Self {
        self.behind = Behind::new(Arc::clone(&self.file), writeback);
        self
    }

    /// Path of the temporary file, for whoever has to end the process before it is published.
    #[must_use]
    pub fn temp_path(&self) -> PathBuf {
        self.dir_path.join(&self.temp_name)
    }

    /// The target's path.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Bytes written so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether the target's name is taken now (by anything, a dangling link included). A chance to
    /// refuse before the work; [`AtomicFile::publish`] refuses for certain.
    ///
    /// # Errors
    /// As the operating system reports them.
    pub fn target_exists(&self) -> Result<bool, IoError> {
        match self.dir.stat(&self.target_name, Links::NoFollow) {
            Ok(_) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(IoError::new(Op::Stat, &self.target, e)),
        }
    }

    /// Appends `bytes`.
    ///
    /// # Errors
    /// [`IoError::NoSpace`], …; after an error the file can neither be continued nor published.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), IoError> {
        if self.failed {
            return Err(IoError::WriterFailed {
                path: self.target.clone(),
                op: Op::Write,
            });
        }
        let appended = self.append_pieces(bytes).and_then(|()| {
            let reached = self.behind.reach(self.len);
            reached.map_err(|e| IoError::new(Op::Writeback, &self.target, e))
        });
        self.failed = appended.is_err();
        appended
    }

    /// Gives the file its name: with `sync`, file and directory are made durable. Unless `replace`,
    /// an existing target is left alone, atomically. On error nothing is left behind (only if the
    /// directory cannot be synced after an existing target was replaced is the new file, complete
    /// but not known to be durable, already in place).
    ///
    /// # Errors
    /// [`IoError::AlreadyExists`] if the target exists and `replace` is false;
    /// [`IoError::WriterFailed`] after a failed write; otherwise as the system reports them.
    pub fn publish(mut self, sync: bool, replace: bool) -> Result<Published, IoError> {
        if self.failed {
            return Err(IoError::WriterFailed {
                path: self.target.clone(),
                op: Op::Rename,
            });
        }
        self.behind
            .join()
            .map_err(|e| IoError::new(Op::Writeback, &self.target, e))?;
        if sync {
            self.file
                .sync()
                .map_err(|e| IoError::new(Op::SyncFile, &self.target, e))?;
        }
        self.behind.finish(self.len, sync);
        let how = if replace {
            Replace::Allow
        } else {
            Replace::Refuse
        };
        self.dir
            .rename(&self.temp_name, &self.target_name, how)
            .map_err(|e| IoError::new(Op::Rename, &self.target, e))?;
        self.temp_exists = false;
        if sync && let Err(e) = self.dir.sync() {
            if !replace {
                // The name is not durable, so it must not look as if it were.
                let _ = self.dir.unlink(&self.target_name);
            }
            return Err(IoError::new(Op::SyncDir, &self.dir_path, e));
        }
        Ok(Published {
            path: self.target.clone(),
            len: self.len,
        })
    }

    fn append_pieces(&mut self, bytes: &[u8]) -> Result<(), IoError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let piece = rest.get(..WRITE_LEN_MAX).unwrap_or(rest);
            let written = match self.file.write_at(self.len, piece) {
                Ok(0) => Err(io::Error::from(io::ErrorKind::WriteZero)),
                Ok(n) => Ok(n.min(piece.len())),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => Ok(0),
                Err(e) => Err(e),
            };
            let written = written.map_err(|e| IoError::new(Op::Write, &self.target, e))?;
            rest = rest.get(written..).unwrap_or_default();
            self.len += written as u64;
        }
        Ok(())
    }
}

impl io::Write for AtomicFile {
    /// Writes all of `bytes`. The error is an [`IoError`] inside ([`IoError::find_in`]).
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(bytes)?;
        Ok(bytes.len())
    }

    /// Nothing is buffered here, and durability is [`AtomicFile::publish`].
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        self.behind.give_up();
        if self.temp_exists {
            // Nobody is left to hear of a failure.
            let _ = self.dir.unlink(&self.temp_name);
        }
    }
}

fn create_temp(dir: &dyn Dir, target_name: &OsStr) -> io::Result<(OsString, Arc<dyn File>)> {
    let mut attempt_count = 0;
    loop {
        let name = temp_name(target_name);
        attempt_count += 1;
        match dir.create_new(&name) {
            Ok(file) => return Ok((name, file)),
            Err(e)
                if e.kind() == io::ErrorKind::AlreadyExists
                    && attempt_count < NAME_ATTEMPTS_MAX => {}
            Err(e) => return Err(e),
        }
    }
}

/// `.<target>.<32 hex digits>.tmp`. The digits come from std's hash keys, which the operating
/// system seeds and nobody outside the process sees.
fn temp_name(target_name: &OsStr) -> OsString {
    let target = target_name.as_bytes();
    let stem = target.get(..STEM_LEN_MAX).unwrap_or(target);
    let random = || RandomState::new().hash_one(target);
    let mut name = vec![b'.'];
    name.extend_from_slice(stem);
    name.extend_from_slice(format!(".{:016x}{:016x}.tmp", random(), random()).as_bytes());
    OsString::from_vec(name)
}
