//! Which row groups become row groups of the output, and what of them is copied.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use column_format::{AUX_ARRAY_ENTRY_LEN, AUX_OFFSET_LEN, AUX_VARCHAR_ENTRY_LEN, Layout};
use pq_encode::{ChunkSource, ColumnSpec};
use pq_format::{BloomFilterHeader, ColumnMetaData};
use serde::Deserialize;
use table_reader::{Frame, RowSelection, StoredChunk, StoredGroup};

use super::index::indexes;
use super::reason::{Reason, Reasons};
use super::rules::{Rules, part};
use crate::error::Result;
use crate::export::request::ExportRequest;

/// Bytes that are read for the header of a bloom filter.
const BLOOM_HEADER_BYTES: u64 = 64;

/// A row group of the source that becomes one of the output.
#[derive(Debug)]
pub(crate) struct GroupCopy {
    pub(crate) stored: StoredGroup,
    /// One a column; `None`: its rows are encoded.
    pub(crate) chunks: Vec<Option<ChunkCopy>>,
}

/// A chunk to be copied.
#[derive(Debug)]
pub(crate) struct ChunkCopy {
    pub(crate) range: Range<u64>,
    pub(crate) source: ChunkSource,
    /// Bytes that its rows take in native files, as far as the file tells.
    pub(crate) native_bytes: u64,
}

/// Looks at each row group of a Parquet partition as it comes.
#[derive(Debug)]
pub(crate) struct CopyPlanner<'e> {
    request: &'e ExportRequest,
    specs: Vec<ColumnSpec>,
    /// Selected rows by partition.
    parts: BTreeMap<usize, Range<u64>>,
    /// Types by field, from the `questdb` entry of a partition's file.
    codes: Option<(usize, Arc<[i32]>)>,
    pub(crate) reasons: Reasons,
}

/// The `questdb` entry, as far as copying asks.
#[derive(Deserialize)]
struct Questdb {
    schema: Vec<Column>,
}

#[derive(Deserialize)]
struct Column {
    column_type: i32,
}

impl<'e> CopyPlanner<'e> {
    pub(crate) fn new(
        request: &'e ExportRequest,
        specs: Vec<ColumnSpec>,
        selection: &RowSelection,
    ) -> Self {
        let parts = selection.parts().iter();
        Self {
            request,
            specs,
            parts: parts.map(|p| (p.partition, p.row_lo..p.row_hi)).collect(),
            codes: None,
            reasons: Reasons::default(),
        }
    }

    /// What to do with the row group that starts with `frame`; `None` if its rows are encoded like
    /// those of native partitions, or if another row group is under way.
    pub(crate) fn plan(&mut self, frame: &Frame) -> Result<Option<GroupCopy>> {
        let Some(stored) = frame.stored_group() else {
            return Ok(None);
        };
        let rows = stored.rows();
        let selected = self.parts.get(&stored.partition_index());
        let whole = selected.is_some_and(|s| s.start <= rows.start && rows.end <= s.end);
        let starts = frame.row_lo() == selected.map_or(0, |s| s.start.max(rows.start));
        if !starts {
            return Ok(None);
        }
        if !whole {
            self.reasons.add(Reason::Range, self.columns());
            return Ok(None);
        }
        match self.chunks(&stored, rows.end - rows.start) {
            Ok(Some(chunks)) => Ok(Some(GroupCopy { stored, chunks })),
            Ok(None) => Ok(None),
            Err(error) if self.request.keep_codec => Err(error),
            // Nobody asked for copying: decoding says what is wrong, if anything is.
            Err(_) => {
                self.reasons.add(Reason::Footer, self.columns());
                Ok(None)
            }
        }
    }

    fn columns(&self) -> u64 {
        u64::try_from(self.specs.len()).unwrap_or(u64::MAX)
    }

    /// The chunks to copy, if there are any.
    fn chunks(
        &mut self,
        stored: &StoredGroup,
        rows: u64,
    ) -> Result<Option<Vec<Option<ChunkCopy>>>> {
        let codes = self.codes_of(stored)?;
        let rules = Rules {
            options: &self.request.writer,
            keep_codec: self.request.keep_codec,
        };
        let (mut chunks, mut refused) = (Vec::new(), Vec::new());
        let mut native_bytes = 0_u64;
        for (idx, spec) in self.specs.iter().enumerate() {
            let Some(chunk) = stored.chunk(idx)? else {
                native_bytes = native_bytes.saturating_add(native(spec, None, rows));
                chunks.push(None);
                continue;
            };
            let native = native(spec, Some(&chunk.chunk.meta), rows);
            native_bytes = native_bytes.saturating_add(native);
            let code = codes.get(chunk.field).copied();
            let copy = match rules.by_footer(spec, &chunk, code) {
                Ok(()) if rules.keep_codec || refused.is_empty() => {
                    copy_of(&rules, stored, spec, &chunk, (rows, native))?
                }
                Ok(()) => Err(Reason::RowGroup),
                Err(reason) => Err(reason),
            };
            chunks.push(copy.map_err(|reason| refused.push(reason)).ok());
        }
        let copied = chunks.iter().flatten().count();
        let fits = self.group_fits(stored, rows, native_bytes);
        let all = rules.keep_codec || refused.is_empty();
        for reason in refused {
            self.reasons.add(reason, 1);
        }
        if copied > 0 && fits && all {
            return Ok(Some(chunks));
        }
        let copied = u64::try_from(copied).unwrap_or(u64::MAX);
        self.reasons.add(Reason::RowGroup, copied);
        Ok(None)
    }

