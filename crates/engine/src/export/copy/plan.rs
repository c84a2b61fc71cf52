//! Which row groups become row groups of the output, and what of them is copied.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use column_format::{
    AUX_ARRAY_ENTRY_LEN, AUX_OFFSET_LEN, AUX_VARCHAR_ENTRY_LEN, ColumnType, Layout,
};
use pq_encode::{ChunkSource, ColumnSpec, CopiedChunk, RowOrder};
use pq_format::{BloomFilterHeader, ColumnIndex, ColumnMetaData};
use serde::Deserialize;
use table_reader::{Frame, RowSelection, StoredChunk, StoredGroup};

use super::bounds::Order;
use super::index::indexes;
use super::pages::part;
use super::reason::{Reason, Reasons};
use super::rules::Rules;
use crate::error::Result;
use crate::export::request::ExportRequest;
use crate::running::Running;

/// Bytes that are read for the header of a bloom filter.
const BLOOM_HEADER_BYTES: u64 = 64;
/// One part of so many of the memory is for what is carried over of a row group beside its pages.
/// Three row groups may be under way.
const PARTS_OF_MEMORY: u64 = 64;
/// A page in both halves of the page index, without its bounds.
const PAGE_BYTES: usize = 96;

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
    pub(crate) copied: CopiedChunk,
    /// Pages have checksums, which are verified on the way.
    pub(crate) checksums: bool,
    /// Bytes that its rows take in native files, as far as the file tells.
    pub(crate) native_bytes: u64,
}

