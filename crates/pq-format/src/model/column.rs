//! Column chunks: where the pages of one column in one row group are, and what they hold.
//!
//! A chunk without its metadata in the footer is encrypted, or belongs to another file: neither is
//! supported, so the metadata is not optional here.

use std::sync::Arc;

use super::enums::{CodecId, Encoding, PageType, PhysicalKind};
use super::file::KeyValue;
use super::statistics::{SizeStatistics, Statistics};
use crate::error::FormatError;
use crate::thrift::{Field, Reader, Writer, ty};

/// How many pages of one kind have one encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageEncodingStats {
    /// Kind of page.
    pub page_type: PageType,
    /// Encoding of its values.
    pub encoding: Encoding,
    /// Number of such pages.
    pub count: u32,
}

/// `ColumnMetaData`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnMetaData {
    /// Physical type.
    pub physical: PhysicalKind,
    /// All encodings in the chunk, of levels too. Chunks that were read share equal lists.
    pub encodings: Arc<[Encoding]>,
    /// Names from below the root to the leaf; empty if the file leaves them out (the n-th chunk
    /// belongs to the n-th leaf anyway). Chunks of one column that were read share it.
    pub path: Arc<[String]>,
    /// Codec of the pages.
    pub codec: CodecId,
    /// Values, nulls included (leaf slots, not rows). A negative count in a file is read as 0, as
    /// the generator of `_pm` does (pm.md §16.2).
    pub num_values: u64,
    /// Bytes of all pages with their headers, uncompressed.
    pub total_uncompressed_size: u64,
    /// Bytes of all pages with their headers in the file.
    pub total_compressed_size: u64,
    /// Free text.
    pub key_value_metadata: Vec<KeyValue>,
    /// File offset of the first data page. Some writers (QuestDB) put the dictionary page's here.
    pub data_page_offset: u64,
    /// Never used in practice.
    pub index_page_offset: Option<u64>,
    /// File offset of the dictionary page.
    pub dictionary_page_offset: Option<u64>,
    /// Bounds and counts of the chunk.
    pub statistics: Option<Statistics>,
    /// Pages by kind and encoding.
    pub encoding_stats: Vec<PageEncodingStats>,
    /// File offset of the bloom filter's header.
    pub bloom_filter_offset: Option<u64>,
    /// Bytes of the bloom filter with its header.
    pub bloom_filter_length: Option<u32>,
    /// Sizes and level histograms.
    pub size_statistics: Option<SizeStatistics>,
}

impl ColumnMetaData {
    /// The bytes of the chunk in the file, `start..end`, dictionary page included.
    ///
    /// Offsets are what the footer says: bound them by the file before use.
    ///
    /// # Errors
    /// [`FormatError::Limit`] if the end lies beyond `u64`.
    pub fn byte_range(&self) -> Result<std::ops::Range<u64>, FormatError> {
        // Offset 0 holds the magic: some writers use it to say "no dictionary".
        let dictionary = self.dictionary_page_offset.filter(|&o| o > 0);
        let start = dictionary.map_or(self.data_page_offset, |d| d.min(self.data_page_offset));
        let end = start
            .checked_add(self.total_compressed_size)
            .ok_or(FormatError::Limit {
                what: "ColumnMetaData.total_compressed_size",
                limit: u64::MAX - start,
                found: self.total_compressed_size,
            })?;
        Ok(start..end)
    }

    fn write(&self, w: &mut Writer<'_>, id: i16) {
        w.structure(id, |w| {
            w.i32(1, self.physical.code());
            w.list(2, ty::I32, &self.encodings, |w, e| w.i32_element(e.code()));
            w.list(3, ty::BINARY, &self.path, |w, p| {
                w.binary_element(p.as_bytes());
            });
            w.i32(4, self.codec.code());
            w.u64(5, "ColumnMetaData.num_values", self.num_values);
            w.u64(
                6,
                "ColumnMetaData.total_uncompressed_size",
                self.total_uncompressed_size,
            );
            w.u64(
                7,
                "ColumnMetaData.total_compressed_size",
                self.total_compressed_size,
            );
            KeyValue::write_list(&self.key_value_metadata, w, 8);
            w.u64(9, "ColumnMetaData.data_page_offset", self.data_page_offset);
            if let Some(v) = self.index_page_offset {
                w.u64(10, "ColumnMetaData.index_page_offset", v);
            }
            if let Some(v) = self.dictionary_page_offset {
                w.u64(11, "ColumnMetaData.dictionary_page_offset", v);
            }
            if let Some(s) = &self.statistics {
                s.write(w, 12);
            }
            if !self.encoding_stats.is_empty() {
                w.list(13, ty::STRUCT, &self.encoding_stats, |w, s| {
                    w.structure_element(|w| {
                        w.i32(1, s.page_type.code());
                        w.i32(2, s.encoding.code());
                        w.u32(3, "PageEncodingStats.count", s.count);
                    });
                });
            }
            if let Some(v) = self.bloom_filter_offset {
                w.u64(14, "ColumnMetaData.bloom_filter_offset", v);
            }
            if let Some(v) = self.bloom_filter_length {
                w.u32(15, "ColumnMetaData.bloom_filter_length", v);
            }
            if let Some(s) = &self.size_statistics {
                s.write(w, 16);
            }
        });
    }

