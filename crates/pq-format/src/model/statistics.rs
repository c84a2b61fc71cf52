//! Statistics of a chunk or page: bounds, counts, sizes.
//!
//! Bounds are PLAIN-encoded values (without a length prefix for byte arrays) and may be shortened:
//! the exactness flags tell. Files older than the flags leave them out.

use crate::error::FormatError;
use crate::thrift::{Field, Reader, Writer};

/// `Statistics`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Nulls among the values. A negative count in a file is read as unknown, here and below.
    pub null_count: Option<u64>,
    /// Distinct values, when known exactly.
    pub distinct_count: Option<u64>,
    /// Lower bound by the column order.
    pub min_value: Option<Vec<u8>>,
    /// Upper bound by the column order.
    pub max_value: Option<Vec<u8>>,
    /// Whether `min_value` is a value of the column.
    pub is_min_exact: Option<bool>,
    /// Whether `max_value` is a value of the column.
    pub is_max_exact: Option<bool>,
    /// NaNs among the values (files that use the IEEE 754 total order).
    pub nan_count: Option<u64>,
    /// Deprecated `min`: signed byte order whatever the type. For old readers of signed integers.
    pub deprecated_min: Option<Vec<u8>>,
    /// Deprecated `max`.
    pub deprecated_max: Option<Vec<u8>>,
}

impl Statistics {
    pub(crate) fn write(&self, w: &mut Writer<'_>, id: i16) {
        w.structure(id, |w| {
            let bytes = |w: &mut Writer<'_>, id, v: &Option<Vec<u8>>| {
                if let Some(v) = v {
                    w.binary(id, v);
                }
            };
            bytes(w, 1, &self.deprecated_max);
            bytes(w, 2, &self.deprecated_min);
            if let Some(v) = self.null_count {
                w.u64(3, "Statistics.null_count", v);
            }
            if let Some(v) = self.distinct_count {
                w.u64(4, "Statistics.distinct_count", v);
            }
            bytes(w, 5, &self.max_value);
            bytes(w, 6, &self.min_value);
            if let Some(v) = self.is_max_exact {
                w.bool(7, v);
            }
            if let Some(v) = self.is_min_exact {
                w.bool(8, v);
            }
            if let Some(v) = self.nan_count {
                w.u64(9, "Statistics.nan_count", v);
            }
        });
    }

    pub(crate) fn read(r: &mut Reader<'_>, field: Field) -> Result<Self, FormatError> {
        let mut s = Self::default();
        r.structure_field(field, |r, f| {
            match f.id {
                1 => s.deprecated_max = Some(r.binary(f)?.to_vec()),
                2 => s.deprecated_min = Some(r.binary(f)?.to_vec()),
                3 => s.null_count = r.u64_hint(f)?,
                4 => s.distinct_count = r.u64_hint(f)?,
                5 => s.max_value = Some(r.binary(f)?.to_vec()),
                6 => s.min_value = Some(r.binary(f)?.to_vec()),
                7 => s.is_max_exact = Some(r.bool(f)?),
                8 => s.is_min_exact = Some(r.bool(f)?),
                9 => s.nan_count = r.u64_hint(f)?,
                _ => r.skip(f)?,
            }
            Ok(())
        })?;
        Ok(s)
    }
}

/// `SizeStatistics`: what a reader needs to plan memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SizeStatistics {
    /// Bytes of all byte arrays as if PLAIN, without their length prefixes.
    pub unencoded_byte_array_data_bytes: Option<u64>,
    /// Values per repetition level; empty if the maximum level is 0.
    pub repetition_level_histogram: Vec<u64>,
    /// Values per definition level; empty if the maximum level is 0.
    pub definition_level_histogram: Vec<u64>,
}

impl SizeStatistics {
    pub(crate) fn write(&self, w: &mut Writer<'_>, id: i16) {
        w.structure(id, |w| {
            if let Some(v) = self.unencoded_byte_array_data_bytes {
                w.u64(1, "SizeStatistics.unencoded_byte_array_data_bytes", v);
            }
            w.u64_list(
                2,
                "repetition_level_histogram",
                &self.repetition_level_histogram,
            );
            w.u64_list(
                3,
                "definition_level_histogram",
                &self.definition_level_histogram,
            );
        });
    }

    pub(crate) fn read(r: &mut Reader<'_>, field: Field) -> Result<Self, FormatError> {
        let mut s = Self::default();
        r.structure_field(field, |r, f| {
            match f.id {
                1 => s.unencoded_byte_array_data_bytes = Some(r.u64(f)?),
                2 => s.repetition_level_histogram = r.u64_list(f)?,
                3 => s.definition_level_histogram = r.u64_list(f)?,
                _ => r.skip(f)?,
            }
            Ok(())
        })?;
        Ok(s)
    }
}
