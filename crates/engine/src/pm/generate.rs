//! The facts of a sidecar from a Parquet footer (pm.md §16.2).
//!
//! Deterministic: the same footer gives the same image. No page is read, only bloom filters are.

use pm_format::{
    BloomFacts, ChunkFacts, ColumnFacts, HeaderFacts, RowGroupFacts, SnapshotFacts, flags,
    stat_from_parquet,
};
use pq_format::{
    BloomFilterHeader, ColumnChunk, Encoding, FileMetaData, Leaf, LogicalType, PhysicalType,
    Repetition, RowGroup, Statistics,
};

use super::error::GenerateError;
use super::infer::infer_type;
use super::questdb_json::{QUESTDB_KEY, QuestdbColumn, QuestdbJson};

/// Tag TIMESTAMP, and the bits that mark a designated column (pm.md §11.2).
const TAG_TIMESTAMP: i32 = 8;
const BIT_DESIGNATED: i32 = 1 << 17;
const BIT_DESCENDING: i32 = 1 << 20;
/// A bloom filter header is a handful of bytes.
const BLOOM_HEADER_LEN_MAX: u64 = 64;

/// Reads `len` bytes of the Parquet file at an offset; fewer at the committed end.
pub type ReadAt<'r> = dyn FnMut(u64, usize) -> Result<Vec<u8>, GenerateError> + 'r;

/// Where the Thrift footer is, and how long the file is.
#[derive(Clone, Copy, Debug)]
pub struct FooterPlace {
    /// First byte of the Thrift footer.
    pub offset: u64,
    /// Its length.
    pub length: u32,
}

/// What [`pm_format::build`] takes.
#[derive(Debug, Clone)]
pub struct SidecarFacts {
    /// Header.
    pub header: HeaderFacts,
    /// Row groups, in the footer's order.
    pub row_groups: Vec<RowGroupFacts>,
    /// The one snapshot.
    pub snapshot: SnapshotFacts,
}

impl SidecarFacts {
    /// The image.
    ///
    /// # Errors
    /// What [`pm_format::build`] refuses.
    pub fn build(&self) -> Result<Vec<u8>, GenerateError> {
        pm_format::build(&self.header, &self.row_groups, &self.snapshot)
            .map_err(GenerateError::Build)
    }
}

/// Collects the facts of `meta`, whose footer is at `place`.
///
/// # Errors
/// See [`GenerateError`].
pub fn sidecar_facts(
    meta: &FileMetaData,
    place: FooterPlace,
    read_at: &mut ReadAt<'_>,
) -> Result<SidecarFacts, GenerateError> {
    let leaves = meta.schema.leaves();
    let first = meta
        .key_value_metadata
        .iter()
        .find(|kv| kv.key == QUESTDB_KEY);
    let json = first
        .and_then(|kv| kv.value.as_deref())
        .map(|text| QuestdbJson::parse(text, leaves.len()))
        .transpose()?;
    let sorting = sorting_of(meta, json.as_ref())?;
    let designated = designated_of(&leaves, json.as_ref(), &sorting);
    let columns = leaves
        .iter()
        .enumerate()
        .map(|(i, leaf)| column_facts(meta, leaf, i, json.as_ref(), &sorting))
        .collect::<Result<_, _>>()?;
    let row_groups = meta
        .row_groups
        .iter()
        .map(|group| group_facts(group, leaves.len(), read_at))
        .collect::<Result<_, _>>()?;
    let header = HeaderFacts {
        designated_timestamp: designated.and_then(|d| i32::try_from(d).ok()).unwrap_or(-1),
        columns,
        sorting_columns: sorting.iter().map(|s| s.column).collect(),
        bloom_columns: None,
        bloom_external: false,
        squash_tracker: json.as_ref().map(|j| j.squash_tracker),
    };
    let snapshot = SnapshotFacts {
        parquet_footer_offset: place.offset,
        parquet_footer_length: place.length,
        unused_bytes: Some(0),
        seq_txn: json.as_ref().map(|j| j.seq_txn),
        ..SnapshotFacts::default()
    };
    Ok(SidecarFacts {
        header,
        row_groups,
        snapshot,
    })
}

/// One sort key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct SortKey {
    column: u32,
    descending: bool,
}

fn is_designated(column: &QuestdbColumn) -> bool {
    column.column_type & 0xFF == TAG_TIMESTAMP && column.column_type & BIT_DESIGNATED != 0
}