    /// Fills in an empty value: moving one this large costs as much as reading it.
    fn read_into<'a>(
        &mut self,
        r: &mut Reader<'a>,
        field: Field,
        seen: &mut SeenChunk<'a>,
    ) -> Result<(), FormatError> {
        const WHAT: &str = "ColumnMetaData";
        let (mut physical, mut codec) = (None, None);
        let (mut encodings, mut path) = (None, None);
        let mut counts = [None; 4];
        let m = self;
        r.structure_field(field, |r, f| {
            match f.id {
                1 => physical = Some(PhysicalKind::from_code(r.i32(f)?)),
                2 => {
                    let read = |r: &mut Reader<'_>| r.i32_element().map(Encoding::from_code);
                    encodings = Some(seen.encodings.list(r, f, ty::I32, read)?);
                }
                3 => {
                    let read = Reader::string_element;
                    path = Some(seen.path.list(r, f, ty::BINARY, read)?);
                }
                4 => codec = Some(CodecId::from_code(r.i32(f)?)),
                5 => counts[0] = Some(r.u64_hint(f)?.unwrap_or(0)),
                6 => counts[1] = Some(r.u64(f)?),
                7 => counts[2] = Some(r.u64(f)?),
                8 => m.key_value_metadata = KeyValue::read_list(r, f)?,
                9 => counts[3] = Some(r.u64(f)?),
                10 => m.index_page_offset = Some(r.u64(f)?),
                11 => m.dictionary_page_offset = Some(r.u64(f)?),
                12 => m.statistics = Some(Statistics::read(r, f)?),
                13 => m.encoding_stats = r.list(f, ty::STRUCT, read_encoding_stats)?,
                14 => m.bloom_filter_offset = Some(r.u64(f)?),
                15 => m.bloom_filter_length = Some(r.u32(f)?),
                16 => m.size_statistics = Some(SizeStatistics::read(r, f)?),
                _ => r.skip(f)?,
            }
            Ok(())
        })?;
        let need = |field| FormatError::missing(WHAT, field);
        m.physical = physical.ok_or(need("type"))?;
        m.encodings = encodings.ok_or(need("encodings"))?;
        // Newer writers may leave it out. Filling it in from the schema would let a small footer
        // (one long name, many row groups) take memory without bound.
        m.path = path.unwrap_or_default();
        m.codec = codec.ok_or(need("codec"))?;
        m.num_values = counts[0].ok_or(need("num_values"))?;
        m.total_uncompressed_size = counts[1].ok_or(need("total_uncompressed_size"))?;
        m.total_compressed_size = counts[2].ok_or(need("total_compressed_size"))?;
        m.data_page_offset = counts[3].ok_or(need("data_page_offset"))?;
        Ok(())
    }

    fn empty() -> Self {
        Self {
            physical: PhysicalKind::Boolean,
            encodings: Arc::default(),
            path: Arc::default(),
            codec: CodecId::Uncompressed,
            num_values: 0,
            total_uncompressed_size: 0,
            total_compressed_size: 0,
            key_value_metadata: Vec::new(),
            data_page_offset: 0,
            index_page_offset: None,
            dictionary_page_offset: None,
            statistics: None,
            encoding_stats: Vec::new(),
            bloom_filter_offset: None,
            bloom_filter_length: None,
            size_statistics: None,
        }
    }
}

/// A list as it was read last, and the bytes that it was read from.
#[derive(Debug)]
struct SeenList<'a, T> {
    raw: &'a [u8],
    items: Arc<[T]>,
}

impl<T> Default for SeenList<'_, T> {
    fn default() -> Self {
        let (raw, items) = (&[][..], Arc::default());
        Self { raw, items }
    }
}

