//! What is in a `data.parquet` of a committed length: from `_pm`, else from the footer.
//!
//! A sidecar counts only if a snapshot of it describes exactly this length, its checksum holds and
//! it has the rows of the commit. Everything else about it is no error: the footer is there.

use mmap_io::ScanProfile;
use pm_format::resolve;
use pq_decode::{FileFacts, FileIndexes};
use pq_format::{FileMetaData, TAIL_LEN};

use super::partition::Opening;
use super::pinned::ParquetFiles;
use crate::error::ReadError;
use crate::files::committed_error;
use crate::options::ParquetFacts;
use crate::partition::PartitionInfo;
use crate::small::SMALL_LEN_MAX;

/// Facts that agree with the commit, and what the footer says beside them if it was read.
pub(super) fn read(
    files: &ParquetFiles,
    opening: &Opening<'_>,
    profile: ScanProfile,
) -> Result<(FileFacts, FileIndexes), ReadError> {
    let (info, source) = (opening.info, opening.source);
    let error = |file: &std::path::Path, detail: String| ReadError::Parquet {
        partition: info.name.clone(),
        file: file.to_path_buf(),
        detail,
    };
    if source != ParquetFacts::Footer {
        match by_sidecar(files, info, profile) {
            Ok(facts) => return Ok((facts, FileIndexes::default())),
            Err(detail) if source == ParquetFacts::Sidecar => {
                return Err(error(&files.dir.path().join("_pm"), detail));
            }
            Err(_) => {}
        }
    }
    let (facts, indexes) = by_footer(files)
        .map_err(|e| committed_error(opening.txn, e))?
        .map_err(|detail| error(files.data.path(), detail))?;
    match facts.rows() == info.rows {
        true => Ok((facts, indexes)),
        false => Err(error(
            files.data.path(),
            format!("{} rows committed, {} found", info.rows, facts.rows()),
        )),
    }
}

fn by_sidecar(
    files: &ParquetFiles,
    info: &PartitionInfo,
    profile: ScanProfile,
) -> Result<FileFacts, String> {
    let file = files.dir.file("_pm").map_err(|e| e.to_string())?;
    // Where the profile evicts, what was not in memory leaves it when this is dropped.
    let _manners = profile
        .evicts()
        .then(|| file.ranges(file.len()?, ScanProfile::Frugal));
    let bytes = file.read_to_end(SMALL_LEN_MAX).map_err(|e| e.to_string())?;
    let view = resolve(&bytes, files.len).map_err(|e| e.to_string())?;
    view.verify_crc().map_err(|e| e.to_string())?;
    let facts = FileFacts::from_sidecar(&view).map_err(|e| e.to_string())?;
    match facts.rows() == info.rows {
        true => Ok(facts),
        false => Err(format!(
            "{} rows committed, {} found",
            info.rows,
            facts.rows()
        )),
    }
}

/// Facts and places of a footer, or what is wrong with it.
type Found = Result<(FileFacts, FileIndexes), String>;

fn by_footer(files: &ParquetFiles) -> Result<Found, mmap_io::IoError> {
    let meta = footer(files)?;
    Ok(meta.and_then(|meta| {
        let facts = FileFacts::from_footer(&meta).map_err(|e| e.to_string())?;
        Ok((facts, FileIndexes::from_footer(&meta)))
    }))
}

/// The footer of the committed bytes. The outer error is the system's, the inner one the file's.
pub(super) fn footer(
    files: &ParquetFiles,
) -> Result<Result<FileMetaData, String>, mmap_io::IoError> {
    let (start, len) = match footer_place(files)? {
        Ok(place) => place,
        Err(detail) => return Ok(Err(detail)),
    };
    let bytes = files.data.read_vec(start, len, SMALL_LEN_MAX)?;
    Ok(pq_format::read_metadata(&bytes).map_err(|e| e.to_string()))
}

/// Heap bytes that the footer of the committed bytes will take with all that is made of it; 0 if there
/// is none, which is told when it is read.
pub(crate) fn footer_heap_bytes(
    files: &ParquetFiles,
    profile: ScanProfile,
) -> Result<u64, mmap_io::IoError> {
    // Where the profile evicts, the page that this reads leaves memory when this is dropped.
    let _manners = match profile.evicts() {
        true => Some(files.data.ranges(files.len, ScanProfile::Frugal)?),
        false => None,
    };
    let len = footer_place(files)?.map_or(0, |(_, len)| len);
    let factor = u64::try_from(pq_decode::FOOTER_HEAP_FACTOR).unwrap_or(u64::MAX);
    Ok(len.saturating_mul(factor))
}

/// Offset and length of the footer.
fn footer_place(files: &ParquetFiles) -> Result<Result<(u64, u64), String>, mmap_io::IoError> {
    let tail_len = TAIL_LEN as u64;
    let Some(tail_off) = files.len.checked_sub(tail_len) else {
        return Ok(Err(format!("{} bytes committed", files.len)));
    };
    let mut tail = [0u8; TAIL_LEN];
    files.data.read_exact_at(tail_off, &mut tail)?;
    let len = match pq_format::footer_len(tail) {
        Ok(len) => u64::from(len),
        Err(e) => return Ok(Err(e.to_string())),
    };
    let start = tail_off.checked_sub(len).filter(|_| len <= SMALL_LEN_MAX);
    let place = start.map(|start| (start, len));
    Ok(place.ok_or_else(|| format!("footer of {len} bytes in {} bytes", files.len)))
}
