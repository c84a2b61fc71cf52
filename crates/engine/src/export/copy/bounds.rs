//! Bounds of a chunk that is taken over, by the conventions of the files that we write.
//!
//! Our footers declare the order of every column, so that readers prune by what it says: bounds of a
//! file that declares none are worth something only if QuestDB wrote it. What can be checked is
//! checked, what follows from the pages is made from them, and zeros of floats are widened.

use std::cmp::Ordering;

use column_format::ColumnType;
use pq_format::{BoundaryOrder, ColumnIndex, PhysicalType, Statistics};

use super::reason::Reason;

/// Bytes of a bound that is taken over.
const BOUND_BYTES_MAX: usize = 4 << 10;

/// The least and the greatest value, PLAIN.
type Bounds = (Vec<u8>, Vec<u8>);

/// The order of a column's values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    pub(super) physical: PhysicalType,
    pub(super) column_type: ColumnType,
}

impl Order {
    /// The bounds of a chunk: those that its file tells, if they can be those of its pages.
    /// Those of `index` are mended in place.
    pub(super) fn carry(
        self,
        told: Option<Statistics>,
        values: u64,
        index: Option<&mut ColumnIndex>,
    ) -> Result<Option<Statistics>, Reason> {
        let pages = match index {
            Some(index) => self.mend_index(index)?,
            None => None,
        };
        let Some(told) = told else { return Ok(None) };
        let mut kept = Statistics {
            deprecated_min: None,
            deprecated_max: None,
            ..told
        };
        let all_null = kept.null_count == Some(values);
        let bounds = kept.min_value.take().zip(kept.max_value.take());
        let Some((mut min, mut max)) = bounds.filter(|_| !all_null) else {
            (kept.is_min_exact, kept.is_max_exact) = (None, None);
            return Ok(Some(kept));
        };
        self.mend(&mut min, &mut max)?;
        if let Some((low, high)) = pages {
            if self.compare(&low, &min) != Some(Ordering::Equal) {
                (min, kept.is_min_exact) = (low, None);
            }
            if self.compare(&high, &max) != Some(Ordering::Equal) {
                (max, kept.is_max_exact) = (high, None);
            }
        }
        (kept.min_value, kept.max_value) = (Some(min), Some(max));
        Ok(Some(kept))
    }

    /// Mends the bounds of pages and says in which order they are; returns those of all.
    fn mend_index(self, index: &mut ColumnIndex) -> Result<Option<Bounds>, Reason> {
        let pages = index.null_pages.len();
        if (index.min_values.len(), index.max_values.len()) != (pages, pages) {
            return Err(Reason::PageIndex);
        }
        let bounds = index.min_values.iter_mut().zip(&mut index.max_values);
        let (mut all, mut last) = (None::<Bounds>, None::<(&[u8], &[u8])>);
        let (mut rises, mut falls) = (true, true);
        for ((min, max), null) in bounds.zip(&index.null_pages) {
            if *null {
                min.clear();
                max.clear();
                continue;
            }
            self.mend(min, max)?;
            if let Some((low, high)) = last {
                let orders = (self.compare(low, min), self.compare(high, max));
                let is = |order, other| order == Some(Ordering::Equal) || order == Some(other);
                rises &= is(orders.0, Ordering::Less) && is(orders.1, Ordering::Less);
                falls &= is(orders.0, Ordering::Greater) && is(orders.1, Ordering::Greater);
            }
            match &mut all {
                None => all = Some((min.clone(), max.clone())),
                Some((low, high)) => {
                    if self.compare(min, low) == Some(Ordering::Less) {
                        low.clone_from(min);
                    }
                    if self.compare(max, high) == Some(Ordering::Greater) {
                        high.clone_from(max);
                    }
                }
            }
            last = Some((min, max));
        }
        index.boundary_order = match (rises, falls) {
            (true, _) => BoundaryOrder::Ascending,
            (_, true) => BoundaryOrder::Descending,
            _ => BoundaryOrder::Unordered,
        };
        Ok(all)
    }

    /// Zeros of floats have a sign that bounds must not depend on.
    fn mend(self, min: &mut Vec<u8>, max: &mut Vec<u8>) -> Result<(), Reason> {
        let ordered = matches!(
            self.compare(min, max),
            Some(Ordering::Less | Ordering::Equal)
        );
        if !ordered {
            return Err(Reason::Statistics);
        }
        match self.physical {
            PhysicalType::Float => {
                widen(&(-0.0_f32).to_le_bytes(), &0.0_f32.to_le_bytes(), min, max);
            }
            PhysicalType::Double => {
                widen(&(-0.0_f64).to_le_bytes(), &0.0_f64.to_le_bytes(), min, max);
            }
            _ => {}
        }
        Ok(())
    }