impl<'a, T> SeenList<'a, T> {
    /// The next list: the last one again if the bytes are the same.
    fn list(
        &mut self,
        r: &mut Reader<'a>,
        field: Field,
        kind: u8,
        element: impl FnMut(&mut Reader<'a>) -> Result<T, FormatError>,
    ) -> Result<Arc<[T]>, FormatError> {
        if self.raw.is_empty() || !r.pass_list(field, self.raw) {
            let start = r.position();
            self.items = r.list(field, kind, element)?.into();
            self.raw = r.since(start);
        }
        Ok(Arc::clone(&self.items))
    }
}

/// What the chunk of a column in the row group before had that this one most likely has as well.
#[derive(Debug, Default)]
pub(crate) struct SeenChunk<'a> {
    encodings: SeenList<'a, Encoding>,
    path: SeenList<'a, String>,
}

fn read_encoding_stats(r: &mut Reader<'_>) -> Result<PageEncodingStats, FormatError> {
    let (mut page_type, mut encoding, mut count) = (None, None, None);
    r.structure(|r, f| {
        match f.id {
            1 => page_type = Some(PageType::from_code(r.i32(f)?)),
            2 => encoding = Some(Encoding::from_code(r.i32(f)?)),
            3 => count = Some(r.u32(f)?),
            _ => r.skip(f)?,
        }
        Ok(())
    })?;
    let need = |field| FormatError::missing("PageEncodingStats", field);
    Ok(PageEncodingStats {
        page_type: page_type.ok_or(need("page_type"))?,
        encoding: encoding.ok_or(need("encoding"))?,
        count: count.ok_or(need("count"))?,
    })
}

/// Where an index of a chunk lies in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexRange {
    /// File offset.
    pub offset: u64,
    /// Bytes.
    pub length: u32,
}

/// `ColumnChunk`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnChunk {
    /// Another file that holds the chunk; never ours.
    pub file_path: Option<String>,
    /// Deprecated position of a second copy of the metadata; 0 in modern files.
    pub file_offset: i64,
    /// The metadata of the chunk.
    pub meta: ColumnMetaData,
    /// The offset index.
    pub offset_index: Option<IndexRange>,
    /// The column index.
    pub column_index: Option<IndexRange>,
}

impl ColumnChunk {
    /// A chunk of this file, without indexes.
    #[must_use]
    pub const fn new(meta: ColumnMetaData) -> Self {
        Self {
            file_path: None,
            file_offset: 0,
            meta,
            offset_index: None,
            column_index: None,
        }
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) {
        w.structure_element(|w| {
            if let Some(path) = &self.file_path {
                w.string(1, path);
            }
            w.i64(2, self.file_offset);
            self.meta.write(w, 3);
            if let Some(i) = self.offset_index {
                w.u64(4, "ColumnChunk.offset_index_offset", i.offset);
                w.u32(5, "ColumnChunk.offset_index_length", i.length);
            }
            if let Some(i) = self.column_index {
                w.u64(6, "ColumnChunk.column_index_offset", i.offset);
                w.u32(7, "ColumnChunk.column_index_length", i.length);
            }
        });
    }

    pub(crate) fn read<'a>(
        r: &mut Reader<'a>,
        seen: &mut SeenChunk<'a>,
    ) -> Result<Self, FormatError> {
        const WHAT: &str = "ColumnChunk";
        let mut chunk = Self::new(ColumnMetaData::empty());
        let mut has_meta = false;
        let mut index: [Option<u64>; 2] = [None; 2];
        let mut length: [Option<u32>; 2] = [None; 2];
        let mut encrypted = false;
        r.structure(|r, f| {
            match f.id {
                1 => chunk.file_path = Some(r.string(f)?),
                // Required by the format, of no use to anybody: absence is forgiven.
                2 => chunk.file_offset = r.i64(f)?,
                3 => {
                    // A second one replaces the first in full.
                    if std::mem::replace(&mut has_meta, true) {
                        chunk.meta = ColumnMetaData::empty();
                    }
                    chunk.meta.read_into(r, f, seen)?;
                }
                4 => index[0] = Some(r.u64(f)?),
                5 => length[0] = Some(r.u32(f)?),
                6 => index[1] = Some(r.u64(f)?),
                7 => length[1] = Some(r.u32(f)?),
                8 | 9 => {
                    encrypted = true;
                    r.skip(f)?;
                }
                _ => r.skip(f)?,
            }
            Ok(())
        })?;
        if encrypted {
            return Err(FormatError::Unsupported {
                what: WHAT,
                found: "an encrypted column".into(),
            });
        }
        let range = |i: usize| {
            let (offset, length) = (index[i]?, length[i]?);
            Some(IndexRange { offset, length })
        };
        if !has_meta {
            return Err(FormatError::missing(WHAT, "meta_data"));
        }
        (chunk.offset_index, chunk.column_index) = (range(0), range(1));
        Ok(chunk)
    }
}
