//! `pm generate`, `pm inspect` and `pm verify` over files.
//!
//! Generating never touches `_txn` or `data.parquet`, can be repeated, and skips what it cannot
//! read: migrating a database must not stop at one bad partition (S6).

use std::path::Path;
use std::sync::Arc;

use mmap_io::{AtomicFile, RootFile, Vfs};
use pm_format::{PmView, committed_size, resolve};
use serde::Serialize;
use table_reader::CancelToken;

use super::checksums::verify_chunks;
use super::error::GenerateError;
use super::files::{Found, PARQUET_NAME, ParquetFile, SIDECAR_NAME, find, is_missing, open_file};
use super::inspect::{Inspection, inspect};
use super::verify::{read_facts, verify_against, verify_sidecar};
use crate::error::{Cause, Result};
use crate::unfinished::Unfinished;

/// Longest sidecar that is read into memory.
const SIDECAR_LEN_MAX: u64 = 1 << 30;
/// Longest piece of a Parquet file that is read at once: a footer, or a bloom filter.
const PIECE_LEN_MAX: u64 = 1 << 30;
/// Why a sidecar is written where there is none.
const NO_SIDECAR: &str = "there was none";
/// A sidecar that is shorter than its commit word says is read again this often (pm.md §14.3).
const READ_ATTEMPTS_MAX: usize = 8;

/// What happened to one Parquet file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GenerateStatus {
    /// A new sidecar was written.
    Written,
    /// It would have been written, but for the dry run.
    WouldWrite,
    /// The sidecar that is there is right.
    Kept,
    /// No sidecar can be made.
    Skipped,
}

/// The outcome for one Parquet file.
#[derive(Clone, Debug, Serialize)]
pub struct GeneratedSidecar {
    /// The Parquet file, or the table that could not be read.
    pub path: String,
    /// What happened.
    pub status: GenerateStatus,
    /// Bytes of the sidecar; 0 when there is none.
    pub bytes: u64,
    /// Why: what was stale, or what is corrupt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The outcome of `pm generate`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct GenerateReport {
    /// One entry a Parquet file, in table order.
    pub files: Vec<GeneratedSidecar>,
}

impl GenerateReport {
    /// Files that ended in `status`.
    #[must_use]
    pub fn count(&self, status: GenerateStatus) -> usize {
        self.files.iter().filter(|f| f.status == status).count()
    }
}

/// What `pm generate` does beyond the default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GenerateOptions {
    /// Say what would be written, and write nothing.
    pub dry_run: bool,
    /// Add the CRC-32C of every column chunk, which takes a pass over the data. A sidecar that is
    /// right but has none is kept as it is.
    pub checksums: bool,
}

/// What stops `pm generate`, and what it leaves to whoever has to end the process.
#[derive(Clone, Debug, Default)]
pub struct GenerateStop {
    /// Asked between files and between the pieces of a file.
    pub cancel: CancelToken,
    /// Knows of the sidecar under way.
    pub unfinished: Unfinished,
}

/// Makes the missing and stale sidecars of a Parquet file, a table or a database root; everything
/// is read and written through `vfs`.
///
/// # Errors
/// When the target cannot be read at all, or [`Cause::Cancelled`]: sidecars that were written until
/// then are whole and stay. What fails for one file is in the report.
pub fn generate(
    vfs: &Arc<dyn Vfs>,
    target: &Path,
    options: GenerateOptions,
    stop: &GenerateStop,
) -> Result<GenerateReport> {
    let Found { files, unreadable } = find(vfs, target)?;
    let mut report = GenerateReport::default();
    for file in &files {
        let done = make_one(vfs, file, options, stop);
        if stop.cancel.is_cancelled() {
            return Err(Cause::Cancelled.into());
        }
        report.files.push(outcome(&file.path, done));
    }
    for (path, reason) in unreadable {
        report.files.push(outcome(&path, Err(reason)));
    }
    Ok(report)
}

/// Status, length and reason; an error says why the file is skipped, and never stops the others.
type Done = std::result::Result<(GenerateStatus, usize, Option<String>), String>;

fn outcome(path: &Path, done: Done) -> GeneratedSidecar {
    let (status, len, reason) =
        done.unwrap_or_else(|reason| (GenerateStatus::Skipped, 0, Some(reason)));
    GeneratedSidecar {
        path: path.display().to_string(),
        status,
        bytes: u64::try_from(len).unwrap_or(u64::MAX),
        reason,
    }
}

fn make_one(
    vfs: &Arc<dyn Vfs>,
    file: &ParquetFile,
    options: GenerateOptions,
    stop: &GenerateStop,
) -> Done {
    let parquet = open_file(vfs, &file.path).map_err(|e| e.to_line())?;
    let mut facts = read_facts(file.committed, &mut stoppable(&parquet, &stop.cancel))
        .map_err(|e| one_line(&e))?;
    let target = file.dir.join(SIDECAR_NAME);
    let stale = stale_reason(vfs, &target, file.committed, &parquet).map_err(|e| e.to_line())?;
    if options.checksums && stale.is_some() {
        facts
            .add_checksums(file.committed, &mut stoppable(&parquet, &stop.cancel))
            .map_err(|e| one_line(&e))?;
    }
    let image = facts.build().map_err(|e| one_line(&e))?;
    let Some(stale) = stale else {
        return Ok((GenerateStatus::Kept, image.len(), None));
    };
    // A partition has one Parquet file; the sidecar beside any other name may be that one's.
    let is_data = file
        .path
        .file_name()
        .is_some_and(|name| name == PARQUET_NAME);
    let missing = stale == NO_SIDECAR;
    if !is_data && !missing {
        return Err(format!(
            "the sidecar beside it describes another file: {stale}"
        ));
    }
    if options.dry_run {
        return Ok((GenerateStatus::WouldWrite, image.len(), Some(stale)));
    }
    // One that appeared in the meantime is its writer's, and newer.
    write_sidecar(vfs, &target, &image, !missing, &stop.unfinished).map_err(|e| e.to_line())?;
    Ok((GenerateStatus::Written, image.len(), Some(stale)))
}

