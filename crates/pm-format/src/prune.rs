//! Can a row group hold a row that satisfies the filters? (pm.md §17)
//!
//! Answered from the sidecar alone, and conservatively: any doubt keeps the row group, so a pruned
//! scan returns what a full scan returns.

use std::cmp::Ordering;

use crate::bloom::BloomBitset;
use crate::chunk::Chunk;
use crate::codes::{PhysicalType, tag, tag_of};
use crate::column::Column;
use crate::order::{Key, ValueOrder};
use crate::view::PmView;

/// Filter operations (pm.md §17.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FilterOp {
    /// Equal to any of the values.
    Eq,
    /// Below the value.
    Lt,
    /// At most the value.
    Le,
    /// Above the value.
    Gt,
    /// At least the value.
    Ge,
    /// Null.
    IsNull,
    /// Not null.
    IsNotNull,
    /// Between the two values, both included, in either order.
    Between,
}

/// One condition on one column. Conditions of a scan are ANDed.
#[derive(Clone, Copy, Debug)]
pub struct Filter<'f> {
    /// Index of the column in the sidecar; one that does not exist is ignored.
    pub column: usize,
    /// The operation.
    pub op: FilterOp,
    /// Values as bytes that a statistic of the column would have; `None` is NULL. For a DATE held
    /// in INT32: 8-byte milliseconds.
    pub values: &'f [Option<&'f [u8]>],
}

/// Whether some filter proves that row group `row_group` holds no satisfying row.
#[must_use]
pub fn can_skip(view: &PmView<'_>, row_group: usize, filters: &[Filter<'_>]) -> bool {
    let Ok(group) = view.row_group(row_group) else {
        return false;
    };
    filters.iter().any(|filter| {
        let (Ok(column), Ok(chunk)) = (view.column(filter.column), group.chunk(filter.column))
        else {
            return false;
        };
        let bloom = view.bloom_filter(row_group, filter.column);
        ChunkFacts::new(&column, &chunk, bloom).proves_absent(filter)
    })
}

/// What is known of one chunk, in the terms of the decision table.
struct ChunkFacts<'a> {
    order: ValueOrder,
    tag: Option<i32>,
    physical: Option<PhysicalType>,
    null_count: Option<u64>,
    num_values: u64,
    range: Option<(Key<'a>, Key<'a>)>,
    bloom: Option<BloomBitset<'a>>,
    /// A leaf of a list: its null count counts empty lists and null elements as well.
    repeated: bool,
}

