//! Which chunks may be copied.
//!
//! A copied chunk must be one that the options and the schema could have made: whatever cannot be
//! read off it counts as a no. `keep_codec` drops what only the encoder would have chosen (codec,
//! size of pages, checksums), unless it was asked for by a value of its own.

use column_format::ColumnType;
use pq_decode::{LeafFacts, Stored};
use pq_encode::{Codec, ColumnSpec, PageVersion, WriterOptions, physical_type};
use pq_format::{CodecId, Encoding, PageHeader, PageKind, PhysicalType};
use table_reader::{StoredChunk, StoredGroup};

use super::pages::{Pages, page_header};
use super::reason::Reason;
use crate::error::Result;
use crate::running::Running;

/// Pages of a chunk that is copied, at most.
const PAGES_MAX: usize = 1 << 16;
/// Added to the type code of a designated timestamp.
const DESIGNATED_CODE: i32 = 131_072;

/// What the export asks of every chunk.
#[derive(Debug)]
pub(super) struct Rules<'e> {
    pub(super) options: &'e WriterOptions,
    pub(super) keep_codec: bool,
    /// Sizes of pages were asked for.
    pub(super) page_sizes_hold: bool,
    pub(super) running: &'e Running,
    /// Of the chunks of the row group.
    pub(super) codecs: Vec<CodecId>,
}

impl Rules<'_> {
    /// What the footer alone forbids. `code` is the column type that the `questdb` entry names.
    pub(super) fn by_footer(
        &self,
        spec: &ColumnSpec,
        stored: &StoredChunk<'_>,
        code: Option<i32>,
    ) -> std::result::Result<(), Reason> {
        let meta = &stored.chunk.meta;
        same_type(spec, stored.leaf, code, self.options.raw_arrays)?;
        self.same_codec(spec, meta.codec)?;
        self.same_encodings(spec, &meta.encodings)?;
        if spec.bloom.is_some() || self.options.bloom_auto.is_some() {
            // Its rate is not written down anywhere.
            return Err(Reason::Bloom);
        }
        let nulls = meta.statistics.as_ref().and_then(|s| s.null_count);
        if spec.required && nulls.is_some_and(|n| n > 0) {
            return Err(Reason::Nulls);
        }
        Ok(())
    }

    pub(super) fn wants_index(&self) -> bool {
        self.options.page_index && self.options.statistics
    }

    fn same_codec(&self, spec: &ColumnSpec, found: CodecId) -> std::result::Result<(), Reason> {
        let known = matches!(
            found,
            CodecId::Uncompressed
                | CodecId::Snappy
                | CodecId::Gzip
                | CodecId::Brotli
                | CodecId::Lz4Raw
                | CodecId::Zstd
        );
        let wanted = match (spec.codec, self.keep_codec) {
            (None, true) => None,
            (Some(codec), _) => Some(codec),
            (None, false) => Some(self.options.codec),
        };
        let fits = wanted.is_none_or(|wanted| {
            // A chunk that gains too little is stored, unless its codec was asked for by name. Its
            // neighbours tell which codec its writer tried.
            let stored = spec.codec.is_none() && self.options.min_gain_percent > 0;
            let stored = stored && found == CodecId::Uncompressed;
            let tried = stored && self.codecs.contains(&wanted.id());
            (tried || found == wanted.id()) && has_default_level(wanted)
        });
        match known && fits {
            true => Ok(()),
            false => Err(Reason::Codec),
        }
    }

    fn same_encodings(
        &self,
        spec: &ColumnSpec,
        found: &[Encoding],
    ) -> std::result::Result<(), Reason> {
        let readable = |e: &Encoding| {
            matches!(
                e,
                Encoding::Plain
                    | Encoding::PlainDictionary
                    | Encoding::Rle
                    | Encoding::BitPacked
                    | Encoding::DeltaBinaryPacked
                    | Encoding::DeltaLengthByteArray
                    | Encoding::DeltaByteArray
                    | Encoding::RleDictionary
                    | Encoding::ByteStreamSplit
            )
        };
        match spec.encoding.is_none() && found.iter().all(readable) {
            true => Ok(()),
            // The list names encodings of levels and dictionaries too: it does not tell what was
            // asked for.
            false => Err(Reason::Encoding),
        }
    }

    /// What page headers forbid; otherwise the pages. Reads all headers: what they contradict would
    /// end the export when the chunk is on its way.
    pub(super) fn by_pages(
        &self,
        group: &StoredGroup,
        stored: &StoredChunk<'_>,
    ) -> Result<std::result::Result<Pages, Reason>> {
        let defaults = WriterOptions::default();
        let options = self.options;
        let sizes = !self.keep_codec
            || self.page_sizes_hold
            || (options.page_bytes, options.page_rows) != (defaults.page_bytes, defaults.page_rows);
        let checksums = !self.keep_codec || !options.crc;
        let meta = &stored.chunk.meta;
        let range = meta.byte_range().map_err(|e| group.damage(&e))?;
        let indexed = stored.chunk.column_index.is_some() && stored.chunk.offset_index.is_some();
        let mut pages = Pages::new(range.start, self.wants_index() && !indexed);
        let mut at = range.start;
        while at < range.end {
            self.running.go_on()?;
            let (header, header_len) = page_header(group, at, range.end)?;
            let version = match &header.kind {
                PageKind::DataV2(_) => Some(PageVersion::V2),
                PageKind::Data(_) => Some(PageVersion::V1),
                PageKind::Dictionary(_) if at == range.start => None,
                PageKind::Dictionary(_) | PageKind::Other(_) => return Ok(Err(Reason::Footer)),
            };
            if version.is_some_and(|version| version != options.page_version) {
                return Ok(Err(Reason::PageVersion));
            }
            if checksums && header.crc.is_some() != options.crc {
                return Ok(Err(Reason::Checksum));
            }
            if sizes && !self.fits(&header) {
                return Ok(Err(Reason::PageSize));
            }
            at = pages
                .add(header, header_len)
                .map_err(|e| group.damage(&e))?;
            if pages.data.len() > PAGES_MAX {
                return Ok(Err(Reason::Memory));
            }
        }
        Ok(match at == range.end && pages.values() == meta.num_values {
            true => Ok(pages),
            false => Err(Reason::Footer),
        })
    }

    fn fits(&self, header: &PageHeader) -> bool {
        let count = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        let (rows, most) = match &header.kind {
            PageKind::Data(h) => (count(h.num_values), self.options.page_bytes),
            PageKind::DataV2(h) => (count(h.num_rows), self.options.page_bytes),
            PageKind::Dictionary(_) | PageKind::Other(_) => (0, self.options.dictionary_bytes),
        };
        rows <= self.options.page_rows && count(header.uncompressed_len) <= most.saturating_mul(2)
    }
}