    /// `None`: one of them is no bound of the type, or too long to be repeated.
    fn compare(self, a: &[u8], b: &[u8]) -> Option<Ordering> {
        match self.physical {
            PhysicalType::Int32 => {
                let (a, b) = (word(a).map(i32::from_le_bytes)?, word(b)?);
                let b = i32::from_le_bytes(b);
                let unsigned = matches!(self.column_type, ColumnType::Char | ColumnType::Ipv4);
                Some(match unsigned {
                    true => a.cast_unsigned().cmp(&b.cast_unsigned()),
                    false => a.cmp(&b),
                })
            }
            PhysicalType::Int64 => {
                Some(i64::from_le_bytes(word(a)?).cmp(&i64::from_le_bytes(word(b)?)))
            }
            PhysicalType::Float => {
                f32::from_le_bytes(word(a)?).partial_cmp(&f32::from_le_bytes(word(b)?))
            }
            PhysicalType::Double => {
                f64::from_le_bytes(word(a)?).partial_cmp(&f64::from_le_bytes(word(b)?))
            }
            PhysicalType::FixedLenByteArray(len) => {
                let len = usize::try_from(len).ok()?;
                if (a.len(), b.len()) != (len, len) {
                    return None;
                }
                let signed = matches!(self.column_type, ColumnType::Decimal { .. });
                let sign = if signed { 0x80 } else { 0 };
                let (first, other) = (a.split_first()?, b.split_first()?);
                Some((first.0 ^ sign, first.1).cmp(&(other.0 ^ sign, other.1)))
            }
            PhysicalType::Boolean | PhysicalType::ByteArray => {
                let long = a.len().max(b.len()) > BOUND_BYTES_MAX;
                (!long).then(|| a.cmp(b))
            }
            PhysicalType::Int96 => None,
        }
    }
}

fn word<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

fn widen(minus: &[u8], plus: &[u8], min: &mut Vec<u8>, max: &mut Vec<u8>) {
    if min == plus {
        *min = minus.to_vec();
    }
    if max == minus {
        *max = plus.to_vec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn double(v: f64) -> Vec<u8> {
        v.to_le_bytes().to_vec()
    }

    fn statistics(min: Vec<u8>, max: Vec<u8>) -> Option<Statistics> {
        Some(Statistics {
            null_count: Some(0),
            is_min_exact: Some(true),
            is_max_exact: Some(true),
            min_value: Some(min),
            max_value: Some(max),
            ..Statistics::default()
        })
    }

    fn index(pages: &[(Vec<u8>, Vec<u8>)]) -> ColumnIndex {
        ColumnIndex {
            null_pages: vec![false; pages.len()],
            min_values: pages.iter().map(|p| p.0.clone()).collect(),
            max_values: pages.iter().map(|p| p.1.clone()).collect(),
            boundary_order: BoundaryOrder::Ascending,
            null_counts: vec![0; pages.len()],
            repetition_level_histograms: Vec::new(),
            definition_level_histograms: Vec::new(),
            nan_counts: Vec::new(),
        }
    }

    const DOUBLES: Order = Order {
        physical: PhysicalType::Double,
        column_type: ColumnType::Double,
    };
    const ADDRESSES: Order = Order {
        physical: PhysicalType::Int32,
        column_type: ColumnType::Ipv4,
    };

    #[test]
    fn zeros_are_widened_and_bounds_that_are_no_numbers_refused() {
        let kept = DOUBLES
            .carry(statistics(double(0.0), double(-0.0)), 5, None)
            .unwrap()
            .unwrap();
        assert_eq!(kept.min_value, Some(double(-0.0)));
        assert_eq!(kept.max_value, Some(double(0.0)));
        for (min, max) in [(f64::NAN, 1.0), (1.0, f64::NAN), (2.0, 1.0)] {
            let told = statistics(double(min), double(max));
            let found = DOUBLES.carry(told, 5, None);
            assert_eq!(found, Err(Reason::Statistics), "{min} to {max}");
        }
        let short = statistics(vec![1], vec![2]);
        assert_eq!(DOUBLES.carry(short, 5, None), Err(Reason::Statistics));
    }

    #[test]
    fn bounds_of_a_chunk_are_those_of_its_pages_by_the_order_of_the_type() {
        let address = |v: u32| v.to_le_bytes().to_vec();
        let high = 0xC000_0000;
        let pages = [(address(high), address(high + 9)), (address(7), address(8))];
        let mut pages = index(&pages);
        // As a writer says that takes the addresses for signed numbers.
        let told = statistics(address(high), address(high + 9));
        let kept = ADDRESSES.carry(told, 5, Some(&mut pages)).unwrap().unwrap();
        assert_eq!(kept.min_value, Some(address(7)));
        assert_eq!(kept.is_min_exact, None, "a page may have shortened its own");
        assert_eq!(kept.max_value, Some(address(high + 9)));
        assert_eq!(kept.is_max_exact, Some(true));
        assert_eq!(pages.boundary_order, BoundaryOrder::Descending);
    }

    #[test]
    fn pages_in_no_order_are_said_to_be_so() {
        let pages = [(1.0, 2.0), (5.0, 6.0), (3.0, 4.0)];
        let pages: Vec<_> = pages.map(|(a, b)| (double(a), double(b))).to_vec();
        let mut pages = index(&pages);
        DOUBLES.carry(None, 5, Some(&mut pages)).unwrap();
        assert_eq!(pages.boundary_order, BoundaryOrder::Unordered);
    }

    #[test]
    fn very_long_bounds_are_not_repeated() {
        let order = Order {
            physical: PhysicalType::ByteArray,
            column_type: ColumnType::Varchar,
        };
        let told = statistics(vec![b'a'], vec![b'b'; BOUND_BYTES_MAX + 1]);
        assert_eq!(order.carry(told, 5, None), Err(Reason::Statistics));
    }
}