/// Looks at each row group of a Parquet partition as it comes.
#[derive(Debug)]
pub(crate) struct CopyPlanner<'e> {
    request: &'e ExportRequest,
    running: &'e Running,
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
        running: &'e Running,
        specs: Vec<ColumnSpec>,
        selection: &RowSelection,
    ) -> Self {
        let parts = selection.parts().iter();
        Self {
            request,
            running,
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
                self.running.go_on()?;
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
        let stored_chunks = (0..self.specs.len()).map(|idx| stored.chunk(idx));
        let stored_chunks: Vec<_> = stored_chunks.collect::<std::result::Result<_, _>>()?;
        let there = stored_chunks.iter().flatten();
        let rules = Rules {
            options: &self.request.writer,
            keep_codec: self.request.keep_codec,
            page_sizes_hold: self.request.page_sizes_hold,
            running: self.running,
            codecs: there.map(|c| c.chunk.meta.codec).collect(),
        };
        let (mut chunks, mut refused) = (Vec::new(), Vec::new());
        let mut native_bytes = 0_u64;
        let mut memory = self.request.memory_bytes / PARTS_OF_MEMORY;
        for (spec, chunk) in self.specs.iter().zip(&stored_chunks) {
            let Some(chunk) = chunk else {
                native_bytes = native_bytes.saturating_add(native(spec, None, rows));
                chunks.push(None);
                continue;
            };
            let native = native(spec, Some(&chunk.chunk.meta), rows);
            native_bytes = native_bytes.saturating_add(native);
            let code = codes.get(chunk.field).copied();
            let copy = match rules.by_footer(spec, chunk, code) {
                Ok(()) if rules.keep_codec || refused.is_empty() => {
                    copy_of(&rules, stored, spec, chunk, (rows, native), &mut memory)
                        .map_err(|error| error.in_column(&spec.name))?
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

/// Takes what is carried over beside the pages out of `memory`: a filter only as far as it goes.
fn within(source: &mut ChunkSource, memory: &mut u64) -> std::result::Result<(), Reason> {
    let bounds = |c: &ColumnIndex| {
        let lists = [&c.min_values, &c.max_values];
        let bytes = lists.into_iter().flatten().map(Vec::len).sum::<usize>();
        bytes + c.null_pages.len() * PAGE_BYTES
    };
    let index = source.column_index.as_ref().map_or(0, bounds);
    let index = u64::try_from(index).unwrap_or(u64::MAX);
    *memory = memory.checked_sub(index).ok_or(Reason::Memory)?;
    let bloom = source.bloom_filter.take();
    source.bloom_filter = bloom.filter(|bloom| {
        let left = memory.checked_sub(u64::try_from(bloom.len()).unwrap_or(u64::MAX));
        *memory = left.unwrap_or(*memory);
        left.is_some()
    });
    Ok(())
}

/// A chunk that the footer allows to copy, if its pages and its page index do so too.
fn copy_of(
    rules: &Rules<'_>,
    group: &StoredGroup,
    spec: &ColumnSpec,
    stored: &StoredChunk<'_>,
    (rows, native_bytes): (u64, u64),
    memory: &mut u64,
) -> Result<std::result::Result<ChunkCopy, Reason>> {
    let pages = match rules.by_pages(group, stored)? {
        Ok(pages) => pages,
        Err(reason) => return Ok(Err(reason)),
    };
    let meta = &stored.chunk.meta;
    let told = meta.statistics.clone();
    if rules.options.statistics && !group.bounds_are_ordered(stored)? {
        return Ok(Err(Reason::Statistics));
    }
    let (mut column_index, mut offset_index) = (None, None);
    if rules.wants_index() {
        match indexes(group, spec, stored, &pages.data)? {
            Ok((columns, offsets)) => {
                (column_index, offset_index) = (Some(columns), Some(offsets));
            }
            Err(reason) => return Ok(Err(reason)),
        }
    }
    let order = Order {
        physical: stored.leaf.physical,
        column_type: spec.column_type,
    };
    let statistics = match rules.options.statistics {
        true => order.carry(told, meta.num_values, column_index.as_mut()),
        // Counts stay; the assembler leaves out the bounds.
        false => Ok(told),
    };
    let statistics = match statistics {
        Ok(statistics) => statistics,
        Err(reason) => return Ok(Err(reason)),
    };
    let range = meta.byte_range().map_err(|e| group.damage(&e))?;
    let sorted = group.sorted_by(stored)?;
    let mut source = ChunkSource {
        meta: ColumnMetaData {
            statistics,
            ..meta.clone()
        },
        rows,
        row_order: RowOrder {
            never_falls: sorted == Some(false),
            never_rises: sorted == Some(true),
        },
        flat: stored.leaf.max_repetition == 0,
        offset_index,
        column_index,
        bloom_filter: bloom_of(group, spec.column_type, meta)?,
    };
    if let Err(reason) = within(&mut source, memory) {
        return Ok(Err(reason));
    }
    let copied = CopiedChunk::new(&pages.walk, source).map_err(|e| group.damage(&e))?;
    Ok(Ok(ChunkCopy {
        range,
        copied,
        checksums: pages.checksums,
        native_bytes,
    }))
}

/// The bloom filter of a chunk. Some writers say only where it starts, others say so of filters that
/// are gone: nobody asked for one, so what cannot be read is left out. So are filters of floats, of
/// which some writers hold one zero and others both, and very large ones.
fn bloom_of(
    group: &StoredGroup,
    column: ColumnType,
    meta: &ColumnMetaData,
) -> Result<Option<Vec<u8>>> {
    let float = matches!(column, ColumnType::Float | ColumnType::Double);
    let Some(offset) = meta.bloom_filter_offset.filter(|_| !float) else {
        return Ok(None);
    };
    let head = group.file_bytes().saturating_sub(offset);
    let head = part(group, offset, head.min(BLOOM_HEADER_BYTES))?;
    let Some(Ok((header, len))) = head.map(|head| BloomFilterHeader::read(&head)) else {
        return Ok(None);
    };
    let len = u64::try_from(len).unwrap_or(u64::MAX);
    let len = len.saturating_add(header.num_bytes.into());
    let told = meta.bloom_filter_length.map_or(len, u64::from);
    match told == len {
        true => part(group, offset, len),
        false => Ok(None),
    }
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