    /// Whether the row group is one that the options allow. Without `keep_codec` it must not be much
    /// smaller either than what the export would make of its rows.
    fn group_fits(&self, stored: &StoredGroup, rows: u64, native_bytes: u64) -> bool {
        let request = self.request;
        let most = rows <= request.row_group_rows
            && (native_bytes <= request.row_group_bytes || rows == 1);
        let full = request.keep_codec
            || stored.is_last()
            || rows.saturating_mul(2) > request.row_group_rows
            || native_bytes.saturating_mul(2) > request.row_group_bytes;
        most && full
    }

    /// Column types by field, as the file tells.
    fn codes_of(&mut self, stored: &StoredGroup) -> Result<Arc<[i32]>> {
        let partition = stored.partition_index();
        if let Some((_, codes)) = self.codes.as_ref().filter(|(p, _)| *p == partition) {
            return Ok(Arc::clone(codes));
        }
        let entry = stored.key_value("questdb")?;
        let entry = entry.and_then(|text| serde_json::from_str::<Questdb>(text).ok());
        let codes = entry.map_or_else(Vec::new, |e| e.schema);
        let codes: Arc<[i32]> = codes.iter().map(|c| c.column_type).collect();
        self.codes = Some((partition, Arc::clone(&codes)));
        Ok(codes)
    }
}

/// A chunk that the footer allows to copy, if its pages and its page index do so too.
fn copy_of(
    rules: &Rules<'_>,
    group: &StoredGroup,
    spec: &ColumnSpec,
    stored: &StoredChunk<'_>,
    (rows, native_bytes): (u64, u64),
) -> Result<std::result::Result<ChunkCopy, Reason>> {
    if let Err(reason) = rules.by_pages(group, stored)? {
        return Ok(Err(reason));
    }
    let (mut column_index, mut offset_index) = (None, None);
    if rules.wants_index() {
        match indexes(group, spec, stored)? {
            Ok((columns, offsets)) => {
                (column_index, offset_index) = (Some(columns), Some(offsets));
            }
            Err(reason) => return Ok(Err(reason)),
        }
    }
    let meta = &stored.chunk.meta;
    let range = meta.byte_range().map_err(|e| group.damage(&e))?;
    let statistics = rules.statistics(stored);
    Ok(Ok(ChunkCopy {
        range,
        native_bytes,
        source: ChunkSource {
            meta: ColumnMetaData {
                statistics,
                ..meta.clone()
            },
            rows,
            flat: stored.leaf.max_repetition == 0,
            offset_index,
            column_index,
            bloom_filter: bloom_of(group, meta)?,
        },
    }))
}

/// The bloom filter of a chunk. Some writers say only where it starts.
fn bloom_of(group: &StoredGroup, meta: &ColumnMetaData) -> Result<Option<Vec<u8>>> {
    let Some(offset) = meta.bloom_filter_offset else {
        return Ok(None);
    };
    let head = part(group, offset, BLOOM_HEADER_BYTES)?;
    let (header, len) = BloomFilterHeader::read(&head).map_err(|e| group.damage(&e))?;
    let len = u64::try_from(len).unwrap_or(u64::MAX);
    let len = len.saturating_add(header.num_bytes.into());
    if meta
        .bloom_filter_length
        .is_some_and(|told| u64::from(told) != len)
    {
        let told = meta.bloom_filter_length.unwrap_or(0);
        let detail = format!("bloom filter at {offset}: {told} bytes, its header says {len}");
        return Err(group.damage(&detail).into());
    }
    part(group, offset, len).map(Some)
}

/// Bytes that rows of a column take in native files. The length of texts is known as far as the
/// file tells.
fn native(spec: &ColumnSpec, meta: Option<&ColumnMetaData>, rows: u64) -> u64 {
    let entry = match spec.column_type.layout() {
        Layout::Fixed(width) => width,
        Layout::String | Layout::Binary => AUX_OFFSET_LEN,
        Layout::Varchar => AUX_VARCHAR_ENTRY_LEN,
        Layout::Array { .. } => AUX_ARRAY_ENTRY_LEN,
    };
    let entry = u64::try_from(entry).unwrap_or(u64::MAX);
    let values = match (spec.column_type.layout(), meta) {
        (Layout::Fixed(_), _) | (_, None) => 0,
        (_, Some(meta)) => meta
            .size_statistics
            .as_ref()
            .and_then(|s| s.unencoded_byte_array_data_bytes)
            .unwrap_or(meta.total_uncompressed_size),
    };
    rows.saturating_mul(entry).saturating_add(values)
}
