//! Where results go: a file that appears complete or not at all, or a stream.
//!
//! The two fail differently when the table changes underneath. A file starts over with a new
//! snapshot, since nobody has seen it; a stream has been read by somebody and can only fail.

use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};

use mmap_io::{AtomicFile, FileKind, IoError, ReadMode, Vfs, Writeback};

use crate::error::{Cause, EngineError, Result};
use crate::gathered::Gathered;
use crate::progress::Progress;
use crate::unfinished::Unfinished;

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

impl Output {
    /// The output, out of a request that is read on while the output is written.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Writer(Box::new(std::io::sink())))
    }
}

/// Snapshots taken for one file before a busy table is given up.
const ATTEMPTS_MAX: u32 = 10;

/// How a file is published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Publish<'a> {
    /// Replace an existing file.
    pub(crate) force: bool,
    /// Make file and directory durable.
    pub(crate) sync: bool,
    /// When written pages leave memory.
    pub(crate) writeback: Writeback,
    /// How the caller wants column files read: only under [`ReadMode::Auto`] another way is tried.
    pub(crate) read_mode: ReadMode,
    /// Who is told of the file under way.
    pub(crate) unfinished: &'a Unfinished,
}

/// How an attempt reads the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// As the caller asked.
    AsAsked,
    /// By positional reads: mapped bytes went away under the attempt before.
    Positional,
}

impl Reads {
    /// How column files are read if the caller asked for `asked`.
    pub(crate) fn mode(self, asked: ReadMode) -> ReadMode {
        match self {
            Self::AsAsked => asked,
            Self::Positional => ReadMode::Positional,
        }
    }
}

/// When written pages leave memory, if no limit says more.
pub(crate) fn writeback(sync: bool, drop_behind: bool) -> Writeback {
    match (sync, drop_behind) {
        (true, drop_behind) => Writeback::behind(drop_behind),
        (false, true) => Writeback::unhurried(true),
        // Neither the disk nor the cache was asked about.
        (false, false) => Writeback::default(),
    }
}

/// Runs `attempt` with a writer for `output` and publishes what it wrote.
///
/// `attempt` reads a snapshot of its own each time and must have validated it when it returns.
pub(crate) fn write_to<T>(
    vfs: &dyn Vfs,
    output: Output,
    publish: Publish<'_>,
    progress: &dyn Progress,
    mut attempt: impl FnMut(&mut (dyn Write + Send), Reads) -> Result<T>,
) -> Result<T> {
    match output {
        Output::File(path) => write_file(vfs, &path, publish, progress, &mut attempt),
        Output::Writer(mut stream) => {
            let done = attempt(&mut stream, Reads::AsAsked)?;
            stream.flush()?;
            Ok(done)
        }
    }
}

/// Writes a file, and starts over while that can help: a stale snapshot calls for a new one, up to
/// a limit; vanished bytes call for positional reads, once.
fn write_file<T>(
    vfs: &dyn Vfs,
    path: &Path,
    publish: Publish<'_>,
    progress: &dyn Progress,
    attempt: &mut impl FnMut(&mut (dyn Write + Send), Reads) -> Result<T>,
) -> Result<T> {
    let (mut number, mut vanished) = (1, None::<EngineError>);
    loop {
        let may_retry = publish.read_mode == ReadMode::Auto && vanished.is_none();
        let (announced, mut file) = publish.unfinished.create(|| create(vfs, path, publish))?;
        let reads = match vanished {
            None => Reads::AsAsked,
            Some(_) => Reads::Positional,
        };
        let mut gathered = Gathered::new(&mut file);
        let done = attempt(&mut gathered, reads).and_then(|done| {
            gathered.flush()?;
            Ok(done)
        });
        let done = done.and_then(|done| {
            file.publish(publish.sync, publish.force)
                .map_err(output_error)?;
            Ok(done)
        });
        match done {
            Ok(done) => {
                announced.published();
                return Ok(done);
            }
            Err(error) if error.is_stale() && number >= ATTEMPTS_MAX => {
                return Err(unstable(error, number));
            }
            Err(error) if error.is_stale() || may_retry && error.is_vanished() => {
                number += 1;
                progress.restart(number, &error.to_line());
                if error.is_vanished() {
                    vanished = Some(error);
                }
            }
            // That copies do not fit into memory is not all that there is to say.
            Err(error) if matches!(error.cause(), Cause::Budget { .. }) => {
                return Err(match vanished {
                    Some(vanished) => not_read_again(vanished, &error),
                    None => error,
                });
            }
            Err(error) => return Err(error),
        }
    }
}

/// Refuses an output that is in the way before any work is done for it.
fn create(vfs: &dyn Vfs, path: &Path, publish: Publish<'_>) -> Result<AtomicFile> {
    if let Some(kind) = existing(vfs, path)? {
        if !matches!(kind, FileKind::File | FileKind::Symlink) {
            let reason = format!("{} is not a regular file", path.display());
            return Err(Cause::BadOutput { reason }.into());
        }
        if !publish.force {
            return Err(Cause::OutputExists {
                path: path.to_path_buf(),
            }
            .into());
        }
    }
    let file = AtomicFile::create(vfs, path).map_err(output_error)?;
    Ok(file.with_writeback(publish.writeback))
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

/// Vanished bytes that could not be read in another way for want of memory.
fn not_read_again(vanished: EngineError, refusal: &EngineError) -> EngineError {
    let refusal = refusal.to_line();
    vanished.map_cause(|cause| match cause {
        Cause::Vanished(source) => Cause::NotReadAgain { source, refusal },
        other => other,
    })
}

fn unstable(error: EngineError, attempts: u32) -> EngineError {
    match error.into_cause() {
        Cause::Read(source) => Cause::Unstable { attempts, source }.into(),
        other => other.into(),
    }
}
