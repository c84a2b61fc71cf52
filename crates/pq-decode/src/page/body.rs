//! Bodies of data pages: levels apart from values, values decompressed.
//!
//! Version 1 compresses levels and values together, version 2 only the values. What is stored
//! uncompressed is borrowed from the chunk.

use pq_format::{
    CodecId, DataPageHeader, DataPageHeaderV2, Decompressor, Encoding, PageHeader, PageKind,
};

use super::Page;
use crate::error::Fault;

/// A decompressor with its output buffer, used for page after page.
#[derive(Debug, Default)]
pub(crate) struct Body {
    decompressor: Decompressor,
    buffer: Vec<u8>,
}

/// A data page, taken apart.
#[derive(Debug)]
pub(crate) struct Split<'a> {
    /// Slots.
    pub(crate) count: usize,
    /// Encoding of the values.
    pub(crate) encoding: Encoding,
    /// Repetition levels.
    pub(crate) repetition: Levels<'a>,
    /// Definition levels.
    pub(crate) definition: Levels<'a>,
    /// The values.
    pub(crate) values: &'a [u8],
    /// Nulls, if the header tells.
    pub(crate) nulls: Option<usize>,
}

/// Encoded levels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Levels<'a> {
    pub(crate) encoding: Encoding,
    pub(crate) bytes: &'a [u8],
}

/// Highest levels of a leaf.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Highest {
    pub(crate) repetition: u8,
    pub(crate) definition: u8,
}

impl Body {
    pub(crate) fn trim(&mut self, bytes: usize) {
        if self.buffer.capacity() > bytes {
            self.buffer = Vec::new();
        }
    }

    /// The uncompressed bytes of a whole page body.
    pub(crate) fn whole<'a>(
        &'a mut self,
        codec: CodecId,
        page: &Page<'a>,
        limit: usize,
    ) -> Result<&'a [u8], Fault> {
        self.uncompressed(codec, page.body, page.header.uncompressed_len, limit)
    }

    fn uncompressed<'a>(
        &'a mut self,
        codec: CodecId,
        bytes: &'a [u8],
        len: u32,
        limit: usize,
    ) -> Result<&'a [u8], Fault> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        Fault::bound("page_bytes_max", limit, len)?;
        if codec == CodecId::Uncompressed {
            return match bytes.len() == len {
                true => Ok(bytes),
                false => Err(Fault::corrupt("stored page length", len, bytes.len())),
            };
        }
        self.buffer.clear();
        self.decompressor
            .decompress(codec, bytes, len, limit, &mut self.buffer)?;
        Ok(&self.buffer)
    }

    /// Takes a data page apart; `None` for pages of other kinds.
    pub(crate) fn split<'a>(
        &'a mut self,
        codec: CodecId,
        page: &'a Page<'_>,
        highest: Highest,
        limit: usize,
    ) -> Result<Option<Split<'a>>, Fault> {
        match &page.header.kind {
            PageKind::Data(h) => {
                let (body, len) = (page.body, page.header.uncompressed_len);
                let bytes = self.uncompressed(codec, body, len, limit)?;
                split_v1(h, bytes, highest).map(Some)
            }
            PageKind::DataV2(h) => self
                .split_v2(codec, &page.header, h, page.body, limit)
                .map(Some),
            PageKind::Dictionary(_) | PageKind::Other(_) => Ok(None),
        }
    }

    fn split_v2<'a>(
        &'a mut self,
        codec: CodecId,
        page: &PageHeader,
        header: &DataPageHeaderV2,
        body: &'a [u8],
        limit: usize,
    ) -> Result<Split<'a>, Fault> {
        let cut = |bytes: &'a [u8], len: u32| {
            let len = usize::try_from(len).unwrap_or(usize::MAX);
            bytes
                .split_at_checked(len)
                .ok_or_else(|| Fault::truncated("levels", len, bytes.len()))
        };
        let (repetition, rest) = cut(body, header.repetition_levels_len)?;
        let (definition, rest) = cut(rest, header.definition_levels_len)?;
        let levels = header
            .repetition_levels_len
            .saturating_add(header.definition_levels_len);
        let len = page.uncompressed_len.checked_sub(levels);
        let len = len.ok_or_else(|| {
            Fault::corrupt("uncompressed_page_size", levels, page.uncompressed_len)
        })?;
        let compressed = header.is_compressed && !(rest.is_empty() && len == 0);
        let codec = match compressed {
            true => codec,
            false => CodecId::Uncompressed,
        };
        let values = self.uncompressed(codec, rest, len, limit)?;
        let rle = |bytes| Levels {
            encoding: Encoding::Rle,
            bytes,
        };
        Ok(Split {
            count: size(header.num_values),
            encoding: header.encoding,
            repetition: rle(repetition),
            definition: rle(definition),
            values,
            nulls: Some(size(header.num_nulls)),
        })
    }
}

fn split_v1<'a>(
    header: &DataPageHeader,
    bytes: &'a [u8],
    highest: Highest,
) -> Result<Split<'a>, Fault> {
    let count = size(header.num_values);
    let (repetition, rest) = cut_v1(
        bytes,
        header.repetition_level_encoding,
        highest.repetition,
        count,
    )?;
    let (definition, values) = cut_v1(
        rest,
        header.definition_level_encoding,
        highest.definition,
        count,
    )?;
    Ok(Split {
        count,
        encoding: header.encoding,
        repetition,
        definition,
        values,
        nulls: None,
    })
}

/// The levels at the start of `bytes`, and what follows.
fn cut_v1(
    bytes: &[u8],
    encoding: Encoding,
    highest: u8,
    count: usize,
) -> Result<(Levels<'_>, &[u8]), Fault> {
    if highest == 0 {
        let bytes_of = &[][..];
        return Ok((
            Levels {
                encoding: Encoding::Rle,
                bytes: bytes_of,
            },
            bytes,
        ));
    }
    let (start, len) = match encoding {
        Encoding::BitPacked => {
            let bits = usize::from(pq_format::bit_width(highest.into()));
            (0, count.saturating_mul(bits).div_ceil(8))
        }
        _ => {
            let len = bytes
                .first_chunk::<4>()
                .ok_or_else(|| Fault::truncated("length of levels", 4, bytes.len()))?;
            (4, size(u32::from_le_bytes(*len)))
        }
    };
    let end = len.saturating_add(start);
    let levels = bytes
        .get(start..end)
        .ok_or_else(|| Fault::truncated("levels", end, bytes.len()))?;
    let rest = bytes.get(end..).unwrap_or_default();
    Ok((
        Levels {
            encoding,
            bytes: levels,
        },
        rest,
    ))
}

fn size(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
