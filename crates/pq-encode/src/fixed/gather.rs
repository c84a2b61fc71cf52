//! One pass over stored values: nulls out, bounds kept, PLAIN bytes appended.
//!
//! This is the only loop that reads a fixed-width column; every encoding starts from the PLAIN
//! bytes of the page's values, which for PLAIN *are* the page. Blocks without a null (the common
//! case) are scanned for bounds and copied; only a block that has one is compacted row by row.

use super::kind::Kind;
use crate::bits::validity::Validity;

/// Rows scanned before they are copied: they stay in the first-level cache in between.
pub(crate) const BLOCK: usize = 256;

/// What gathering does with nulls and bounds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mode {
    /// Sentinels are nulls; otherwise every stored value is a value.
    pub(crate) nullable: bool,
    /// Bounds are wanted.
    pub(crate) bounds: bool,
    /// The order of the rows is wanted; there are no nulls then.
    pub(crate) order: bool,
}

/// The least and the greatest key so far; `min > max` when there is none.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MinMax<K> {
    pub(crate) min: K,
    pub(crate) max: K,
}

impl<T: Copy + PartialOrd> MinMax<T> {
    #[inline(always)]
    pub(crate) fn add(&mut self, key: T) {
        // Comparisons with NaN are false: it never becomes a bound.
        if key < self.min {
            self.min = key;
        }
        if key > self.max {
            self.max = key;
        }
    }

    #[inline(always)]
    pub(crate) fn merge(&mut self, other: Self) {
        if other.min < self.min {
            self.min = other.min;
        }
        if other.max > self.max {
            self.max = other.max;
        }
    }
}

/// No key yet.
pub(crate) fn nothing<K: Kind>() -> MinMax<K::Key> {
    MinMax {
        min: K::HIGHEST,
        max: K::LOWEST,
    }
}

/// Appends the values of `rows` that are not null to `out` as PLAIN bytes, their rows to `validity`,
/// and their keys to `bounds`.
pub(crate) fn gather<K: Kind>(
    rows: &[K::Native],
    mode: Mode,
    validity: &mut Validity,
    bounds: &mut MinMax<K::Key>,
    out: &mut Vec<u8>,
) {
    for block in rows.chunks(BLOCK) {
        let (block_bounds, has_null) = match (mode.nullable, mode.bounds) {
            // Wide keys are dear: they are not compared where a null makes it vain.
            (true, true) if is_wide::<K>() && any_null::<K>(block) => (nothing::<K>(), true),
            (_, true) => scan::<K>(block),
            (true, false) => (nothing::<K>(), any_null::<K>(block)),
            (false, false) => (nothing::<K>(), false),
        };
        if mode.nullable && has_null {
            compact::<K>(block, validity, bounds, out);
        } else {
            bounds.merge(block_bounds);
            validity.push_valid(block.len());
            copy::<K>(block, out);
        }
    }
}

/// Bounds of all stored values, sentinels included, and whether there is a sentinel.
#[inline(always)]
pub(crate) fn scan<K: Kind>(block: &[K::Native]) -> (MinMax<K::Key>, bool) {
    // Four independent chains: one would wait for its own comparison at every value.
    let mut lanes = [nothing::<K>(); 4];
    let mut null = false;
    let (quads, tail) = block.as_chunks::<4>();
    for quad in quads {
        for (lane, native) in lanes.iter_mut().zip(quad) {
            lane.add(K::key(*native));
            if !K::NULL_IS_LOWEST {
                null |= K::is_null(*native);
            }
        }
    }
    for native in tail {
        lanes[0].add(K::key(*native));
        if !K::NULL_IS_LOWEST {
            null |= K::is_null(*native);
        }
    }
    let [mut all, rest @ ..] = lanes;
    for lane in rest {
        all.merge(lane);
    }
    (
        all,
        if K::NULL_IS_LOWEST {
            all.min == K::LOWEST
        } else {
            null
        },
    )
}

#[inline(always)]
pub(crate) fn any_null<K: Kind>(block: &[K::Native]) -> bool {
    block
        .iter()
        .fold(false, |null, native| null | K::is_null(*native))
}

#[inline(always)]
fn copy<K: Kind>(block: &[K::Native], out: &mut Vec<u8>) {
    if K::IDENTITY {
        out.extend_from_slice(K::bytes(block));
        return;
    }
    let start = out.len();
    out.resize(start + block.len() * size_of::<K::Plain>(), 0);
    if let Some(space) = out.get_mut(start..) {
        for (slot, native) in K::plains(space).iter_mut().zip(block) {
            *slot = K::plain(*native);
        }
    }
}