/// Whether the values of a chunk are those of the column, at the levels that the export gives them.
fn same_type(
    spec: &ColumnSpec,
    leaf: &LeafFacts,
    code: Option<i32>,
    raw: bool,
) -> std::result::Result<(), Reason> {
    let own = spec.column_type.code();
    // Without the entry nobody knows what the writer took for null.
    if code.is_none_or(|code| code != own && code != own | DESIGNATED_CODE) {
        return Err(Reason::Type);
    }
    let expected = meaning(spec.column_type, raw);
    if (leaf.stored, leaf.physical) != (expected, physical_type(spec.column_type, raw)) {
        return Err(match spec.column_type {
            ColumnType::Array { .. } => Reason::Arrays,
            _ => Reason::Type,
        });
    }
    let own = u16::from(!spec.required);
    let (repetition, definition) = match expected {
        Stored::Doubles { dims } => (dims, own + 2 * dims),
        _ => (0, own),
    };
    if (leaf.max_repetition, leaf.max_definition) != (repetition, definition) {
        return Err(Reason::Nulls);
    }
    // The same highest level can come of other levels between: each list gets its elements at one.
    let elements = (0..repetition).map(|list| own + 1 + 2 * list);
    match leaf.element_levels.iter().copied().eq(elements) {
        true => Ok(()),
        false => Err(Reason::Arrays),
    }
}

/// Levels are not written down: only the default one can be taken for granted.
fn has_default_level(codec: Codec) -> bool {
    codec.name().parse() == Ok(codec)
}

/// What the export writes a column as.
fn meaning(column_type: ColumnType, raw_arrays: bool) -> Stored {
    use ColumnType as T;
    let PhysicalType::FixedLenByteArray(len) = physical_type(column_type, raw_arrays) else {
        return match column_type {
            T::Boolean => Stored::Boolean,
            T::Byte => Stored::Int(8),
            T::Short => Stored::Int(16),
            T::Char => Stored::Uint(16),
            T::Ipv4 => Stored::Uint(32),
            T::Long => Stored::Int(64),
            T::Date => Stored::Millis,
            T::Timestamp(unit) => Stored::Timestamp(unit),
            T::Float => Stored::Float,
            T::Double => Stored::Double,
            T::String | T::Varchar | T::Symbol => Stored::Text,
            T::Array { dims } if !raw_arrays => Stored::Doubles { dims: dims.into() },
            T::Binary | T::Array { .. } => Stored::Bytes,
            T::Geohash { .. } => Stored::Int(match column_type.fixed_width() {
                Some(1) => 8,
                Some(2) => 16,
                Some(4) => 32,
                _ => 64,
            }),
            _ => Stored::Int(32),
        };
    };
    match column_type {
        T::Uuid => Stored::Uuid,
        T::Decimal { scale, .. } => Stored::Decimal { len, scale },
        _ => Stored::Fixed(len),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_with_the_same_highest_level_but_other_ones_between_are_not_the_same() {
        let array = ColumnType::Array { dims: 2 };
        let spec = ColumnSpec::new("a", array);
        let with = |element_levels: &[u16]| {
            let leaf = LeafFacts {
                name: "a".into(),
                id: Some(0),
                physical: PhysicalType::Double,
                stored: Stored::Doubles { dims: 2 },
                max_definition: 5,
                max_repetition: 2,
                element_levels: element_levels.to_vec(),
            };
            same_type(&spec, &leaf, Some(array.code()), false)
        };
        assert_eq!(with(&[2, 4]), Ok(()));
        // An optional group in the place of optional elements, inside, outside, or nobody knows.
        for other in [&[2, 3][..], &[3, 4], &[1, 4], &[2], &[]] {
            assert_eq!(with(other), Err(Reason::Arrays), "{other:?}");
        }
    }
}
