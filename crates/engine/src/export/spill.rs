//! The file that pages spill to: beside the output, through the same file system, without a name.
//!
//! It is unlinked as soon as it exists, so that nothing is left whatever happens to the process. Pages
//! in memory are of use where there is room, since most are read back before they would be written. Under
//! a memory limit they take the place of what is being read, and cannot go while they are dirty: then each
//! is written back at once, and leaves memory when it was read.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mmap_io::{Dir, File, FileAdvice, Vfs};
use pq_encode::{SpillFile, TempFileStores};

use crate::target::Output;

/// Names to try: each is taken only by a process that died between two system calls.
const ATTEMPTS_MAX: usize = 100;

/// Stores whose file is made in the directory of `output` when the first page comes; for a stream in
/// `TMPDIR`, else `/var/tmp`, else the system's directory of temporary files, which is often in memory
/// and counts against the limit that the budget keeps. `tight`: there is a memory limit.
pub(crate) fn stores_beside(output: &Output, vfs: &dyn Vfs, tight: bool) -> TempFileStores {
    let dir = match output {
        Output::File(path) => match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
            _ => PathBuf::from("."),
        },
        Output::Writer(_) => temp_dir(),
    };
    // Opened now, since the file system of the output is only lent; looked at when a page comes.
    let dir = vfs.open_dir(&dir);
    TempFileStores::open_with(move || match &dir {
        Ok(dir) => Ok(Box::new(create(dir.as_ref(), tight)?)),
        Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
    })
}

/// A directory of temporary files, on a disk if there is a choice.
fn temp_dir() -> PathBuf {
    let disk = Path::new("/var/tmp");
    if std::env::var_os("TMPDIR").is_none() && disk.is_dir() {
        return disk.to_path_buf();
    }
    std::env::temp_dir()
}

fn create(dir: &dyn Dir, tight: bool) -> io::Result<Spill> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    for _ in 0..ATTEMPTS_MAX {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = OsString::from(format!(".sluicegate-spill-{}-{number}", std::process::id()));
        match dir.create_new(&name) {
            Ok(file) => {
                unlink(dir, &name)?;
                return Ok(Spill { file, tight });
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Tried twice: a name that stays would be left behind for good.
fn unlink(dir: &dyn Dir, name: &OsString) -> io::Result<()> {
    dir.unlink(name).inspect_err(|_| drop(dir.unlink(name)))
}

struct Spill {
    file: Arc<dyn File>,
    tight: bool,
}

impl SpillFile for Spill {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let (mut rest, mut at) = (bytes, offset);
        while !rest.is_empty() {
            let written = self.file.write_at(at, rest)?.min(rest.len());
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            at += u64::try_from(written).unwrap_or(0);
            rest = rest.get(written..).unwrap_or_default();
        }
        if self.tight {
            // A hint: what cannot be written back is read from memory, or is an error where it is read.
            let _ = self.file.writeback(offset..at, false);
        }
        Ok(())
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        let (mut filled, mut at) = (0, offset);
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            let read = self.file.read_at(at, rest)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            filled += read;
            at += u64::try_from(read).unwrap_or(0);
        }
        if self.tight {
            let _ = self.file.advise(offset..at, FileAdvice::DontNeed);
        }
        Ok(())
    }
}