/// Whether a value is wider than a word.
const fn is_wide<K: Kind>() -> bool {
    size_of::<K::Native>() > size_of::<u64>()
}

/// Of so few values among 64 rows, only these are looked at.
const FEW: u32 = 16;

/// A block with nulls: 64 rows at a time, without a branch on the row.
fn compact<K: Kind>(
    block: &[K::Native],
    validity: &mut Validity,
    bounds: &mut MinMax<K::Key>,
    out: &mut Vec<u8>,
) {
    for part in block.chunks(64) {
        let mut mask = 0_u64;
        for (i, native) in part.iter().enumerate() {
            mask |= u64::from(!K::is_null(*native)) << i;
        }
        validity.push_mask(mask, part.len());
        if is_wide::<K>() || mask.count_ones() <= FEW {
            while mask != 0 {
                let at = mask.trailing_zeros() as usize;
                mask &= mask - 1;
                if let Some(native) = part.get(at) {
                    out.extend_from_slice(K::plain(*native).as_ref());
                    bounds.add(K::key(*native));
                }
            }
            continue;
        }
        let mut kept = [K::Plain::default(); 64];
        let mut count = 0;
        for (i, native) in part.iter().enumerate() {
            let valid = mask >> i & 1 == 1;
            kept[count & 63] = K::plain(*native);
            count += usize::from(valid);
            // Without a branch on the row: what is null bounds nothing.
            let key = K::key(*native);
            let (low, high) = if valid {
                (key, key)
            } else {
                (K::HIGHEST, K::LOWEST)
            };
            bounds.merge(MinMax {
                min: low,
                max: high,
            });
        }
        out.extend_from_slice(K::plain_bytes(&kept[..count]));
    }
}

#[cfg(test)]
mod tests {
    use super::super::kind;
    use super::*;
    use proptest::prelude::*;

    /// One row at a time.
    fn naive(rows: &[[u8; 8]]) -> (Vec<u8>, Vec<bool>, Option<(i64, i64)>) {
        let mut out = (Vec::new(), Vec::new(), None);
        for row in rows {
            let value = i64::from_le_bytes(*row);
            out.1.push(value != i64::MIN);
            if value != i64::MIN {
                out.0.extend_from_slice(row);
                let (min, max) = out.2.unwrap_or((value, value));
                out.2 = Some((value.min(min), value.max(max)));
            }
        }
        out
    }

    proptest! {
        /// Invariants: equal to one row at a time, wherever the rows are cut.
        #[test]
        fn equals_one_row_at_a_time(
            rows in prop::collection::vec(
                prop_oneof![8 => any::<i64>(), 1 => Just(i64::MIN)], 0..1500),
            cut in 0_usize..1500,
            dense in any::<bool>(),
        ) {
            let rows: Vec<[u8; 8]> = rows
                .iter()
                .map(|v| if dense && *v == i64::MIN { 1 } else { *v })
                .map(i64::to_le_bytes)
                .collect();
            let (plain, valid, min_max) = naive(&rows);
            let mut validity = Validity::default();
            let mut bounds = nothing::<kind::I64>();
            let mut out = Vec::new();
            let (now, later) = rows.split_at(cut.min(rows.len()));
            for part in [now, later] {
                let mode = Mode { nullable: true, bounds: true, order: false };
                gather::<kind::I64>(part, mode, &mut validity, &mut bounds, &mut out);
            }
            prop_assert_eq!(out, plain);
            prop_assert_eq!(validity.rows(), rows.len());
            prop_assert_eq!(validity.nulls(), valid.iter().filter(|v| !**v).count());
            let found = (bounds.min <= bounds.max).then_some((bounds.min, bounds.max));
            prop_assert_eq!(found, min_max);
        }
    }

    #[test]
    fn nan_is_never_a_bound_even_where_it_is_a_value() {
        let rows = [f64::NAN, 1.0, f64::NAN, -3.0].map(f64::to_le_bytes);
        for nullable in [false, true] {
            let mut validity = Validity::default();
            let mut bounds = nothing::<kind::F64>();
            let mut out = Vec::new();
            let mode = Mode {
                nullable,
                bounds: true,
                order: false,
            };
            gather::<kind::F64>(&rows, mode, &mut validity, &mut bounds, &mut out);
            assert_eq!(
                (bounds.min.to_bits(), bounds.max.to_bits()),
                ((-3.0_f64).to_bits(), 1.0_f64.to_bits())
            );
            assert_eq!(out.len(), if nullable { 16 } else { 32 });
        }
    }
}
