//! What `--stats` tells: where the bytes went, column by column, and what happened to the cache.

use std::collections::BTreeMap;

use mmap_io::Residency;
use pq_encode::{ChunkSummary, ColumnSpec, CopiedChunk};
use pq_format::{Codec, CodecId, Encoding as Wire, PhysicalKind};
use serde::Serialize;

/// The details of an export. Its keys stand beside those of the report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ExportStats {
    /// Mappings that were made.
    pub mappings_opened: u64,
    /// The most mappings that there were at once.
    pub peak_mappings: u64,
    /// The most bytes that were mapped at once.
    pub peak_mapped_bytes: u64,
    /// Bytes of the selected columns in the touched partitions that were in the page cache before;
    /// `null` where the file system does not tell.
    pub resident_before_bytes: Option<u64>,
    /// The same, after.
    pub resident_after_bytes: Option<u64>,
    /// Chunks of Parquet partitions that were not copied as they were, by reason: `codec`,
    /// `checksum`, `type`, ….
    pub reencoded_chunks: BTreeMap<String, u64>,
    /// One entry a column, in the order of the file.
    pub per_column: Vec<ColumnStats>,
}

/// One column of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnStats {
    /// Name.
    pub name: String,
    /// Type, as QuestDB calls it.
    #[serde(rename = "type")]
    pub column_type: String,
    /// Chunks by encoding.
    pub encoding: BTreeMap<String, u64>,
    /// Codec of the chunks that are compressed; `none` if no chunk is.
    pub codec: String,
    /// Native bytes.
    pub bytes_in: u64,
    /// Bytes of pages and their headers.
    pub bytes_out: u64,
    /// Data pages.
    pub pages: u64,
    /// Rows, or elements of arrays, without a value.
    pub nulls: u64,
}

impl ColumnStats {
    pub(crate) fn of(spec: &ColumnSpec) -> Self {
        Self {
            name: spec.name.clone(),
            column_type: spec.column_type.to_string(),
            encoding: BTreeMap::new(),
            codec: Codec::None.to_string(),
            bytes_in: 0,
            bytes_out: 0,
            pages: 0,
            nulls: 0,
        }
    }

    pub(crate) fn add(&mut self, chunk: &ChunkSummary, native_bytes: u64) {
        let chunks = self.encoding.entry(chunk.encoding.to_string()).or_insert(0);
        *chunks += 1;
        if chunk.codec != Codec::None {
            self.codec = chunk.codec.to_string();
        }
        self.bytes_in = self.bytes_in.saturating_add(native_bytes);
        self.bytes_out += chunk.compressed_len;
        self.pages += u64::try_from(chunk.pages.len()).unwrap_or(0);
        self.nulls += chunk.nulls;
    }
}

impl ColumnStats {
    pub(crate) fn add_copied(&mut self, chunk: &CopiedChunk, native_bytes: u64) {
        let meta = chunk.meta();
        let dictionary = meta.dictionary_page_offset.is_some();
        let name = match (dictionary, meta.encodings.last()) {
            (true, _) | (_, Some(Wire::RleDictionary | Wire::PlainDictionary)) => "dictionary",
            (_, Some(Wire::DeltaBinaryPacked)) => "delta",
            (_, Some(Wire::DeltaLengthByteArray)) => "delta_length",
            (_, Some(Wire::DeltaByteArray)) => "delta_byte_array",
            (_, Some(Wire::ByteStreamSplit)) => "bss",
            (_, Some(Wire::Rle)) if meta.physical == PhysicalKind::Boolean => "rle",
            _ => "plain",
        };
        *self.encoding.entry(name.to_owned()).or_insert(0) += 1;
        if meta.codec != CodecId::Uncompressed {
            self.codec = codec_name(meta.codec).to_owned();
        }
        self.bytes_in = self.bytes_in.saturating_add(native_bytes);
        self.bytes_out += chunk.compressed_len();
        self.pages += chunk.pages();
        let nulls = meta.statistics.as_ref().and_then(|s| s.null_count);
        self.nulls += nulls.unwrap_or(0);
    }
}

fn codec_name(codec: CodecId) -> &'static str {
    match codec {
        CodecId::Snappy => Codec::Snappy.name(),
        CodecId::Gzip => Codec::Gzip(0).name(),
        CodecId::Brotli => Codec::Brotli(0).name(),
        CodecId::Zstd => Codec::ZSTD.name(),
        CodecId::Lz4Raw => Codec::Lz4Raw.name(),
        _ => "other",
    }
}

/// What the page cache held, as far as it tells: a report is not worth failing for.
pub(crate) fn resident_bytes(told: Result<Residency, table_reader::ReadError>) -> Option<u64> {
    told.ok().map(|residency| residency.resident_bytes())
}
