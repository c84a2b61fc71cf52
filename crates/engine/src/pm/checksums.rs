//! The checksums of column chunks: made for a new sidecar, and held against the file.
//!
//! They cost a pass over the data, so nothing does that unasked: a sidecar has them on request, and
//! only `verify --against` reads every byte again.

use pm_format::{ChunkFacts, PmView, ScratchpadFacts, chunk_checksums_entry, chunk_crc};

use super::error::GenerateError;
use super::generate::{ReadAt, SidecarFacts};

/// Bytes of a chunk that are read at once.
const PIECE_LEN: u64 = 1 << 20;

impl SidecarFacts {
    /// Adds the CRC-32C of every column chunk's byte range to the snapshot.
    ///
    /// # Errors
    /// A chunk outside the file of `committed` bytes, more chunks than a scratchpad can list, and
    /// whatever `read_at` fails with.
    pub fn add_checksums(
        &mut self,
        committed: u64,
        read_at: &mut ReadAt<'_>,
    ) -> Result<(), GenerateError> {
        let mut crcs = Vec::new();
        for (row_group, group) in self.row_groups.iter().enumerate() {
            for (column, chunk) in group.chunks.iter().enumerate() {
                let range = (chunk.byte_range_start, chunk.total_compressed);
                let crc = range_crc(range, committed, read_at)?;
                crcs.push(crc.ok_or_else(|| outside(row_group, column, chunk, committed))?);
            }
        }
        let entry = chunk_checksums_entry(committed, &crcs).map_err(GenerateError::Build)?;
        self.snapshot.scratchpad = ScratchpadFacts::Replace(vec![entry]);
        Ok(())
    }
}

fn outside(row_group: usize, column: usize, chunk: &ChunkFacts, committed: u64) -> GenerateError {
    let (start, length) = (chunk.byte_range_start, chunk.total_compressed);
    GenerateError::Conversion {
        what: "column chunk",
        detail: format!(
            "row group {row_group}, column {column}: {length} bytes at {start} of {committed}"
        ),
    }
}

/// The CRC-32C of a range; `None` when it is not inside the first `committed` bytes.
fn range_crc(
    (start, length): (u64, u64),
    committed: u64,
    read_at: &mut ReadAt<'_>,
) -> Result<Option<u32>, GenerateError> {
    let Some(end) = start.checked_add(length).filter(|end| *end <= committed) else {
        return Ok(None);
    };
    let (mut at, mut crc) = (start, 0);
    while at < end {
        let want = (end - at).min(PIECE_LEN);
        let bytes = read_at(at, usize::try_from(want).unwrap_or(usize::MAX))?;
        if bytes.is_empty() {
            return Ok(None);
        }
        crc = chunk_crc(crc, &bytes);
        at += u64::try_from(bytes.len()).unwrap_or(want);
    }
    Ok(Some(crc))
}

/// Reads every chunk that the snapshot has a checksum for. Nothing to check is no finding.
#[must_use]
pub fn verify_chunks(view: &PmView<'_>, read_at: &mut ReadAt<'_>) -> Vec<String> {
    let Some(checksums) = view.chunk_checksums() else {
        return Vec::new();
    };
    let committed = view.parquet_file_size().unwrap_or(0);
    let mut findings = Vec::new();
    for row_group in 0..view.row_group_count() {
        // A block that cannot be read is a finding of `verify_sidecar`.
        let Ok(group) = view.row_group(row_group) else {
            continue;
        };
        for (column, chunk) in group.chunks().enumerate() {
            let place = format!("data.parquet, row group {row_group}, column {column}");
            let range = (chunk.byte_range_start(), chunk.total_compressed());
            let checked = match range_crc(range, committed, read_at) {
                Ok(Some(crc)) => checksums
                    .verify(row_group, column, crc)
                    .map_err(|error| error.to_string()),
                Ok(None) => Err(format!("{} bytes at {} are not there", range.1, range.0)),
                Err(error) => Err(error.to_string()),
            };
            findings.extend(checked.err().map(|error| format!("{place}: {error}")));
        }
    }
    findings
}
