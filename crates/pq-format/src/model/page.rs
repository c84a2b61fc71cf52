//! Page headers.
//!
//! They precede each page in the file and are read one by one while scanning a chunk; the reader
//! says how many bytes the header took, because only then is it known where the page begins.

use super::enums::{Encoding, PageType};
use super::statistics::Statistics;
use crate::error::FormatError;
use crate::thrift::{Field, Reader, Writer};

/// `DataPageHeader`: version 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataPageHeader {
    /// Leaf slots, nulls included.
    pub num_values: u32,
    /// Encoding of the values.
    pub encoding: Encoding,
    /// Encoding of the definition levels: RLE, whether there are any or not.
    pub definition_level_encoding: Encoding,
    /// Encoding of the repetition levels.
    pub repetition_level_encoding: Encoding,
    /// Bounds of the page. The column index is the better place.
    pub statistics: Option<Statistics>,
}

impl DataPageHeader {
    /// A header with RLE levels and without statistics.
    #[must_use]
    pub const fn new(num_values: u32, encoding: Encoding) -> Self {
        Self {
            num_values,
            encoding,
            definition_level_encoding: Encoding::Rle,
            repetition_level_encoding: Encoding::Rle,
            statistics: None,
        }
    }
}

/// `DataPageHeaderV2`. Levels stand before the values, uncompressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataPageHeaderV2 {
    /// Leaf slots, nulls included.
    pub num_values: u32,
    /// Nulls among them.
    pub num_nulls: u32,
    /// Rows; a page starts at a row start.
    pub num_rows: u32,
    /// Encoding of the values.
    pub encoding: Encoding,
    /// Bytes of definition levels.
    pub definition_levels_len: u32,
    /// Bytes of repetition levels.
    pub repetition_levels_len: u32,
    /// Whether the values are compressed with the chunk's codec. Absent on disk means yes.
    pub is_compressed: bool,
    /// Bounds of the page.
    pub statistics: Option<Statistics>,
}

/// `DictionaryPageHeader`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DictionaryPageHeader {
    /// Entries.
    pub num_values: u32,
    /// PLAIN, under its own name or as `PLAIN_DICTIONARY`.
    pub encoding: Encoding,
    /// Whether entries are in ascending order.
    pub is_sorted: Option<bool>,
}

/// What a page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageKind {
    /// Data page, version 1.
    Data(DataPageHeader),
    /// Data page, version 2.
    DataV2(DataPageHeaderV2),
    /// Dictionary page.
    Dictionary(DictionaryPageHeader),
    /// A kind to pass over: the reserved index page, or one younger than this crate.
    Other(PageType),
}

/// `PageHeader`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageHeader {
    /// Bytes of the page when uncompressed, levels included, header not.
    pub uncompressed_len: u32,
    /// Bytes of the page in the file, header not included.
    pub compressed_len: u32,
    /// CRC-32 of the page's bytes in the file; see [`crate::page_crc`].
    pub crc: Option<u32>,
    /// Kind and its own header.
    pub kind: PageKind,
}

impl PageHeader {
    /// Appends the header to `out`; returns the bytes that it took.
    ///
    /// # Errors
    /// [`FormatError::Limit`] if a count or length exceeds `i32::MAX`.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<usize, FormatError> {
        let before = out.len();
        let mut w = Writer::new(out);
        w.i32(1, self.page_type().code());
        w.u32(
            2,
            "PageHeader.uncompressed_page_size",
            self.uncompressed_len,
        );
        w.u32(3, "PageHeader.compressed_page_size", self.compressed_len);
        if let Some(crc) = self.crc {
            w.i32(4, crc.cast_signed());
        }
        match &self.kind {
            PageKind::Data(h) => h.write(&mut w, 5),
            PageKind::Dictionary(h) => h.write(&mut w, 7),
            PageKind::DataV2(h) => h.write(&mut w, 8),
            PageKind::Other(_) => {}
        }
        w.finish()?;
        Ok(out.len() - before)
    }

    /// The kind as the number that stands in the header.
    #[must_use]
    pub const fn page_type(&self) -> PageType {
        match self.kind {
            PageKind::Data(_) => PageType::Data,
            PageKind::DataV2(_) => PageType::DataV2,
            PageKind::Dictionary(_) => PageType::Dictionary,
            PageKind::Other(page_type) => page_type,
        }
    }

    /// Reads a header from the start of `bytes`, which may go on behind it. Returns the header and
    /// the bytes that it took.
    ///
    /// # Errors
    /// [`FormatError::Truncated`] if `bytes` is too short (try again with more), otherwise what
    /// is wrong with the bytes.
    pub fn read(bytes: &[u8]) -> Result<(Self, usize), FormatError> {
        const WHAT: &str = "PageHeader";
        let mut r = Reader::new(bytes, WHAT);
        let (mut page_type, mut uncompressed, mut compressed, mut crc) = (None, None, None, None);
        let (mut data, mut data_v2, mut dictionary) = (None, None, None);
        r.structure(|r, f| {
            match f.id {
                1 => page_type = Some(PageType::from_code(r.i32(f)?)),
                2 => uncompressed = Some(r.u32(f)?),
                3 => compressed = Some(r.u32(f)?),
                4 => crc = Some(r.i32(f)?.cast_unsigned()),
                5 => data = Some(DataPageHeader::read(r, f)?),
                7 => dictionary = Some(DictionaryPageHeader::read(r, f)?),
                8 => data_v2 = Some(DataPageHeaderV2::read(r, f)?),
                _ => r.skip(f)?,
            }
            Ok(())
        })?;
        let need = |field| FormatError::missing(WHAT, field);
        let kind = match page_type.ok_or(need("type"))? {
            PageType::Data => PageKind::Data(data.ok_or(need("data_page_header"))?),
            PageType::DataV2 => PageKind::DataV2(data_v2.ok_or(need("data_page_header_v2"))?),
            PageType::Dictionary => {
                PageKind::Dictionary(dictionary.ok_or(need("dictionary_page_header"))?)
            }
            other => PageKind::Other(other),
        };
        let header = Self {
            uncompressed_len: uncompressed.ok_or(need("uncompressed_page_size"))?,
            compressed_len: compressed.ok_or(need("compressed_page_size"))?,
            crc,
            kind,
        };
        Ok((header, r.position()))
    }
}

