//! What is left of a budget when all that is known before was taken, and what becomes of it.

use column_format::ColumnType;
use pq_encode::{ColumnSpec, Encoding};

/// Beside decoded columns: the sizes of rows that are being planned (1 MiB), and of a copied chunk a
/// piece and the parts of its page index that are being read.
const PLANNED_BYTES: u64 = 2 << 20;
/// One part of so many of what is shared is for pages that wait, the others for what is decoded.
const SHARED_OF: u64 = 8;
/// One part of so many of what is left over is for values that are larger than a page but not so large
/// that somebody has to ask for them.
const UNASKED_OF: u64 = 8;

/// What is left over, and what becomes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spare {
    /// A dictionary was asked for by name.
    pub(super) named: bool,
    /// For such dictionaries: half.
    pub(super) dictionaries: u64,
    /// For values that are larger than a page, for what is decoded, and for pages that wait, which make
    /// room for both.
    pub(super) pool: u64,
    /// For values that are larger than a page, and nobody asks for them.
    pub(super) unasked: u64,
    /// As much of `pool` may be decoded at the same time, if there are Parquet partitions.
    pub(super) decoding: Option<u64>,
}

impl Spare {
    pub(super) fn of(bytes: u64, specs: &[ColumnSpec], parquet: bool) -> Self {
        let named = specs.iter().any(names_dictionary);
        let dictionaries = if named { bytes / 2 } else { 0 };
        let shared = bytes - dictionaries;
        let left = shared.saturating_sub(PLANNED_BYTES);
        let (decoding, unasked, shared) = match parquet {
            true => {
                let waiting = left / SHARED_OF;
                (Some(left - waiting), waiting / UNASKED_OF, left)
            }
            false => (None, shared / UNASKED_OF, shared),
        };
        Self {
            named,
            dictionaries,
            pool: shared - unasked,
            unasked,
            decoding,
        }
    }

    /// What must be left over for so much to be decoded.
    pub(super) fn least_to_decode(bytes: u64) -> u64 {
        let parts = bytes / (SHARED_OF - 1) + 1;
        PLANNED_BYTES.saturating_add(parts.saturating_mul(SHARED_OF))
    }

    /// What must be left over for values to take so much, where nothing is decoded.
    pub(super) fn least_for_values(bytes: u64) -> u64 {
        let parts = bytes / (UNASKED_OF - 1) + 1;
        parts.saturating_mul(UNASKED_OF)
    }
}

/// Whether a column has a dictionary whatever it costs. That of a SYMBOL column is there already.
fn names_dictionary(spec: &ColumnSpec) -> bool {
    spec.encoding == Some(Encoding::Dictionary) && spec.column_type != ColumnType::Symbol
}
