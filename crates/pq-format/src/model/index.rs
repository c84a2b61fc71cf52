//! The page index: bounds of each page, and where each page is.
//!
//! Both parts are written near the end of the file and found through the column chunk.

use super::enums::BoundaryOrder;
use crate::error::FormatError;
use crate::thrift::{Reader, Writer, ty};

/// `ColumnIndex`: one entry a data page in every non-empty list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnIndex {
    /// Pages without a value: their bounds are empty and void.
    pub null_pages: Vec<bool>,
    /// Lower bounds.
    pub min_values: Vec<Vec<u8>>,
    /// Upper bounds.
    pub max_values: Vec<Vec<u8>>,
    /// Order of the bounds over the pages that are not null pages.
    pub boundary_order: BoundaryOrder,
    /// Nulls of each page; empty if not known.
    pub null_counts: Vec<u64>,
    /// (max level + 1) counts a page; empty if not known.
    pub repetition_level_histograms: Vec<u64>,
    /// (max level + 1) counts a page; empty if not known.
    pub definition_level_histograms: Vec<u64>,
    /// NaNs of each page (files that use the IEEE 754 total order); empty if not known.
    pub nan_counts: Vec<u64>,
}

impl ColumnIndex {
    /// Appends the index to `out`; returns the bytes that it took.
    ///
    /// # Errors
    /// [`FormatError::Limit`] if a count exceeds `i64::MAX`, [`FormatError::Corrupt`] if the lists
    /// do not have one entry a page.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<usize, FormatError> {
        self.check()?;
        let before = out.len();
        let mut w = Writer::new(out);
        w.list(1, ty::TRUE, &self.null_pages, |w, &v| w.bool_element(v));
        w.list(2, ty::BINARY, &self.min_values, |w, v| w.binary_element(v));
        w.list(3, ty::BINARY, &self.max_values, |w, v| w.binary_element(v));
        w.i32(4, self.boundary_order.code());
        w.u64_list(5, "ColumnIndex.null_counts", &self.null_counts);
        w.u64_list(
            6,
            "ColumnIndex.histograms",
            &self.repetition_level_histograms,
        );
        w.u64_list(
            7,
            "ColumnIndex.histograms",
            &self.definition_level_histograms,
        );
        w.u64_list(8, "ColumnIndex.nan_counts", &self.nan_counts);
        w.finish()?;
        Ok(out.len() - before)
    }

    /// Reads an index from exactly its bytes.
    ///
    /// # Errors
    /// What is wrong with the bytes, including lists of different lengths.
    pub fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        const WHAT: &str = "ColumnIndex";
        let mut r = Reader::new(bytes, WHAT);
        let (mut null_pages, mut min, mut max, mut order) = (None, None, None, None);
        let mut counts: [Vec<u64>; 4] = Default::default();
        r.structure(|r, f| {
            match f.id {
                1 => null_pages = Some(r.list(f, ty::TRUE, Reader::bool_element)?),
                2 => min = Some(r.list(f, ty::BINARY, |r| Ok(r.binary_element()?.to_vec()))?),
                3 => max = Some(r.list(f, ty::BINARY, |r| Ok(r.binary_element()?.to_vec()))?),
                4 => order = Some(BoundaryOrder::from_code(r.i32(f)?)),
                5 => counts[0] = r.u64_list(f)?,
                6 => counts[1] = r.u64_list(f)?,
                7 => counts[2] = r.u64_list(f)?,
                8 => counts[3] = r.u64_list(f)?,
                _ => r.skip(f)?,
            }
            Ok(())
        })?;
        let need = |field| FormatError::missing(WHAT, field);
        let [
            null_counts,
            repetition_level_histograms,
            definition_level_histograms,
            nan_counts,
        ] = counts;
        let index = Self {
            null_pages: null_pages.ok_or(need("null_pages"))?,
            min_values: min.ok_or(need("min_values"))?,
            max_values: max.ok_or(need("max_values"))?,
            boundary_order: order.ok_or(need("boundary_order"))?,
            null_counts,
            repetition_level_histograms,
            definition_level_histograms,
            nan_counts,
        };
        index.check()?;
        Ok(index)
    }

    fn check(&self) -> Result<(), FormatError> {
        let pages = self.null_pages.len();
        let exact = [self.min_values.len(), self.max_values.len()];
        let optional = [self.null_counts.len(), self.nan_counts.len()];
        let whole = [
            &self.repetition_level_histograms,
            &self.definition_level_histograms,
        ];
        let odd = exact
            .into_iter()
            .find(|&n| n != pages)
            .or_else(|| optional.into_iter().find(|&n| n != 0 && n != pages))
            .or_else(|| {
                let len = |h: &&Vec<u64>| h.len();
                whole
                    .iter()
                    .map(len)
                    .find(|&n| n != 0 && n.checked_rem(pages) != Some(0))
            });
        odd.map_or(Ok(()), |n| {
            Err(FormatError::corrupt(
                "ColumnIndex",
                0,
                format!("entries for {pages} pages"),
                n,
            ))
        })
    }
}