impl DataPageHeader {
    fn write(&self, w: &mut Writer<'_>, id: i16) {
        w.structure(id, |w| {
            w.u32(1, "DataPageHeader.num_values", self.num_values);
            w.i32(2, self.encoding.code());
            w.i32(3, self.definition_level_encoding.code());
            w.i32(4, self.repetition_level_encoding.code());
            if let Some(s) = &self.statistics {
                s.write(w, 5);
            }
        });
    }

    fn read(r: &mut Reader<'_>, field: Field) -> Result<Self, FormatError> {
        let (mut num_values, mut encodings, mut statistics) = (None, [None; 3], None);
        r.structure_field(field, |r, f| {
            match f.id {
                1 => num_values = Some(r.u32(f)?),
                2 => encodings[0] = Some(Encoding::from_code(r.i32(f)?)),
                3 => encodings[1] = Some(Encoding::from_code(r.i32(f)?)),
                4 => encodings[2] = Some(Encoding::from_code(r.i32(f)?)),
                5 => statistics = Some(Statistics::read(r, f)?),
                _ => r.skip(f)?,
            }
            Ok(())
        })?;
        let need = |field| FormatError::missing("DataPageHeader", field);
        Ok(Self {
            num_values: num_values.ok_or(need("num_values"))?,
            encoding: encodings[0].ok_or(need("encoding"))?,
            definition_level_encoding: encodings[1].ok_or(need("definition_level_encoding"))?,
            repetition_level_encoding: encodings[2].ok_or(need("repetition_level_encoding"))?,
            statistics,
        })
    }
}

impl DataPageHeaderV2 {
    fn write(&self, w: &mut Writer<'_>, id: i16) {
        w.structure(id, |w| {
            w.u32(1, "DataPageHeaderV2.num_values", self.num_values);
            w.u32(2, "DataPageHeaderV2.num_nulls", self.num_nulls);
            w.u32(3, "DataPageHeaderV2.num_rows", self.num_rows);
            w.i32(4, self.encoding.code());
            w.u32(
                5,
                "DataPageHeaderV2.definition_levels_byte_length",
                self.definition_levels_len,
            );
            w.u32(
                6,
                "DataPageHeaderV2.repetition_levels_byte_length",
                self.repetition_levels_len,
            );
            w.bool(7, self.is_compressed);
            if let Some(s) = &self.statistics {
                s.write(w, 8);
            }
        });
    }

    fn read(r: &mut Reader<'_>, field: Field) -> Result<Self, FormatError> {
        let (mut counts, mut lengths, mut encoding) = ([None; 3], [None; 2], None);
        let (mut is_compressed, mut statistics) = (true, None);
        r.structure_field(field, |r, f| {
            match f.id {
                1 => counts[0] = Some(r.u32(f)?),
                2 => counts[1] = Some(r.u32(f)?),
                3 => counts[2] = Some(r.u32(f)?),
                4 => encoding = Some(Encoding::from_code(r.i32(f)?)),
                5 => lengths[0] = Some(r.u32(f)?),
                6 => lengths[1] = Some(r.u32(f)?),
                7 => is_compressed = r.bool(f)?,
                8 => statistics = Some(Statistics::read(r, f)?),
                _ => r.skip(f)?,
            }
            Ok(())
        })?;
        let need = |field| FormatError::missing("DataPageHeaderV2", field);
        Ok(Self {
            num_values: counts[0].ok_or(need("num_values"))?,
            num_nulls: counts[1].ok_or(need("num_nulls"))?,
            num_rows: counts[2].ok_or(need("num_rows"))?,
            encoding: encoding.ok_or(need("encoding"))?,
            definition_levels_len: lengths[0].ok_or(need("definition_levels_byte_length"))?,
            repetition_levels_len: lengths[1].ok_or(need("repetition_levels_byte_length"))?,
            is_compressed,
            statistics,
        })
    }
}

impl DictionaryPageHeader {
    fn write(self, w: &mut Writer<'_>, id: i16) {
        w.structure(id, |w| {
            w.u32(1, "DictionaryPageHeader.num_values", self.num_values);
            w.i32(2, self.encoding.code());
            if let Some(sorted) = self.is_sorted {
                w.bool(3, sorted);
            }
        });
    }

    fn read(r: &mut Reader<'_>, field: Field) -> Result<Self, FormatError> {
        let (mut num_values, mut encoding, mut is_sorted) = (None, None, None);
        r.structure_field(field, |r, f| {
            match f.id {
                1 => num_values = Some(r.u32(f)?),
                2 => encoding = Some(Encoding::from_code(r.i32(f)?)),
                3 => is_sorted = Some(r.bool(f)?),
                _ => r.skip(f)?,
            }
            Ok(())
        })?;
        let need = |field| FormatError::missing("DictionaryPageHeader", field);
        Ok(Self {
            num_values: num_values.ok_or(need("num_values"))?,
            encoding: encoding.ok_or(need("encoding"))?,
            is_sorted,
        })
    }
}