impl<'a> ChunkFacts<'a> {
    fn new(column: &Column<'a>, chunk: &Chunk<'a>, bloom: Option<BloomBitset<'a>>) -> Self {
        let order = ValueOrder::of(column);
        let key = |stat: Result<Option<crate::Stat<'a>>, _>| {
            stat.ok().flatten().and_then(|s| order.stat(s.bytes))
        };
        let mut facts = Self {
            order,
            tag: tag_of(column.type_code()),
            physical: column.physical_type().ok(),
            null_count: chunk.null_count(),
            num_values: chunk.num_values(),
            range: key(chunk.min()).zip(key(chunk.max())).filter(in_order),
            repeated: column.max_rep_level() > 0,
            bloom: bloom.filter(|_| order != ValueOrder::Unordered),
        };
        if facts.null_is_zero() {
            facts.range = facts.range.map(widen_to_zero);
        }
        facts
    }

    fn is_real(&self) -> bool {
        matches!(self.tag, Some(tag::FLOAT | tag::DOUBLE))
            || matches!(
                self.physical,
                Some(PhysicalType::Float | PhysicalType::Double)
            )
    }

    /// NaN is null and never counted, so floating point always may have nulls (pm.md §17.5).
    fn has_nulls(&self) -> bool {
        self.is_real() || self.null_count != Some(0)
    }

    /// Types whose Parquet nulls decode as 0, in a chunk that may have some (pm.md §17.5).
    fn null_is_zero(&self) -> bool {
        matches!(self.tag, Some(tag::BYTE | tag::SHORT | tag::CHAR)) && self.has_nulls()
    }

    fn proves_absent(&self, filter: &Filter<'_>) -> bool {
        let value = |i: usize| {
            let bytes = (*filter.values.get(i)?)?;
            if self.order.is_null(bytes) {
                None
            } else {
                self.order.value(bytes)
            }
        };
        let below = |key: Option<Key<'_>>, wanted: &[Ordering]| {
            let (Some((min, _)), Some(key)) = (&self.range, key) else {
                return false;
            };
            min.compare(&key).is_some_and(|o| wanted.contains(&o))
        };
        let above = |key: Option<Key<'_>>, wanted: &[Ordering]| {
            let (Some((_, max)), Some(key)) = (&self.range, key) else {
                return false;
            };
            max.compare(&key).is_some_and(|o| wanted.contains(&o))
        };
        match filter.op {
            FilterOp::Eq => self.proves_all_absent(filter.values),
            FilterOp::Lt => below(value(0), &[Ordering::Greater, Ordering::Equal]),
            FilterOp::Le => below(value(0), &[Ordering::Greater]),
            FilterOp::Gt => above(value(0), &[Ordering::Less, Ordering::Equal]),
            FilterOp::Ge => above(value(0), &[Ordering::Less]),
            FilterOp::Between => {
                let (Some(a), Some(b)) = (value(0), value(1)) else {
                    return false;
                };
                let swapped = a.compare(&b) == Some(Ordering::Greater);
                let (low, high) = if swapped { (b, a) } else { (a, b) };
                above(Some(low), &[Ordering::Less]) || below(Some(high), &[Ordering::Greater])
            }
            FilterOp::IsNull => self.null_count == Some(0) && !self.engine_null_differs(),
            FilterOp::IsNotNull => {
                let all_null = self.null_count == Some(self.num_values);
                all_null && !self.repeated && !self.has_no_null()
            }
        }
    }

    /// Values that the engine calls null although the file does not: 0 of CHAR, NaN and infinities.
    fn engine_null_differs(&self) -> bool {
        self.tag == Some(tag::CHAR) || self.is_real()
    }

    /// Types without a null: what the file calls null is a value.
    fn has_no_null(&self) -> bool {
        matches!(self.tag, Some(tag::BOOLEAN | tag::BYTE | tag::SHORT))
    }

    fn proves_all_absent(&self, values: &[Option<&[u8]>]) -> bool {
        if values.is_empty() {
            return false;
        }
        values
            .iter()
            .all(|v| self.absent(*v, |bytes| self.bloom_proves_absent(bytes)))
            || values
                .iter()
                .all(|v| self.absent(*v, |bytes| self.range_proves_absent(bytes)))
    }

    /// A NULL is absent when the chunk has none; a value when `proof` says so.
    fn absent(&self, value: Option<&[u8]>, proof: impl Fn(&[u8]) -> bool) -> bool {
        match value.filter(|bytes| !self.order.is_null(bytes)) {
            None => !self.has_nulls(),
            Some(bytes) => proof(bytes),
        }
    }

    fn bloom_proves_absent(&self, bytes: &[u8]) -> bool {
        let Some(bloom) = &self.bloom else {
            return false;
        };
        if self.null_is_zero() && bytes.iter().all(|b| *b == 0) {
            return false;
        }
        let mut buffer = [0; 8];
        self.order
            .bloom_bytes(bytes, &mut buffer)
            .is_some_and(|b| !bloom.may_contain(b))
    }

    fn range_proves_absent(&self, bytes: &[u8]) -> bool {
        let Some((min, max)) = &self.range else {
            return false;
        };
        let Some(key) = self.order.equal_value(bytes) else {
            return false;
        };
        key.compare(min) == Some(Ordering::Less) || key.compare(max) == Some(Ordering::Greater)
    }
}

/// Bounds in the wrong order are those of an unsigned foreign column, whose sign the sidecar does
/// not record (pm.md §17.5), or damage: nothing is pruned by them.
fn in_order((min, max): &(Key<'_>, Key<'_>)) -> bool {
    min.compare(max).is_some_and(Ordering::is_le)
}

fn widen_to_zero<'a>((min, max): (Key<'a>, Key<'a>)) -> (Key<'a>, Key<'a>) {
    match (min, max) {
        (Key::Int(min), Key::Int(max)) => (Key::Int(min.min(0)), Key::Int(max.max(0))),
        other => other,
    }
}
