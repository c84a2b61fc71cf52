//! Statistics between three worlds: Parquet's footer, the sidecar, native column values (pm.md §6.4).
//!
//! The sidecar stores Parquet's `min_value` and `max_value` verbatim, so that direction is about
//! presence and exactness only. Native values differ: narrow integers are widened with their sign,
//! UUIDs and decimals change byte order.

use column_format::{ColumnType, Layout};

use crate::facts::StatFacts;
use crate::layout::STAT_LEN_MAX;

/// A Parquet statistic as the sidecar keeps it: `None` when absent, empty or longer than a locator
/// can name; exact unless the file says that it is not (pm.md §6.2, §6.4).
#[must_use]
pub fn stat_from_parquet(value: Option<&[u8]>, is_exact: Option<bool>) -> Option<StatFacts> {
    let bytes = value.filter(|v| !v.is_empty() && v.len() <= STAT_LEN_MAX)?;
    Some(StatFacts {
        bytes: bytes.to_vec(),
        exact: is_exact != Some(false),
    })
}

/// A Parquet count as the sidecar keeps it: a negative one is unknown (pm.md §6.4).
#[must_use]
pub fn count_from_parquet(count: Option<i64>) -> Option<u64> {
    u64::try_from(count?).ok()
}

/// How the bytes of a native value become those of a statistic.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// The same bytes.
    Same,
    /// A signed integer of that many bytes, stored as 4.
    Signed(usize),
    /// An unsigned integer of that many bytes, stored as 4.
    Unsigned(usize),
    /// All bytes reversed.
    Reversed,
    /// 8-byte words, most significant first, each reversed.
    WordsReversed,
}

/// The shape and the native width; `None` for types without fixed-width statistics.
fn shape(column_type: ColumnType) -> Option<(Shape, usize)> {
    let Layout::Fixed(width) = column_type.layout() else {
        return None;
    };
    let shape = match column_type {
        ColumnType::Symbol => return None,
        ColumnType::Byte | ColumnType::Short => Shape::Signed(width),
        ColumnType::Char => Shape::Unsigned(width),
        ColumnType::Geohash { .. } if width < 4 => Shape::Signed(width),
        ColumnType::Uuid => Shape::Reversed,
        ColumnType::Decimal { .. } if width > 8 => Shape::WordsReversed,
        ColumnType::Decimal { .. } => Shape::Reversed,
        _ => Shape::Same,
    };
    Some((shape, width))
}

/// The statistic bytes of a native value, little-endian as a column file holds it. `None` when the
/// type has no fixed width or `native` is not that wide; text and binary values are their own
/// statistics.
#[must_use]
pub fn stat_from_native(column_type: ColumnType, native: &[u8]) -> Option<Vec<u8>> {
    let (shape, width) = shape(column_type)?;
    if native.len() != width {
        return None;
    }
    let mut bytes = native.to_vec();
    match shape {
        Shape::Same => {}
        Shape::Signed(_) => {
            let fill = if native.last().is_some_and(|b| b & 0x80 != 0) {
                0xFF
            } else {
                0
            };
            bytes.resize(4, fill);
        }
        Shape::Unsigned(_) => bytes.resize(4, 0),
        Shape::Reversed => bytes.reverse(),
        Shape::WordsReversed => {
            bytes
                .as_chunks_mut::<8>()
                .0
                .iter_mut()
                .for_each(|word| word.reverse());
        }
    }
    Some(bytes)
}

/// The native value of statistic bytes: the inverse of [`stat_from_native`]. `None` when the width
/// is not that of the physical type (files of the first weeks of `_pm` hold narrow ones, pm.md
/// §6.4) or the number does not fit the native width.
#[must_use]
pub fn native_from_stat(column_type: ColumnType, stat: &[u8]) -> Option<Vec<u8>> {
    let (shape, width) = shape(column_type)?;
    let stored = if matches!(shape, Shape::Signed(_) | Shape::Unsigned(_)) {
        4
    } else {
        width
    };
    if stat.len() != stored {
        return None;
    }
    let mut bytes = stat.to_vec();
    match shape {
        Shape::Same => {}
        Shape::Signed(n) | Shape::Unsigned(n) => bytes.truncate(n),
        Shape::Reversed => bytes.reverse(),
        Shape::WordsReversed => {
            bytes
                .as_chunks_mut::<8>()
                .0
                .iter_mut()
                .for_each(|word| word.reverse());
        }
    }
    (stat_from_native(column_type, &bytes).as_deref() == Some(stat)).then_some(bytes)
}
