//! Our own section of a snapshot: a CRC-32C of every column chunk's byte range in `data.parquet`.
//!
//! A reader that decodes one chunk can then tell whether its bytes are those that were described,
//! without reading the others. The section is an entry of the scratchpad (pm.md §20.3), which other
//! readers pass over and other writers carry along, also into snapshots whose chunks are not these:
//! so it names the Parquet size that it was made for, and counts for no other.
//!
//! Content: u64 Parquet file size, then one u32 a chunk, row group by row group, in column order.

use crate::error::PmError;
use crate::layout::SCRATCHPAD_LEN_MAX;
use crate::span::wide;
use crate::view::PmView;

/// Code of the scratchpad entry: ASCII `SLGC`, little-endian.
pub const CHUNK_CHECKSUMS_CODE: u32 = u32::from_le_bytes(*b"SLGC");
/// Bytes of a scratchpad in front of the content of its only entry: count, code, length.
const ENTRY_START: usize = 12;

/// Continues the CRC-32C of a chunk with its next bytes; starts from 0.
#[must_use]
pub fn chunk_crc(crc: u32, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc, bytes)
}

/// The scratchpad entry for a snapshot of `parquet_file_size` bytes whose chunks, row group by row
/// group and in column order, have these checksums.
///
/// # Errors
/// `InvalidValue` when there are more than a scratchpad holds, some 262,000.
pub fn chunk_checksums_entry(
    parquet_file_size: u64,
    crcs: &[u32],
) -> Result<(u32, Vec<u8>), PmError> {
    let room = (SCRATCHPAD_LEN_MAX - ENTRY_START - size_of::<u64>()) / size_of::<u32>();
    if crcs.len() > room {
        return Err(PmError::InvalidValue {
            field: "chunk checksums",
            offset: 0,
            found: wide(crcs.len()),
            expected: "as many as a scratchpad of 1 MiB holds",
        });
    }
    let mut content = parquet_file_size.to_le_bytes().to_vec();
    content.extend(crcs.iter().flat_map(|crc| crc.to_le_bytes()));
    Ok((CHUNK_CHECKSUMS_CODE, content))
}

/// The chunk checksums of a snapshot, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct ChunkChecksums<'a> {
    cells: &'a [[u8; 4]],
    columns: usize,
}

impl ChunkChecksums<'_> {
    /// The CRC-32C of a chunk; `None` beyond the last row group or column.
    #[must_use]
    pub fn get(&self, row_group: usize, column: usize) -> Option<u32> {
        let index = row_group.checked_mul(self.columns)?.checked_add(column)?;
        let cell = self.cells.get(index).filter(|_| column < self.columns)?;
        Some(u32::from_le_bytes(*cell))
    }

    /// Holds the checksum of a chunk's bytes, [`chunk_crc`], against the stored one.
    ///
    /// # Errors
    /// `ChecksumMismatch`, whose offset is 0; `InvalidValue` beyond the last row group or column.
    pub fn verify(&self, row_group: usize, column: usize, computed: u32) -> Result<(), PmError> {
        let stored = self
            .get(row_group, column)
            .ok_or_else(|| crate::view::out_of_range("chunk checksum", row_group))?;
        if stored == computed {
            return Ok(());
        }
        Err(PmError::ChecksumMismatch {
            offset: 0,
            stored,
            computed,
        })
    }
}

impl<'a> PmView<'a> {
    /// The chunk checksums, when the scratchpad has them for exactly this snapshot.
    #[must_use]
    pub fn chunk_checksums(&self) -> Option<ChunkChecksums<'a>> {
        let columns = self.column_count();
        let expected = self.row_group_count().checked_mul(columns)?;
        let own_size = self.parquet_file_size()?;
        let own = |content: &'a [u8]| {
            let (size, cells) = content.split_first_chunk::<8>()?;
            let (cells, rest) = cells.as_chunks::<4>();
            let fits = rest.is_empty() && cells.len() == expected;
            (fits && u64::from_le_bytes(*size) == own_size).then_some(cells)
        };
        let cells = self
            .scratchpad()?
            .entries()
            .filter(|(code, _)| *code == CHUNK_CHECKSUMS_CODE)
            .find_map(|(_, content)| own(content))?;
        Some(ChunkChecksums { cells, columns })
    }
}