fn write_sidecar(
    vfs: &Arc<dyn Vfs>,
    target: &Path,
    image: &[u8],
    replace: bool,
    unfinished: &Unfinished,
) -> Result<()> {
    let create = || AtomicFile::create(vfs.as_ref(), target).map_err(|e| Cause::Io(e).into());
    let (_announced, mut output) = unfinished.create(create)?;
    let written = output.append(image);
    let published = written.and_then(|()| output.publish(true, replace));
    published.map_err(Cause::Io)?;
    Ok(())
}

/// Why the sidecar at `path` does not serve the Parquet file of `committed` bytes; `None` when it
/// does.
fn stale_reason(
    vfs: &Arc<dyn Vfs>,
    path: &Path,
    committed: u64,
    parquet: &RootFile,
) -> Result<Option<String>> {
    let data = match open_file(vfs, path).and_then(|f| read_sidecar(&f)) {
        Ok(data) => data,
        Err(error) if is_missing(error.cause()) => return Ok(Some(NO_SIDECAR.to_owned())),
        Err(error) => return Err(error),
    };
    let view = match resolve(&data, committed) {
        Ok(view) => view,
        Err(error) => return Ok(Some(error.to_string())),
    };
    let mut findings = verify_sidecar(&data, Some(view.committed_size()));
    if findings.is_empty() {
        findings = verify_against(&view, committed, &mut reader(parquet));
    }
    Ok(findings.into_iter().next())
}

/// Reads a sidecar up to its committed size, again while a writer makes it longer.
fn read_sidecar(file: &RootFile) -> Result<Vec<u8>> {
    let mut data = file.read_to_end(SIDECAR_LEN_MAX).map_err(Cause::Io)?;
    for _ in 1..READ_ATTEMPTS_MAX {
        let have = u64::try_from(data.len()).unwrap_or(u64::MAX);
        if committed_size(&data).map_or(true, |committed| committed <= have) {
            break;
        }
        data = file.read_to_end(SIDECAR_LEN_MAX).map_err(Cause::Io)?;
    }
    Ok(data)
}

/// Positional reads of a Parquet file; fewer bytes at its end.
fn reader(file: &RootFile) -> impl FnMut(u64, usize) -> Result<Vec<u8>, GenerateError> + '_ {
    move |offset, len| {
        let left = file.len()?.saturating_sub(offset);
        let len = u64::try_from(len).unwrap_or(u64::MAX).min(left);
        Ok(file.read_vec(offset, len, PIECE_LEN_MAX)?)
    }
}

/// The same, until somebody asks to stop.
fn stoppable<'f>(
    file: &'f RootFile,
    cancel: &'f CancelToken,
) -> impl FnMut(u64, usize) -> Result<Vec<u8>, GenerateError> + 'f {
    let mut read = reader(file);
    move |offset, len| match cancel.is_cancelled() {
        true => Err(GenerateError::Cancelled),
        false => read(offset, len),
    }
}

fn one_line(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line = format!("{line}: {cause}");
        source = cause.source();
    }
    line
}

/// Everything that the sidecar at `path` says; `size` is a committed size to take instead of the
/// one at its offset 0.
///
/// # Errors
/// When the file cannot be read. Damage is part of the result.
pub fn inspect_file(vfs: &Arc<dyn Vfs>, path: &Path, size: Option<u64>) -> Result<Inspection> {
    Ok(inspect(&read_sidecar(&open_file(vfs, path)?)?, size))
}

/// What is wrong with the sidecar at `path`: with itself, and, given a Parquet file, with what it
/// says about it, down to the chunks that it has checksums of. Empty when all is well.
///
/// # Errors
/// When a file cannot be read.
pub fn verify_file(
    vfs: &Arc<dyn Vfs>,
    path: &Path,
    size: Option<u64>,
    against: Option<&Path>,
) -> Result<Vec<String>> {
    let data = read_sidecar(&open_file(vfs, path)?)?;
    let mut findings = verify_sidecar(&data, size);
    let Some(against) = against else {
        return Ok(findings);
    };
    let parquet = open_file(vfs, against)?;
    let newest = size.map_or_else(|| committed_size(&data), Ok);
    if let Ok(view) = newest.and_then(|size| PmView::open(&data, size)) {
        let length = parquet.len().map_err(Cause::Io)?;
        findings.extend(verify_against(&view, length, &mut reader(&parquet)));
        findings.extend(verify_chunks(&view, &mut reader(&parquet)));
    }
    Ok(findings)
}
