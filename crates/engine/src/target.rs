//! Where results go: a file that appears complete or not at all, or a stream.
//!
//! The two fail differently when the table changes underneath. A file starts over with a new
//! snapshot, since nobody has seen it; a stream has been read by somebody and can only fail.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use mmap_io::{AtomicFile, FileKind, IoError, Vfs};

use crate::error::{Cause, EngineError, Result};
use crate::progress::Progress;

/// Where results go.
pub enum Output {
    /// A file, which appears complete and durable or not at all.
    File(PathBuf),
    /// A stream, which gets bytes as they are made. A failed export ends without a footer, so that
    /// no reader takes it for a file.
    Writer(Box<dyn Write + Send>),
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Writer(_) => f.write_str("Writer"),
        }
    }
}

/// Snapshots taken for one file before a busy table is given up.
const ATTEMPTS_MAX: u32 = 10;

/// How a file is published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Publish {
    /// Replace an existing file.
    pub(crate) force: bool,
    /// Make file and directory durable.
    pub(crate) sync: bool,
}

/// Runs `attempt` with a writer for `output` and publishes what it wrote.
///
/// `attempt` reads a snapshot of its own each time and must have validated it when it returns.
pub(crate) fn write_to<T>(
    vfs: &dyn Vfs,
    output: Output,
    publish: Publish,
    progress: &dyn Progress,
    mut attempt: impl FnMut(&mut dyn Write) -> Result<T>,
) -> Result<T> {
    match output {
        Output::File(path) => {
            let mut number = 1;
            loop {
                let file = create(vfs, &path, publish.force)?;
                match write_file(file, publish, &mut attempt) {
                    Err(error) if error.is_stale() && number < ATTEMPTS_MAX => {
                        number += 1;
                        progress.restart(number, &error.to_line());
                    }
                    Err(error) if error.is_stale() => return Err(unstable(error, number)),
                    done => return done,
                }
            }
        }
        Output::Writer(mut stream) => {
            let done = attempt(&mut stream)?;
            stream.flush()?;
            Ok(done)
        }
    }
}

fn write_file<T>(
    mut file: AtomicFile,
    publish: Publish,
    attempt: &mut impl FnMut(&mut dyn Write) -> Result<T>,
) -> Result<T> {
    let done = attempt(&mut file)?;
    file.publish(publish.sync, publish.force)
        .map_err(output_error)?;
    Ok(done)
}

/// Refuses an output that is in the way before any work is done for it.
fn create(vfs: &dyn Vfs, path: &Path, force: bool) -> Result<AtomicFile> {
    if let Some(kind) = existing(vfs, path)? {
        if !matches!(kind, FileKind::File | FileKind::Symlink) {
            let reason = format!("{} is not a regular file", path.display());
            return Err(Cause::BadOutput { reason }.into());
        }
        if !force {
            return Err(Cause::OutputExists {
                path: path.to_path_buf(),
            }
            .into());
        }
    }
    AtomicFile::create(vfs, path).map_err(output_error)
}

/// What has the name of the output, if anything. A missing directory is reported by the creation.
fn existing(vfs: &dyn Vfs, path: &Path) -> Result<Option<FileKind>> {
    let Some(name) = path.file_name() else {
        return Ok(None);
    };
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let Ok(dir) = vfs.open_dir(parent.unwrap_or(Path::new("."))) else {
        return Ok(None);
    };
    match dir.stat(name, mmap_io::Links::NoFollow) {
        Ok(stat) => Ok(Some(stat.kind)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Cause::Io(IoError::new(mmap_io::Op::Stat, path, error)).into()),
    }
}

fn output_error(error: IoError) -> EngineError {
    match error {
        IoError::AlreadyExists { path, .. } => Cause::OutputExists { path },
        other => Cause::Io(other),
    }
    .into()
}

fn unstable(error: EngineError, attempts: u32) -> EngineError {
    match error.into_cause() {
        Cause::Read(source) => Cause::Unstable { attempts, source }.into(),
        other => other.into(),
    }
}