/// Where one data page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLocation {
    /// File offset of the page's header.
    pub offset: u64,
    /// Bytes of header and page.
    pub compressed_page_size: u32,
    /// First row of the page within the row group.
    pub first_row_index: u64,
}

/// `OffsetIndex`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OffsetIndex {
    /// Data pages in order.
    pub page_locations: Vec<PageLocation>,
    /// Byte-array bytes of each page as if PLAIN, without length prefixes; empty if not known.
    pub unencoded_byte_array_data_bytes: Vec<u64>,
}

impl OffsetIndex {
    /// Appends the index to `out`; returns the bytes that it took.
    ///
    /// # Errors
    /// [`FormatError::Limit`] if an offset or size exceeds the signed type of the format.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<usize, FormatError> {
        let before = out.len();
        let mut w = Writer::new(out);
        w.list(1, ty::STRUCT, &self.page_locations, |w, p| {
            w.structure_element(|w| {
                w.u64(1, "PageLocation.offset", p.offset);
                w.u32(
                    2,
                    "PageLocation.compressed_page_size",
                    p.compressed_page_size,
                );
                w.u64(3, "PageLocation.first_row_index", p.first_row_index);
            });
        });
        w.u64_list(
            2,
            "OffsetIndex.unencoded_byte_array_data_bytes",
            &self.unencoded_byte_array_data_bytes,
        );
        w.finish()?;
        Ok(out.len() - before)
    }

    /// Reads an index from exactly its bytes.
    ///
    /// # Errors
    /// What is wrong with the bytes.
    pub fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        const WHAT: &str = "OffsetIndex";
        let mut r = Reader::new(bytes, WHAT);
        let (mut locations, mut sizes) = (None, Vec::new());
        r.structure(|r, f| {
            match f.id {
                1 => locations = Some(r.list(f, ty::STRUCT, read_location)?),
                2 => sizes = r.u64_list(f)?,
                _ => r.skip(f)?,
            }
            Ok(())
        })?;
        let page_locations = locations.ok_or(FormatError::missing(WHAT, "page_locations"))?;
        if !sizes.is_empty() && sizes.len() != page_locations.len() {
            let expected = format!("sizes of {} pages", page_locations.len());
            return Err(FormatError::corrupt(WHAT, 0, expected, sizes.len()));
        }
        Ok(Self {
            page_locations,
            unencoded_byte_array_data_bytes: sizes,
        })
    }
}

fn read_location(r: &mut Reader<'_>) -> Result<PageLocation, FormatError> {
    let (mut offset, mut size, mut row) = (None, None, None);
    r.structure(|r, f| {
        match f.id {
            1 => offset = Some(r.u64(f)?),
            2 => size = Some(r.u32(f)?),
            3 => row = Some(r.u64(f)?),
            _ => r.skip(f)?,
        }
        Ok(())
    })?;
    let need = |field| FormatError::missing("PageLocation", field);
    Ok(PageLocation {
        offset: offset.ok_or(need("offset"))?,
        compressed_page_size: size.ok_or(need("compressed_page_size"))?,
        first_row_index: row.ok_or(need("first_row_index"))?,
    })
}
