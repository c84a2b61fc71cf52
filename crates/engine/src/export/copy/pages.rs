//! The pages of a chunk, as their headers tell.
//!
//! Headers are read once, when the chunk is planned: whoever needs to know something about the pages
//! later on, the page index for instance, has it from here.

use pq_encode::{ChunkWalk, CopyError};
use pq_format::{PageHeader, PageKind, Statistics};
use table_reader::StoredGroup;

use crate::error::Result;
use crate::reading::column_error;

/// Bytes of half a page index, a bloom filter or a piece of a page header, at most.
const PART_LEN_MAX: u64 = 512 << 10;
/// Bytes that are read for a page header at first.
const HEADER_BYTES: u64 = 4 << 10;
/// The largest page header.
const HEADER_BYTES_MAX: u64 = PART_LEN_MAX;

/// All pages of a chunk.
#[derive(Debug)]
pub(super) struct Pages {
    pub(super) data: Vec<DataPage>,
    /// A page has a checksum: it is verified when the page is copied.
    pub(super) checksums: bool,
    pub(super) walk: ChunkWalk,
    start: u64,
    keep_told: bool,
    values: u64,
}

/// A data page.
#[derive(Debug)]
pub(super) struct DataPage {
    /// Offset of its header in the file.
    pub(super) offset: u64,
    /// Bytes of header and body.
    pub(super) len: u64,
    /// Values before it in the chunk: its first row, unless there are lists.
    pub(super) first_value: u64,
    pub(super) values: u64,
    /// The statistics in its header, if somebody needs them.
    pub(super) told: Option<Statistics>,
}

impl Pages {
    /// Of a chunk that starts at `start`. Without `keep_told`, what headers say about values is
    /// forgotten.
    pub(super) fn new(start: u64, keep_told: bool) -> Self {
        Self {
            data: Vec::new(),
            checksums: false,
            walk: ChunkWalk::new(start),
            start,
            keep_told,
            values: 0,
        }
    }

    /// Values of all data pages.
    pub(super) fn values(&self) -> u64 {
        self.values
    }

    /// Adds the next page; says where it ends.
    pub(super) fn add(
        &mut self,
        header: PageHeader,
        header_len: usize,
    ) -> std::result::Result<u64, CopyError> {
        let offset = self.start.saturating_add(self.walk.position());
        self.walk.page(&header, header_len)?;
        let end = self.start.saturating_add(self.walk.position());
        self.checksums |= header.crc.is_some();
        let (values, told) = match header.kind {
            PageKind::Data(h) => (h.num_values, h.statistics),
            PageKind::DataV2(h) => (h.num_values, h.statistics),
            PageKind::Dictionary(_) | PageKind::Other(_) => return Ok(end),
        };
        self.data.push(DataPage {
            offset,
            len: end - offset,
            first_value: self.values,
            values: values.into(),
            told: told.filter(|_| self.keep_told),
        });
        self.values = self.values.saturating_add(values.into());
        Ok(end)
    }
}

/// Bytes of a part of the file whose place the file itself says; `None` if that cannot be.
pub(super) fn part(group: &StoredGroup, offset: u64, len: u64) -> Result<Option<Vec<u8>>> {
    let end = offset.checked_add(len);
    if len > PART_LEN_MAX || end.is_none_or(|end| end > group.file_bytes()) {
        return Ok(None);
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    group.read(offset, &mut bytes).map_err(column_error)?;
    Ok(Some(bytes))
}

/// The page header at `at` of a chunk that ends at `end`, and its length.
pub(super) fn page_header(group: &StoredGroup, at: u64, end: u64) -> Result<(PageHeader, usize)> {
    let mut want = HEADER_BYTES;
    loop {
        let len = want.min(end.saturating_sub(at));
        let outside = || group.damage(&format_args!("page header at byte {at}"));
        let bytes = part(group, at, len)?.ok_or_else(outside)?;
        match PageHeader::read(&bytes) {
            Ok(read) => return Ok(read),
            Err(pq_format::FormatError::Truncated { .. })
                if len == want && want < HEADER_BYTES_MAX =>
            {
                want = (want * 8).min(HEADER_BYTES_MAX);
            }
            Err(error) => {
                let detail = format!("page header at byte {at}: {error}");
                return Err(group.damage(&detail).into());
            }
        }
    }
}