/// QuestDB's own word first; else what the row groups declare, which must agree.
fn sorting_of(
    meta: &FileMetaData,
    json: Option<&QuestdbJson>,
) -> Result<Vec<SortKey>, GenerateError> {
    let marked = json.and_then(|j| (0u32..).zip(&j.schema).find(|(_, c)| is_designated(c)));
    if let Some((column, facts)) = marked {
        let descending = facts.column_type & BIT_DESCENDING != 0;
        return Ok(vec![SortKey { column, descending }]);
    }
    let mut declared: Option<Vec<SortKey>> = None;
    for (row_group, group) in meta.row_groups.iter().enumerate() {
        if group.sorting_columns.is_empty() {
            continue;
        }
        let keys: Vec<SortKey> = group
            .sorting_columns
            .iter()
            .map(|s| SortKey {
                column: s.column_idx,
                descending: s.descending,
            })
            .collect();
        if declared.as_ref().is_some_and(|before| *before != keys) {
            return Err(GenerateError::SortOrdersDiffer { row_group });
        }
        declared = Some(keys);
    }
    Ok(declared.unwrap_or_default())
}

fn designated_of(
    leaves: &[Leaf<'_>],
    json: Option<&QuestdbJson>,
    sorting: &[SortKey],
) -> Option<usize> {
    if let Some(marked) = json.and_then(|j| j.schema.iter().position(is_designated)) {
        return Some(marked);
    }
    let key = sorting.first().filter(|k| !k.descending)?;
    let index = usize::try_from(key.column).ok()?;
    let leaf = leaves.get(index)?;
    let timestamp = match json {
        Some(json) => json
            .schema
            .get(index)
            .is_some_and(|c| c.column_type & 0xFF == TAG_TIMESTAMP),
        None => matches!(leaf.node.logical, Some(LogicalType::Timestamp { .. })),
    };
    (timestamp && leaf.node.repetition == Repetition::Required).then_some(index)
}

fn column_facts(
    meta: &FileMetaData,
    leaf: &Leaf<'_>,
    index: usize,
    json: Option<&QuestdbJson>,
    sorting: &[SortKey],
) -> Result<ColumnFacts, GenerateError> {
    let top = meta.schema.fields.get(leaf.field_idx).unwrap_or(leaf.node);
    let stated = json.and_then(|j| j.schema.get(index));
    let level = |level: u16| {
        u8::try_from(level).map_err(|_| {
            GenerateError::Build(pm_format::PmError::InvalidValue {
                field: "level",
                offset: 0,
                found: u64::from(level),
                expected: "at most 255",
            })
        })
    };
    let repetition = match top.repetition {
        Repetition::Required => 0,
        Repetition::Optional => 1,
        Repetition::Repeated => 2,
        Repetition::Unknown(code) => {
            let detail = format!("repetition {code} of {:?}", top.name);
            return Err(GenerateError::Conversion {
                what: "schema",
                detail,
            });
        }
    };
    let mut column_flags = repetition << flags::REPETITION_SHIFT;
    let position = u32::try_from(index).ok();
    for (bit, set) in [
        (
            flags::LOCAL_KEY_IS_GLOBAL,
            stated.is_some_and(QuestdbColumn::local_key_is_global),
        ),
        (flags::IS_ASCII, stated.is_some_and(QuestdbColumn::is_ascii)),
        (
            flags::DESCENDING,
            sorting
                .iter()
                .any(|s| Some(s.column) == position && s.descending),
        ),
    ] {
        column_flags |= if set { bit } else { 0 };
    }
    let fixed = match leaf.physical {
        PhysicalType::FixedLenByteArray(length) => i32::try_from(length).unwrap_or(0),
        _ => 0,
    };
    Ok(ColumnFacts {
        name: top.name.clone(),
        id: stated
            .map(|c| c.id)
            .filter(|id| *id >= 0)
            .or(top.field_id)
            .unwrap_or(-1),
        type_code: stated
            .map(|c| c.column_type)
            .or_else(|| infer_type(leaf, top))
            .unwrap_or(-1),
        flags: column_flags,
        fixed_byte_len: fixed,
        physical_type: u8::try_from(leaf.physical.kind().code()).unwrap_or(u8::MAX),
        max_rep_level: level(leaf.max_repetition_level)?,
        max_def_level: level(leaf.max_definition_level)?,
    })
}

fn group_facts(
    group: &RowGroup,
    leaves: usize,
    read_at: &mut ReadAt<'_>,
) -> Result<RowGroupFacts, GenerateError> {
    if group.columns.len() != leaves {
        return Err(GenerateError::SchemaMismatch {
            what: "chunks of a row group",
            expected: leaves,
            found: group.columns.len(),
        });
    }
    let chunks = group
        .columns
        .iter()
        .map(|chunk| chunk_facts(chunk, read_at))
        .collect::<Result<_, _>>()?;
    Ok(RowGroupFacts {
        num_rows: group.num_rows,
        chunks,
    })
}

fn chunk_facts(chunk: &ColumnChunk, read_at: &mut ReadAt<'_>) -> Result<ChunkFacts, GenerateError> {
    if let Some(path) = &chunk.file_path {
        let detail = format!("its data is in another file, {path:?}");
        return Err(GenerateError::Conversion {
            what: "column chunk",
            detail,
        });
    }
    let meta = &chunk.meta;
    let codec = u8::try_from(meta.codec.code())
        .ok()
        .filter(|code| *code <= 7);
    let codec = codec.ok_or_else(|| GenerateError::Conversion {
        what: "column chunk",
        detail: format!("codec {}", meta.codec.code()),
    })?;
    let none = Statistics::default();
    let stats = meta.statistics.as_ref().unwrap_or(&none);
    // Some writers say 0 for "no dictionary", others for "no data page" of an empty chunk.
    let data = meta.data_page_offset;
    let dictionary = meta
        .dictionary_page_offset
        .filter(|d| *d > 0 && (*d < data || data == 0));
    Ok(ChunkFacts {
        codec,
        encodings: meta
            .encodings
            .iter()
            .fold(0, |mask, e| mask | encoding_bit(*e)),
        num_values: meta.num_values,
        byte_range_start: dictionary.unwrap_or(meta.data_page_offset),
        total_compressed: meta.total_compressed_size,
        null_count: stats.null_count,
        distinct_count: stats.distinct_count,
        min: stat_from_parquet(stats.min_value.as_deref(), stats.is_min_exact),
        max: stat_from_parquet(stats.max_value.as_deref(), stats.is_max_exact),
        bloom: bloom_facts(chunk, read_at)?,
    })
}

/// The bit of pm.md §5.1; level encodings and unknown ones have none.
pub(super) fn encoding_bit(encoding: Encoding) -> u8 {
    match encoding {
        Encoding::Plain => flags::ENCODING_PLAIN,
        Encoding::RleDictionary | Encoding::PlainDictionary => flags::ENCODING_DICTIONARY,
        Encoding::DeltaBinaryPacked => flags::ENCODING_DELTA_BINARY_PACKED,
        Encoding::DeltaLengthByteArray => flags::ENCODING_DELTA_LENGTH,
        Encoding::DeltaByteArray => flags::ENCODING_DELTA_BYTE_ARRAY,
        Encoding::ByteStreamSplit => flags::ENCODING_BYTE_STREAM_SPLIT,
        _ => 0,
    }
}

fn bloom_facts(
    chunk: &ColumnChunk,
    read_at: &mut ReadAt<'_>,
) -> Result<Option<BloomFacts>, GenerateError> {
    let meta = &chunk.meta;
    let stated = (meta.bloom_filter_offset, meta.bloom_filter_length);
    let (Some(offset @ 1..), Some(1..)) = stated else {
        return Ok(None);
    };
    let broken = |detail: String| GenerateError::Conversion {
        what: "bloom filter",
        detail,
    };
    let head = read_at(offset, usize::try_from(BLOOM_HEADER_LEN_MAX).unwrap_or(0))?;
    let (header, header_len) = match BloomFilterHeader::read(&head) {
        Ok(read) => read,
        Err(pq_format::FormatError::Unsupported { .. }) => return Ok(None),
        Err(error) => return Err(broken(error.to_string())),
    };
    let length = usize::try_from(header.num_bytes).unwrap_or(usize::MAX);
    if length == 0 || !length.is_multiple_of(32) {
        return Ok(None);
    }
    let start = offset.saturating_add(u64::try_from(header_len).unwrap_or(u64::MAX));
    let bits = read_at(start, length)?;
    if bits.len() != length {
        let have = bits.len();
        return Err(broken(format!(
            "{length} bytes at {start}, {have} are left in the file"
        )));
    }
    Ok(Some(BloomFacts::Inline(bits)))
}
